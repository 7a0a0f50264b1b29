"""A pendulum, swinging or turning over, seen as the disc at its end (simulated).

    H = m g l (1 - cos q) + p^2 / (2 m l^2),    m = .5, g = 3, l = 1

DeepMind's dm_hamiltonian_dynamics_suite: (q, p) in the annulus 1.3 to 2.3; small swings
take 73 frames of .05. The potential is that of its code and of the re-evaluation
report's (whose text has twice as much). Where H > 2 m g l the pendulum turns over, as
about a third of these do: the label `motion` is `"librating"` or `"rotating"`, by the
energy at the first frame. Drawn: m in [.5, 1.5], g in [3, 4], l in [.5, 1].
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.physics.clips import loader_of
from halo_keras.data.physics.starts import annulus
from halo_keras.data.physics.system import Constant, System
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"
MOTIONS = ["librating", "rotating"]


class Pendulum(System):
    """q is the angle from hanging down, against the clock."""

    name = "pendulum"
    num_positions = 1
    num_bodies = 1
    constants = {
        "mass": Constant(0.5, (0.5, 1.5)),
        "gravity": Constant(3.0, (3.0, 4.0)),
        "length": Constant(1.0, (0.5, 1.0)),
    }
    disc_scale = 1.5
    report_noise = 0.1
    report_half_size = 2.0

    def energy(self, q, p, c):
        fall = c["mass"] * c["gravity"] * c["length"] * (1 - np.cos(q))
        return (fall + p**2 / (2 * c["mass"] * c["length"] ** 2))[..., 0]

    def velocity(self, q, p, c):
        return p / (c["mass"] * c["length"] ** 2)

    def force(self, q, p, c):
        return -c["mass"] * c["gravity"] * c["length"] * np.sin(q)

    def start(self, draws, c, given):
        point = annulus(draws, 1.3, 2.3, given)
        return point[:, :1], point[:, 1:]

    def centres(self, q, c):
        return c["length"][..., None] * np.stack([np.sin(q), -np.cos(q)], axis=-1)

    def reach(self, c):
        return c["length"][:, 0]

    def report_radius(self, c):
        return c["mass"]

    def motions(self, energy, c):
        highest = 2 * (c["mass"] * c["gravity"] * c["length"])[:, 0]
        return MOTIONS, (energy > highest).astype(np.int64)


load_pendulum = register("pendulum")(loader_of(Pendulum()))
