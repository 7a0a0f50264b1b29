"""What an evaluation leaves in metrics.json: all its numbers, or some protocols'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVALUATION = "evaluation"
_LATER = EVALUATION + "_"


def with_measured(
    metrics: Mapping[str, Any],
    found: Mapping[str, float],
    circumstances: Mapping[str, Any],
    whole: bool,
) -> dict[str, Any]:
    """A preset's metrics with new numbers in the group `"test"`.

    Args:
        metrics: the whole content of metrics.json.
        found: flat dict of floats.
        circumstances: `"protocols"` names those that were measured.
        whole: True: the numbers replace all of the group, and `run.evaluation` says
            how they were measured. False: they replace those of the same names and
            the others stay, and `run.evaluation_<protocol>` says it of each.
    """
    run = dict(metrics.get("run", {}))
    if whole:
        run = {key: run[key] for key in run if not key.startswith(_LATER)}
        run[EVALUATION] = dict(circumstances)
        return {**metrics, "test": dict(found), "run": run}
    how = {key: value for key, value in circumstances.items() if key != "protocols"}
    run |= {_LATER + name: how for name in circumstances["protocols"]}
    return {**metrics, "test": {**metrics.get("test", {}), **found}, "run": run}


def why_not_beside(
    metrics: Mapping[str, Any], found: Mapping[str, float], seed: int
) -> str | None:
    """Why numbers cannot stand beside those that are there, or None.

    One table must not mix numbers of different clips or of different draws.
    """
    old, run = metrics.get("test", {}), metrics.get("run", {})
    counts = {
        "test clips": ("num_clips", old, found),
        "sampling seeds": ("num_sampling_seeds", old, found),
        "seed": ("seed", run.get(EVALUATION, run), {"seed": seed}),
    }
    for what, (key, there, here) in counts.items():
        if old and key in there and key in here and there[key] != here[key]:
            return (
                f"the numbers beside it are of {what} {there[key]:g}, not "
                f"{here[key]:g}; measure all of the preset anew, without --protocol"
            )
    return None
