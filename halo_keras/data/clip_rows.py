"""One clip, one row: how clips are written into tables and read out of them.

    clip    int64: the clip's place in its split; rows are stored in a random order
    frames  a list of PNG pictures (videos), or nested lists of numbers (spectrograms)
    LABEL   one column a label: `ClassLabel`, or int64 for a label without names
    times   float64, a time a frame; 0, 1, 2, ... for clips without times
    mask    bool, one a frame; true for clips without a mask
    states  the exact states by name, if there are any

`datasets` decodes such rows by itself; a picture given by path instead of bytes, which
it would open, is an error here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import Description, Split

_MODES = {1: "L", 3: "RGB"}


def features(description: Description, split: Split):
    """The columns as `datasets.Features`, the same for all splits of a dataset."""
    from datasets import ClassLabel, Features, List, Value
    from datasets import Image as Picture

    def nested(dtype, depth):
        feature = Value(dtype)
        for _ in range(depth):
            feature = List(feature)
        return feature

    columns: dict[str, Any] = {"clip": Value("int64")}
    if description.kind == "video":
        columns["frames"] = List(Picture())
    else:
        columns["frames"] = nested(description.dtype, len(split.clip_shape))
    for label, names in description.labels.items():
        columns[label] = ClassLabel(names=names) if names else Value("int64")
    columns["times"] = List(Value("float64"))
    columns["mask"] = List(Value("bool"))
    if description.states:
        columns["states"] = {
            name: nested(dtype, len(split.state_shapes[name]))
            for name, dtype in description.states.items()
        }
    return Features(columns)


def to_table(dataset: ClipDataset, clips: np.ndarray, schema):
    """The rows of these clips, in that order, as a `pyarrow.Table`."""
    import pyarrow

    frames = dataset.frames[clips]
    shape = frames.shape[:2]
    times, mask = dataset.times, dataset.mask
    own_times = np.tile(np.arange(shape[1], dtype="float64"), (len(clips), 1))
    columns: dict[str, Any] = {
        "clip": clips.tolist(),
        "frames": [[to_png(frame) for frame in clip] for clip in frames]
        if dataset.kind == "video"
        else frames.tolist(),
        **{name: value[clips].tolist() for name, value in dataset.labels.items()},
        "times": (own_times if times is None else times[clips]).tolist(),
        "mask": (np.ones(shape, bool) if mask is None else mask[clips]).tolist(),
    }
    if dataset.states:
        values = {name: value[clips].tolist() for name, value in dataset.states.items()}
        columns["states"] = [
            dict(zip(values, row, strict=True))
            for row in zip(*values.values(), strict=True)
        ]
    return pyarrow.Table.from_pydict(columns, schema=schema)


def to_png(frame: np.ndarray) -> dict[str, Any]:
    """`(height, width, channels)` uint8 as the bytes of a PNG, without any path."""
    file = io.BytesIO()
    picture = Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame)
    picture.save(file, format="PNG")
    return {"bytes": file.getvalue(), "path": None}


def from_png(content: bytes | None, shape: tuple[int, ...], where: str) -> np.ndarray:
    """The pixels of a PNG of exactly this `(height, width, channels)`, uint8.

    Raises: ValueError beginning with `where`, before a picture of another size is
        decoded.
    """
    height, width, channels = shape
    if content is None:
        raise ValueError(f"{where}: a picture has no bytes of its own.")
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            found = (picture.size, picture.mode)
            if found == ((width, height), _MODES[channels]):
                return np.asarray(picture, np.uint8).reshape(shape)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{where}: a picture is no usable PNG ({error}).") from error
    raise ValueError(
        f"{where}: expected pictures of {width} x {height} pixels in mode "
        f"{_MODES[channels]}, received {found[0][0]} x {found[0][1]} in {found[1]}."
    )


def from_table(
    table, description: Description, split: Split, where: str
) -> Iterator[dict[str, Any]]:
    """The rows of a table as arrays, one dict: `clip`, `frames`, each label, ...

    Yields: for each clip its place in the split, and its frames, labels, times, mask
        and states as in `ClipDataset`, without the leading axis.
    Raises: ValueError beginning with `where` for a row that is not as described.
    """
    num_frames = split.clip_shape[0]
    columns = {
        "clip": _numbers(table, "clip", (), where),
        "times": _numbers(table, "times", (num_frames,), where),
        "mask": _numbers(table, "mask", (num_frames,), where),
    }
    labels = {name: _numbers(table, name, (), where) for name in description.labels}
    states = {
        name: _numbers(table, f"states.{name}", split.state_shapes[name], where).astype(
            dtype, copy=False
        )
        for name, dtype in description.states.items()
    }
    if description.kind == "video":
        frames = _pictures(table, split.clip_shape, where)
    else:
        numbers = _numbers(table, "frames", split.clip_shape, where)
        frames = iter(numbers.astype(description.dtype, copy=False))
    for row in range(table.num_rows):
        yield {
            **{name: value[row] for name, value in columns.items()},
            "frames": next(frames),
            "labels": {name: value[row] for name, value in labels.items()},
            "states": {name: value[row] for name, value in states.items()},
        }


def _pictures(table, shape: tuple[int, ...], where: str) -> Iterator[np.ndarray]:
    for row, pictures in enumerate(table.column("frames").to_pylist()):
        at = f"{where}, row {row}"
        if pictures is None or len(pictures) != shape[0]:
            found = "none" if pictures is None else len(pictures)
            raise ValueError(f"{at}: expected {shape[0]} frames, received {found}.")
        clip = np.empty(shape, np.uint8)
        for index, picture in enumerate(pictures):
            if picture is None or picture["path"] is not None:
                raise ValueError(
                    f"{at}: a frame is given by a path, not by its bytes; paths are "
                    "not followed."
                )
            clip[index] = from_png(picture["bytes"], shape[1:], at)
        yield clip


def _numbers(table, name: str, shape: tuple[int, ...], where: str) -> np.ndarray:
    """A column of numbers as `(rows, *shape)`; every list must have its length."""
    import pyarrow.compute

    outer, _, inner = name.partition(".")
    values = table.column(outer).combine_chunks()
    if inner:
        values = values.field(inner)
    for length in shape:
        lengths = pyarrow.compute.list_value_length(values)
        if (
            values.null_count
            or not pyarrow.compute.all(pyarrow.compute.equal(lengths, length)).as_py()
        ):
            raise ValueError(f"{where}: expected {name} of shape {shape} in every row.")
        values = values.flatten()
    if values.null_count:
        raise ValueError(f"{where}: a value of {name} is missing.")
    array = values.to_numpy(zero_copy_only=False)
    return array.reshape(table.num_rows, *shape)
