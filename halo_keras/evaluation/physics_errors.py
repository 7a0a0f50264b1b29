"""Pixel errors of physical clips beside what noise and the mean image cost."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.data.physics import noise_floor
from halo_keras.evaluation.metrics import as_float, mse
from halo_keras.evaluation.physics_rollouts import (
    SHOWN,
    Rollouts,
    check_length,
    finite_frames,
    shown_frames,
)
from halo_keras.evaluation.progress import chunks

PREDICTED = 30  # frames of the report's table
MEAN_CLIPS = 1000  # of the mean image, at most
CLIPS_A_BATCH = 32


def references(train, test, seed: int = 0) -> dict[str, float]:
    """What any number of the same test clips is to be read against.

    Returns, over the frames of the report's table (SHOWN - 1 and the next 29):
        `floor_mse`: of a clean frame against the noisy one; 0 without noise.
        `floor_variance`: the least error of any guess that knows the state, see
            `noise_floor`.
        `mean_image_mse`: of the mean of all training frames, in every frame.
        `still_mse`: of the last shown frame, held.

    Args:
        train: training clips, the mean image's.
        seed: of the noise of `floor_variance`.
    """
    check_length(test, SHOWN - 1 + PREDICTED, "the frames of the report's table")
    chosen = slice(SHOWN - 1, SHOWN - 1 + PREDICTED)
    floor = noise_floor(test, seed)
    image, mean, still = mean_image(train), [], []
    for rows in chunks(len(test), CLIPS_A_BATCH, "references"):
        frames = as_float(test.frames[rows, chosen])
        mean.append(mse(np.broadcast_to(image, frames.shape), frames))
        still.append(mse(np.broadcast_to(frames[:, :1], frames.shape), frames))
    return {
        "floor_mse": float(floor["error"][:, chosen].mean()),
        "floor_variance": float(floor["variance"][:, chosen].mean()),
        "mean_image_mse": float(np.concatenate(mean).mean()),
        "still_mse": float(np.concatenate(still).mean()),
    }


def mean_image(train) -> np.ndarray:
    """`(height, width, channels)` in [0, 1]: the mean of all frames of some clips."""
    count = min(MEAN_CLIPS, len(train))
    spaced = np.linspace(0, len(train) - 1, count).round().astype(int)
    total = np.zeros(train.frame_shape)
    for row in spaced:
        total += train.frames[row].mean(axis=0, dtype="float64")
    return (total / count / 255).astype("float32")


def report_columns(
    model, test, known: dict[str, float], prefix: str = "", verbose: int = 0
) -> dict[str, float]:
    """The two columns of the re-evaluation report: 30 frames, mean squared error.

    Args:
        known: of `references`.
        prefix: of the keys; `"report_"` where the clips are of the report's renderer,
            so that published numbers stand beside them.

    Returns:
        `<prefix>five_frame_mse`: the first 5 frames are shown, the 30 from the fifth on
            predicted; not of a model that must be shown more.
        `<prefix>autoencode_mse`: the first 30 frames are shown and reconstructed; not
            of a model that only goes forward or must be shown more.
        each with `_excess` in place of `_mse`: (MSE - floor) / (mean image - floor),
            and with `_mse_half_width`, half of its 95 % confidence interval over clips.
    """
    told = operators_for(model, test)
    shown, errors = shown_frames(model), {}
    if shown <= SHOWN:
        errors["five_frame"] = []
    if shown <= PREDICTED and not getattr(model, "forward_only", False):
        errors["autoencode"] = []
    later = np.arange(SHOWN - 1, SHOWN - 1 + PREDICTED)
    check_length(test, later[-1] + 1, "the frames of the report's table")
    for rows in chunks(len(test), CLIPS_A_BATCH, "report's columns", verbose):
        frames, action = test.frames[rows], told[rows]
        if "five_frame" in errors:
            made = model.forecast(frames[:, :SHOWN], later, action=action)
            errors["five_frame"].append(_error(made, frames[:, later]))
        if "autoencode" in errors:
            first = frames[:, :PREDICTED]
            made = model.reconstruct(first, action=action)
            errors["autoencode"].append(_error(made, first))
    found = {}
    span = known["mean_image_mse"] - known["floor_mse"]
    for name, parts in errors.items():
        error = np.concatenate(parts).mean(axis=1)
        spread = 1.96 * error.std(ddof=1) / np.sqrt(len(error))
        excess = (error.mean() - known["floor_mse"]) / span
        found[f"{prefix}{name}_mse"] = float(error.mean())
        found[f"{prefix}{name}_mse_half_width"] = float(spread)
        found[f"{prefix}{name}_excess"] = float(excess)
    return found


def errors_by_frame(rollouts: Rollouts, first: int, prefix: str) -> dict[str, float]:
    """Mean squared error of roll-outs by distance.

    Args:
        first: distance of the first frame beyond those of training.

    Returns: `<prefix>_mse_frame_<k>`, frames counted from 1, for k = 1, 2, 4, 8, ...
        and the last; `<prefix>_within_mse` of the frames before `first`, and
        `<prefix>_beyond_mse` of those after, if there are any.
    """
    error = rollouts.error.mean(axis=0)
    length = len(error)
    chosen = [2**k for k in range(length.bit_length()) if 2**k <= length]
    found = {
        f"{prefix}_mse_frame_{k}": float(error[k - 1])
        for k in sorted({*chosen, length})
    }
    found[f"{prefix}_within_mse"] = float(error[:first].mean())
    if first < length:
        found[f"{prefix}_beyond_mse"] = float(error[first:].mean())
    return found


def _error(made, truth):
    return mse(finite_frames(np.asarray(made))[0], as_float(truth))
