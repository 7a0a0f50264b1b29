"""Bouncing balls: how far a model sees ahead (Li & Mandt 2018, section 4.3)."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.metrics import mse
from halo_keras.evaluation.missing_frames import (
    MISSING,
    NUM_SAMPLES,
    frame_horizons,
    missing_frames,
)
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite

CURVE_CLIPS = 200  # of the whole curve, whose points are as long as the clips


def evaluate_bouncing_balls(
    model,
    test,
    seed: int = 0,
    num_samples: int = NUM_SAMPLES,
    curve_clips: int = CURVE_CLIPS,
    names=None,
    verbose: int = 1,
) -> dict[str, float]:
    """Protocols by name: reconstruction, horizons and the curve of missing frames.

    Args:
        model: a `SequenceModel` trained on `bouncing_balls`.
        test: the test split.
        seed: of the draws.
        num_samples: draws of each clip's future.
        curve_clips: clips, evenly spaced, of the curve of missing frames.
        names: of `PROTOCOLS`; None for all.
        verbose: 1 for progress bars.

    Returns: flat dict; see the functions of `missing_frames`.
    """
    suite = Suite(SUITE.datasets, protocols_with(num_samples, curve_clips))
    setting = Setting(model=model, test=test, seed=seed, verbose=verbose)
    return suite.run(setting, names)


def reconstruction(
    model, dataset, batch_size: int = 100, verbose: int = 0
) -> dict[str, float]:
    """`reconstruction_mse` of clips of which every frame is given."""
    action = dataset.labels["action"]
    errors = []
    for rows in chunks(len(dataset), batch_size, "reconstruction", verbose):
        frames = dataset.frames[rows]
        errors.append(mse(model.reconstruct(frames, action=action[rows]), frames))
    return {"reconstruction_mse": float(np.concatenate(errors).mean())}


def protocols_with(
    num_samples: int = NUM_SAMPLES, curve_clips: int = CURVE_CLIPS
) -> dict[str, Protocol]:
    """The protocols, for so many draws and clips."""

    def horizons(s: Setting):
        return frame_horizons(
            s.model, s.test, num_samples=num_samples, seed=s.seed, verbose=s.verbose
        )

    def curve(s: Setting):
        count = min(curve_clips, len(s.test))
        spaced = np.linspace(0, len(s.test) - 1, count).round().astype(int)
        counts = [count for count in MISSING if count < s.test.num_frames]
        found = missing_frames(
            s.model,
            s.test.subset(spaced),
            counts,
            num_samples,
            s.seed,
            verbose=s.verbose,
        )
        return {**found, "missing_num_clips": count}

    return {
        "reconstruction": Protocol(
            lambda s: reconstruction(s.model, s.test, verbose=s.verbose)
        ),
        "horizons": Protocol(horizons),
        "missing_frames": Protocol(curve),
    }


# A new protocol is one line in `protocols_with`.
PROTOCOLS = protocols_with()
SUITE = Suite(("bouncing_balls",), PROTOCOLS, reference=None)
