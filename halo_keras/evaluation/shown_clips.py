"""What figures are drawn of: a model, and one clip of each action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halo_keras.data.action_groups import operators_for


@dataclass(frozen=True)
class Shown:
    """What figures are drawn of.

    Attributes:
        model: a `SequenceModel`.
        clips: a `ClipDataset`: one clip of each action, as different as they come.
        frame_judge: a judge of single frames, or None.
        seed: of everything drawn.
        reference: the frame that reconstructions start from, see `Suite`.
    """

    model: Any
    clips: Any
    frame_judge: Any = None
    seed: int = 0
    reference: int | None = 0

    @property
    def told(self) -> np.ndarray:
        """What the model is told of each clip's action."""
        return operators_for(self.model, self.clips)

    @property
    def names(self) -> list[str]:
        """The action of each clip, as a label."""
        names = self.clips.action_names
        return [names[action] for action in self.clips.labels["action"]]

    def some(self, count: int) -> np.ndarray:
        """Indices of `count` clips, spread over the actions."""
        return np.linspace(0, len(self.clips) - 1, count).round().astype(int)


def one_of_each(dataset, seed: int, at_least: int = 9) -> np.ndarray:
    """Indices of one clip of each action, or of several in turn if there are few."""
    rng = np.random.default_rng(seed)
    action = dataset.labels["action"]
    classes = np.unique(action)
    rounds = -(-at_least // len(classes))
    chosen = [
        rng.choice(np.flatnonzero(action == k), min(rounds, np.sum(action == k)), False)
        for k in classes
    ]
    return np.concatenate(chosen)
