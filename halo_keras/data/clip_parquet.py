"""A `ClipDataset` as parquet files that `datasets` reads too, and back, bit for bit.

Rows are stored in a random but fixed order, so that each shard is a fair sample and a
stream of them is mixed from its first batch on; the column `clip` leads back to the
dataset's own order.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from halo_keras.data.clip_checksum import content_sum
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import (
    DESCRIPTION,
    Description,
    Split,
    describe,
    file_names,
    row_bytes,
)
from halo_keras.data.clip_rows import features, from_table, to_table

ROW_GROUP_BYTES = 2**25  # of decoded frames
MAX_SHARDS = 1000
_CLIPS_A_SHARD = 500  # at least, unless told
_ROWS_AT_ONCE = 64
_ORDER_SEED = 20221


def write_split(
    dataset: ClipDataset, folder: Path, num_shards: int | None = None
) -> Description:
    """Writes one split's parquet files below `folder` and gives its description.

    The same dataset gives the same bytes (with the same versions of the libraries).

    Args:
        folder: which gets a folder `data`; files of the same names are replaced.
        num_shards: number of files; None: one for every 500 clips, at most 8.

    Raises: ValueError for a number out of range, or a dataset that rows cannot hold.
    """
    import pyarrow.parquet

    from halo_keras.data.clip_writer import replacing

    count = _shards(num_shards, len(dataset))
    description = describe(dataset)
    order = np.random.default_rng(_ORDER_SEED).permutation(len(dataset))
    shards = [order[index::count] for index in range(count)]
    names = file_names(dataset.split, count)
    states = dataset.states or {}
    split = Split(
        num_clips=len(dataset),
        clip_shape=dataset.frames.shape[1:],
        state_shapes={name: value.shape[1:] for name, value in states.items()},
        options=dataset.options,
        sha256=content_sum(dataset),
        files=dict(zip(names, map(len, shards), strict=True)),
    )
    schema = features(description, split).arrow_schema
    rows = max(1, min(1000, ROW_GROUP_BYTES // row_bytes(split, description.dtype)))
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, clips in zip(names, shards, strict=True):
        with (
            replacing(folder / name) as part,
            pyarrow.parquet.ParquetWriter(part, schema) as writer,
        ):
            for low in range(0, len(clips), rows):
                writer.write_table(to_table(dataset, clips[low : low + rows], schema))
    return replace(description, splits={dataset.split: split})


def read_split(
    folder: Path, description: Description, name: str, where: str | None = None
) -> ClipDataset:
    """One split of a folder, in its own order, checked against its checksum.

    Read with pyarrow in small batches and decoded here: nothing is copied into a
    cache, and no picture is opened by a path.

    Args:
        description: of the folder, from `read_description`.
        where: what errors call the folder, and the dataset's `origin`; its path if
            None.

    Raises: FileNotFoundError if a file is missing; ValueError naming the file that is
        damaged or not as described.
    """
    where = where or str(folder)
    split = description.split(name, where)
    arrays = _Arrays(description, split)
    for file, rows in split.files.items():
        _read_file(folder / file, rows, arrays, f"{where}: {file}")
    arrays.check_complete(where)
    dataset = arrays.dataset(name, where)
    if content_sum(dataset) != split.sha256:
        raise ValueError(
            f"{where}: the clips of split {name!r} are not those that {DESCRIPTION} "
            "was written for, their checksum differs. Fetch or build the dataset again."
        )
    return dataset


def open_parquet(path: Path, expected: Any, where: str):
    """A `pyarrow.parquet.ParquetFile` with exactly the features `expected`."""
    import pyarrow
    import pyarrow.parquet
    from datasets import Features

    if not path.is_file():
        raise FileNotFoundError(f"{where} is missing. Fetch or build it again.")
    try:
        file = pyarrow.parquet.ParquetFile(path)
        found = Features.from_arrow_schema(file.schema_arrow)
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{where} is no usable parquet file: {error}") from error
    if found != expected:
        file.close()
        odd = sorted(
            name
            for name in {*found, *expected}
            if found.get(name) != expected.get(name)
        )
        wanted = {name: expected.get(name) for name in odd}
        have = {name: found.get(name) for name in odd}
        raise ValueError(f"{where}: expected the columns {wanted}, received {have}.")
    return file


def _read_file(path: Path, rows: int, arrays: _Arrays, where: str) -> None:
    import pyarrow

    expected = features(arrays.description, arrays.split)
    with open_parquet(path, expected, where) as file:
        if file.metadata.num_rows != rows:
            raise ValueError(
                f"{where} has {file.metadata.num_rows} rows, {DESCRIPTION} says {rows}."
            )
        try:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                table = pyarrow.Table.from_batches([batch])
                for row in from_table(table, arrays.description, arrays.split, where):
                    arrays.put(row, where)
        except (pyarrow.ArrowException, OSError) as error:
            raise ValueError(f"{where} is damaged: {error}") from error


class _Arrays:
    """The arrays of a split, filled row by row."""

    def __init__(self, description: Description, split: Split):
        self.description, self.split = description, split
        count, shape = split.num_clips, split.clip_shape
        try:
            self.frames = np.empty((count, *shape), description.dtype)
            self.filled = np.zeros(count, bool)
            self.times = np.empty((count, shape[0]), "float64")
            self.mask = np.empty((count, shape[0]), bool)
            self.labels = {
                name: np.empty(count, "int64") for name in description.labels
            }
            self.states = {
                name: np.empty((count, *split.state_shapes[name]), dtype)
                for name, dtype in description.states.items()
            }
        except (MemoryError, ValueError) as error:
            size = count * row_bytes(split, description.dtype) / 1e9
            raise ValueError(f"the clips do not fit: {size:.1f} GB.") from error

    def put(self, row: dict[str, Any], where: str) -> None:
        clip = int(row["clip"])
        if not 0 <= clip < len(self.filled) or self.filled[clip]:
            raise ValueError(f"{where}: clip {clip} is there twice or out of range.")
        self.filled[clip] = True
        for name in ("frames", "times", "mask"):
            getattr(self, name)[clip] = row[name]
        for group in ("labels", "states"):
            for name, value in row[group].items():
                getattr(self, group)[name][clip] = value

    def check_complete(self, where: str) -> None:
        if not self.filled.all():
            raise ValueError(f"{where}: {(~self.filled).sum()} clips are missing.")

    def dataset(self, name: str, where: str) -> ClipDataset:
        about = self.description
        return ClipDataset(
            name=about.name,
            split=name,
            frames=self.frames,
            labels=self.labels,
            label_names={label: n for label, n in about.labels.items() if n},
            times=self.times if about.times else None,
            mask=self.mask if about.mask else None,
            states=self.states or None,
            kind=about.kind,
            value_range=about.value_range,
            license=about.license,
            attribution=about.attribution,
            options=self.split.options,
            origin=where,
        )


def _shards(num_shards: int | None, num_clips: int) -> int:
    if num_shards is None:
        return max(1, min(8, num_clips // _CLIPS_A_SHARD))
    highest = min(num_clips, MAX_SHARDS)
    whole = isinstance(num_shards, int) and not isinstance(num_shards, bool)
    if not whole or not 1 <= num_shards <= highest:
        raise ValueError(
            f"num_shards must be a whole number in [1, {highest}], received "
            f"{num_shards!r}."
        )
    return num_shards
