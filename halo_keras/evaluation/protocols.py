"""Protocols: a model, a split, a judge and a seed in, a flat dict of floats out.

A protocol calls nothing of a model but its public verbs, scores every clip of the
split (the last, smaller batch too) and draws only from its seed. A model is told the
actions of real clips where it knows actions (`operators_for`). Any judge of the dataset
will do, so that each number can be had from several. Swaps, passes with a prior,
DSVAE's tests and leakage have files of their own and are listed here too.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.disagreement import disagreement, per_frame_classes
from halo_keras.evaluation.metrics import (
    as_float,
    mse,
    psnr_of_mse,
    ssim,
    worst_frame,
)
from halo_keras.evaluation.prior_passes import (
    prior_content,
    prior_motion,
    sampled_motion,
)
from halo_keras.evaluation.probes import leakage
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.swaps import swap, swap_pairs
from halo_keras.evaluation.verdicts import Verdicts, check_judge

__all__ = [
    "WINDOWS",
    "action_inference",
    "disagreement",
    "inferred_actions",
    "judged_real_clips",
    "leakage",
    "per_frame_classes",
    "prior_content",
    "prior_motion",
    "reconstruction",
    "rollout",
    "sampled_motion",
    "swap",
    "swap_pairs",
]

# Frames counted from 1, as the tables name them: window (57, 64) is times 56 to 63.
WINDOWS = ((1, 8), (9, 16), (57, 64), (249, 256), (993, 1000))


def reconstruction(
    model, dataset, reference: int | None = 0, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """Distance of each clip from its reconstruction.

    Args:
        reference: the frame from which (and from earlier ones) the state is inferred;
            0 is the paper's protocol, None the last frame.

    Returns: `reconstruction_mse, _psnr, _ssim`, averaged over frames and clips, and
        `reconstruction_mse_frame_<k>` with frames counted from 1.
    """
    errors, similarities = [], []
    action = operators_for(model, dataset)
    for rows in chunks(len(dataset), batch_size, "reconstruction", verbose):
        frames = dataset.frames[rows]
        made = model.reconstruct(frames, action=action[rows], reference=reference)
        errors.append(mse(made, frames))
        similarities.append(ssim(made, frames))
    error = np.concatenate(errors)
    by_frame = {
        f"reconstruction_mse_frame_{index + 1}": float(value)
        for index, value in enumerate(error.mean(axis=0))
    }
    return {
        "reconstruction_mse": float(error.mean()),
        "reconstruction_psnr": float(psnr_of_mse(error).mean()),
        "reconstruction_ssim": float(np.concatenate(similarities).mean()),
        **by_frame,
    }


def rollout(
    model,
    dataset,
    windows: tuple[tuple[int, int], ...] = WINDOWS,
    judge=None,
    batch_size: int = 128,
    verbose: int = 0,
) -> dict[str, float]:
    """Forecasts against the clip as a loop: the truth at time t is x_{t mod T}.

    Args:
        windows: (first, last) frame, counted from 1 and both included; (-7, 0) are
            the eight frames before the clip, left out for a model that only goes
            forward.
        judge: None, or a judge; a clip judge sees the windows as long as its clips, a
            frame judge sees all.

    Returns: for each window `rollout_<first>_<last>_mse`, `_psnr`, `_ssim`, and
        `_worst_frame_mse` of the worst frame of any action (`worst_frame`); with a
        judge `_action_accuracy`, and `_speed_ratio`: the mean |x_{t+1} - x_t| of the
        forecast in that of the loop, which falls to 0 if the motion dies. A frame
        before the first is named with `minus`, as in `rollout_minus_7_0_mse`. Where an
        unbounded operator's frames are not finite, that clip counts as a black one
        there, is judged wrong, and `_nonfinite` tells the share of such clips.
    """
    if judge is not None:
        check_judge(judge, dataset)
    if getattr(model, "forward_only", False):
        windows = tuple(window for window in windows if window[0] >= 1)
    parts = [np.arange(first - 1, last) for first, last in windows]
    times = np.concatenate(parts)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    action, told = dataset.labels["action"], operators_for(model, dataset)
    tables = [Window(judge if _fits(judge, part) else None) for part in parts]
    for rows in chunks(len(dataset), batch_size, "rollout", verbose):
        frames = dataset.frames[rows]
        made = model.forecast(frames, times, action=told[rows])
        truth = frames[:, times % frames.shape[1]]
        pieces = zip(
            tables,
            np.split(made, ends, axis=1),
            np.split(truth, ends, axis=1),
            strict=True,
        )
        for table, one, other in pieces:
            table.add(one, other)
    found = {}
    for (first, last), table in zip(windows, tables, strict=True):
        prefix = f"rollout_{_frame_name(first)}_{_frame_name(last)}"
        for key, value in table.summary(action).items():
            found[f"{prefix}_{key}"] = value
    return found


class Window:
    """Sums of one window of a rollout."""

    def __init__(self, judge=None):
        self.errors, self.similarities, self.speeds, self.lost = [], [], [], []
        self.verdicts = None if judge is None else Verdicts(judge)

    def add(self, made: np.ndarray, truth: np.ndarray) -> None:
        truth = as_float(truth)
        lost = ~np.isfinite(made).all(axis=tuple(range(1, made.ndim)))
        made = np.where(lost.reshape(-1, *[1] * (made.ndim - 1)), 0, made)
        self.lost.append(lost)
        self.errors.append(mse(made, truth))
        self.similarities.append(ssim(made, truth))
        self.speeds.append([np.abs(np.diff(x, axis=1)).sum() for x in (made, truth)])
        if self.verdicts is not None:
            self.verdicts.add(made)

    def summary(self, action: np.ndarray) -> dict[str, float]:
        error = np.concatenate(self.errors)
        moved, moves = np.sum(self.speeds, axis=0)
        lost = np.concatenate(self.lost)
        found = {
            "mse": float(error.mean()),
            "worst_frame_mse": worst_frame(error, action),
            "psnr": float(psnr_of_mse(error).mean()),
            "ssim": float(np.concatenate(self.similarities).mean()),
        }
        if moves > 0:
            found["speed_ratio"] = float(moved / moves)
        if self.verdicts is not None:
            named = np.where(lost, -1, action)  # no judge names a clip -1
            found["action_accuracy"] = self.verdicts.accuracy("action", named)
        if lost.any():
            found["nonfinite"] = float(lost.mean())
        return found


def inferred_actions(
    model, dataset, batch_size: int = 128, verbose: int = 0
) -> np.ndarray:
    """What the model takes each clip's action to be, `(num_clips,)` ids."""
    inferred = [
        model.infer_action(dataset.frames[rows])
        for rows in chunks(len(dataset), batch_size, "action inference", verbose)
    ]
    return np.concatenate(inferred)


