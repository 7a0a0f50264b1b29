"""DSVAE's own tests (Li & Mandt 2018, section 4.1), with a judge of single frames."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.judge_verbs import agrees
from halo_keras.evaluation.prior_passes import seed_of
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.verdicts import Verdicts, check_frame_judge, check_judge

# Inside logarithms, as in the field's public code: a certain judge stays finite.
_EPSILON = 1e-16


def disagreement(
    model, dataset, judge, seed: int = 0, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """How often the judge names a generated frame otherwise than the real one.

    Two passes over all clips: (i) content inferred and motion drawn (the action too),
    judged on the attributes; (ii) content drawn and motion inferred, judged on the
    action. With p the judge's distribution on frame t of the real clip and p' that on
    frame t of the generated one,

        rate      = mean of [argmax p' != argmax p]        (DSVAE: disagreement)
        kl_recon  = mean of KL(p' || p)
        kl_random = mean of KL(uniform || p)               (the scale of kl_recon)

    in nats, over all frames of all clips. DSVAE's table 1 has skin .0398, trousers
    .0182, tops .0034, hair .0006 and action .0811. Models that know actions are told
    the real clip's in pass (ii). The rate compares with the judge, not with the truth:
    `judge_accuracy` says how often the judge is right on the real frames.

    Args:
        judge: a `FrameJudge`; a clip judge, which gives one verdict a clip, works too.
        seed: of the draws.

    Returns: for every head `disagreement_<head>_rate`, `_kl_recon`, `_kl_random` and
        `_judge_accuracy`.
    """
    check_judge(judge, dataset)
    told = operators_for(model, dataset)
    original, kept_content, kept_motion = (Verdicts(judge) for _ in range(3))
    for rows in chunks(len(dataset), batch_size, "disagreement", verbose):
        frames = dataset.frames[rows]
        draw = {"num_clips": len(frames), "seed": seed_of(seed, rows)}
        original.add(frames)
        kept_content.add(model.sample(content_from=frames, **draw))
        kept_motion.add(model.sample(motion_from=frames, action=told[rows], **draw))
    found = {}
    for head in judge.head_names:
        made = kept_motion if head == "action" else kept_content
        p, q = original.probabilities(head), made.probabilities(head)
        uniform = np.full_like(p, 1 / p.shape[-1])
        right = agrees(p.argmax(axis=-1), dataset.labels[head])
        found |= {
            f"disagreement_{head}_rate": float(np.mean(p.argmax(-1) != q.argmax(-1))),
            f"disagreement_{head}_kl_recon": _mean_kl(q, p),
            f"disagreement_{head}_kl_random": _mean_kl(uniform, p),
            f"disagreement_{head}_judge_accuracy": float(np.mean(right)),
        }
    return found


def per_frame_classes(
    model,
    judge,
    num_shared: int = 5,
    num_clips: int = 200,
    seed: int = 0,
    verbose: int = 0,
) -> dict[str, np.ndarray]:
    """What the judge names each frame of drawn clips that share content, or motion.

    DSVAE's figure 4: `num_shared` contents are drawn, and `num_clips` clips share each
    of them, with motion (and action) of their own. Attributes should be flat lines,
    the action should vary. Then the mirror test: clips that share a drawn motion.
    What is shared is inferred from a drawn clip, so that public verbs suffice.

    Args:
        judge: a `FrameJudge`.
        num_shared: drawn contents, and drawn motions.
        num_clips: clips that share each.
        seed: of the draws.

    Returns: `content_shared_<head>` and `motion_shared_<head>` for every head, class
        ids `(num_shared, num_clips, num_frames)`.

    Raises:
        ValueError: for a judge of clips, which names no frame.
    """
    check_frame_judge(judge, "per_frame_classes")
    action = np.random.default_rng(seed).integers(model.num_actions, size=num_shared)
    sources = model.sample(num_shared, action=action, seed=seed)
    tables = {
        f"{half}_shared_{head}": []
        for half in ("content", "motion")
        for head in judge.head_names
    }
    for rows in chunks(num_shared, 1, "classes frame by frame", verbose):
        # Draws of its own for each: the source's seed would draw the source again.
        draw = {"num_clips": num_clips, "seed": seed_of(seed + 1, rows)}
        shared, own = sources[rows], int(action[rows.start])
        made = {
            "content": model.sample(content_from=shared, **draw),
            "motion": model.sample(motion_from=shared, action=own, **draw),
        }
        for half, frames in made.items():
            for head, classes in judge.predict_labels(frames).items():
                tables[f"{half}_shared_{head}"].append(classes)
    return {key: np.stack(parts) for key, parts in tables.items()}


def _mean_kl(p: np.ndarray, q: np.ndarray) -> float:
    """Mean over all but the last axis of KL(p || q), in nats."""
    logs = np.log(p + _EPSILON) - np.log(q + _EPSILON)
    return float(np.mean(np.sum(p * logs, axis=-1)))
