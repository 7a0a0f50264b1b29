"""What frames are made of: pictures of pixels, or spectra of bins.

A model computes on values in [0, 1], whatever the frames are. Pictures come as uint8 in
[0, 255] or as floats in [0, 1] and leave as floats in [0, 1]; spectra come and leave as
floats in a range that the model keeps with it.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras import schema
from halo_keras.layers.frame_encoder import check_frame_shape
from halo_keras.layers.spectrogram_networks import check_bins

SHAPE = schema.ListOf(schema.Int(1, 4096), 1, 3)
VALUE_RANGE = schema.ListOf(schema.Float(-1e6, 1e6), 2, 2, optional=True)


def check_frame_values(frame_shape, value_range, where):
    """The frame shape as a tuple, and the range as one, or None for pictures.

    Args:
        frame_shape: `(height, width, channels)` or `(bins,)`.
        value_range: (lowest, highest) value of spectra; None for pictures.
        where: what errors call the model.
    Raises: ConfigError.
    """
    SHAPE.check(frame_shape, f"{where}.frame_shape")
    VALUE_RANGE.check(value_range, f"{where}.value_range")
    if len(frame_shape) == 2:
        raise schema.ConfigError(
            f"{where}.frame_shape must be (height, width, channels) of pictures or "
            f"(bins,) of spectra, received {tuple(frame_shape)}."
        )
    if len(frame_shape) != 1:
        if value_range is not None:
            raise schema.ConfigError(
                f"{where}.value_range is that of spectra; pictures are in [0, 1]. "
                "Leave it out."
            )
        return check_frame_shape(frame_shape, where), None
    if value_range is None or not value_range[0] < value_range[1]:
        raise schema.ConfigError(
            f"{where} of spectra needs value_range=(lowest, highest), the range that "
            f"their dataset states, received {value_range!r}."
        )
    low, high = (float(value) for value in value_range)
    return check_bins(frame_shape, where), (low, high)


def as_unit(frames, value_range=None):
    """Tensors of frames as float32 in [0, 1]: see this file's first lines."""
    if keras.backend.standardize_dtype(frames.dtype) == "uint8":
        return ops.cast(frames, "float32") / 255.0
    frames = ops.cast(frames, "float32")
    if value_range is None:
        return frames
    low, high = value_range
    return (frames - low) / (high - low)


def from_unit(values, value_range=None) -> np.ndarray:
    """Values of a decoder as frames: clipped to [0, 1], and in the frames' range."""
    values = np.clip(ops.convert_to_numpy(values), 0.0, 1.0)
    if value_range is None:
        return values
    low, high = value_range
    return (low + (high - low) * values).astype("float32")


def as_example(frames: np.ndarray) -> np.ndarray:
    """Frames that a model made, as a dataset has them: pictures as uint8."""
    if frames.ndim < 5:
        return frames
    return np.round(frames * 255).astype("uint8")
