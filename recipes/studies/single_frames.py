"""Sprites frame by frame: each frame of each clip as a clip of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from halo_keras import data
from halo_keras.data.registry import register
from halo_keras.data.sprites import LICENSE, NUM_FRAMES

__all__ = ["LICENSE", "NAME", "frames_a_clip", "load_single_frames"]

NAME = "sprites-frames"


@register(NAME)
def load_single_frames(split, source=None, *, num_characters: int | None = None):
    """Clips of one frame, `(8 num_clips, 1, 64, 64, 3)`, clip after clip."""
    clips = data.load("sprites", split, source, num_characters=num_characters)
    return replace(
        clips,
        name=NAME,
        frames=clips.frames.reshape(-1, 1, *clips.frame_shape),
        labels={key: np.repeat(ids, NUM_FRAMES) for key, ids in clips.labels.items()},
    )


def frames_a_clip(dataset: str) -> int:
    """How many of the dataset's clips make one of Sprites."""
    return NUM_FRAMES if dataset == NAME else 1
