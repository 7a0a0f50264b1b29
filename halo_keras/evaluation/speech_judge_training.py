"""Training of a judge of speech: real segments, degraded as generated ones are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from halo_keras.data.clip_batches import ClipBatches
from halo_keras.evaluation.spoken_content import content_labels

_DEGRADATION_STREAM = 4  # keeps this random stream apart from those of ClipBatches


class JudgeSegments(ClipBatches):
    """Batches of `(frames, {head: labels})` for `SpeechJudge.fit`.

    Order and degradations are functions of (seed, epoch, index), as in `ClipBatches`.
    What a variational autoencoder decodes is smoother than speech and its level is a
    little off, so that each segment independently gets each of the degradations below
    or not.

    Args:
        dataset: a `ClipDataset` of spectrogram segments.
        heads: names of labels, or of states with a time axis (`content_labels`).
        batch_size: segments a batch; the last, smaller batch is dropped.
        seed: of order and degradations.
        blur_rate: share of segments convolved once or twice with [1, 2, 1] / 4 along
            time and frequency.
        level_rate: share of segments with a constant added, up to a nat either way.
        noise_rate: share of segments with Gaussian noise of up to .3 nats.
        max_batches: at most so many batches an epoch; None for all.
    """

    def __init__(
        self,
        dataset,
        heads: Sequence[str],
        batch_size: int = 64,
        seed: int = 0,
        blur_rate: float = 0.5,
        level_rate: float = 0.5,
        noise_rate: float = 0.5,
        max_batches: int | None = None,
    ):
        super().__init__(
            dataset, batch_size, shuffle=True, seed=seed, max_batches=max_batches
        )
        self.heads = {head: content_labels(dataset, head) for head in heads}
        self.blur_rate, self.level_rate = blur_rate, level_rate
        self.noise_rate = noise_rate

    def __getitem__(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The batch `index` of the current epoch, frames in the dataset's range."""
        epoch = self.epoch
        frames = super().__getitem__(index)["frames"].astype("float32")
        low = index * self.batch_size
        chosen = self.order(epoch)[low : low + self.batch_size]
        rng = np.random.default_rng([_DEGRADATION_STREAM, self.seed, epoch, index])

        def some(rate):
            return rng.random(len(frames)) < rate

        rows = some(self.blur_rate)
        frames[rows] = smoothed(frames[rows])
        rows &= some(0.5)
        frames[rows] = smoothed(frames[rows])
        rows = some(self.level_rate)
        frames[rows] += rng.uniform(-1, 1, (rows.sum(), 1, 1)).astype("float32")
        rows = some(self.noise_rate)
        noise = rng.standard_normal(frames[rows].shape, dtype="float32")
        frames[rows] += noise * rng.uniform(0, 0.3, (len(noise), 1, 1)).astype(
            "float32"
        )
        frames = np.clip(frames, *self.dataset.value_range).astype("float32")
        return frames, {head: values[chosen] for head, values in self.heads.items()}


def smoothed(segments: np.ndarray) -> np.ndarray:
    """[1, 2, 1] / 4 along time and frequency, edges repeated. `(batch, time, bins)`."""
    for axis in (1, 2):
        padding = [(0, 0)] * 3
        padding[axis] = (1, 1)
        padded = np.pad(segments, padding, mode="edge")
        size = segments.shape[axis]
        before = np.take(padded, range(0, size), axis=axis)
        after = np.take(padded, range(2, size + 2), axis=axis)
        segments = (before + 2 * segments + after) / 4
    return segments
