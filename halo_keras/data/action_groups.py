"""Which of a model's operators does each action of a dataset belong to?

A conditional HALO has one operator an action. Coarser models share operators: three
of them for walk, spellcard and slash in any direction, or a single one for all motion,
which then needs no labels at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from halo_keras.schema import ConfigError, nearest


def operator_of(action_names: Sequence[str], operators: Sequence[str]) -> np.ndarray:
    """The operator of each action, `(num_actions,)` ids.

    A single operator takes every action. Of several, an action belongs to the one of
    its own name, or of the part of its name before a slash: `walk/front` to `walk`.

    Raises:
        ConfigError: an action belongs to none.
    """
    if len(operators) == 1:
        return np.zeros(len(action_names), "int32")
    known = {name: index for index, name in enumerate(operators)}
    found = []
    for name in action_names:
        own = name if name in known else name.split("/")[0]
        if own not in known:
            raise ConfigError(
                f"no operator does the action {name!r}{nearest(own, known) or '.'} "
                f"There are {', '.join(operators)}; an operator does the action of "
                "its name, and those whose name continues it after a slash."
            )
        found.append(known[own])
    return np.asarray(found, "int32")


def grouped(dataset, operators: Sequence[str]):
    """The dataset with operators for actions: the labels that a coarser model knows.

    Args:
        dataset: a `ClipDataset`; frames are shared with the result.
        operators: names, see `operator_of`; none leaves the dataset as it is.
    """
    if not operators:
        return dataset
    ids = operator_of(dataset.action_names, operators)
    return replace(
        dataset,
        labels={**dataset.labels, "action": ids[dataset.labels["action"]]},
        label_names={**dataset.label_names, "action": list(operators)},
        options=None,  # they made other actions
    )


def operators_for(model, dataset) -> np.ndarray:
    """What a model is told of each clip's action: ids of its operators, `(clips,)`."""
    ids = operator_of(dataset.action_names, model.action_names)
    return ids[dataset.labels["action"]]
