"""Batched matrix exponential on every backend."""
from keras import ops


def block_matrix(top_left, top_right, bottom_left, bottom_right):
    """[[a, b], [c, d]] of four `(..., d, d)` blocks: `(..., 2 d, 2 d)`."""
    top = ops.concatenate([top_left, top_right], axis=-1)
    bottom = ops.concatenate([bottom_left, bottom_right], axis=-1)
    return ops.concatenate([top, bottom], axis=-2)
