"""Batches of frames drawn from each clip, without an order: sets."""

from __future__ import annotations

import numpy as np

from halo_keras.data.clip_batches import ClipBatches

_SET_STREAM = 4  # apart from those of ClipBatches
_FRAME_STREAM = 5
CONTENT_SETS = ("same", "other")


class FrameSets(ClipBatches):
    """`ClipBatches` of N frames of each clip, drawn anew each time.

    Helminger et al. 2018, section 2: N = 3 frames of a sequence, at random. Frames of a
    clip are drawn without replacement among those that count, by (seed, epoch, index);
    they come in the order in which they are drawn, without times or mask. Only drawn
    frames are copied, so that long clips cost no more than short ones.

    Args:
        dataset, batch_size, seed, epoch, max_batches: see `ClipBatches`; always
            shuffled.
        frame_set: N.
        content_set: `"same"`: content is read from these frames (the paper);
            `"other"`: from N others of the clip, `content_frames`, which cannot tell
            what these show.
        sets_per_clip: sets of each clip in an epoch; a batch may hold several.

    Raises: ValueError if a clip has too few frames.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        frame_set: int,
        content_set: str = "same",
        seed: int = 0,
        epoch: int = 0,
        max_batches: int | None = None,
        sets_per_clip: int = 1,
    ):
        whole = isinstance(sets_per_clip, (int, np.integer))
        if not whole or isinstance(sets_per_clip, bool) or sets_per_clip < 1:
            raise ValueError(
                "sets_per_clip must be a whole number >= 1, received "
                f"{sets_per_clip!r}."
            )
        self.sets_per_clip = int(sets_per_clip)
        super().__init__(
            dataset, batch_size, seed=seed, epoch=epoch, max_batches=max_batches
        )
        if content_set not in CONTENT_SETS:
            raise ValueError(
                f"content_set must be one of {list(CONTENT_SETS)}, received "
                f"{content_set!r}."
            )
        whole = isinstance(frame_set, (int, np.integer))
        if not whole or isinstance(frame_set, bool) or frame_set < 2:
            raise ValueError(
                "frame_set is the number of frames of a set, at least 2, as content is "
                f"what frames have in common; received {frame_set!r}."
            )
        self.frame_set, self.content_set = int(frame_set), content_set
        self.num_drawn = self.frame_set * (1 if content_set == "same" else 2)
        lengths = np.full(len(dataset), dataset.num_frames)
        if dataset.mask is not None:
            lengths = dataset.mask.sum(axis=1)
        if lengths.min() < self.num_drawn:
            other = (
                " and as many others for the content" if content_set != "same" else ""
            )
            raise ValueError(
                f"frame_set={frame_set}{other} is larger than a clip of "
                f"{dataset.name}, whose shortest has {lengths.min()} frames. Use a "
                'smaller frame_set, or content_set="same".'
            )

    def __len__(self) -> int:
        count = len(self.dataset) * self.sets_per_clip // self.batch_size
        return count if self.max_batches is None else min(count, self.max_batches)

    def order(self, epoch: int) -> np.ndarray:
        """Clips in the order of this epoch, each `sets_per_clip` times."""
        known = self._order
        if known is None or known[0] != epoch:
            rng = np.random.default_rng([_SET_STREAM, self.seed, epoch])
            places = rng.permutation(len(self.dataset) * self.sets_per_clip)
            known = self._order = (epoch, places % len(self.dataset))
        return known[1]

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        """The batch `index` of the current epoch."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)} batches")
        epoch, low = self.epoch, index * self.batch_size
        chosen = self.order(epoch)[low : low + self.batch_size]
        rng = np.random.default_rng([_FRAME_STREAM, self.seed, epoch, index])
        draws = rng.random((len(chosen), self.dataset.num_frames))
        if self.dataset.mask is not None:
            draws = np.where(self.dataset.mask[chosen], draws, 2.0)
        drawn = np.argsort(draws, axis=1)[:, : self.num_drawn]
        frames = self.dataset.frames[chosen[:, None], drawn]
        batch = {
            "frames": frames[:, : self.frame_set],
            "action": self.dataset.labels["action"][chosen].astype("int32"),
        }
        if self.content_set == "other":
            batch["content_frames"] = frames[:, self.frame_set :]
        return batch
