"""Clips as they arrive: training on a dataset that is never wholly in memory.

`datasets` reads the parquet files piece by piece, from a folder or from the Hub, and
gives each of several machines (nodes) its own clips.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np

from halo_keras.data.clip_description import Description, Split
from halo_keras.data.clip_rows import features, from_table


class ClipStream:
    """Batches of a dataset's split, read anew every epoch; the same dicts as
    `ClipBatches` gives: `frames`, `action` and, where there, `times` and `mask`.

    Every clip comes once an epoch on one of the nodes; what does not fill a batch is
    dropped, and all nodes have equally many batches. With `shuffle` the order of the
    files and, within the buffer, of the clips is drawn from (seed, epoch); files are
    written in random order, so that even a small buffer mixes. Rows are checked as
    they are decoded; the checksum of the whole is not.

    ```python
    stream = ClipStream("hf://owner/name", "train", batch_size=32)
    steps = len(stream)
    model.fit(stream.forever(), steps_per_epoch=steps, epochs=10, shuffle=False)
    ```

    Args:
        source: `hf://owner/name[@revision]` or a folder with `clips.json`.
        split: name of the split.
        batch_size: clips a batch, on this node.
        shuffle: draw the order; False: the order of the files.
        buffer_size: clips that wait to be drawn from.
        seed: of the order, a whole number >= 0, the same on all nodes.
        epoch: number of epochs done before.
        node, num_nodes: this machine, from 0, and how many there are. Files are read
            by one node each if `num_nodes` divides their number; otherwise each node
            reads all and keeps its share.
        **access: `cache_dir`, `token`, ... of `client.fetch`, for `clips.json`.

    Whether the source can be had is known within half a minute. While clips are read,
    `datasets` repeats by itself what fails, so that a training outlives a short
    interruption: it gives up after 20 attempts, 5 s apart, 20 s where the Hub answers
    503 (`datasets.config.STREAMING_READ_MAX_RETRIES` and what stands beside it).

    Raises: HubError if the Hub cannot be asked, also while clips are read; ValueError
        for a number out of range, an unknown split or too large a batch, and for a
        file that is not as described.
    """

    def __init__(
        self,
        source: str | PathLike,
        split: str = "train",
        *,
        batch_size: int,
        shuffle: bool = True,
        buffer_size: int = 512,
        seed: int = 0,
        epoch: int = 0,
        node: int = 0,
        num_nodes: int = 1,
        **access: Any,
    ):
        from halo_keras.hub.dataset_repository import open_repository

        for name, value, low in (
            ("batch_size", batch_size, 1),
            ("buffer_size", buffer_size, 1),
            ("seed", seed, 0),
            ("epoch", epoch, 0),
            ("num_nodes", num_nodes, 1),
            ("node", node, 0),
        ):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or value < low:
                raise ValueError(
                    f"{name} must be a whole number >= {low}, received {value!r}."
                )
        if node >= num_nodes:
            raise ValueError(f"node must lie in [0, {num_nodes}), received {node}.")
        self.repository = open_repository(source, **access)
        self.split = self.repository.description.split(split, self.repository.where)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.buffer_size = buffer_size
        self.seed = seed
        self.epoch = epoch
        self.node, self.num_nodes = node, num_nodes
        self.token = access.get("token")
        if len(self) == 0:
            raise ValueError(
                f"batch_size {batch_size} is larger than the "
                f"{clips_a_node(self.split, num_nodes)} clips that a node has."
            )

    def __len__(self) -> int:
        """Batches an epoch, on every node."""
        return clips_a_node(self.split, self.num_nodes) // self.batch_size

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        """The batches of the current epoch; at their end the next one is current."""
        rows = self._rows()
        for _ in range(len(self)):
            yield _batch(
                list(itertools.islice(rows, self.batch_size)),
                self.repository.description,
            )
        self.epoch += 1

    def forever(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        """The batches of this epoch, of the next, and so on without end, for `fit`,
        which takes tuples from a generator: each batch is in a tuple of its own."""
        while True:
            for batch in self:
                yield (batch,)

    def _rows(self) -> Iterator[dict[str, Any]]:
        about, where = self.repository.description, self.repository.where
        with self._errors():
            tables = iter(self._opened().iter(batch_size=self.batch_size))
        while True:
            with self._errors():
                table = next(tables, None)
            if table is None:
                return
            yield from from_table(table, about, self.split, where)

    def _opened(self):
        """The files as a `datasets.IterableDataset` of tables, of this node."""
        from datasets import load_dataset
        from datasets.distributed import split_dataset_by_node

        handle, expected = self.repository.handle, self._features()
        base = str(self.repository.folder)
        if handle is not None:
            base = f"hf://datasets/{handle.repo_id}@{handle.revision}"
        rows = load_dataset(
            "parquet",
            data_files={"all": [f"{base}/{file}" for file in self.split.files]},
            split="all",
            streaming=True,
            token=self.token,
        )
        if rows.features != expected:
            raise ValueError(
                f"{self.repository.where}: expected the columns {expected}, received "
                f"{rows.features}."
            )
        # As tables: `datasets` would open what a row names as a picture's path.
        rows = rows.with_format("arrow")
        if self.shuffle:
            # One file at a time: reading ahead in several ends with a wait of seconds.
            # Older versions of `datasets` do so always and have no such option.
            known = inspect.signature(rows.shuffle).parameters
            one = {"max_buffer_input_shards": 1}
            rows = rows.shuffle(
                seed=self.seed,
                buffer_size=self.buffer_size,
                **(one if one.keys() <= known.keys() else {}),
            )
        if self.num_nodes > 1:
            rows = split_dataset_by_node(rows, self.node, self.num_nodes)
        rows.set_epoch(self.epoch)
        return rows

    def _features(self):
        return features(self.repository.description, self.split)

    def _errors(self):
        """What the clients throw on the way, as a HubError; for a folder nothing."""
        from halo_keras.hub.client import hub_errors

        handle = self.repository.handle
        if handle is None:
            return contextlib.nullcontext()
        return hub_errors(handle.repo_id, handle.revision)


def clips_a_node(split: Split, num_nodes: int) -> int:
    """Clips that every node has at least, however the files are drawn.

    A node reads whole files if their number divides evenly, else every
    `num_nodes`-th clip.
    """
    sizes = sorted(split.files.values())
    if len(sizes) % num_nodes == 0:
        return sum(sizes[: len(sizes) // num_nodes])
    return split.num_clips // num_nodes


def _batch(rows: list[dict[str, Any]], about: Description) -> dict[str, np.ndarray]:
    batch = {
        "frames": np.stack([row["frames"] for row in rows]),
        "action": np.asarray([row["labels"]["action"] for row in rows], "int32"),
    }
    if about.times:
        batch["times"] = np.stack([row["times"] for row in rows]).astype("float32")
    if about.mask:
        batch["mask"] = np.stack([row["mask"] for row in rows])
    return batch
