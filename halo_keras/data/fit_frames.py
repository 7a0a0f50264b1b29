"""Frames of any size made to fit a model: the one place that crops and resizes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from halo_keras.data.clip_files import to_uint8

_KINDS = {1: "grey", 3: "colour"}


def fit_frames(frames, model_or_shape) -> np.ndarray:
    """Crops, resizes and converts frames to what a model takes.

    The largest centred window of the model's aspect ratio is cut out, resized (each
    new pixel a weighted mean of those it covers; Pillow's antialiased bilinear
    filter) and converted between grey and colour (ITU-R 601 luma; grey is repeated).
    Models never do this by themselves: they refuse frames of another shape.
    `fit_note` says in words what is changed.

    Args:
        frames: `(time, height, width, channels)` or with a batch axis before it,
            uint8 or real numbers in [0, 1], 1 or 3 channels.
        model_or_shape: something with a `frame_shape`, or (height, width, channels).

    Returns: uint8 frames of the model's shape, batch and time axes as they came.
    Raises: ValueError on frames or a shape of another form, or NaN.
    """
    frames = np.asarray(frames)
    frames = to_uint8(frames, ndim=5 if frames.ndim == 5 else 4)
    shape = _shape_of(model_or_shape)
    if frames.shape[-3:] == shape:
        return frames
    window = centre_window(*frames.shape[-3:-1], *shape[:2])
    rows = slice(window.top, window.top + window.height)
    columns = slice(window.left, window.left + window.width)
    flat = frames.reshape(-1, *frames.shape[-3:])[:, rows, columns]
    fitted = np.stack([_fit_one(one, *shape) for one in flat])
    return fitted.reshape(*frames.shape[:-3], *shape)


def fit_note(frames, model_or_shape) -> str:
    """What `fit_frames` does to these frames, as words; empty if it changes nothing."""
    shape = _shape_of(model_or_shape)
    old = np.shape(frames)[-3:]
    window = centre_window(*old[:2], *shape[:2])
    done = []
    if (window.height, window.width) != old[:2]:
        done.append(
            f"cropped from {old[0]} x {old[1]} to the central "
            f"{window.height} x {window.width}"
        )
    if (window.height, window.width) != shape[:2]:
        done.append(
            f"resized from {window.height} x {window.width} to {shape[0]} x {shape[1]}"
        )
    if old[2] != shape[2]:
        done.append(f"turned from {_KINDS[old[2]]} to {_KINDS[shape[2]]}")
    return ", ".join(done)


class Window(NamedTuple):
    """A rectangle in whole pixels."""

    top: int
    left: int
    height: int
    width: int


def centre_window(old_height: int, old_width: int, height: int, width: int) -> Window:
    """The largest centred window of the old frame with sides as height : width.

    Sides are rounded to the nearest whole pixel and are at least 1.
    """
    crop_height, crop_width = old_height, old_width
    if old_height * width > old_width * height:  # too tall
        crop_height = max(1, (2 * old_width * height + width) // (2 * width))
    else:
        crop_width = max(1, (2 * old_height * width + height) // (2 * height))
    top, left = (old_height - crop_height) // 2, (old_width - crop_width) // 2
    return Window(top, left, crop_height, crop_width)


def _shape_of(model_or_shape) -> tuple[int, int, int]:
    shape = getattr(model_or_shape, "frame_shape", model_or_shape)
    try:
        height, width, channels = (int(size) for size in shape)
    except (TypeError, ValueError):
        height = width = channels = 0
    if min(height, width) < 1 or channels not in _KINDS:
        raise ValueError(
            "expected a model or (height, width, channels) with 1 or 3 channels, "
            f"received {model_or_shape!r}."
        )
    return height, width, channels


def _fit_one(frame: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    from PIL import Image

    image = Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    image = image.convert("L" if channels == 1 else "RGB")
    return np.asarray(image).reshape(height, width, channels)
