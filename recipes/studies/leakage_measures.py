"""What the leakage study measures of one trained model, as cells of its row."""

from __future__ import annotations

import numpy as np
from keras import ops
from studies.leakage_columns import ATTRIBUTES

from halo_keras.evaluation import protocols


def measure(model, fitted, train, test, judge, seed=0) -> dict:
    """Every number of a run.

    Args:
        fitted: the training clips with the model's operators for actions, to which the
            prior is fitted.
        train, test: clips with their actions.
    """
    drawn = {"drawn_action_before_fit": drawn_motion(model, test, judge, seed)[0]}
    model.fit_prior(fitted, seed)
    action, attributes = drawn_motion(model, test, judge, seed)
    drawn |= {"drawn_action": action, "drawn_attributes": attributes}
    clip = protocols.reconstruction(model, test)
    swapped = protocols.swap(model, test, judge, seed, action="given")
    content = protocols.prior_content(model, test, judge, seed)
    late = protocols.rollout(model, test, ((993, 1000),), judge)
    told = protocols.leakage(model, train, test, seed, ATTRIBUTES)
    row = {
        "reconstruction_mse": clip["reconstruction_mse"],
        "reconstruction_ssim": clip["reconstruction_ssim"],
        **nats(model, test),
        "swap_action": swapped["swap_action_accuracy"],
        "swap_attributes": mean_of(swapped, "swap"),
        "swap_mse": swapped["swap_mse"],
        **drawn,
        "drawn_content_action": content["prior_content_action_accuracy"],
        "drawn_content_inception_score": content["prior_content_inception_score"],
        "window993_mse": late["rollout_993_1000_mse"],
        "window993_action": late["rollout_993_1000_action_accuracy"],
        "action_from_content": told["leakage_action_from_content"],
        "action_chance": told["leakage_action_from_content_chance"],
    }
    for name in ATTRIBUTES:
        row[f"{name}_from_motion"] = told[f"leakage_{name}_from_motion"]
        row[f"{name}_chance"] = told[f"leakage_{name}_from_motion_chance"]
    return row


def drawn_motion(model, test, judge, seed) -> tuple[float | None, float]:
    """Judged action (None without labels) and attributes, motion drawn."""
    if model.num_actions == 1:
        found = protocols.sampled_motion(model, test, judge, seed)
        return None, mean_of(found, "sampled_motion")
    found = protocols.prior_motion(model, test, judge, seed)
    return found["prior_motion_action_accuracy"], mean_of(found, "prior_motion")


def mean_of(found: dict, prefix: str) -> float:
    """Mean accuracy of the attributes' heads."""
    return float(np.mean([found[f"{prefix}_{name}_accuracy"] for name in ATTRIBUTES]))


def nats(model, test) -> dict:
    """Mean KL of content and motion from N(0, I), in nats a clip."""
    from halo_keras.data.action_groups import operators_for

    action, totals = operators_for(model, test), np.zeros(2)
    for low in range(0, len(test), 256):
        rows = slice(low, low + 256)
        found = model.posterior(test.frames[rows], action[rows])
        for place, part in enumerate((found.content, found.state)):
            totals[place] += float(ops.sum(part.kl_standard()))
    content, motion = totals / len(test)
    return {"content_nats": content, "motion_nats": motion}