def action_inference(
    model, dataset, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """Fraction of clips whose action the model infers rightly from the frames."""
    hits = inferred_actions(model, dataset, batch_size, verbose)
    truth = operators_for(model, dataset)
    return {"infer_action_accuracy": float(np.mean(hits == truth))}


def judged_real_clips(
    dataset, judge, batch_size: int = 256, verbose: int = 0
) -> dict[str, float]:
    """The judge on real clips, and on each clip's first frame held still.

    The first bounds what any model can score, the second is what a clip without
    motion scores. Of a frame judge, the fractions of frames.

    Returns: `judge_real_<head>_accuracy`, `judge_still_<head>_accuracy`.
    """
    check_judge(judge, dataset)
    real, still = Verdicts(judge), Verdicts(judge)
    for rows in chunks(len(dataset), batch_size, "judge on real clips", verbose):
        frames = dataset.frames[rows]
        real.add(frames)
        still.add(np.repeat(frames[:, :1], frames.shape[1], axis=1))
    action = dataset.labels["action"]
    return {
        **real.accuracies(action, dataset.labels, "judge_real"),
        **still.accuracies(action, dataset.labels, "judge_still"),
    }


def _fits(judge, times: np.ndarray) -> bool:
    return judge is not None and judge.num_frames in (None, len(times))


def _frame_name(frame: int) -> str:
    return str(frame) if frame >= 0 else f"minus_{-frame}"
