"""Two bodies that circle each other under gravitation (simulated).

DeepMind's dm_hamiltonian_dynamics_suite: m = g = 1, one body at a point of the square
[.5, 1.5]^2, the other one opposite, at r from the middle; momenta of size
1 / (2 sqrt r) across. With m = g = 1 that is a circle at 1 / (2 r^1.5) radians a unit
of time, always in the same sense. Where masses are drawn (m and g in [.5, 1.5]) momenta
stay as they are, so that orbits are ellipses, and those that leave the picture are
drawn again.

The re-evaluation report: r in [.5, 1.5], any direction, each part of each velocity
times 1 + .1 u with u in [-1, 1], the sense turned round in 69 % of the cases.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.physics.clips import loader_of
from halo_keras.data.physics.gravitation import Gravitation
from halo_keras.data.physics.starts import direction, quarter_turn
from halo_keras.data.physics.system import Constant
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"
REPORT_NOISE_OF_VELOCITY = 0.1
REPORT_TURNED = 0.69  # a normal number below .5


class TwoBody(Gravitation):
    """States of eight numbers."""

    name = "two_body"
    num_positions = 4
    num_bodies = 2
    constants = {
        "mass": Constant(1.0, (0.5, 1.5), size=2),
        "gravity": Constant(1.0, (0.5, 1.5)),
    }
    disc_scale = 1.5
    report_noise = 0.05
    report_half_size = 3.0

    def start(self, draws, c, given):
        if given.rendering == "report":
            radius = 0.5 + draws[:, 2:3]
            place = radius * direction(draws, square=True)
            sense = np.where(draws[:, 3:4] < REPORT_TURNED, -1.0, 1.0)
        else:
            place = 0.5 + draws[:, :2]
            radius = np.linalg.norm(place, axis=1, keepdims=True)
            sense = 1.0
        across = sense * quarter_turn(place) / (2 * radius**1.5)
        velocity = np.concatenate([across, -across], axis=1)
        if given.rendering == "report":
            shaken = 2 * draws[:, 4:8] - 1
            velocity = velocity * (1 + REPORT_NOISE_OF_VELOCITY * shaken)
            velocity = velocity * np.repeat(c["mass"], 2, axis=1)
        return np.concatenate([place, -place], axis=1), velocity

    def reach(self, c):
        # Half the suite's canvases, 2.75 and 5, less its disc of radius sqrt(m / pi).
        drawn = np.any(c["mass"] != 1, axis=1) | (c["gravity"][:, 0] != 1)
        return np.where(drawn, 5.0, 2.75) - np.sqrt(c["mass"].max(axis=1) / np.pi)

    def report_radius(self, c):
        return 0.55 * c["mass"]


load_two_body = register("two_body")(loader_of(TwoBody()))
