"""Training of a judge: real clips, degraded in the ways that generated clips are.

A judge that saw only clean clips is sharp on real data and arbitrary on the slightly
blurred clips of a VAE. `JudgeClips` therefore softens, lightens and adds noise to a
share of the training clips, and starts looping motions at any of their phases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np

from halo_keras.evaluation.judges import ClipJudge


class JudgeClips(keras.utils.PyDataset):
    """Batches of `(frames, {head: labels})` for `ClipJudge.fit`.

    Deterministic given the seed and the epoch. Each clip independently gets each of
    the degradations below or not.

    Args:
        dataset: a `ClipDataset` of uint8 clips.
        heads: names of the labels to learn.
        batch_size: clips a batch; the last, smaller batch is dropped.
        seed: of the order of the clips and of the degradations.
        rolled_actions: action ids whose clips are loops; these start at a random
            frame, x_{(t + r) mod T}.
        blur_rate: fraction of clips convolved once to three times with
            [1, 2, 1] / 4 along both axes.
        noise_rate: fraction of clips with Gaussian noise of standard deviation up to
            .05 on the [0, 1] scale.
        light_rate: fraction of clips multiplied by a number in [.9, 1.1].
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
    ):
        super().__init__()
        if len(dataset.frames) < batch_size:
            raise ValueError(
                f"A batch of {batch_size} needs at least as many clips, received "
                f"{len(dataset.frames)}. Lower batch_size."
            )
        self.dataset = dataset
        self.heads = tuple(heads)
        self.batch_size = batch_size
        self.seed = seed
        self.rolled_actions = tuple(rolled_actions)
        self.blur_rate = blur_rate
        self.noise_rate = noise_rate
        self.light_rate = light_rate
        self.epoch = 0

    @property
    def num_batches(self) -> int:
        return len(self.dataset.frames) // self.batch_size

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def __getitem__(self, index: int):
        order = np.random.default_rng((self.seed, self.epoch)).permutation(
            len(self.dataset.frames)
        )
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        rng = np.random.default_rng((self.seed, self.epoch, index))
        frames = self.dataset.frames[chosen]
        loops = np.isin(self.dataset.labels["action"][chosen], self.rolled_actions)
        frames = started_anywhere(frames, loops, rng)
        frames = frames.astype("float32") / np.float32(255)
        for clip in frames:  # a view: changed in place
            if rng.random() < self.blur_rate:
                clip[...] = blurred(clip, passes=rng.integers(1, 4))
            if rng.random() < self.light_rate:
                clip *= np.float32(rng.uniform(0.9, 1.1))
            if rng.random() < self.noise_rate:
                noise = rng.standard_normal(clip.shape, dtype="float32")
                clip += np.float32(rng.uniform(0, 0.05)) * noise
        labels = {head: self.dataset.labels[head][chosen] for head in self.heads}
        return np.clip(frames, 0, 1), labels


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


def train_judge(
    judge: ClipJudge,
    clips: JudgeClips,
    epochs: int,
    learning_rate: float = 1e-3,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Fits a judge with Adam, a cosine schedule and the sum of its heads' entropies.

    Loss of a clip = sum over heads of -ln softmax(logits)[label], in nats.

    Returns: Keras's history, with each head's loss and accuracy by epoch.
    """
    steps = epochs * clips.num_batches
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=learning_rate / 10,
        warmup_target=learning_rate,
        warmup_steps=max(1, steps // 20),
        decay_steps=max(1, steps - math.ceil(steps / 20)),
    )
    judge.compile(
        optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0),
        loss={
            head: keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            for head in judge.head_names
        },
        metrics={head: ["accuracy"] for head in judge.head_names},
        # XLA's convolutions are slow on processors; JAX knows no other compiler.
        jit_compile=keras.config.backend() == "jax",
    )
    return judge.fit(clips, epochs=epochs, callbacks=list(callbacks), verbose=2)
