"""Bodies in a plane that attract each other: what two and three of them share.

    H = sum_i |p_i|^2 / (2 m_i) - g sum_{i < j} m_i m_j / |q_i - q_j|

The state is all positions, body by body (x, y), then all momenta.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from halo_keras.data.physics.system import System


class Gravitation(System):
    """`num_bodies` bodies under Newton's law."""

    may_leave = True

    @cached_property
    def pairs(self):
        """(i, j) of all pairs of bodies: two arrays of indices."""
        return np.triu_indices(self.num_bodies, 1)

    def energy(self, q, p, c):
        moving = (self._bodies(p) ** 2).sum(axis=-1) / (2 * c["mass"])
        _, square, weight = self._apart(q, c)
        return moving.sum(axis=-1) - (weight / np.sqrt(square)).sum(axis=-1)

    def velocity(self, q, p, c):
        return p / np.repeat(c["mass"], 2, axis=-1)

    def force(self, q, p, c):
        apart, square, weight = self._apart(q, c)
        pull = (weight / (square * np.sqrt(square)))[..., None] * apart
        force = np.zeros((*q.shape[:-1], self.num_bodies, 2))
        for pair, (i, j) in enumerate(zip(*self.pairs, strict=True)):
            force[..., i, :] += pull[..., pair, :]
            force[..., j, :] -= pull[..., pair, :]
        return force.reshape(q.shape)

    def centres(self, q, c):
        return self._bodies(q)

    def _apart(self, q, c):
        """Of each pair: q_j - q_i, its squared length, and g m_i m_j."""
        (i, j), bodies, mass = self.pairs, self._bodies(q), c["mass"]
        apart = bodies[..., j, :] - bodies[..., i, :]
        return (
            apart,
            (apart**2).sum(axis=-1),
            c["gravity"] * mass[..., i] * mass[..., j],
        )

    def _bodies(self, flat):
        return flat.reshape(*flat.shape[:-1], self.num_bodies, 2)
