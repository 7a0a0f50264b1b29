"""Clips that turn: a direction that changes inside a drawn clip (DSVAE's figure 5).

No clip of Sprites turns. Li & Mandt 2018 show one that does, drawn from the prior, as a
sign that the model goes beyond its data; how often it happens they do not say.
"""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.prior_passes import seed_of
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.verdicts import Verdicts, check_frame_judge, check_judge

HELD = 2  # frames in a row that make a direction more than a slip of the judge


def directions_of(action_names) -> tuple[list[str], np.ndarray]:
    """The directions of actions named `<action>/<direction>`.

    Returns: their names, sorted, and the index of each action's direction.

    Raises:
        ValueError: a name without a direction, or one direction only.
    """
    parts = [name.partition("/")[2] for name in action_names]
    names = sorted(set(parts))
    if "" in names or len(names) < 2:
        raise ValueError(
            "turning needs actions named <action>/<direction> with two directions at "
            f"least, received {', '.join(action_names)}."
        )
    return names, np.array([names.index(part) for part in parts])


def judged_directions(probabilities: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The likeliest direction of every frame, whatever the action.

    Args:
        probabilities: of the action head, `(clips, time, num_actions)`.
        direction: of every action, `(num_actions,)`.

    Returns: `(clips, time)` ids.
    """
    num = int(direction.max()) + 1
    table = np.eye(num)[direction]  # (actions, directions)
    return (np.asarray(probabilities) @ table).argmax(axis=-1)


def turns(directions: np.ndarray, held: int = 1) -> np.ndarray:
    """Which clips show two directions, each of them `held` frames in a row.

    Args:
        directions: `(clips, time)` ids.
        held: 1: any change counts.

    Returns: bool `(clips,)`.
    """
    shown = np.zeros((len(directions), int(directions.max()) + 1), bool)
    for row, clip in zip(shown, directions, strict=True):
        starts = np.flatnonzero(np.diff(clip, prepend=-1))
        lengths = np.diff(starts, append=len(clip))
        row[clip[starts[lengths >= held]]] = True
    return shown.sum(axis=1) > 1


def turning(
    model,
    dataset,
    judge,
    num_clips: int = 500,
    seed: int = 0,
    batch_size: int = 100,
    verbose: int = 0,
) -> dict[str, float]:
    """How many clips drawn from the prior turn, and how many real ones seem to.

    The judge names the direction of each frame. It errs on single frames, so the share
    of real test clips, none of which turns, stands beside: it is the noise floor.

    Args:
        model: a `SequenceModel` of clips whose actions have directions.
        dataset: the test clips.
        judge: a `FrameJudge` with an action head.
        num_clips: drawn from the prior.
        seed: of the draws.

    Returns: `turning_rate`, any change; `turning_held_rate`, two directions held for
        two frames in a row; `turning_real_rate`, `turning_real_held_rate`.

    Raises:
        ValueError: the judge names clips, not frames, or the actions no directions.
    """
    check_judge(judge, dataset)
    check_frame_judge(judge, "turning")
    _, direction = directions_of(dataset.action_names)
    drawn, real = Verdicts(judge), Verdicts(judge)
    for rows in chunks(num_clips, batch_size, "turning, drawn clips", verbose):
        drawn.add(model.sample(rows.stop - rows.start, seed=seed_of(seed, rows)))
    for rows in chunks(len(dataset), batch_size, "turning, real clips", verbose):
        real.add(dataset.frames[rows])
    found = {}
    for name, verdicts in (("turning", drawn), ("turning_real", real)):
        shown = judged_directions(verdicts.probabilities("action"), direction)
        found[f"{name}_rate"] = float(turns(shown).mean())
        found[f"{name}_held_rate"] = float(turns(shown, HELD).mean())
    return found
