"""Training on a clip as a loop: the same frames are the truth at later times too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from halo_keras.schema import ConfigError, nearest


class LoopTargets:
    """Transform of `ClipBatches`: adds `target_times`, and rolls looping motions.

    With x~_t = x_{t mod T} the frame at index t of a clip of T frames is the truth at
    every time t + T m, m = 0, 1, ... Each frame of each clip gets its own m, drawn so
    that it is about uniform on a logarithmic scale,

        P(m = k) = ln((k + 2) / (k + 1)) / ln(max_loops + 2),  k = 0 .. max_loops,

    and the batch gets `target_times`, `(batch, T)` float32, t + T m. The observed
    frames and their times stay as they are. Clips of a `rolled` action are loops
    without a seam and begin at a random frame r: x~_{t + r}, t = 0 .. T - 1.

    A speed that is a little wrong is far wrong many loops away, and there the error has
    ripples: a plane that starts d radians a frame beside its speed ends in one of them
    unless d times the longest time is well below pi. With `ramp`, max_loops starts at
    0 and grows with the epoch e as (max_loops + 1)^(e / ramp) - 1, rounded down, to its
    value at epoch `ramp`.

    Deterministic given the generator, which `ClipBatches` draws from (seed, epoch,
    batch). `tests/training/test_loop_batches.py` recomputes every frame and the law
    of m.

    Args:
        max_loops: largest m; 0 leaves the times alone.
        rolled: action ids.
        ramp: epochs over which max_loops grows; 0 for none. The batch then says its
            `epoch`, as those of `ClipBatches` do.
    """

    def __init__(self, max_loops: int, rolled: Sequence[int] = (), ramp: float = 0.0):
        self.max_loops = max_loops
        self.rolled = tuple(rolled)
        self.ramp = ramp

    def loops_at(self, epoch: int) -> int:
        """The largest m in this epoch."""
        if epoch >= self.ramp:
            return self.max_loops
        return int((self.max_loops + 1) ** (epoch / self.ramp) - 1)

    def __call__(self, batch: dict, rng: np.random.Generator) -> dict:
        frames = batch["frames"]
        count, length = frames.shape[:2]
        starts = rng.integers(0, length, size=(count, 1))
        starts *= np.isin(batch["action"], self.rolled)[:, None]
        index = (np.arange(length) + starts) % length
        most = self.loops_at(batch["epoch"]) if self.ramp else self.max_loops
        draws = np.exp(rng.random((count, length)) * np.log(most + 2))
        loops = np.minimum(np.floor(draws).astype(int) - 1, most)
        return {
            **batch,
            "frames": frames[np.arange(count)[:, None], index],
            "target_times": (np.arange(length) + length * loops).astype("float32"),
        }


def loop_targets(
    dataset, max_loops: int, rolled_actions: Sequence[str], ramp: float = 0.0
) -> Callable:
    """`LoopTargets` for a dataset whose actions are given by name.

    Raises:
        ConfigError: an action that the dataset does not have; clips with times or
            masks of their own, which have no common period.
    """
    if dataset.times is not None or dataset.mask is not None:
        raise ConfigError(
            f"max_loops takes clips of {dataset.num_frames} frames at times 0, 1, ..., "
            f"but {dataset.name!r} has times or masks of its own. Set max_loops=none."
        )
    for name in rolled_actions:
        if name not in dataset.action_names:
            raise ConfigError(
                f"rolled_actions: {dataset.name!r} has no action {name!r}"
                f"{nearest(name, dataset.action_names) or '.'} Known: "
                f"{', '.join(dataset.action_names)}."
            )
    return LoopTargets(
        max_loops, [dataset.action_names.index(name) for name in rolled_actions], ramp
    )
