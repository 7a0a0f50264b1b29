"""Faces that act expressions: MUG, and its stand-in, whose truth is known exactly.

Test people are in no training clip. Of `toon_faces` every frame at every time is known,
so that swaps and clips at other speeds are measured against exact frames too.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data import toon_faces
from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation import unordered
from halo_keras.evaluation.metrics import mse, psnr_of_mse, ssim
from halo_keras.evaluation.motion_curves import curve_spearman
from halo_keras.evaluation.people import people_protocols
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite
from halo_keras.evaluation.swaps import swap_pairs

SPEEDS = {"half": 0.5, "double": 2.0, "reversed": -1.0}


def tempo(model, dataset, batch_size: int = 64, verbose: int = 0) -> dict[str, float]:
    """Clips at other speeds and backward, each frame at its time.

    A speed v shows times v k (of a negative one, the same times in falling order) as
    far as the clip goes. `given`: the model is given these frames and their times, and
    reconstructs them. `shown`: it is given the clip as it is, and asked for the frames
    at these times. Half speed needs frames between the frames, which only
    `toon_faces` knows.

    Returns: `tempo_single_ssim`, of the clip as it is, and `tempo_<speed>_given_ssim`,
        `tempo_<speed>_shown_ssim` for the speeds half, double and reversed.
    """
    told, last = operators_for(model, dataset), dataset.num_frames - 1
    scores: dict[str, list] = {}

    def score(name, made, truth):
        scores.setdefault(f"tempo_{name}_ssim", []).append(ssim(made, truth))

    for rows in chunks(len(dataset), batch_size, "tempo", verbose):
        frames, action = dataset.frames[rows], told[rows]
        score("single", model.reconstruct(frames, action=action), frames)
        for name, speed in SPEEDS.items():
            times = toon_faces.playback_times(dataset.num_frames, speed)
            times = times[times <= last]
            truth = true_frames(dataset, rows, times)
            if truth is None:
                continue
            given = model.reconstruct(truth, action=action, times=times)
            score(f"{name}_given", given, truth)
            shown = model.forecast(frames, times, action=action)
            score(f"{name}_shown", shown, truth)
    return {key: float(np.concatenate(parts).mean()) for key, parts in scores.items()}


def true_frames(dataset, rows: slice, times: np.ndarray) -> np.ndarray | None:
    """Frames of clips at times within them, None if they are not known."""
    if np.array_equal(times, times.astype(int)):
        return dataset.frames[rows][:, times.astype(int)]
    if dataset.name != "toon_faces":
        return None
    return toon_faces.render(_rows(dataset.states, rows), times)


def exact_swap(
    model, dataset, seed: int = 0, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """Swaps of toon faces against the exact frames, at their own and at double speed.

    Clip i's person, pose and light with the expression and the sway of clip j, of
    another person and expression (`swap_pairs`); the action is given.

    Returns: `exact_swap_mse`, `_psnr`, `_ssim`, and `exact_swap_double_ssim` of the
        same at `tempo=2`, as long as the motion clip lasts. Beside them what is scored
        by leaving the clip as it is: `exact_swap_unchanged_mse`, `_ssim`.
    """
    action = dataset.labels["action"]
    pairs = swap_pairs(action, dataset.labels["subject"], seed)
    told, times = operators_for(model, dataset)[pairs], np.arange(dataset.num_frames)
    errors, scores = [], {"": [], "double_": [], "unchanged_": []}
    unchanged = []
    for rows in chunks(len(dataset), batch_size, "exact swap", verbose):
        content, motion = dataset.frames[rows], dataset.frames[pairs[rows]]
        states = _rows(dataset.states, rows)
        moved = _rows(dataset.states, pairs[rows])
        states |= {name: moved[name] for name in toon_faces.MOTION_STATES}
        truth = toon_faces.render(states, times)
        made = model.swap_motion(content, motion, action=told[rows])
        errors.append(mse(made, truth))
        scores[""].append(ssim(made, truth))
        half = np.arange(len(times[::2]))
        made = model.swap_motion(
            content, motion, action=told[rows], times=half, tempo=2
        )
        scores["double_"].append(ssim(made, truth[:, ::2]))
        unchanged.append(mse(content, truth))
        scores["unchanged_"].append(ssim(content, truth))
    error = np.concatenate(errors)
    return {
        "exact_swap_mse": float(error.mean()),
        "exact_swap_psnr": float(psnr_of_mse(error).mean()),
        "exact_swap_unchanged_mse": float(np.concatenate(unchanged).mean()),
        **{
            f"exact_swap_{name}ssim": float(np.concatenate(parts).mean())
            for name, parts in scores.items()
        },
    }


def curve(s: Setting) -> dict[str, float]:
    """The motion curve against the expression's intensity; see `curve_spearman`."""
    truth = s.test.states["intensity"]
    return curve_spearman(s.model, s.test, truth, verbose=s.verbose)


def permutation(s: Setting) -> dict[str, float]:
    """See `unordered.permutation`."""
    return unordered.permutation(s.model, s.test, s.seed, verbose=s.verbose)


def _rows(states: dict, rows) -> dict:
    return {name: value[rows] for name, value in states.items()}


TEMPO = Protocol(lambda s: tempo(s.model, s.test, verbose=s.verbose), timed=True)
EXACT_SWAP = Protocol(lambda s: exact_swap(s.model, s.test, s.seed, verbose=s.verbose))
PROTOCOLS = people_protocols("subject", unseen=True)

MUG = Suite(
    ("mug",),
    {**PROTOCOLS, "tempo": TEMPO},
    judges={"judge": "judge-mug"},
    reference=None,
)
SUITE = Suite(
    ("toon_faces",),
    {
        **PROTOCOLS,
        "tempo": TEMPO,
        "exact_swap": EXACT_SWAP,
        "curve": Protocol(curve, unordered=True),
        "permutation": Protocol(permutation, unordered=True),
    },
    judges={"judge": "judge-toon-faces"},
    reference=None,
)
