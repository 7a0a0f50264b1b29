"""A pendulum at the end of a pendulum, whose motion is chaotic (simulated).

With D = q_1 - q_2 and S = m_1 + m_2 sin^2 D,

    H = [m_2 l_2^2 p_1^2 + (m_1 + m_2) l_1^2 p_2^2 - 2 m_2 l_1 l_2 p_1 p_2 cos D]
        / [2 m_2 l_1^2 l_2^2 S]
        + (m_1 + m_2) g l_1 (1 - cos q_1) + m_2 g l_2 (1 - cos q_2)

DeepMind's dm_hamiltonian_dynamics_suite: m = .5, g = 3, l = 1, each (q_i, p_i) in the
annulus 1.3 to 2.3 (1 to 2.5 where masses are drawn, from [.4, .6], with g in [2.5, 4]
and l in [.75, 1]). The re-evaluation report says m = 1 and .5 to 1.3, but its code's
field is not this one's: what it prints of it is about another system.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.physics.clips import loader_of
from halo_keras.data.physics.starts import annulus
from halo_keras.data.physics.system import Constant, System
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"


class DoublePendulum(System):
    """q are both angles from hanging down, against the clock."""

    name = "double_pendulum"
    num_positions = 2
    num_bodies = 2
    constants = {
        "mass": Constant(0.5, (0.4, 0.6), size=2, report=1.0),
        "gravity": Constant(3.0, (2.5, 4.0)),
        "length": Constant(1.0, (0.75, 1.0), size=2),
    }
    disc_scale = 1.5
    report_noise = 0.05
    report_half_size = 2.5

    def energy(self, q, p, c):
        (m_1, m_2), (l_1, l_2) = _pair(c["mass"]), _pair(c["length"])
        up_1, up_2 = _pair(1 - np.cos(q))
        fall = (m_1 + m_2) * l_1 * up_1 + m_2 * l_2 * up_2
        return self._kinetic(q, p, c) + c["gravity"][..., 0] * fall

    def velocity(self, q, p, c):
        (m_1, m_2), (l_1, l_2) = _pair(c["mass"]), _pair(c["length"])
        p_1, p_2 = _pair(p)
        angle = q[..., 0] - q[..., 1]
        cos, inertia = np.cos(angle), m_1 + m_2 * np.sin(angle) ** 2
        first = (l_2 * p_1 - l_1 * p_2 * cos) / (l_1**2 * l_2 * inertia)
        second = (m_1 + m_2) * l_1 * p_2 - m_2 * l_2 * p_1 * cos
        second = second / (m_2 * l_1 * l_2**2 * inertia)
        return np.stack([first, second], axis=-1)

    def force(self, q, p, c):
        (m_1, m_2), (l_1, l_2) = _pair(c["mass"]), _pair(c["length"])
        (q_1, q_2), (p_1, p_2), g = _pair(q), _pair(p), c["gravity"][..., 0]
        sin, cos = np.sin(q_1 - q_2), np.cos(q_1 - q_2)
        inertia = m_1 + m_2 * sin**2
        # dK/dD, of which q_1 has one and q_2 the other sign.
        by_angle = p_1 * p_2 * sin / (l_1 * l_2 * inertia)
        by_angle -= self._kinetic(q, p, c) * 2 * m_2 * sin * cos / inertia
        first = -(m_1 + m_2) * g * l_1 * np.sin(q_1) - by_angle
        second = -m_2 * g * l_2 * np.sin(q_2) + by_angle
        return np.stack([first, second], axis=-1)

    def _kinetic(self, q, p, c):
        (m_1, m_2), (l_1, l_2) = _pair(c["mass"]), _pair(c["length"])
        p_1, p_2 = _pair(p)
        angle = q[..., 0] - q[..., 1]
        above = m_2 * l_2**2 * p_1**2 + (m_1 + m_2) * l_1**2 * p_2**2
        above -= 2 * m_2 * l_1 * l_2 * p_1 * p_2 * np.cos(angle)
        inertia = m_1 + m_2 * np.sin(angle) ** 2
        return above / (2 * m_2 * l_1**2 * l_2**2 * inertia)

    def start(self, draws, c, given):
        low, high = (1.0, 2.5) if given.masses == "drawn" else (1.3, 2.3)
        if given.rendering == "report":
            low, high = 0.5, 1.3
        one = annulus(draws[:, 0:3], low, high, given)
        other = annulus(draws[:, 3:6], low, high, given)
        return np.stack([one, other], axis=-1).swapaxes(0, 1)

    def centres(self, q, c):
        arms = np.stack([np.sin(q), -np.cos(q)], axis=-1) * c["length"][..., None]
        return np.cumsum(arms, axis=-2)

    def reach(self, c):
        return c["length"].sum(axis=1)

    def report_radius(self, c):
        return c["length"] / 3


def _pair(values):
    return values[..., 0], values[..., 1]


load_double_pendulum = register("double_pendulum")(loader_of(DoublePendulum()))
