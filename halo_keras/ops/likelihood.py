"""Log-densities of frames, summed over pixels and channels."""

from __future__ import annotations

import math

from keras import ops


def gaussian_log_likelihood(frames, mean, stddev):
    """ln N(frames; mean, stddev^2 I), with its constant ln(2 pi stddev^2) / 2 a pixel.

    Args:
        frames: `(..., height, width, channels)`.
        mean: same shape.
        stddev: positive, a number or a tensor that broadcasts with `frames`.

    Returns:
        `(...)`, in nats, summed over height, width and channels.
    """
    frames, mean = ops.convert_to_tensor(frames), ops.convert_to_tensor(mean)
    stddev = ops.convert_to_tensor(stddev, dtype=mean.dtype)
    log_density = (
        -0.5 * ((frames - mean) / stddev) ** 2
        - ops.log(stddev)
        - 0.5 * math.log(2.0 * math.pi)
    )
    return ops.sum(log_density, axis=(-3, -2, -1))


def bernoulli_log_likelihood(frames, logits):
    """x ln sigmoid(l) + (1 - x) ln(1 - sigmoid(l)) = x l - ln(1 + e^l).

    Args:
        frames: `(..., height, width, channels)` in [0, 1].
        logits: l, same shape.

    Returns:
        `(...)`, in nats, summed over height, width and channels.
    """
    frames, logits = ops.convert_to_tensor(frames), ops.convert_to_tensor(logits)
    return ops.sum(frames * logits - ops.softplus(logits), axis=(-3, -2, -1))
