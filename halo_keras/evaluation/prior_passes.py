"""Passes with one half of a clip drawn from the prior and the other from a real clip.

The field's two passes (S3VAE's release and those after it) are `prior_content`, fixed
motion with drawn content, and `sampled_motion`, fixed content with drawn motion. HALO's
own table draws the motion of a *given* action, which is `prior_motion`.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operator_of, operators_for
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.swaps import swap_pairs
from halo_keras.evaluation.verdicts import Verdicts, check_judge


def prior_motion(
    model,
    dataset,
    judge,
    seed: int = 0,
    identity: str = "character",
    batch_size: int = 128,
    verbose: int = 0,
) -> dict[str, float]:
    """Motion drawn for a given action, content of a real clip of *another* action.

    HALO's own table fixes the content and samples the motion, so it is conditioned on
    labels. The content comes from a clip that does something else (`swap_pairs`), so
    that content which remembers its action is found out. Of a model whose operators
    share actions (walk, whatever the direction), the drawn action is right if it is
    one of the operator's.

    Returns: `prior_motion_<head>_accuracy` for every head, and of the action head
        `prior_motion_entropy_conditional` H(y|x), `_entropy_marginal` H(y) and
        `_inception_score`.

    Raises:
        ValueError: the model has one operator for all motion, so no action can be
            asked for; or the judge or the clips do not fit.
    """
    check_judge(judge, dataset)
    check_conditional(model, "prior_motion")
    labels = dataset.labels
    pairs = swap_pairs(labels["action"], labels[identity], seed)
    wanted = operators_for(model, dataset)[pairs]
    verdicts = Verdicts(judge)
    for rows in chunks(len(dataset), batch_size, "prior motion", verbose):
        made = model.sample(
            num_clips=len(wanted[rows]),
            action=wanted[rows],
            content_from=dataset.frames[rows],
            seed=seed_of(seed, rows),
        )
        verdicts.add(made)
    own = operator_of(dataset.action_names, model.action_names)
    return {
        **verdicts.accuracies(wanted, labels, "prior_motion", operators=own),
        **verdicts.entropies(labels["action"][pairs], "prior_motion"),
    }


def prior_content(
    model, dataset, judge, seed: int = 0, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """Content drawn from the prior, motion of a real clip: the field's main pass.

    Returns: `prior_content_action_accuracy`, H(y|x), H(y), IS of the action head, and
        `prior_content_action_kl`, the mean KL of the verdict on the generated clip
        from that on the original.
    """
    check_judge(judge, dataset)
    action, told = dataset.labels["action"], operators_for(model, dataset)
    verdicts, originals = Verdicts(judge), Verdicts(judge)
    for rows in chunks(len(dataset), batch_size, "prior content", verbose):
        frames = dataset.frames[rows]
        made = model.sample(
            num_clips=len(frames),
            action=told[rows],
            motion_from=frames,
            seed=seed_of(seed, rows),
        )
        verdicts.add(made)
        originals.add(frames)
    return {
        "prior_content_action_accuracy": verdicts.accuracy("action", action),
        **verdicts.entropies(action, "prior_content"),
        "prior_content_action_kl": verdicts.divergence(originals, "action"),
    }


def sampled_motion(
    model, dataset, judge, seed: int = 0, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """Content of a real clip, all of the motion drawn: the field's pass for content.

    The model is told nothing: it draws the action too, uniformly where it knows
    actions. So no action is right or wrong, and the attributes must be those of the
    clip that gave the content.

    Returns: `sampled_motion_<head>_accuracy` for every head but the action, and of the
        action head H(y|x), H(y) and IS over all drawn clips: whether every action is
        drawn, and each so that the judge knows it.
    """
    check_judge(judge, dataset)
    verdicts = Verdicts(judge)
    for rows in chunks(len(dataset), batch_size, "sampled motion", verbose):
        frames = dataset.frames[rows]
        made = model.sample(
            num_clips=len(frames), content_from=frames, seed=seed_of(seed, rows)
        )
        verdicts.add(made)
    found = {
        f"sampled_motion_{head}_accuracy": verdicts.accuracy(head, dataset.labels[head])
        for head in judge.head_names
        if head != "action"
    }
    if "action" in judge.head_names:
        found |= verdicts.entropies(None, "sampled_motion")
    return found


def check_conditional(model, protocol: str) -> None:
    """Raises a `ValueError` for a model that knows no actions to ask for."""
    if model.num_actions == 1:
        raise ValueError(
            f"{protocol} asks the model for given actions, and this one has a single "
            "operator for all motion and was trained without labels. Use "
            "sampled_motion, which draws the action too."
        )


def seed_of(seed: int, rows: slice) -> int:
    """Another seed for each batch, so that batches do not share their noise."""
    return int(np.random.SeedSequence([seed, rows.start]).generate_state(1)[0] // 4)
