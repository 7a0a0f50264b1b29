"""Log-densities of frames, summed over all values of a frame."""

from __future__ import annotations

import math

from keras import ops


def gaussian_log_likelihood(frames, mean, stddev, frame_axes=3):
    """ln N(frames; mean, stddev^2 I), with its constant ln(2 pi stddev^2) / 2 a pixel.

    Args:
        frames: `(..., height, width, channels)`.
        mean: same shape.
        stddev: positive, a number or a tensor that broadcasts with `frames`.
        frame_axes: 3 for pictures; 1 for spectra, `(..., bins)`.

    Returns:
        `(...)`, in nats, summed over the last `frame_axes` axes.
    """
    frames, mean = ops.convert_to_tensor(frames), ops.convert_to_tensor(mean)
    stddev = ops.convert_to_tensor(stddev, dtype=mean.dtype)
    log_density = (
        -0.5 * ((frames - mean) / stddev) ** 2
        - ops.log(stddev)
        - 0.5 * math.log(2.0 * math.pi)
    )
    return ops.sum(log_density, axis=tuple(range(-frame_axes, 0)))


def bernoulli_log_likelihood(frames, logits, frame_axes=3):
    """x ln sigmoid(l) + (1 - x) ln(1 - sigmoid(l)) = x l - ln(1 + e^l).

    Args:
        frames: `(..., height, width, channels)` in [0, 1].
        logits: l, same shape.
        frame_axes: 3 for pictures; 1 for spectra, `(..., bins)`.

    Returns:
        `(...)`, in nats, summed over the last `frame_axes` axes.
    """
    frames, logits = ops.convert_to_tensor(frames), ops.convert_to_tensor(logits)
    log_density = frames * logits - ops.softplus(logits)
    return ops.sum(log_density, axis=tuple(range(-frame_axes, 0)))
