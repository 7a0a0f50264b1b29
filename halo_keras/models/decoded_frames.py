"""A few frames of each clip to decode in a training step, instead of all of them."""

from __future__ import annotations

import keras
from keras import ops


def drawn_frames(frames, count, generator):
    """Frame numbers `(batch, m)`, and the weight of each in the clip's sum.

    Drawn at random without replacement and weighted with T / m, so that the expected
    sum over frames is the whole one.

    Args:
        frames: `(batch, time, ...)`.
        count: m; None for all frames, each of weight 1.
        generator: of the draw.
    """
    rows, length = ops.shape(frames)[0], frames.shape[1]
    if count is None or count >= length:
        return ops.broadcast_to(ops.arange(length), (rows, length)), 1.0
    order = keras.random.uniform((rows, length), seed=generator)
    return ops.argsort(order, axis=1)[:, :count], length / count


def take_frames(values, chosen):
    """Entries `(batch, m, ...)` of `(batch, time, ...)` by frame number."""
    rest = [1] * (len(values.shape) - 2)
    index = ops.reshape(chosen, (-1, chosen.shape[1], *rest))
    return ops.take_along_axis(values, index, axis=1)
