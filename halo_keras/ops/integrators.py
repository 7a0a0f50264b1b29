"""Steps of separable Hamiltonian systems, each with its order declared.

For H = V(q) + K(p): dq/dt = K'(p), the velocity, and dp/dt = -V'(q), the force. A
splitting method moves momenta and positions in turn, each exactly while the other
stands still ("kicks" p += c h force(q) and "drifts" q += d h velocity(p)), so that
every step is symplectic whatever the force is. Its last move and the first one of the
next step see the same force, which is computed once: leapfrog takes one force and one
velocity a step instead of the three gradients of the plain way.

Hairer, Lubich & Wanner (2006), "Geometric Numerical Integration", I.1 and II.4; Yoshida
(1990), "Construction of higher order symplectic integrators".
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import ops

_CUBE_ROOT = 2.0 ** (1.0 / 3.0)
_YOSHIDA_1 = 1.0 / (2.0 - _CUBE_ROOT)
_YOSHIDA_0 = -_CUBE_ROOT * _YOSHIDA_1  # a step backward between two forward

# How many steps JAX writes out within one turn of its loop: fewer turns run faster,
# and more steps take longer to compile.
JAX_UNROLL = 8


@dataclass(frozen=True)
class Splitting:
    """Moves of one variable and of the other in turn: outer, inner, ..., outer.

    Attributes:
        order: p of the error O(h^p) after a given time; a test fits it.
        first: `"momentum"` or `"position"`, the variable that moves first and last.
        outer: shares of the step that it moves, one more than `inner`. None for a
            method of one move each: the position moves after the momentum where the
            step goes forward, and before it where it goes back, so that a step over -h
            undoes one over h (the plain method over -h does not).
        inner: shares of the step that the other variable moves.
    """

    order: int
    first: str
    outer: tuple[float, ...] | None
    inner: tuple[float, ...]
    is_symplectic = True
    is_reversible = True

    def path(self, force, velocity, position, momentum, step, num_steps, damp=None):
        """Positions and momenta after 0, 1, ... `num_steps` steps.

        Args:
            force, velocity: functions of positions and of momenta, -dV/dq and dK/dp.
            position, momentum: `(..., d)`.
            step: h, a number or a tensor that broadcasts with `position`; clips of one
                batch may go forward and backward, each by the sign of its own h.
            num_steps: whole number >= 0, known while compiling.
            damp: None, or a factor on the momentum in each half step, before and
                after the moves. Only for a method that moves the momentum first.

        Returns: two tensors `(num_steps + 1, ..., d)`.
        """
        of_momentum = self.first == "momentum"
        outer, inner = (force, velocity) if of_momentum else (velocity, force)
        moved, other = (momentum, position) if of_momentum else (position, momentum)
        if damp is not None and not of_momentum:
            raise ValueError(
                "damping goes with methods that move the momentum first, such as "
                '"leapfrog": its force does not change with the momentum.'
            )

        if self.outer is None:
            shares = [ops.minimum(step, 0.0), ops.maximum(step, 0.0)]
        else:
            shares = [share * step for share in self.outer]

        def turn(carry, _):
            moved, other, push = carry
            if damp is not None:
                moved = moved * damp
            moved = moved + shares[0] * push
            for after, share in zip(shares[1:], self.inner, strict=True):
                other = other + (share * step) * inner(moved)
                push = outer(other)
                moved = moved + after * push
            if damp is not None:
                moved = moved * damp
            return (moved, other, push), (moved, other, push)

        moved, other = rolled(turn, (moved, other, outer(other)), num_steps)[:2]
        return (other, moved) if of_momentum else (moved, other)


@dataclass(frozen=True)
class RungeKutta:
    """The classical Runge-Kutta method: of order 4, neither symplectic nor reversible.

    k_1 = f(s), k_2 = f(s + h k_1 / 2), k_3 = f(s + h k_2 / 2), k_4 = f(s + h k_3),
    s' = s + h (k_1 + 2 k_2 + 2 k_3 + k_4) / 6.
    """

    order: int = 4
    first: str = "state"
    is_symplectic = False
    is_reversible = False

    def path(self, force, velocity, position, momentum, step, num_steps, damp=None):
        """As `Splitting.path`, four forces and velocities a step."""
        if damp is not None:
            raise ValueError('damping goes with splitting methods, such as "leapfrog".')

        def field(state):
            position, momentum = ops.split(state, 2, axis=-1)
            return ops.concatenate([velocity(momentum), force(position)], axis=-1)

        state = ops.concatenate([position, momentum], axis=-1)
        return ops.split(self.state_path(field, state, step, num_steps), 2, axis=-1)

    def state_path(self, field, state, step, num_steps):
        """ds/dt = field(s), separable or not: states `(num_steps + 1, ..., n)`."""

        def turn(carry, _):
            (state,) = carry
            k_1 = field(state)
            k_2 = field(state + (0.5 * step) * k_1)
            k_3 = field(state + (0.5 * step) * k_2)
            k_4 = field(state + step * k_3)
            state = state + (step / 6.0) * (k_1 + 2.0 * k_2 + 2.0 * k_3 + k_4)
            return (state,), (state,)

        return rolled(turn, (state,), num_steps)[0]


def rolled(turn, carry, num_steps):
    """The carry before the first turn and after each: `(num_steps + 1, ...)` each.

    A loop of the backend, whose body is compiled once; on PyTorch a Python loop.
    """
    if num_steps == 0:
        return [part[None] for part in carry]
    unroll = 1
    if keras.backend.backend() == "jax":
        unroll = min(num_steps, JAX_UNROLL)
    _, later = ops.scan(turn, carry, length=num_steps, unroll=unroll)
    return [
        ops.concatenate([first[None], rest])
        for first, rest in zip(carry, later, strict=True)
    ]


INTEGRATORS = {
    "euler": Splitting(1, "position", None, (1.0,)),
    "leapfrog": Splitting(2, "momentum", (0.5, 0.5), (1.0,)),
    "leapfrog-position": Splitting(2, "position", (0.5, 0.5), (1.0,)),
    "yoshida": Splitting(
        4,
        "momentum",
        (
            _YOSHIDA_1 / 2,
            (_YOSHIDA_1 + _YOSHIDA_0) / 2,
            (_YOSHIDA_0 + _YOSHIDA_1) / 2,
            _YOSHIDA_1 / 2,
        ),
        (_YOSHIDA_1, _YOSHIDA_0, _YOSHIDA_1),
    ),
    "runge-kutta": RungeKutta(),
}
