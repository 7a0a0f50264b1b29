"""What a model makes of a single picture: HALO's long generation, image to sequence."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operator_of, operators_for
from halo_keras.evaluation.metrics import mse, psnr_of_mse, ssim
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.swaps import swap_pairs, true_clips
from halo_keras.evaluation.verdicts import Verdicts, check_judge


def generation(
    model, dataset, num_frames: int = 16, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """HALO's table 1: from one frame to a sequence twice as long as a clip.

    Position and momentum are inferred from the clip's first frame alone, content too,
    and rolled out; the truth at time t is x_{t mod T}. The paper's numbers are per
    frame, averaged, on a scale that it does not state; here it is [0, 1].

    Returns: `generation_<num_frames>_mse`, `_psnr`, `_ssim`.
    """
    times = np.arange(num_frames)
    told = operators_for(model, dataset)
    errors, similarities = [], []
    for rows in chunks(len(dataset), batch_size, "generation", verbose):
        frames = dataset.frames[rows]
        made = model.forecast(frames[:, :1], times, action=told[rows])
        truth = frames[:, times % frames.shape[1]]
        errors.append(mse(made, truth))
        similarities.append(ssim(made, truth))
    error = np.concatenate(errors)
    return {
        f"generation_{num_frames}_mse": float(error.mean()),
        f"generation_{num_frames}_psnr": float(psnr_of_mse(error).mean()),
        f"generation_{num_frames}_ssim": float(np.concatenate(similarities).mean()),
    }


def image_to_sequence(
    model,
    dataset,
    judge,
    seed: int = 0,
    identity: str = "character",
    batch_size: int = 128,
    verbose: int = 0,
) -> dict[str, float]:
    """A still picture made to do another action than the one that it was taken from.

    HALO's figure 6: content from the first frame of clip i, motion from the mean of
    p(s_0 | u) of an action u that clip i does not do (`swap_pairs`). Where operators
    share actions (walk, whatever the direction), any of the operator's is right.

    Returns: `image_to_sequence_<head>_accuracy` for every head, of the wanted action
        and of clip i's attributes, and, of a model that knows each action,
        `image_to_sequence_mse` to the true clip, which starts where the model's mean
        starts only by chance.
    """
    check_judge(judge, dataset)
    labels = dataset.labels
    pairs = swap_pairs(labels["action"], labels[identity], seed)
    told, wanted = operators_for(model, dataset)[pairs], labels["action"][pairs]
    own, truth = operator_of(dataset.action_names, model.action_names), None
    if len(np.unique(own)) == len(own):
        truth = true_clips(labels[identity], wanted, labels, identity)
    verdicts, errors = Verdicts(judge), []
    for rows in chunks(len(dataset), batch_size, "image to sequence", verbose):
        made = model.generate(dataset.frames[rows][:, 0], told[rows])
        verdicts.add(made)
        if truth is not None:
            errors.append(mse(made, dataset.frames[truth[rows]]))
    prefix = "image_to_sequence"
    found = verdicts.accuracies(told, labels, prefix, operators=own)
    if errors:
        found["image_to_sequence_mse"] = float(np.concatenate(errors).mean())
    return found


def static_baselines(
    dataset, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """What no model is needed for: scores of answers that do not move, or move late.

    Returns: `baseline_<name>_mse` and `_ssim` against the real clips, for `mean` (every
        frame is the clip's mean), `still` (the first frame), `late` (the right clip, a
        frame behind: x_{t-1}, seen as a loop) and `black`.
    """
    scores = {}
    for rows in chunks(len(dataset), batch_size, "static baselines", verbose):
        frames = dataset.frames[rows].astype("float32") / np.float32(255)
        answers = {
            "mean": np.broadcast_to(frames.mean(axis=1, keepdims=True), frames.shape),
            "still": np.broadcast_to(frames[:, :1], frames.shape),
            "late": np.roll(frames, 1, axis=1),
            "black": np.zeros_like(frames),
        }
        for name, answer in answers.items():
            for metric in (mse, ssim):
                key = f"baseline_{name}_{metric.__name__}"
                scores.setdefault(key, []).append(metric(answer, frames))
    return {key: float(np.concatenate(parts).mean()) for key, parts in scores.items()}
