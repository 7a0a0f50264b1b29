"""What a judge said of generated clips, collected batch by batch."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.judge_verbs import agrees
from halo_keras.evaluation.metrics import entropies, kl_divergence


class Verdicts:
    """A judge's probabilities for the clips of one pass, in the order of the clips.

    With a `FrameJudge` every frame counts as one verdict.

    Args:
        judge: a `Judge`, or anything with its `head_names` and
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
        """`(num_clips, head_size)`, of a frame judge `(num_clips, time, head_size)`."""
        return np.concatenate(self.parts[head])

    def accuracy(self, head: str, labels: np.ndarray) -> float:
        """Fraction of clips that the judge names as `labels` `(num_clips,)` do."""
        return float(np.mean(agrees(self.probabilities(head).argmax(axis=-1), labels)))

    def accuracies(
        self,
        action: np.ndarray,
        content: dict,
        prefix: str,
        operators: np.ndarray | None = None,
    ) -> dict[str, float]:
        """Accuracy of every head: of the action, and of what the content shows.

        Args:
            action: the actions `(num_clips,)` that the clips ought to do.
            content: dict of labels `(num_clips,)` of the clips that gave the content.
            prefix: of the keys.
            operators: the operator of each action, `(num_actions,)`, where `action`
                holds operators and any of an operator's actions is right.
        """
        wanted = {**content, "action": action}
        missing = [head for head in self.judge.head_names if head not in wanted]
        if missing:
            raise ValueError(
                f"The judge has heads {missing}, which the dataset has no labels for; "
                f"it has {sorted(content)}. Use the judge of this dataset."
            )
        found = {
            f"{prefix}_{head}_accuracy": self.accuracy(head, wanted[head])
            for head in self.judge.head_names
        }
        if operators is not None and "action" in self.judge.head_names:
            named = operators[self.probabilities("action").argmax(axis=-1)]
            found[f"{prefix}_action_accuracy"] = float(np.mean(agrees(named, action)))
        return found

    def entropies(self, action: np.ndarray, prefix: str) -> dict[str, float]:
        """H(y|x), H(y) and IS of the action head, over equally many clips of each.

        Args:
            action: the true class of each clip. With n the size of the smallest
                class, the first n clips of each class are counted (the field's rule).
                None, where no action was asked for: all clips are counted.
            prefix: of the keys.

        Raises:
            ValueError: if a class of the judge is missing among `action`: its H(y)
                and IS could not reach their ceilings.
        """
        table = self.probabilities("action")
        if action is not None:
            present = np.unique(action)
            if len(present) < table.shape[-1]:
                raise ValueError(
                    f"H(y) and IS need clips of all {table.shape[-1]} actions of the "
                    f"judge, received {len(action)} clips of the actions "
                    f"{present.tolist()}. Score more clips."
                )
            table = table[balanced(action)]
        found = entropies(table.reshape(-1, table.shape[-1]))
        return {f"{prefix}_{key}": value for key, value in found.items()}

    def divergence(self, other: Verdicts, head: str) -> float:
        """mean_i KL(this verdict || the other's) of a head, in nats."""
        mine, theirs = (
            table.reshape(-1, table.shape[-1])
            for table in (self.probabilities(head), other.probabilities(head))
        )
        pairs = zip(mine, theirs, strict=True)
        return float(np.mean([kl_divergence(p, q) for p, q in pairs]))


def check_judge(judge, dataset) -> None:
    """Raises a `ValueError` unless the judge can score clips like the dataset's.

    Checked before anything is generated: the heads are labels of the dataset with as
    many classes, and the frames have the judge's shape. Of a judge that does not state
    its `head_sizes`, `frame_shape` or `num_frames`, the names alone are checked.
    """
    advice = f"Use a judge trained on {dataset.name!r}."
    missing = [head for head in judge.head_names if head not in dataset.labels]
    if missing:
        raise ValueError(
            f"The judge has heads {missing}, which the dataset {dataset.name!r} has no "
            f"labels for; it has {sorted(dataset.labels)}. {advice}"
        )
    sizes = getattr(judge, "head_sizes", (None,) * len(judge.head_names))
    for head, size in zip(judge.head_names, sizes, strict=True):
        names = dataset.label_names.get(head)
        if size is not None and names is not None and len(names) != size:
            raise ValueError(
                f"The judge knows {size} classes of {head!r}, the dataset "
                f"{dataset.name!r} has {len(names)}: {', '.join(names)}. {advice}"
            )
    shape = getattr(judge, "frame_shape", dataset.frame_shape)
    length = getattr(judge, "num_frames", None) or dataset.num_frames
    if (length, *shape) != (dataset.num_frames, *dataset.frame_shape):
        raise ValueError(
            f"The judge reads clips of shape {(length, *shape)}, those of the dataset "
            f"{dataset.name!r} have {(dataset.num_frames, *dataset.frame_shape)} "
            f"(time, height, width, channels). {advice}"
        )


def check_frame_judge(judge, what: str) -> None:
    """Raises a `ValueError` for a judge of clips, which names no frame."""
    if judge.num_frames is not None:
        raise ValueError(
            f"{what} needs a judge of single frames, received a "
            f"{type(judge).__name__}, which reads {judge.num_frames} frames at once. "
            "Pass from_pretrained('judge-sprites-frames')."
        )


def balanced(labels: np.ndarray) -> np.ndarray:
    """Indices of the first n clips of each class, n the size of the smallest class."""
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    firsts = [np.flatnonzero(labels == k)[: counts.min()] for k in classes]
    return np.sort(np.concatenate(firsts))
