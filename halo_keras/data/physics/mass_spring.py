"""A mass on a spring, seen as a disc that swings to and fro (simulated).

    H = k q^2 / 2 + p^2 / (2 m),    k = 2, m = .5: a period of pi, 63 frames of .05

DeepMind's dm_hamiltonian_dynamics_suite: (q, p / sqrt(k m)) in the annulus .1 to 1; and
the re-evaluation report of Hamiltonian Generative Networks (zenodo 4835278), see
`report_rendering`. Drawn masses lie in [.2, 1].
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.physics.clips import loader_of
from halo_keras.data.physics.starts import annulus
from halo_keras.data.physics.system import Constant, System
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"


class MassSpring(System):
    """q is the mass's distance from the middle."""

    name = "mass_spring"
    num_positions = 1
    num_bodies = 1
    constants = {"mass": Constant(0.5, (0.2, 1.0)), "stiffness": Constant(2.0)}
    disc_scale = 1.5
    report_noise = 0.1
    report_half_size = 2.0

    def energy(self, q, p, c):
        return (c["stiffness"] * q**2 / 2 + p**2 / (2 * c["mass"]))[..., 0]

    def velocity(self, q, p, c):
        return p / c["mass"]

    def force(self, q, p, c):
        return -c["stiffness"] * q

    def start(self, draws, c, given):
        point = annulus(draws, 0.1, 1.0, given)
        scale = np.sqrt(c["stiffness"] * c["mass"])
        if given.rendering == "report":
            scale = 1.0
        return point[:, :1], scale * point[:, 1:]

    def centres(self, q, c):
        return np.stack([q, np.zeros_like(q)], axis=-1)

    def reach(self, c):
        return np.ones(len(c["mass"]))

    def report_radius(self, c):
        return c["mass"]


load_mass_spring = register("mass_spring")(loader_of(MassSpring()))
