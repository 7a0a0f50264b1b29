"""Toy clips for judges: the action shows over time, the colour in any frame."""

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset


def moving_squares(num_clips, rng):
    """A square that moves right (action 0) or down (1), in one of three channels."""
    frames = rng.integers(0, 40, (num_clips, 4, 16, 16, 3)).astype("uint8")
    action = np.arange(num_clips) % 2
    colour = np.arange(num_clips) // 2 % 3
    for n in range(num_clips):
        row, column = rng.integers(0, 4, 2)
        for t in range(4):
            r, c = (row, column + 3 * t) if action[n] == 0 else (row + 3 * t, column)
            frames[n, t, r : r + 4, c : c + 4, colour[n]] = 230
    return ClipDataset(
        name="squares",
        split="train",
        frames=frames,
        labels={"action": action, "colour": colour},
        label_names={"action": ["right", "down"], "colour": ["red", "green", "blue"]},
        license="Apache-2.0",
        attribution="made by this test",
    )
