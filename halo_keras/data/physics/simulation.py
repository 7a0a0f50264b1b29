"""All trajectories at once: an explicit method of order 8, in steps as energy needs.

The method is Dormand and Prince's of order 8 (Hairer, Norsett & Wanner, Solving
Ordinary Differential Equations I, II.5), with SciPy's coefficients. From each frame to
the next it takes one step; where that changes the energy by more than `FRAME_ERROR`,
relative to its size, 4 steps, 16, 64. So each trajectory depends on itself alone, and a
longer one begins like a shorter one, which one adaptive step for all would not give.

With friction c the work W that it has done is integrated too, dW/dt = c |dH/dp|^2, and
H + W takes the place of H.
"""

from __future__ import annotations

from functools import cache

import numpy as np

FRAME_ERROR = 1e-8  # relative change of H + W between two frames
MAX_ERROR = 1e-4  # over a whole trajectory
MAX_REFINEMENTS = 3  # 4^3 steps from one frame to the next
_CLIPS_A_CHUNK = 8192


def simulate(system, q, p, constants, times, friction=0.0):
    """Positions, momenta and errors of trajectories that begin at (q, p).

    Args:
        system: a `System`.
        q, p: `(N, d)` at the first time.
        constants: dict of `(N, size)`.
        times: `(num_times,)`, all rising or, to go backward, all falling.
        friction: c >= 0.

    Returns: q and p, `(N, num_times, d)` float64, and the largest relative error of
        H + W along each trajectory, `(N,)`, infinite where it could not be followed;
        where it is above `MAX_ERROR`, what follows is not to be used.
    """
    count, size = q.shape
    states = np.empty((count, len(times), 2 * size))
    error = np.empty(count)
    for low in range(0, count, _CLIPS_A_CHUNK):
        rows = slice(low, low + _CLIPS_A_CHUNK)
        own = {name: value[rows] for name, value in constants.items()}
        start = np.concatenate([q[rows], p[rows]], axis=1)
        states[rows], error[rows] = _simulate(
            system, start, own, np.diff(times), friction
        )
    return states[..., :size], states[..., size:], error


def _simulate(system, start, constants, steps, friction):
    count, width = start.shape
    state = np.concatenate([start, np.zeros((count, 1))], axis=1)  # q, p, W
    first = _total(system, state, constants)
    scale = np.maximum(np.abs(first), np.finfo(float).tiny)
    states, error = np.empty((count, len(steps) + 1, width)), np.zeros(count)
    states[:, 0] = start
    before, lost = first, np.zeros(count, bool)
    for frame, step in enumerate(steps, 1):
        after = _advance(system, state, constants, step, 1, friction)
        total = _total(system, after, constants)
        for refinement in range(1, MAX_REFINEMENTS + 1):
            # An energy that is not a number is not near anything.
            near = np.abs(total - before) <= FRAME_ERROR * scale
            bad = np.flatnonzero(~near & ~lost)
            if not len(bad):
                break
            few = {name: value[bad] for name, value in constants.items()}
            number = 4**refinement
            after[bad] = _advance(system, state[bad], few, step, number, friction)
            total[bad] = _total(system, after[bad], few)
        state, before = after, total
        states[:, frame] = state[:, :width]
        error = np.fmax(error, np.abs(total - first) / scale)
        error[~np.isfinite(total)] = np.inf
        lost = error > MAX_ERROR
    return states, error


def _total(system, state, constants):
    """H + W, `(N,)`."""
    half = state.shape[1] // 2
    q, p = state[:, :half], state[:, half:-1]
    with np.errstate(all="ignore"):
        return system.energy(q, p, constants) + state[:, -1]


def _advance(system, state, constants, step, num_steps, friction):
    """`num_steps` steps of the method over the time `step` together."""
    stages, weights = _tableau()
    half, h = state.shape[1] // 2, step / num_steps

    def derivative(y):
        q, p = y[:, :half], y[:, half:-1]
        velocity = system.velocity(q, p, constants)
        change = np.empty_like(y)
        change[:, :half] = velocity
        change[:, half:-1] = system.force(q, p, constants) - friction * velocity
        change[:, -1] = friction * (velocity**2).sum(axis=1)
        return change

    # A step that is too long may overflow: the caller sees that in the energy.
    with np.errstate(all="ignore"):
        for _ in range(num_steps):
            slopes = []
            for row in stages:
                slopes.append(derivative(_sum(state, h, row, slopes)))
            state = _sum(state, h, weights, slopes)
    return state


def _sum(state, h, row, slopes):
    """y + h sum_j a_j k_j, always added up in the same order."""
    moved = state
    for j, weight in row:
        moved = moved + h * weight * slopes[j]
    return moved


@cache
def _tableau():
    """The method's coefficients that are not 0, as (index, weight) pairs."""
    from scipy.integrate import DOP853

    def pairs(row):
        return tuple((j, float(weight)) for j, weight in enumerate(row) if weight)

    return tuple(pairs(row) for row in DOP853.A), pairs(DOP853.B)
