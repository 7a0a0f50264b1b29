"""Checks of what a verb is given; every error says what to do."""

from __future__ import annotations

import numpy as np

from halo_keras.schema import nearest


class UnitFrames(np.ndarray):
    """Frames that a verb has checked and scaled: it may hand them to another verb."""


def as_frames(frames, frame_shape, what="frames", value_range=None):
    """Frames as float32 in [0, 1], `(batch, time, *frame_shape)`.

    Args:
        frames: pictures, uint8 in [0, 255] or floats in [0, 1]; or spectra, floats in
            `value_range`. With or without the batch axis.
        frame_shape: the model's `(height, width, channels)` or `(bins,)`.
        what: the argument's name, for the error.
        value_range: (lowest, highest) value of spectra; None for pictures.
    Returns: the array and whether the batch axis was added.
    Raises: TypeError, ValueError.
    """
    if isinstance(frames, UnitFrames):
        return frames, False
    pictures, rank = len(frame_shape) == 3, len(frame_shape) + 2
    shape = f"(batch, time, {', '.join(map(str, frame_shape))})"
    low, high = (0.0, 1.0) if value_range is None else value_range
    kinds = (
        "uint8 in [0, 255] or " if pictures else ""
    ) + f"floats in [{low:g}, {high:g}]"
    array = np.asarray(frames)
    if not (pictures and array.dtype == np.uint8) and array.dtype.kind != "f":
        raise TypeError(
            f"{what} must be {kinds} of shape {shape}, received dtype {array.dtype}. "
            f"Convert with .astype({'uint8' if pictures else 'float32'!r})."
        )
    single = array.ndim == rank - 1
    if single:
        array = array[None]
    if array.ndim != rank:
        one = "picture" if pictures else "spectrum"
        raise ValueError(
            f"{what} must have shape {shape}, or without the batch axis for one clip, "
            f"received rank {np.ndim(frames)} with shape {np.shape(frames)}. "
            f"A single {one} is a clip of one frame: {one}[None]."
        )
    if array.shape[2:] != tuple(frame_shape):
        hint = "Resize with halo_keras.data.fit_frames(frames, model)."
        raise ValueError(
            f"{what} must have shape {shape}, received {tuple(array.shape)}. "
            f"{hint if pictures else 'Make spectra of that many bins.'}"
        )
    if 0 in array.shape:
        raise ValueError(
            f"{what} must hold at least one clip of one frame, received shape "
            f"{np.shape(frames)}."
        )
    if array.dtype == np.uint8:
        return (array.astype("float32") / 255.0).view(UnitFrames), single
    if not np.isfinite(array).all():
        raise ValueError(
            f"{what} must be finite, received {int((~np.isfinite(array)).sum())} "
            f"values that are NaN or infinite. Replace or drop those frames."
        )
    least, most = float(array.min()), float(array.max())
    slack = 1e-3 * (high - low)
    if least < low - slack or most > high + slack:
        remedy = "Divide by 255, or pass uint8." if pictures else "Clip them."
        raise ValueError(
            f"{what} given as floats must lie in [{low:g}, {high:g}], received values "
            f"from {least:.3g} to {most:.3g}. {remedy}"
        )
    unit = ((array - low) / (high - low)).astype("float32")
    return unit.view(UnitFrames), single


def as_pictures(image, frame_shape):
    """One picture (or spectrum), several, or clips: as clips `(batch, time, ...)`.

    Returns: the array, not checked any further, and whether there is one picture.
    """
    array = np.asarray(image)
    single = array.ndim == len(frame_shape)
    if single:
        array = array[None]
    if array.ndim == len(frame_shape) + 1:
        array = array[:, None]
    return array, single


def as_whole_times(times, num_clips=None, what="times"):
    """Times of a model that steps from frame to frame: int64, whole and >= 0.

    Shapes as in `as_times`. Raises: ValueError.
    """
    array = as_times(times, num_clips, what)
    odd = array[(array < 0) | (array != np.round(array))]
    if odd.size:
        raise ValueError(
            f"{what} must be whole numbers >= 0, as this model steps from frame to "
            f"frame and only forward, received {odd[:4].tolist()}. Ask for frames 0, "
            "1, 2, ..., or use a HALO model for times between and before them."
        )
    return array.astype("int64")


def as_times(times, num_clips=None, what="times"):
    """Real times in frames, as float64 `(num_times,)` or `(num_clips, num_times)`.

    float64 keeps a time such as 100,000.5 exact until the dynamics reduce its phase.
    """
    array = np.asarray(list(times) if isinstance(times, range) else times)
    if array.dtype.kind not in "iuf" or not np.isfinite(array.astype("float64")).all():
        raise ValueError(
            f"{what} must be finite real numbers in frames of the clip (0 is its first "
            f"frame), received {_show(times)}."
        )
    array = np.atleast_1d(array.astype("float64"))
    if array.ndim > 2 or array.shape[-1] == 0:
        raise ValueError(
            f"{what} must have shape (num_times,) or (num_clips, num_times) with at "
            f"least one time, received {array.shape}."
        )
    if array.ndim == 2 and num_clips is not None and array.shape[0] != num_clips:
        raise ValueError(
            f"{what} of shape {array.shape} gives times for {array.shape[0]} clips, "
            f"but there are {num_clips}."
        )
    return array


def as_tempo(tempo):
    """A tempo as a finite float; negative for backward. Raises: ValueError."""
    number = np.asarray(tempo)
    if number.ndim or number.dtype.kind not in "iuf" or not np.isfinite(number):
        raise ValueError(
            "tempo must be a finite real number (2 twice as fast, 0.5 half as fast, -1 "
            f"backward), received {_show(tempo)}. For times of your own pass times=..."
        )
    return float(number)


def as_actions(action, action_names, num_clips):
    """Actions as ids `(num_clips,)`; a name or an id, for all clips or one for each.

    Raises: ValueError that lists the names.
    """
    many = isinstance(action, (list, tuple)) or (np.ndim(action) == 1)
    entries = list(action) if many else [action] * num_clips
    if len(entries) != num_clips:
        raise ValueError(
            f"action must be one name or id, or one for each of the {num_clips} clips, "
            f"received {len(entries)}."
        )
    return np.asarray([_action_id(entry, action_names) for entry in entries], "int32")


def _action_id(entry, names):
    if isinstance(entry, (str, np.str_)):
        if str(entry) in names:
            return names.index(str(entry))
    elif isinstance(entry, (int, np.integer)) and not isinstance(entry, bool):
        if 0 <= entry < len(names):
            return int(entry)
    raise ValueError(
        f"unknown action {_show(entry)}{nearest(entry, names) or '.'} The model knows "
        f"{len(names)}: {', '.join(names)} (or their ids, 0 to {len(names) - 1})."
    )


def _show(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
