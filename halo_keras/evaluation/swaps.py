"""The swap protocol: clip i's content does what clip j does."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.metrics import mse, worst_frame
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.verdicts import Verdicts, check_judge


def swap(
    model,
    dataset,
    judge,
    seed: int = 0,
    action: str | np.ndarray | None = "given",
    phases: tuple[int, ...] = (),
    looping_actions: tuple[int, ...] | None = None,
    identity: str = "character",
    prefix: str = "swap",
    batch_size: int = 128,
    verbose: int = 0,
) -> dict[str, float]:
    """Accuracies and error of swapped clips.

    Each clip gives its content once and its motion once, to a clip of another
    identity and another action (`swap_pairs`). The result must show the content
    clip's attributes and do the motion clip's action, and where the dataset holds
    the clip of that identity and action, it must equal it.

    Args:
        model: with `swap_motion(content_from, motion_from, action=)`.
        dataset: a `ClipDataset`.
        judge: a judge of this dataset.
        seed: of the pairs.
        action: `"given"`: the model is told the motion clip's action; None: it has
            to infer it; an array `(num_clips,)`: it is told what it inferred of each
            clip of the dataset before (`inferred_actions`), which is the same as
            None without the work of inferring again. Not with `phases`.
        phases: start frames. The motion clips, and only those of `looping_actions`,
            then begin at frame r, x_{(t + r) mod T}, with r taken from `phases` in
            turn. A model that ignores `motion_from` gets the start wrong.
        looping_actions: the actions that are loops, used with `phases`.
        identity: the label that says who is seen.
        prefix: of the keys.

    Returns: `<prefix>_<head>_accuracy` for every head of the judge, and
        `<prefix>_mse` if the true clips are known, and without `phases`
        `<prefix>_worst_frame_mse` (`worst_frame`); `<prefix>_num_clips`.
    """
    check_judge(judge, dataset)
    labels = dataset.labels
    told = _told(action, operators_for(model, dataset), begun=bool(phases))
    motion_of = swap_pairs(labels["action"], labels[identity], seed)
    content_of = np.arange(len(dataset))
    starts = np.zeros(len(dataset), int)
    if phases:
        loops = np.isin(labels["action"][motion_of], looping_actions or ())
        content_of, motion_of = content_of[loops], motion_of[loops]
        starts = np.resize(phases, len(content_of))
        if len(content_of) == 0:
            raise ValueError(
                f"phases need clips of looping_actions, received {looping_actions}; "
                f"the dataset has the actions {np.unique(labels['action']).tolist()}."
            )
    wanted = labels["action"][motion_of]
    truth = true_clips(labels[identity][content_of], wanted, labels, identity)
    verdicts, errors = Verdicts(judge), []
    for rows in chunks(len(content_of), batch_size, prefix, verbose):
        content = dataset.frames[content_of[rows]]
        motion = started(dataset.frames[motion_of[rows]], starts[rows])
        names = None if told is None else told[motion_of[rows]]
        made = model.swap_motion(content, motion, action=names)
        verdicts.add(made)
        if truth is not None:
            target = started(dataset.frames[truth[rows]], starts[rows])
            errors.append(mse(made, target))
    content_labels = {name: value[content_of] for name, value in labels.items()}
    found = verdicts.accuracies(wanted, content_labels, prefix)
    if errors:
        error = np.concatenate(errors)
        found[f"{prefix}_mse"] = float(error.mean())
        if not phases:  # clips begun at different frames have no frame in common
            found[f"{prefix}_worst_frame_mse"] = worst_frame(error, wanted)
    found[f"{prefix}_num_clips"] = len(content_of)
    return found


def _told(action, truth: np.ndarray, begun: bool) -> np.ndarray | None:
    """What the model is told of each clip's action, `(num_clips,)` ids or None."""
    if action is None:
        return None
    if isinstance(action, str) and action == "given":
        return np.asarray(truth)
    if np.shape(action) != np.shape(truth) or begun:
        raise ValueError(
            "action must be 'given', None or, without phases, an array of one inferred "
            f"action for each of the {len(truth)} clips, received {action!r}."
        )
    return np.asarray(action)


def swap_pairs(action: np.ndarray, identity: np.ndarray, seed: int) -> np.ndarray:
    """A permutation that pairs each clip with one of another action and identity.

    Returns: `(num_clips,)`: clip i takes its motion from clip `pairs[i]`.

    Raises:
        ValueError: if no such permutation is found, as when there is one action.
    """
    action, identity = np.asarray(action), np.asarray(identity)
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(len(action))
    for _ in range(1000):
        same = (action == action[pairs]) | (identity == identity[pairs])
        (clashing,) = np.nonzero(same)
        if len(clashing) == 0:
            return pairs
        # Exchange each clashing partner with that of a clip drawn at random.
        for one in clashing:
            other = rng.integers(len(pairs))
            pairs[[one, other]] = pairs[[other, one]]
    raise ValueError(
        "Swaps need clips of at least two actions and two identities, none of them in "
        f"the majority; received actions {np.unique(action).tolist()} and "
        f"{len(np.unique(identity))} identities in {len(action)} clips."
    )


def true_clips(who, action, labels, identity: str) -> np.ndarray | None:
    """Index of the clip of each wanted (identity, action), None if one is missing."""
    known = {
        pair: index
        for index, pair in enumerate(
            zip(labels[identity].tolist(), labels["action"].tolist(), strict=True)
        )
    }
    wanted = list(
        zip(np.asarray(who).tolist(), np.asarray(action).tolist(), strict=True)
    )
    if any(pair not in known for pair in wanted):
        return None
    return np.array([known[pair] for pair in wanted])


def started(frames: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Looped clips begun at frame r: x_{(t + r) mod T}. `starts` is `(batch,)`."""
    num_frames = frames.shape[1]
    times = (np.arange(num_frames) + np.asarray(starts)[:, None]) % num_frames
    return frames[np.arange(len(frames))[:, None], times]
