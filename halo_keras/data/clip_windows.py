"""Clips out of takes: where they begin, and their frames side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from halo_keras.data.take_cache import CachedTake


class Window(NamedTuple):
    """Frames `start + step * k` of a take, k = 0 ... count - 1."""

    take: int  # index of the take
    start: int
    step: int
    count: int

    def frames(self) -> np.ndarray:
        """Indices of the frames."""
        return self.start + self.step * np.arange(self.count)


def windows(
    take: int,
    readable: np.ndarray,
    *,
    num_frames: int,
    step: int,
    stride: int,
    low: int = 0,
    high: int | None = None,
    min_frames: int | None = None,
) -> list[Window]:
    """All windows that begin at low, low + stride, ... and end before `high`.

    Without `min_frames` a window has exactly `num_frames` frames, all readable. With
    it, a window at the end may be shorter, down to `min_frames` (unless the one before
    it already reached the end), its first frame must be readable, and so must
    `min_frames` of its frames.

    Args:
        take: index of the take.
        readable: bool, a frame of the take each.
    """
    high = len(readable) if high is None else min(high, len(readable))
    shortest = num_frames if min_frames is None else min_frames
    found, reached = [], False
    for start in range(low, high, stride):
        count = min(num_frames, -(-(high - start) // step))
        if count < shortest or (count < num_frames and reached):
            break
        window = Window(take, start, step, count)
        reached = window.frames()[-1] + step >= high
        good = readable[window.frames()]
        if good.all() or (min_frames and good[0] and good.sum() >= min_frames):
            found.append(window)
    return found


def gather(
    takes: Sequence[CachedTake], chosen: Sequence[Window], num_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """The frames of windows and which of them count.

    Where a window has no frame, or one that could not be read, the last one before
    it stands, and the mask is False.

    Returns: `(num_clips, num_frames, height, width, channels)` uint8 and bool
        `(num_clips, num_frames)`.
    """
    shape = takes[chosen[0].take].frames.shape[1:]
    frames = np.empty((len(chosen), num_frames, *shape), np.uint8)
    mask = np.zeros((len(chosen), num_frames), bool)
    opened, taken = None, -1
    for row, window in enumerate(chosen):
        if window.take != taken:  # neighbours are of one take
            taken, opened = window.take, takes[window.take].frames
        index = window.frames()
        mask[row, : window.count] = takes[taken].readable[index]
        last = np.maximum.accumulate(np.where(mask[row], np.arange(num_frames), 0))
        frames[row] = opened[index[last]]
    return frames, mask


def held_out(keys: Sequence[tuple], fraction: float, seed: int) -> np.ndarray:
    """Which items are in the test split: an even share of every kind of item.

    Items are ordered by key, within a key at random, and of that row item i is held
    out if floor((i + 1) f + 1/2) > floor(i f + 1/2). So the share is `fraction` over
    all and, within one item, over any run of neighbours. At least one item is held
    out and one is not.

    Args:
        keys: what kind of item each is, for instance (person, action).
        fraction: f, in (0, 1).
        seed: of the order within a key.

    Returns: bool, one an item.
    Raises: ValueError for fewer than two items.
    """
    count = len(keys)
    if count < 2:
        raise ValueError(
            f"cannot split {count} of them into training and test: at least two are "
            "needed."
        )
    draws = np.random.default_rng([3, seed]).random(count)
    order = sorted(range(count), key=lambda i: (keys[i], draws[i]))
    marks = np.floor(np.arange(count + 1) * fraction + 0.5)
    row = np.diff(marks) > 0
    if not row.any():
        row[-1] = True
    if row.all():
        row[0] = False
    chosen = np.zeros(count, bool)
    chosen[order] = row
    return chosen
