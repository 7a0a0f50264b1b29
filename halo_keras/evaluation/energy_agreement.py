"""The learned energy: is it kept, and does it order trajectories as the true one?"""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.physics_rollouts import shown_frames

DRIFT_FRAMES = (192, 1000)
DRIFT_CLIPS = 64
DRIFT_TIMES = 51  # of each drift, evenly spaced


def has_energy(model) -> bool:
    """Whether the model's motion has an energy."""
    dynamics = getattr(model, "dynamics", None)
    return hasattr(model, "energy") and getattr(dynamics, "has_energy", True)


def learned_energy(model, dataset, times) -> np.ndarray:
    """E at times of the roll-out from each clip's first frames, `(N, num_times)`."""
    given = dataset.frames[:, : shown_frames(model)]
    told = operators_for(model, dataset)
    return np.asarray(model.energy(given, action=told, times=times), "float64")


def energy_agreement(model, dataset, groups=None) -> dict[str, float]:
    """Order and drift of the learned energy; nothing for a model without one.

    A Hamiltonian is learned up to a monotone map at best, so what is compared is the
    order: Spearman's rank correlation over trajectories of E at the first frame with
    the true energy there, without its sign.

    Args:
        groups: bool `(N,)` by name: parts of the clips to be told apart too.

    Returns:
        `energy_spearman`, and `energy_<group>_spearman`;
        `energy_drift_<n>` for n frames: max_t |E_t - E_0| over the standard deviation
            of E_0 over trajectories, averaged over trajectories;
        `energy_change_<n>`: the largest max_t |E_t - E_0| / |E_0| of any trajectory.
    """
    if not has_energy(model):
        return {}
    true = dataset.states["energy"][:, 0]
    first = learned_energy(model, dataset, [0.0])[:, 0]
    found = {"energy_spearman": rank_correlation(first, true)}
    for name, members in (groups or {}).items():
        if members.sum() > 2:
            value = rank_correlation(first[members], true[members])
            found[f"energy_{name}_spearman"] = value
    few = dataset.subset(slice(0, DRIFT_CLIPS))
    spread = max(float(first.std()), 1e-12)
    for frames in DRIFT_FRAMES:
        times = np.linspace(0, frames, DRIFT_TIMES).round()
        energy = learned_energy(model, few, times)
        moved = np.abs(energy - energy[:, :1]).max(axis=1)
        size = np.maximum(np.abs(energy[:, 0]), 1e-12)
        found[f"energy_drift_{frames}"] = float(moved.mean() / spread)
        found[f"energy_change_{frames}"] = float((moved / size).max())
    return found


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """|Spearman's rho|; 0 where either does not vary or is not finite."""
    from scipy.stats import spearmanr

    if not (np.isfinite(one).all() and np.ptp(one) > 0 and np.ptp(other) > 0):
        return 0.0
    return float(abs(spearmanr(one, other).statistic))
