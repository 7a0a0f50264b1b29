"""Every number of a Sprites model, as one flat dict for `metrics.json`."""

from __future__ import annotations

import os

import numpy as np

from halo_keras import data
from halo_keras.evaluation import protocols

LOOPING = "walk/"  # only a walk's last frame leads to its first


def evaluate_sprites(
    model,
    data_dir: str | os.PathLike | None = None,
    judge=None,
    seed: int = 0,
    num_sampling_seeds: int = 3,
    verbose: int = 1,
) -> dict[str, float]:
    """Loads both splits and calls `evaluate_clips`.

    Args:
        model: a `SequenceModel` of Sprites, with its prior fitted.
        data_dir: folder with the sheets; None for the pinned download.
        judge: a `ClipJudge`; None for the bundled `judge-sprites`.
        seed, num_sampling_seeds, verbose: see `evaluate_clips`.
    """
    if judge is None:
        from halo_keras.hub.presets import from_pretrained

        judge = from_pretrained("judge-sprites")
    train, test = (
        data.load("sprites", split, source=data_dir) for split in ("train", "test")
    )
    return evaluate_clips(
        model, train, test, judge, seed, num_sampling_seeds, verbose=verbose
    )


def evaluate_clips(
    model,
    train,
    test,
    judge,
    seed: int = 0,
    num_sampling_seeds: int = 3,
    windows: tuple[tuple[int, int], ...] = protocols.WINDOWS,
    verbose: int = 1,
) -> dict[str, float]:
    """All protocols on all test clips.

    Args:
        model: a `SequenceModel`, with its prior fitted.
        train, test: `ClipDataset`s with an identity label `"character"`; from the
            training clips nothing but the leakage probes learn.
        judge: a `ClipJudge` with the heads to report.
        seed: of pairs, draws and probes.
        num_sampling_seeds: passes with drawn motion or content. Their mean is
            reported under the key, and their standard deviation under `<key>_stddev`.
        windows: of the rollout, see `protocols.rollout`.
        verbose: 1 for progress bars.

    Returns: a flat dict of floats, all of them finite.
    """
    loops = {
        "phases": tuple(range(test.num_frames)),
        "looping_actions": tuple(
            index
            for index, name in enumerate(test.action_names)
            if name.startswith(LOOPING)
        ),
    }
    bars = {"verbose": verbose}
    found = {
        "num_clips": len(test),
        **protocols.judged_real_clips(test, judge, **bars),
        **protocols.reconstruction(model, test, reference=0, **bars),
        **protocols.rollout(model, test, windows, judge, **bars),
    }
    inferred = protocols.inferred_actions(model, test, **bars)
    hits = inferred == test.labels["action"]
    found["infer_action_accuracy"] = float(np.mean(hits))
    for prefix, told, begun in (
        ("swap", "given", {}),
        ("swap_phase", "given", loops),
        ("swap_inferred", inferred, {}),
        ("swap_phase_inferred", None, loops),
    ):
        found |= protocols.swap(
            model, test, judge, seed, told, prefix=prefix, **begun, **bars
        )
    for protocol in (protocols.prior_motion, protocols.prior_content):
        passes = [
            protocol(model, test, judge, seed=seed + index, **bars)
            for index in range(num_sampling_seeds)
        ]
        found |= mean_and_stddev(passes)
    found |= protocols.leakage(model, train, test, seed, **bars)
    return found


def mean_and_stddev(passes: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each key over passes, and beside it `<key>_stddev` (n - 1 in it)."""
    found = {}
    for key in passes[0]:
        values = [one[key] for one in passes]
        found[key] = float(np.mean(values))
        if len(values) > 1:
            found[f"{key}_stddev"] = float(np.std(values, ddof=1))
    return found
