"""Balls whose angular speed is continuous: no finite set of frequencies fits them.

The balls of `balls` on its one orbit, each at a speed of its own. A linear operator
has fixed frequencies, so it cannot move all of these clips (`NormalFormDynamics`
fails by construction); with `ActionAngleDynamics` the speed depends on the state.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data import balls
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register

ACTION_NAMES = ["orbit"]
SPEED_RANGE = (0.15, 0.9)  # radians a frame


@register("balls_speed")
def load_balls_speed(
    split: str,
    *,
    num_clips: int | None = None,
    num_frames: int = 16,
    start: float = 0.0,
    seed: int = 0,
) -> ClipDataset:
    """Balls at continuous speeds: `(num_clips, num_frames, 32, 32, 3)` uint8.

    One action, `"orbit"`; `angular_velocity` in the states is uniform in
    `SPEED_RANGE`. Everything else, `balls.render` included, is as in `load_balls`.
    """
    orbit = balls.ORBITS["same"]
    count = balls.check_count(num_clips, split, "num_clips")
    draws = balls.uniform_draws(split, count, seed)
    content, labels = balls.draw_content(draws, orbit["ball_radius"])
    low, high = SPEED_RANGE
    states = {
        "angle": 2 * np.pi * draws[:, 0],
        "angular_velocity": low + (high - low) * draws[:, 5],
        "orbit_centre": np.tile(orbit["centre"][0], (count, 1)),
        "orbit_radius": np.full(count, orbit["orbit_radius"]),
        **content,
    }
    return balls.clips_of(
        "balls_speed",
        split,
        states,
        labels={"action": np.zeros(count, np.int64), **labels},
        action_names=ACTION_NAMES,
        num_frames=num_frames,
        start=start,
    )
