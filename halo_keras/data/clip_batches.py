"""Batches of a `ClipDataset` for `fit`, a pure function of (seed, epoch, index)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

# First word of every seed here, so that no two streams of one dataset coincide:
# NumPy pads a seed with zeros, [s, e] and [s, e, 0] are the same stream.
_ORDER_STREAM = 1
_TRANSFORM_STREAM = 2
_PARTNER_STREAM = 3


class ClipBatches(keras.utils.PyDataset):
    """One dict a batch: `frames`, `action` and, where there, `times` and `mask`.

    The order of the clips is a permutation drawn from (seed, epoch), and reading a
    batch changes nothing. `fit` moves on to the next epoch through `on_epoch_end`, so
    a training that stopped after e epochs and goes on with `epoch=e` sees the batches
    that it would have seen. (Keras reports the end of an epoch once before training
    starts: `fit` begins with the order of `epoch + 1`, in either case.)

    Pass `shuffle=False` to `fit`: Keras otherwise reorders the batches by Python's
    global random state, which no seed given here reaches. There is no option for
    Keras's `workers`: what its queue had read ahead before the first epoch comes out
    within it. TensorFlow prefetches through tf.data; elsewhere a batch is one copy.

    Args:
        dataset: a `ClipDataset`.
        batch_size: number of clips in a batch.
        shuffle: new order every epoch, and the last partial batch is dropped.
            False: every epoch the same, in the order of the dataset, every clip, the
            last batch smaller.
        seed: whole number >= 0.
        epoch: the number of epochs done before.
        transform: None, or a function `(batch, rng) -> batch`, called with the dict,
            which then also holds the number of the `epoch`, and a
            `numpy.random.Generator` drawn from (seed, epoch, index).
        partners: None, or row numbers of other clips with the same content as each
            clip, `(clips, num_partners)`: `content_frames` are then the frames of one
            of them, drawn from (seed, epoch, index).
        max_batches: at most so many batches an epoch, the first ones of its order;
            None for all.

    Raises: ValueError if a number is out of range, or if `shuffle` leaves no batch.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
        transform: Callable | None = None,
        partners: np.ndarray | None = None,
        max_batches: int | None = None,
    ):
        super().__init__()
        self.dataset = dataset
        self.max_batches = max_batches
        if max_batches is not None:
            _at_least(1, max_batches, "max_batches")
        self.batch_size = _at_least(1, batch_size, "batch_size")
        self.shuffle = bool(shuffle)
        self.seed = _at_least(0, seed, "seed")
        self.epoch = _at_least(0, epoch, "epoch")
        self.transform = transform
        self.partners = partners
        if partners is not None:
            _check_partners(partners, dataset)
        self._order = None  # (epoch, permutation), replaced as one object
        if len(self) == 0:
            raise ValueError(
                f"batch_size {self.batch_size} is larger than the dataset "
                f"({len(dataset)} clips), and shuffling drops the last partial "
                "batch, so no batch is left. Use a smaller batch_size."
            )

    def __len__(self) -> int:
        full, rest = divmod(len(self.dataset), self.batch_size)
        count = full + (rest > 0 and not self.shuffle)
        return count if self.max_batches is None else min(count, self.max_batches)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """The batch `index` of the current epoch."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)} batches")
        epoch = self.epoch
        low = index * self.batch_size
        chosen = self.order(epoch)[low : low + self.batch_size]
        batch = {
            "frames": self.dataset.frames[chosen],
            "action": self.dataset.labels["action"][chosen].astype("int32"),
        }
        if self.dataset.times is not None:
            batch["times"] = self.dataset.times[chosen].astype("float32")
        if self.dataset.mask is not None:
            batch["mask"] = self.dataset.mask[chosen]
        if self.partners is not None:
            rng = np.random.default_rng([_PARTNER_STREAM, self.seed, epoch, index])
            drawn = rng.integers(self.partners.shape[1], size=len(chosen))
            batch["content_frames"] = self.dataset.frames[self.partners[chosen, drawn]]
        if self.transform is not None:
            seed = [_TRANSFORM_STREAM, self.seed, epoch, index]
            rng = np.random.default_rng(seed)
            batch = dict(self.transform({**batch, "epoch": epoch}, rng))
            batch.pop("epoch", None)
        return batch

    def order(self, epoch: int) -> np.ndarray:
        """Indices of the clips in the order of this epoch, `(num_clips,)`."""
        known = self._order
        if known is None or known[0] != epoch:
            order = np.arange(len(self.dataset))
            if self.shuffle:
                rng = np.random.default_rng([_ORDER_STREAM, self.seed, epoch])
                order = rng.permutation(order)
            known = self._order = (epoch, order)
        return known[1]

    def on_epoch_end(self) -> None:
        if self.shuffle:
            self.epoch += 1


def _check_partners(partners, dataset) -> None:
    count = len(dataset)
    if np.ndim(partners) != 2 or len(partners) != count or not partners.size:
        raise ValueError(
            f"partners must have a row for each of the {count} clips, received shape "
            f"{np.shape(partners)}."
        )
    if not np.issubdtype(np.asarray(partners).dtype, np.integer) or (
        np.min(partners) < 0 or np.max(partners) >= count
    ):
        raise ValueError(f"partners must be row numbers from 0 to {count - 1}.")
    if dataset.mask is not None:
        raise ValueError(
            "partners need clips of one length: content is read under the clip's own "
            "mask. Cut the clips to one length."
        )


def _at_least(low: int, value, name: str) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low:
        raise ValueError(f"{name} must be a whole number >= {low}, received {value!r}.")
    return int(value)
