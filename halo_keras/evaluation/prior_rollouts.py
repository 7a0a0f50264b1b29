"""Clips drawn from the prior and rolled out: do they stay pictures of the system?"""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.metrics import as_float
from halo_keras.evaluation.physics_rollouts import finite_frames

FRAMES = 60
LOOKED_AT = (1, 30, 60)  # frames, counted from 1
DRAWN = 64
BANK = 4000  # real frames, at most


def prior_rollouts(model, train, test, seed: int = 0) -> dict[str, float]:
    """Distance of drawn frames from the nearest real one, along a roll-out.

    Args:
        train: real clips, of which the nearest frames are taken.
        test: real clips, which are measured alike: what a right model would score.
        seed: of the draw and of the real frames.

    Returns: `prior_nearest_mse_frame_<k>` for frames 1, 30 and 60, counted from 1, of
        64 clips; `prior_real_nearest_mse` of as many test frames; and
        `prior_speed_ratio`, the mean |x_{t+1} - x_t| of drawn clips in that of the
        test clips, which falls to 0 if the motion dies.
    """
    rng = np.random.default_rng(seed)
    bank = _frames(train, rng, BANK)
    made = np.asarray(model.sample(DRAWN, times=np.arange(FRAMES), seed=seed))
    made = np.clip(finite_frames(made)[0], 0, 1)
    found = {
        f"prior_nearest_mse_frame_{k}": nearest_error(made[:, k - 1], bank)
        for k in LOOKED_AT
    }
    found["prior_real_nearest_mse"] = nearest_error(_frames(test, rng, DRAWN), bank)
    real = as_float(test.frames[:DRAWN, :FRAMES])
    speeds = [np.abs(np.diff(one, axis=1)).mean() for one in (made, real)]
    return {**found, "prior_speed_ratio": float(speeds[0] / max(speeds[1], 1e-12))}


def nearest_error(frames: np.ndarray, bank: np.ndarray) -> float:
    """Mean over `frames` of the mean squared error to the nearest frame of `bank`."""
    one = frames.reshape(len(frames), -1).astype("float64")
    other = bank.reshape(len(bank), -1).astype("float64")
    square = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return float(np.maximum(square, 0).min(axis=1).mean() / one.shape[1])


def _frames(dataset, rng, count):
    """Real frames, each of a clip and a time drawn at random."""
    clips = rng.integers(len(dataset), size=count)
    times = rng.integers(dataset.num_frames, size=count)
    return as_float(dataset.frames[clips, times])
