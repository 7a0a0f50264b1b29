"""Training of a judge: real clips, degraded in the ways that generated clips are.

A judge that saw only clean clips is sharp on real data and arbitrary on the slightly
blurred clips of a VAE. `JudgeClips` therefore softens, lightens and adds noise to a
share of the training clips, and starts looping motions at any of their phases.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from halo_keras.data.clip_batches import ClipBatches
from halo_keras.evaluation.judge_base import Judge

_DEGRADATION_STREAM = 3  # keeps this random stream apart from those of ClipBatches


class JudgeClips(ClipBatches):
    """Batches of `(frames, {head: labels})` for `ClipJudge.fit`.

    Order and degradations are functions of (seed, epoch, index), as in `ClipBatches`.
    Each clip independently gets each of the degradations below or not.

    Args:
        dataset: a `ClipDataset` of uint8 clips.
        heads: names of the labels to learn.
        batch_size: clips a batch; the last, smaller batch is dropped.
        seed: of the order of the clips and of the degradations.
        rolled_actions: ids of the actions that are loops: their clips start at a
            random frame r, x_{(t + r) mod T}.
        blur_rate: fraction of clips convolved one to three times with
            [1, 2, 1] / 4 along both axes.
        noise_rate: fraction of clips with Gaussian noise of standard deviation up to
            .05 on the [0, 1] scale.
        light_rate: fraction of clips multiplied by a number in [.9, 1.1].
        mirror_rate: fraction of clips mirrored left to right, for labels that have no
            side.
        max_batches: at most so many batches an epoch; None for all.
    """

    def __init__(
        self,
        dataset,
        heads: Sequence[str],
        batch_size: int = 64,
        seed: int = 0,
        rolled_actions: Sequence[int] = (),
        blur_rate: float = 0.4,
        noise_rate: float = 0.25,
        light_rate: float = 0.5,
        mirror_rate: float = 0.0,
        max_batches: int | None = None,
    ):
        super().__init__(
            dataset, batch_size, shuffle=True, seed=seed, max_batches=max_batches
        )
        self.heads = tuple(heads)
        self.rolled_actions = tuple(rolled_actions)
        self.blur_rate = blur_rate
        self.noise_rate = noise_rate
        self.light_rate = light_rate
        self.mirror_rate = mirror_rate

    def __getitem__(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The batch `index` of the current epoch, frames float32 in [0, 1]."""
        epoch = self.epoch
        batch = super().__getitem__(index)
        low = index * self.batch_size
        chosen = self.order(epoch)[low : low + self.batch_size]
        rng = np.random.default_rng([_DEGRADATION_STREAM, self.seed, epoch, index])
        loops = np.isin(batch["action"], self.rolled_actions)
        frames = started_anywhere(batch["frames"], loops, rng)
        frames = frames.astype("float32") / np.float32(255)
        if self.mirror_rate:
            mirrored = rng.random(len(frames)) < self.mirror_rate
            frames[mirrored] = frames[mirrored, :, :, ::-1]
        for clip in frames:  # a view: changed in place
            if rng.random() < self.blur_rate:
                clip[...] = blurred(clip, passes=int(rng.integers(1, 4)))
            if rng.random() < self.light_rate:
                clip *= np.float32(rng.uniform(0.9, 1.1))
            if rng.random() < self.noise_rate:
                noise = rng.standard_normal(clip.shape, dtype="float32")
                clip += np.float32(rng.uniform(0, 0.05)) * noise
        labels = {head: self.dataset.labels[head][chosen] for head in self.heads}
        return np.clip(frames, 0, 1), labels


class JudgeFrames(JudgeClips):
    """`JudgeClips` for a `FrameJudge`: each frame carries the labels of its clip.

    Arguments: see `JudgeClips`. Labels are `(batch, time)`.
    """

    def __getitem__(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The batch `index` of the current epoch, frames float32 in [0, 1]."""
        frames, labels = super().__getitem__(index)
        time = frames.shape[1]
        return frames, {
            head: np.repeat(values[:, None], time, axis=1)
            for head, values in labels.items()
        }


def started_anywhere(frames: np.ndarray, loops: np.ndarray, rng) -> np.ndarray:
    """Clips `(B, T, ...)`, those marked in `loops` `(B,)` begun at a random frame."""
    num_frames = frames.shape[1]
    starts = np.where(loops, rng.integers(0, num_frames, size=len(frames)), 0)
    times = (np.arange(num_frames) + starts[:, None]) % num_frames
    return frames[np.arange(len(frames))[:, None], times]


def blurred(clip: np.ndarray, passes: int) -> np.ndarray:
    """A clip `(T, H, W, C)` smoothed with [1, 2, 1] / 4 over height and width."""
    for _ in range(passes):
        for axis in (1, 2):
            padding = [(0, 0)] * 4
            padding[axis] = (1, 1)
            padded = np.pad(clip, padding, mode="edge")
            size = clip.shape[axis]
            before = np.take(padded, range(0, size), axis=axis)
            after = np.take(padded, range(2, size + 2), axis=axis)
            clip = 0.25 * (before + after) + 0.5 * clip
    return clip


def compile_judge(judge: Judge, optimizer: keras.optimizers.Optimizer) -> None:
    """Compiles with the sum of the heads' cross-entropies as the loss.

    Loss of a clip = sum over heads of -ln softmax(logits)[label], in nats; of a judge
    of frames, the mean over the clip's frames; frames labelled -1 do not count. Each
    head's loss and accuracy are logged by name.

    Args:
        judge: a built judge.
        optimizer: to clip gradients, a `ClippedAdam` (`training.fitting.compile_model`
            makes one), which means the same on one device and on several.

    Raises:
        ValueError: for an optimizer of Keras's own that clips. Under `tf.distribute`
            it clips each replica's share of the gradient before they are added.
    """
    from halo_keras.training.clipped_adam import ClippedAdam

    clips = optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue
    if clips and not isinstance(optimizer, ClippedAdam):
        raise ValueError(
            f"compile_judge received a {type(optimizer).__name__} that clips by "
            f"{clips}, which Keras does replica by replica. Pass "
            "halo_keras.training.clipped_adam.ClippedAdam(..., global_clipnorm=...)."
        )
    judge.compile(
        optimizer=optimizer,
        loss={
            head: keras.losses.SparseCategoricalCrossentropy(
                from_logits=True,
                ignore_class=-1 if head in getattr(judge, "frame_heads", ()) else None,
            )
            for head in judge.head_names
        },
        metrics={head: ["accuracy"] for head in judge.head_names},
        # XLA's convolutions are slow on processors; JAX knows no other compiler.
        jit_compile=keras.config.backend() == "jax",
    )
