"""The truth at any real times, from a clip's first state, and what noise does to it."""

from __future__ import annotations

import numpy as np

from halo_keras.data.physics.clips import draw, system_of
from halo_keras.data.physics.simulation import MAX_ERROR, simulate


def states_at(dataset, times) -> np.ndarray:
    """States at real times in frames: `(num_clips, num_times, 2 d)`, without noise.

    Args:
        dataset: a `ClipDataset` of a physical system, or a `subset` of one.
        times: `(num_times,)`, any order and sign; 0 is the first frame.

    Raises: ValueError if the energy cannot be kept over these times.
    """
    system, states = system_of(dataset.name), dataset.states
    times = np.asarray(times, np.float64)
    if times.ndim != 1 or not np.isfinite(times).all():
        raise ValueError(f"times must be (num_times,), finite, received {times!r}.")
    constants = {name: states[name] for name in system.constants}
    first, step = states["state"][:, 0], float(states["step"][0])
    half = first.shape[1] // 2
    found = np.empty((len(first), len(times), 2 * half))
    for side in (times >= 0, times < 0):
        if not side.any():
            continue
        asked, where = np.unique(np.abs(times[side]), return_inverse=True)
        grid = np.concatenate([[0.0], asked]) * np.sign(times[side].sum() or 1) * step
        q, p, error = simulate(
            system,
            first[:, :half],
            first[:, half:],
            constants,
            grid,
            float(states["friction"][0]),
        )
        if not (error <= MAX_ERROR).all():
            raise ValueError(
                f"{dataset.name}: the energy cannot be kept over times "
                f"{times.min():g} to {times.max():g}; ask for fewer frames beyond."
            )
        found[:, side] = np.concatenate([q, p], axis=-1)[:, 1:][:, where]
    return found


def frames_at(dataset, times) -> np.ndarray:
    """Exact frames at real times: `(num_clips, num_times, 32, 32, 3)` uint8.

    Arguments as for `states_at`. Frames are without noise.
    """
    state = states_at(dataset, times)
    system = system_of(dataset.name)
    return draw(system, state[..., : system.num_positions], dataset.states)


def noise_floor(dataset, seed: int = 0) -> dict[str, np.ndarray]:
    """What the noise costs a model that knows each state, `(num_clips, num_frames)`.

    With x a frame drawn with noise, x* the one without, and means over the pixels,

        error    = mean (x - x*)^2, of the clips' own frames
        variance = mean (x - E x)^2 = mean (x - x')^2 / 2 of two more draws

    `error` is the floor that tables subtract. A blurred guess can be better than x*:
    the least that any guess can err by is `variance`.

    Args:
        seed: of the two draws.
    """
    system, states = system_of(dataset.name), dataset.states
    noise = float(states["noise"][0])
    found = {name: np.zeros(dataset.frames.shape[:2]) for name in ("error", "variance")}
    if noise == 0:
        return found
    rng = np.random.default_rng(seed)
    for row in range(len(dataset)):
        own = {name: value[row : row + 1] for name, value in states.items()}
        q = own["state"][..., : system.num_positions]
        one, other = (
            draw(system, q + noise * rng.standard_normal(q.shape), own)[0]
            for _ in range(2)
        )
        clean = draw(system, q, own)[0]
        found["error"][row] = _square(dataset.frames[row], clean)
        found["variance"][row] = _square(one, other) / 2
    return found


def _square(one, other):
    """Mean squared difference of each frame on the [0, 1] scale."""
    difference = one.astype(np.float32) - other
    return (difference**2).mean(axis=(1, 2, 3)) / 255**2
