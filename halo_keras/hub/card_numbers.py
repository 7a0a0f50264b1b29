"""The measured numbers in a model card: which come first, and what they mean."""

from __future__ import annotations

import re
from typing import Any

from halo_keras.card_parts import table, table_lines

# With more numbers than that, those that tell most come first and the rest is folded.
_MANY = 30
_FIRST = re.compile(
    r"test\.("
    r"num_clips|reconstruction_(mse|ssim)|rollout_57_64_mse|swap_[a-z]+_accuracy|swap_mse"
    r"|(for|back)ward_[28]x_mse|infer_action_accuracy|judge_real_[a-z]+_accuracy"
    r"|eer_(static|dynamic))"
)
# Counts of clips and passes: what the numbers were measured on.
_COUNT = re.compile(r"(.*[._])?num_[a-z_]+")

# By the beginning of a name without its group; each line is true of what the protocols
# in `halo_keras/evaluation/` compute.
_MEANINGS = {
    "reconstruction": "a clip that is encoded and decoded, against itself; frames in "
    "[0, 1]",
    "generation": "a sequence from the first frame alone, against the clip as a loop",
    "rollout": "frames A to B of a forecast, counted from the clip's first as 1, "
    "against the clip as a loop",
    "forward": "a forecast up to so many clip lengths ahead, against the exact frames",
    "backward": "the same before the clip's first frame",
    "half_frame": "between two frames, against the exact ones; distances in pixels",
    "swap": "the content of one clip with the motion of another; accuracy: whether a "
    "judge (a classifier of its own) sees the one's looks and the other's action",
    "compose": "two motions at once",
    "infer_action": "the action that the model takes a clip for",
    "image_to_sequence": "one frame of a clip, made to do another action",
    "prior_motion": "motion drawn from the prior, content of a real clip",
    "prior_content": "content drawn from the prior, motion of a real clip",
    "disagreement": "how often the judge names a frame with one half drawn otherwise "
    "than the real one (Li & Mandt 2018)",
    "leakage": "what a classifier reads from the latent that should not tell it; "
    "chance is what it gets by guessing",
    "turn": "the n-th full turn after (or before) the given one",
    "spectrum": "planes that carry at least a twentieth of the motion: how far their "
    "speeds are from multiples of 2 pi / 16",
    "quarter_frame": "times between the frames, against the exact ones",
    "held_out": "the angle that no training clip shows",
    "irregular": "a turn from some of its frames, given at their times",
    "position": "R^2 of the digits' positions, read from the motion latent",
    "digit": "which digit it is, read from a latent by a small network",
    "shared": "one motion with many contents: judged alike",
    "curve_spearman": "rank correlation of a motion coordinate with the true course",
    "permutation": "how far content moves when the frames are put in another order",
    "judge_real": "the judge itself, on real clips",
    "judge_still": "the judge on clips whose first frame is held",
    "second_judge": "the same by another judge",
    "baseline": "predictions without any model, for scale",
    "eer": "equal error rate of telling speakers apart by content (static), which "
    "should be low, and by motion (dynamic), which should be high",
}


def measured(results: dict[str, Any]) -> list[str]:
    """Markdown lines of the section of measured numbers."""
    head = ("metric", "value")
    lines = table("Measured", head, results)
    first = {name: value for name, value in results.items() if _FIRST.fullmatch(name)}
    if first and len(results) > _MANY:
        rest = {name: value for name, value in results.items() if name not in first}
        lines = [
            *table("Measured", head, first),
            f"<details><summary>{len(rest)} more numbers</summary>",
            "",
            *table_lines(head, rest),
            "",
            "</details>",
            "",
        ]
    meanings = _meanings(results)
    if meanings:
        lines += ["What the names mean:", "", *meanings, ""]
    return lines


def is_metric(name: str, value: Any) -> bool:
    """Whether something is a measured number, and no count of clips or a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return _COUNT.fullmatch(name) is None


def _meanings(results: dict[str, Any]) -> list[str]:
    plain = [name.partition(".")[2] for name in results]
    return [
        f"- `{start}`: {text}."
        for start, text in _MEANINGS.items()
        if any(name.startswith(f"{start}_") for name in plain)
    ]
