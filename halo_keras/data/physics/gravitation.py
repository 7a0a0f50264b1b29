"""Bodies in a plane that attract each other: what two and three of them share.

    H = sum_i |p_i|^2 / (2 m_i) - g sum_{i < j} m_i m_j / |q_i - q_j|

The state is all positions, body by body (x, y), then all momenta.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from halo_keras.data.physics.system import System


class Gravitation(System):
    """`num_bodies` bodies under Newton's law."""

    may_leave = True

    def energy(self, q, p, c):
        mass, bodies = c["mass"], self._bodies(q)
        moving = (self._bodies(p) ** 2).sum(axis=-1) / (2 * mass)
        energy = moving.sum(axis=-1)
        for i, j in combinations(range(self.num_bodies), 2):
            distance = np.linalg.norm(bodies[..., i, :] - bodies[..., j, :], axis=-1)
            weight = c["gravity"][..., 0] * mass[..., i] * mass[..., j]
            energy = energy - weight / distance
        return energy

    def velocity(self, q, p, c):
        return p / np.repeat(c["mass"], 2, axis=-1)

    def force(self, q, p, c):
        mass, bodies = c["mass"], self._bodies(q)
        force = np.zeros(np.broadcast_shapes(bodies.shape, (*mass.shape, 2)))
        for i, j in combinations(range(self.num_bodies), 2):
            apart = bodies[..., j, :] - bodies[..., i, :]
            weight = c["gravity"] * mass[..., i : i + 1] * mass[..., j : j + 1]
            pull = weight * apart / np.linalg.norm(apart, axis=-1, keepdims=True) ** 3
            force[..., i, :] += pull
            force[..., j, :] -= pull
        return force.reshape(*force.shape[:-2], -1)

    def centres(self, q, c):
        return self._bodies(q)

    def _bodies(self, flat):
        return flat.reshape(*flat.shape[:-1], self.num_bodies, 2)
