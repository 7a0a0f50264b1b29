"""Valid prediction time: for how long a roll-out is near the truth (Botev et al. 2021).

With e_t = mean (x_t - x^_t)^2 / mean x_t^2 over pixels and channels, a trajectory's VPT
is the number of frames beyond those of training until e_t > .025 for the first time, or
of all of them (192) if that never happens. .025 is an error of about two pixels; since
it is relative to all brightness, it depends on the background.
"""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.physics_rollouts import Rollouts

THRESHOLD = 0.025
HORIZON = 192


def valid_times(relative: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """`(N,)`: index of the first frame of `(N, T)` above the threshold, or T."""
    relative = np.asarray(relative)
    above = ~(relative <= threshold)  # a NaN is not near anything
    return np.where(above.any(axis=1), above.argmax(axis=1), relative.shape[1])


def valid_time_numbers(
    rollouts: Rollouts,
    first: int,
    horizon: int,
    prefix: str,
    groups: dict[str, np.ndarray],
) -> dict[str, float]:
    """VPT of roll-outs as numbers.

    Args:
        first: distance of the first frame that counts.
        horizon: number of frames that count.
        prefix: of the keys, such as `"vpt_forward"`.
        groups: bool `(N,)` by name: parts of the clips to be told apart.

    Returns: `<prefix>_median`, `_mean`, `_full_rate` (the share of trajectories that
        are valid to the end) and, for each group that has clips, the same with
        `<prefix>_<group>`; `<prefix>_still_median` of the last shown frame, held.

    Raises: ValueError if the roll-outs are shorter.
    """
    length = rollouts.relative.shape[1]
    if first + horizon > length:
        raise ValueError(
            f"valid prediction times over {horizon} frames after the first {first} "
            f"need clips of {first + horizon}, received {length}: load test clips with "
            f"num_frames={first + horizon}, or ask for a horizon of {length - first}."
        )
    chosen = slice(first, first + horizon)
    times = valid_times(rollouts.relative[:, chosen])
    still = valid_times(rollouts.still[:, chosen])
    found = _numbers(times, horizon, prefix)
    for name, members in groups.items():
        if members.any():
            found |= _numbers(times[members], horizon, f"{prefix}_{name}")
    return {**found, f"{prefix}_still_median": float(np.median(still))}


def _numbers(times, horizon, prefix):
    return {
        f"{prefix}_median": float(np.median(times)),
        f"{prefix}_mean": float(times.mean()),
        f"{prefix}_full_rate": float((times == horizon).mean()),
    }
