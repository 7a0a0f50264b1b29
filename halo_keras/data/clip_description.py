"""What clips in parquet files have in common, and their splits: `clips.json`.

FOLDER/README.md                          card, for people and for the Hub
FOLDER/clips.json                         the description, see `description_file`
FOLDER/data/train-00000-of-00004.parquet  rows, see `clip_rows`
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.schema import nearest

DESCRIPTION = "clips.json"
FORMAT_VERSION = 1
DTYPES = ("float16", "float32", "float64", *(f"int{n}" for n in (8, 16, 32, 64)))
DTYPES += tuple(f"uint{n}" for n in (8, 16, 32, 64))
# Columns of every row; a label may not bear one of these names.
RESERVED = ("clip", "frames", "times", "mask", "states")


@dataclass(frozen=True)
class Split:
    """One split of a described dataset.

    Attributes:
        num_clips: rows of its files together.
        clip_shape: of one clip, `(num_frames, height, width, channels)`.
        state_shapes: of one clip's states, by name.
        options: of the loader that made the clips; None if they are not known.
        sha256: of the decoded content, see `clip_checksum.content_sum`.
        files: number of rows, by file name.
    """

    num_clips: int
    clip_shape: tuple[int, ...]
    state_shapes: dict[str, tuple[int, ...]]
    options: dict[str, Any] | None
    sha256: str
    files: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The split as plain JSON values."""
        shapes = {name: list(shape) for name, shape in self.state_shapes.items()}
        return {
            "num_clips": self.num_clips,
            "clip_shape": list(self.clip_shape),
            "state_shapes": shapes,
            "options": self.options,
            "sha256": self.sha256,
            "files": self.files,
        }


@dataclass(frozen=True)
class Description:
    """What the clips of all splits have in common, and the splits.

    Attributes:
        name, kind, value_range, license, attribution: as in `ClipDataset`.
        dtype: of the frames.
        times, mask: whether clips have times and masks of their own.
        labels: the names of the classes of each label, or None where a label has no
            fixed set of classes.
        states: dtype of each state.
        splits: by name.
    """

    name: str
    kind: str
    dtype: str
    value_range: tuple[float, float]
    times: bool
    mask: bool
    labels: dict[str, list[str] | None]
    states: dict[str, str]
    license: str
    attribution: str
    splits: dict[str, Split] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The description as plain JSON values."""
        plain = {key: getattr(self, key) for key in vars(self)}
        plain["value_range"] = list(self.value_range)
        plain["splits"] = {name: s.to_dict() for name, s in self.splits.items()}
        return {"format_version": FORMAT_VERSION, **plain}

    def split(self, name: str, where: str) -> Split:
        """The split `name`; ValueError names those that are in `where`."""
        if name not in self.splits:
            raise ValueError(
                f"{where} has no split {name!r}{nearest(name, self.splits)}. "
                f"It holds: {', '.join(self.splits)}."
            )
        return self.splits[name]


def describe(dataset: ClipDataset) -> Description:
    """The description of a dataset's split, the split itself still missing.

    Raises: ValueError for a label or an array that rows cannot hold.
    """
    for label in dataset.labels:
        if label in RESERVED:
            raise ValueError(
                f"ClipDataset {dataset.name!r}: no label may be called {label!r}; "
                f"reserved for columns: {', '.join(RESERVED)}."
            )
    states = {name: value.dtype.name for name, value in (dataset.states or {}).items()}
    dtype = dataset.frames.dtype.name
    for where, found in {"frames": dtype, **states}.items():
        if found not in DTYPES:
            raise ValueError(
                f"ClipDataset {dataset.name!r}: {where} of dtype {found} cannot be "
                f"stored; expected one of {', '.join(DTYPES)}."
            )
    low, high = dataset.value_range
    return Description(
        name=dataset.name,
        kind=dataset.kind,
        dtype=dtype,
        value_range=(float(low), float(high)),
        times=dataset.times is not None,
        mask=dataset.mask is not None,
        labels={
            name: list(dataset.label_names[name])
            if dataset.label_names.get(name)
            else None
            for name in dataset.labels
        },
        states=states,
        license=dataset.license,
        attribution=dataset.attribution,
    )


def merged(old: Description, new: Description, where: str) -> Description:
    """`new` with the splits that only `old` has.

    Raises: ValueError if the two do not describe the same dataset; it names how.
    """
    for key in vars(new):
        if key == "splits":
            continue
        was, is_now = getattr(old, key), getattr(new, key)
        if was != is_now:
            raise ValueError(
                f"{where} holds clips with another {key} ({_short(was)}; these have "
                f"{_short(is_now)}): choose another repository or folder."
            )
    splits = {**old.splits, **new.splits}
    return Description(**{**vars(new), "splits": splits})


def file_names(split: str, count: int) -> list[str]:
    """`data/train-00000-of-00004.parquet` and so on."""
    name = re.sub(r"[^a-z0-9_]", "_", split.lower())
    return [f"data/{name}-{i:05d}-of-{count:05d}.parquet" for i in range(count)]


def row_bytes(split: Split, dtype: str) -> int:
    """Bytes of the frames of one decoded clip."""
    return int(np.prod(split.clip_shape, dtype=object)) * np.dtype(dtype).itemsize


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
