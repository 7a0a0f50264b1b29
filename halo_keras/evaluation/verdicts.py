"""What a judge said of generated clips, collected batch by batch."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.metrics import entropies, kl_divergence


class Verdicts:
    """A judge's probabilities for the clips of one pass, in the order of the clips.

    Args:
        judge: a `ClipJudge`, or anything with its `head_names` and
            `predict_probabilities(frames)`.
    """

    def __init__(self, judge):
        self.judge = judge
        self.parts = {head: [] for head in judge.head_names}

    def add(self, frames: np.ndarray) -> None:
        """Judges `(batch, num_frames, height, width, channels)` float frames."""
        for head, values in self.judge.predict_probabilities(frames).items():
            self.parts[head].append(values)

    def probabilities(self, head: str) -> np.ndarray:
        """`(num_clips, head_size)`."""
        return np.concatenate(self.parts[head])

    def accuracy(self, head: str, labels: np.ndarray) -> float:
        """Fraction of clips that the judge names as `labels` `(num_clips,)` do."""
        return float(np.mean(self.probabilities(head).argmax(axis=1) == labels))

    def accuracies(self, action: np.ndarray, content: dict, prefix: str) -> dict:
        """Accuracy of every head: of the action, and of what the content shows.

        Args:
            action: the actions `(num_clips,)` that the clips ought to do.
            content: dict of labels `(num_clips,)` of the clips that gave the content.
            prefix: of the keys.
        """
        wanted = {**content, "action": action}
        missing = [head for head in self.judge.head_names if head not in wanted]
        if missing:
            raise ValueError(
                f"The judge has heads {missing}, which the dataset has no labels for; "
                f"it has {sorted(content)}. Use the judge of this dataset."
            )
        return {
            f"{prefix}_{head}_accuracy": self.accuracy(head, wanted[head])
            for head in self.judge.head_names
        }

    def entropies(self, action: np.ndarray, prefix: str) -> dict[str, float]:
        """H(y|x), H(y) and IS of the action head, over equally many clips of each.

        Args:
            action: the true class of each clip. With n the size of the smallest
                class, the first n clips of each class are counted (the field's rule).
            prefix: of the keys.
        """
        chosen = balanced(action)
        found = entropies(self.probabilities("action")[chosen])
        return {f"{prefix}_{key}": value for key, value in found.items()}

    def divergence(self, other: Verdicts, head: str) -> float:
        """mean_i KL(this verdict || the other's) of a head, in nats."""
        pairs = zip(self.probabilities(head), other.probabilities(head), strict=True)
        return float(np.mean([kl_divergence(p, q) for p, q in pairs]))


def balanced(labels: np.ndarray) -> np.ndarray:
    """Indices of the first n clips of each class, n the size of the smallest class."""
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    firsts = [np.flatnonzero(labels == k)[: counts.min()] for k in classes]
    return np.sort(np.concatenate(firsts))
