"""One roll-out of every test clip, forward or backward, and what is kept of it.

A model is shown a few frames at one end of a clip and asked for all of the clip. Frames
are counted from that end: distance 0 is the clip's first frame, or backward its last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.metrics import as_float, mse
from halo_keras.evaluation.progress import chunks

SHOWN = 5  # frames, unless the model infers from more
CLIPS_A_BATCH = 16


@dataclass(frozen=True)
class Rollouts:
    """What is kept of the roll-outs of N clips over T frames.

    Attributes:
        error: `(N, T)`, mean squared error of each frame; one that is not finite counts
            as black.
        relative: `(N, T)`, e = mean (x - x^)^2 / mean x^2; infinite for such a frame.
        still: `(N, T)`, the same e for the last shown frame, held.
        signal, made_signal: `(N, T)`, the true and the made frames along the direction
            in which the clip's true frames vary most.
    """

    error: np.ndarray
    relative: np.ndarray
    still: np.ndarray
    signal: np.ndarray
    made_signal: np.ndarray


def shown_frames(model) -> int:
    """How many frames the model is shown: 5, or as many as it infers a state from."""
    return max(SHOWN, getattr(model, "window", SHOWN))


def training_length(model) -> int:
    """Frames of the clips that the model was trained on; what follows is beyond."""
    return max(getattr(model, "num_frames", 0), shown_frames(model))


def roll_out(model, dataset, backward: bool = False, verbose: int = 0) -> Rollouts:
    """Shows one end of each clip and compares what the model makes of all of it.

    Args:
        model: a `SequenceModel`.
        dataset: test clips of a physical system.
        backward: shows the last frames and counts from there.

    Raises: ValueError if the clips have fewer frames than the model must be shown.
    """
    shown, length = shown_frames(model), dataset.num_frames
    check_length(dataset, shown, "the frames that the model is shown")
    told = operators_for(model, dataset)
    times = np.arange(length) - (length - shown if backward else 0)
    parts = []
    title = f"roll-out {'backward' if backward else 'forward'}"
    for rows in chunks(len(dataset), CLIPS_A_BATCH, title, verbose):
        frames = dataset.frames[rows]
        given = frames[:, -shown:] if backward else frames[:, :shown]
        made = model.forecast(given, times, action=told[rows])
        held = given[:, :1] if backward else given[:, -1:]
        part = _compared(np.asarray(made), frames, held)
        parts.append([one[:, ::-1] if backward else one for one in part])
    return Rollouts(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def check_length(dataset, needed: int, what: str) -> None:
    """Raises a ValueError unless the clips have that many frames."""
    if dataset.num_frames < needed:
        raise ValueError(
            f"{what} are {needed}, beyond the data: the test clips of {dataset.name} "
            f"have {dataset.num_frames} frames. Load them with num_frames={needed}, or "
            "ask for fewer."
        )


def finite_frames(made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The frames with black in place of those that are not finite, `(N, T)` which."""
    lost = ~np.isfinite(made).all(axis=(2, 3, 4))
    return np.where(lost[:, :, None, None, None], 0, made), lost


def _compared(made, frames, held):
    """The fields of `Rollouts` of a batch of clips."""
    truth = as_float(frames)
    made, lost = finite_frames(made)
    power = np.maximum((truth.astype("float64") ** 2).mean(axis=(2, 3, 4)), 1e-12)
    error = mse(made, truth)
    still = mse(np.broadcast_to(as_float(held), truth.shape), truth)
    relative = np.where(lost, np.inf, error / power)
    signals = [_along_main_direction(x, y) for x, y in zip(truth, made, strict=True)]
    signal, made_signal = np.stack(signals, axis=1)
    return error, relative, still / power, signal, made_signal


def _along_main_direction(truth, made):
    """Both clips `(T, ...)` projected on the first principal direction of the truth."""
    truth = truth.reshape(len(truth), -1).astype("float64")
    middle = truth.mean(axis=0)
    truth = truth - middle
    _, vectors = np.linalg.eigh(truth @ truth.T)
    direction = vectors[:, -1] @ truth
    direction /= max(np.linalg.norm(direction), 1e-12)
    return truth @ direction, (made.reshape(len(made), -1) - middle) @ direction
