"""Three bodies that attract each other, from near a circle into chaos (simulated).

As in Hamiltonian Neural Networks and the re-evaluation report: m = g = 1, the bodies
on a circle of radius r in [.9, 1.2] at 120 degrees of each other, with the velocities
of the circular orbit, v = sqrt(sin 60 / (2 cos^2 30)) / sqrt r, each part of each times
1 + .1 u with u in [-1, 1]; the orbit is unstable. DeepMind's suite has no set of it:
its renderer is used on a canvas of our choice, and what leaves it is drawn again. Drawn
masses lie in [.8, 1.2].
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.physics.clips import loader_of
from halo_keras.data.physics.gravitation import Gravitation
from halo_keras.data.physics.starts import direction, quarter_turn, turned
from halo_keras.data.physics.system import Constant
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"
SPEED = float(np.sqrt(np.sin(np.pi / 3) / (2 * np.cos(np.pi / 6) ** 2)))
NOISE_OF_VELOCITY = 0.1


class ThreeBody(Gravitation):
    """States of twelve numbers."""

    name = "three_body"
    num_positions = 6
    num_bodies = 3
    constants = {
        "mass": Constant(1.0, (0.8, 1.2), size=3),
        "gravity": Constant(1.0),
    }
    disc_scale = 2.0
    report_noise = 0.2
    report_half_size = 3.0

    def start(self, draws, c, given):
        radius = 0.9 + 0.3 * draws[:, 2:3]
        place = radius * direction(draws, square=given.rendering == "report")
        turns = [0, 2 * np.pi / 3, 4 * np.pi / 3]
        places = np.concatenate([turned(place, turn) for turn in turns], axis=1)
        across = quarter_turn(places.reshape(-1, 3, 2)).reshape(-1, 6)
        velocity = SPEED * across / radius**1.5
        velocity = velocity * (1 + NOISE_OF_VELOCITY * (2 * draws[:, 3:9] - 1))
        return places, velocity * np.repeat(c["mass"], 2, axis=1)

    def reach(self, c):
        return np.full(len(c["mass"]), 3.0)

    def report_radius(self, c):
        return 0.25 * c["mass"]


load_three_body = register("three_body")(loader_of(ThreeBody()))
