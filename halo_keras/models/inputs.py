"""Checks of what a verb is given; every error says what to do."""

from __future__ import annotations

import numpy as np

from halo_keras.schema import nearest


def as_frames(frames, frame_shape, what="frames"):
    """Frames as float32 in [0, 1], `(batch, time, height, width, channels)`.

    Args:
        frames: uint8 in [0, 255] or floats in [0, 1]; with or without the batch axis.
        frame_shape: the model's `(height, width, channels)`.
        what: the argument's name, for the error.
    Returns: the array and whether the batch axis was added.
    Raises: TypeError, ValueError.
    """
    shape = "(batch, time, {}, {}, {})".format(*frame_shape)
    array = np.asarray(frames)
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise TypeError(
            f"{what} must be uint8 in [0, 255] or floats in [0, 1] of shape {shape}, "
            f"received dtype {array.dtype}. Convert with .astype('uint8')."
        )
    single = array.ndim == 4
    if single:
        array = array[None]
    if array.ndim != 5:
        raise ValueError(
            f"{what} must have shape {shape}, or without the batch axis for one clip, "
            f"received rank {np.ndim(frames)} with shape {np.shape(frames)}. "
            f"A single picture is a clip of one frame: picture[None]."
        )
    if array.shape[2:] != tuple(frame_shape):
        raise ValueError(
            f"{what} must have shape {shape}, received {tuple(array.shape)}. Resize "
            f"with halo_keras.data.fit_frames(frames, model)."
        )
    if 0 in array.shape:
        raise ValueError(
            f"{what} must hold at least one clip of one frame, received shape "
            f"{np.shape(frames)}."
        )
    if array.dtype == np.uint8:
        return array.astype("float32") / 255.0, single
    if not np.isfinite(array).all():
        raise ValueError(
            f"{what} must be finite, received {int((~np.isfinite(array)).sum())} "
            f"values that are NaN or infinite. Replace or drop those frames."
        )
    low, high = float(array.min()), float(array.max())
    if low < -1e-3 or high > 1.0 + 1e-3:
        raise ValueError(
            f"{what} given as floats must lie in [0, 1], received values from "
            f"{low:.3g} to {high:.3g}. Divide by 255, or pass uint8."
        )
    return array.astype("float32"), single


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
