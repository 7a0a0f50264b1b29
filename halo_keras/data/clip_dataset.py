"""What every dataset is here: labelled clips of equal shape, checked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from halo_keras.data.clip_batches import ClipBatches
from halo_keras.schema import nearest

KINDS = ("video", "spectrogram")


@dataclass(frozen=True, eq=False, kw_only=True)
class ClipDataset:
    """Labelled clips of one split of one dataset.

    Attributes:
        name: name of the dataset, as in `halo_keras.data.names()`.
        split: name of the split, for instance `"train"`.
        frames: `(num_clips, num_frames, height, width, channels)`, uint8 in
            [0, 255], 1 or 3 channels. `kind="spectrogram"`: float32
            `(num_clips, num_frames, ...)` in `value_range`. May be memory-mapped.
        labels: dict of int arrays `(num_clips,)`; `"action"` must be there (all
            zero where a dataset has one kind of motion only).
        label_names: dict from a label to the names of its classes; `"action"` must
            be there. A label without names has no fixed set of classes.
        times: None (frame k is at time k) or `(num_clips, num_frames)` real times in
            frames, 0 at the first frame, strictly increasing.
        mask: None (every frame counts) or bool `(num_clips, num_frames)`; the first
            frame of a clip always counts.
        states: None, or the exact ground truth: dict of float arrays
            `(num_clips, ...)`. Each dataset documents its own.
        kind: `"video"` or `"spectrogram"`.
        value_range: (lowest, highest) value that `frames` may hold.
        license, attribution: of the data, for cards and credits.
        options: of the loader that made exactly these clips, or None if they are not
            known, as for a `subset`.
        origin: None, or where these clips were read from as parquet: a folder or
            `hf://owner/name@commit`.

    Raises: ValueError that names the field, what it must be and what it is.
    """

    name: str
    split: str
    frames: np.ndarray
    labels: dict[str, np.ndarray]
    label_names: dict[str, list[str]]
    times: np.ndarray | None = None
    mask: np.ndarray | None = None
    states: dict[str, np.ndarray] | None = None
    kind: str = "video"
    value_range: tuple[float, float] = (0, 255)
    license: str = field(repr=False)
    attribution: str = field(repr=False)
    options: dict[str, Any] | None = field(default=None, repr=False)
    origin: str | None = None

    def __post_init__(self):
        for name in ("name", "split", "license", "attribution"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                self._fail(name, "a text that is not empty", repr(value))
        if self.kind not in KINDS:
            self._fail("kind", f"one of {list(KINDS)}", repr(self.kind))
        self._check_frames()
        self._check_labels()
        self._check_times_and_mask()
        for name, value in (self.states or {}).items():
            self._check_array(f"states[{name!r}]", value, (len(self),), "iuf")

    def __len__(self) -> int:
        return self.frames.shape[0]

    @property
    def num_frames(self) -> int:
        return self.frames.shape[1]

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of a video."""
        return self.frames.shape[2:]

    @property
    def action_names(self) -> list[str]:
        return list(self.label_names["action"])

    @property
    def num_actions(self) -> int:
        return len(self.label_names["action"])

    def subset(self, indices) -> ClipDataset:
        """The clips at `indices` (a slice, whole numbers or a bool array), in order.

        A slice shares memory with this dataset, anything else is a copy.
        Raises: ValueError if an index is out of range or none is left.
        """
        if not isinstance(indices, slice):
            indices = self._indices(indices)
        return replace(
            self,
            frames=self.frames[indices],
            labels={name: value[indices] for name, value in self.labels.items()},
            times=None if self.times is None else self.times[indices],
            mask=None if self.mask is None else self.mask[indices],
            states=None
            if self.states is None
            else {name: value[indices] for name, value in self.states.items()},
            options=None,
        )

    def shard(self, index: int, count: int) -> ClipDataset:
        """Every `count`-th clip from `index` on: what one of `count` workers trains on.

        All shards have floor(num_clips / count) clips, so that all workers take the
        same number of steps; fewer than `count` clips at the end are in none.
        """
        if count < 1 or not 0 <= index < count:
            raise ValueError(
                "shard needs 0 <= index < count, received index "
                f"{index}, count {count}."
            )
        last = len(self) // count * count
        return self if count == 1 else self.subset(slice(index, last, count))

    def batches(
        self,
        batch_size: int,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
        transform: Callable | None = None,
        partners: np.ndarray | None = None,
        max_batches: int | None = None,
    ) -> ClipBatches:
        """Batches for `fit`; see `ClipBatches` for arguments and guarantees."""
        return ClipBatches(
            self, batch_size, shuffle, seed, epoch, transform, partners, max_batches
        )

    def to_hub(self, repo_id: str, **options) -> str:
        """Pushes this split to a dataset repository; see `hub.dataset_pushing`.

        Other splits of the same dataset that are there stay. What comes back with
        `halo_keras.data.load(name, split, source="hf://" + repo_id)` has the same
        pixels and labels.

        Args:
            repo_id: `"owner/name"`.
            **options: `private`, `revision`, `create_pr`, `token`, `message`,
                `num_shards`.
        Returns: the address of the commit.
        Raises: HubError if the Hub refuses or cannot be reached; ValueError for a
            licence that forbids it, or other clips in the repository.
        """
        from halo_keras.hub.dataset_pushing import push_dataset

        return push_dataset([self], repo_id, **options).url

    def describe(self) -> str:
        """Counts, factors, licence and attribution, as a few lines of text."""
        from halo_keras.data.clip_summary import summary

        return summary(self)

    def _check_frames(self):
        if self.kind == "video":
            self._check_array("frames", self.frames, (), "u")
            shape = self.frames.shape
            if self.frames.dtype != np.uint8 or len(shape) != 5:
                wanted = "uint8 (num_clips, num_frames, height, width, channels)"
                self._fail("frames", wanted, _show(self.frames))
            if shape[-1] not in (1, 3):
                self._fail("frames", "of 1 or 3 channels", _show(self.frames))
        else:
            self._check_array("frames", self.frames, (), "f")
            if self.frames.ndim < 3:
                wanted = "(num_clips, num_frames, ...) with at least 3 axes"
                self._fail("frames", wanted, _show(self.frames))
        if 0 in self.frames.shape:
            self._fail("frames", "without an empty axis", _show(self.frames))
        low, high = self.value_range
        if not low < high:
            self._fail("value_range", "(lowest, highest)", repr(self.value_range))

    def _check_labels(self):
        for field_name in ("labels", "label_names"):
            if "action" not in getattr(self, field_name):
                known = sorted(getattr(self, field_name))
                self._fail(field_name, "a dict with the key 'action'", f"keys {known}")
        for name, value in self.labels.items():
            where = f"labels[{name!r}]"
            self._check_array(where, value, (len(self),), "iu", exact=True)
            count = len(self.label_names.get(name, ())) or np.inf
            if value.min() < 0 or value.max() >= count:
                span = f"values {value.min()} to {value.max()}"
                self._fail(where, f"in [0, {count}), its number of names", span)
        for name, names in self.label_names.items():
            if name not in self.labels:
                wanted = f"among the labels{nearest(name, self.labels)}"
                self._fail("label_names", wanted, f"key {name!r}")
            if len(set(names)) != len(names):
                self._fail(f"label_names[{name!r}]", "without repeats", repr(names))

    def _check_times_and_mask(self):
        expected = self.frames.shape[:2]
        if self.times is not None:
            self._check_array("times", self.times, expected, "f", exact=True)
            if np.any(self.times[:, 0] != 0) or np.any(np.diff(self.times) <= 0):
                wanted = "0 at the first frame and strictly increasing"
                bad = (self.times[:, 0] != 0) | (np.diff(self.times) <= 0).any(axis=1)
                self._fail("times", wanted, f"not so in clip {bad.argmax()}")
        if self.mask is not None:
            self._check_array("mask", self.mask, expected, "b", exact=True)
            if not self.mask[:, 0].all():
                bad = (~self.mask[:, 0]).argmax()
                self._fail("mask", "True at the first frame", f"False in clip {bad}")

    def _check_array(self, where, value, leading, kinds, exact=False):
        """An array of one of the dtype kinds, finite, with these leading sizes."""
        words = {"u": "uint8", "f": "float", "b": "bool", "iu": "int", "iuf": "number"}
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            self._fail(where, f"a NumPy array of {words[kinds]}", _show(value))
        if value.shape[: len(leading)] != leading or (
            exact and value.ndim != len(leading)
        ):
            sizes = ", ".join(map(str, leading)) + ("" if exact else ", ...")
            self._fail(where, f"of shape ({sizes})", _show(value))
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            self._fail(where, "finite", "NaN or infinity")

    def _indices(self, indices) -> np.ndarray:
        indices = np.asarray(indices)
        if indices.dtype == bool and indices.shape == (len(self),):
            indices = np.flatnonzero(indices)
        if indices.ndim != 1 or indices.dtype.kind not in "iu" or indices.size == 0:
            raise ValueError(
                "subset needs a slice, a list of whole numbers that is not empty, or "
                f"one bool a clip ({len(self)}), received {_show(indices)}."
            )
        if indices.min() < -len(self) or indices.max() >= len(self):
            raise ValueError(
                f"subset of {self.name} {self.split}: indices must lie in "
                f"[0, {len(self)}), received {indices.min()} to {indices.max()}."
            )
        return indices

    def _fail(self, where: str, expected: str, received: str):
        raise ValueError(
            f"ClipDataset {self.name!r}: {where} must be {expected}, "
            f"received {received}."
        )


def _show(value) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    return repr(value)[:60]
