"""What a Hamiltonian system is here: a state, an energy, its gradients, its picture.

The state is position then momentum, (q, p), and moves by Hamilton's equations with an
optional friction c >= 0,

    dq/dt = dH/dp,    dp/dt = -dH/dq - c dH/dp,    dH/dt = -c |dH/dp|^2.

All methods work on arrays: states have the state on their last axis, constants are
`(..., size)`, so that those of many trajectories broadcast against their states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Constant:
    """A number of the system, such as a mass.

    Args:
        fixed: its usual value.
        drawn: (lowest, highest) where every trajectory has its own; None: never.
        size: how many of them there are, one a body for instance.
        report: the value in the re-evaluation report, None for the usual one.
    """

    fixed: float
    drawn: tuple[float, float] | None = None
    size: int = 1
    report: float | None = None

    @property
    def largest(self) -> float:
        """Of the range that it is drawn from."""
        return self.fixed if self.drawn is None else self.drawn[1]


class System:
    """A Hamiltonian system and how it is looked at.

    Attributes:
        name: of the dataset.
        num_positions: size d of q; a state has 2 d numbers.
        num_bodies: discs in the picture.
        constants: by name; `"mass"` is always there, one a body.
        disc_scale: of the suite's renderer: discs are this much larger than there, so
            that where a disc is counts for more than what noise does to it.
        report_noise: standard deviation of each coordinate in the report.
        report_half_size: half the width of the report's picture.
        may_leave: whether a trajectory can leave the picture, and is then drawn again.
    """

    name: str
    num_positions: int
    num_bodies: int
    constants: dict[str, Constant]
    disc_scale: float
    report_noise: float
    report_half_size: float
    may_leave = False

    def energy(self, q, p, c):
        """H(q, p), `(...)`."""
        raise NotImplementedError

    def velocity(self, q, p, c):
        """dH/dp, of q's shape."""
        raise NotImplementedError

    def force(self, q, p, c):
        """-dH/dq, of q's shape."""
        raise NotImplementedError

    def start(self, draws, c, given):
        """(q, p), `(N, d)` each, of uniform numbers `draws` `(N, >= 10)`.

        Args:
            c: the constants, `(N, size)` each.
            given: the `Options`: how a start is drawn depends on whose set it is.
        """
        raise NotImplementedError

    def centres(self, q, c):
        """Where the bodies are, `(..., num_bodies, 2)`: x to the right, y up."""
        raise NotImplementedError

    def reach(self, c) -> np.ndarray:
        """How far from the middle a body's centre can be, `(N,)`: the suite's canvas.

        Args:
            c: the largest constants that the set has, `(N, size)`.
        """
        raise NotImplementedError

    def report_radius(self, c) -> np.ndarray:
        """Radius of each disc in the report's picture, `(N, num_bodies)`."""
        raise NotImplementedError

    def motions(self, energy, c) -> tuple[list[str], np.ndarray] | None:
        """Kinds of motion by name and of each trajectory, or None if all are alike.

        Args:
            energy: `(N,)` at the first frame.
        """
        return None
