"""The picture of a finished preset: its example clips with their motions swapped."""

from __future__ import annotations

import os

import numpy as np

from halo_keras.visualize import swap_grid

NUM_CONTENTS, NUM_MOTIONS = 3, 4
NUM_FRAMES = 16  # at the least, so that short clips are seen to go on


def draw_swaps(model, path: str | os.PathLike) -> None:
    """Writes a moving table: content down the side, motion along the top.

    Everything in it is the model's own: the first column and row are its example
    clips, and the cells what `swap_motion` makes of them.

    Args:
        model: has `example_clips` and `swap_motion`, as `HALO` has.
        path: a `.gif`.
    """
    clips = model.example_clips()
    frames, action = clips["frames"], clips["action"]
    order = np.arange(NUM_CONTENTS + NUM_MOTIONS) % len(frames)
    contents, motions = np.split(order, [NUM_CONTENTS])
    times = np.arange(max(NUM_FRAMES, frames.shape[1]))
    results = [
        model.swap_motion(
            frames[[content]], frames[motions], action=action[motions], times=times
        )
        for content in contents
    ]
    shown = model.forecast(frames[order], times, action=action[order])
    split = shown[:NUM_CONTENTS], shown[NUM_CONTENTS:]
    scale = 1 if shown.shape[2] >= 64 else 2
    swap_grid(*split, np.stack(results), path, fps=8, scale=scale)
