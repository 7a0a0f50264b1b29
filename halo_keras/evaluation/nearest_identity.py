"""Who is that? People that a judge never saw, told by the nearest embedding.

A judge's head for identities knows the training people. Test people are others, so that
none of its classes is right; but what its last hidden layer makes of a clip tells
people apart whom it has not seen. A clip is taken to show the person whose clips, on
average, lie nearest in the angle between embeddings.
"""

from __future__ import annotations

import numpy as np


class NearestIdentity:
    """A judge whose head for identities names the nearest of the people in a gallery.

    With the embedding e of a clip and the mean m_i of the normalised embeddings of
    person i's clips in the gallery, the verdict is argmax_i <e, m_i> / (|e| |m_i|).
    All other heads are the judge's own.

    Args:
        judge: with a head `identity`, see `Judge.embed`.
        gallery: a `ClipDataset` of real clips, with that label. None of them should be
            among those that are scored, or be what generated ones were made from.
        identity: name of the label and of the head.
    """

    def __init__(self, judge, gallery, identity: str):
        if identity not in judge.head_names:
            raise ValueError(
                f"the judge has no head {identity!r}, whose embedding tells people "
                f"apart; it has {list(judge.head_names)}."
            )
        self.judge, self.identity = judge, identity
        self.head_names, self.head_sizes = judge.head_names, judge.head_sizes
        self.frame_shape, self.num_frames = judge.frame_shape, judge.num_frames
        labels = gallery.labels[identity]
        self.people = np.unique(labels)
        embedded = _unit(judge.embed(gallery.frames, identity))
        self.means = _unit(
            np.stack(
                [embedded[labels == person].mean(axis=0) for person in self.people]
            )
        )

    def predict_probabilities(self, frames: np.ndarray) -> dict[str, np.ndarray]:
        """As of a `Judge`; 1 for the nearest person and 0 for all others."""
        found = self.judge.predict_probabilities(frames)
        embedded = _unit(self.judge.embed(frames, self.identity))
        nearest = self.people[(embedded @ self.means.T).argmax(axis=1)]
        size = found[self.identity].shape[-1]
        return {**found, self.identity: np.eye(size)[nearest]}


def scored_and_gallery(dataset, identity: str) -> tuple[np.ndarray, np.ndarray]:
    """Splits test clips into those to score and a gallery of the same people.

    Of the takes that a person has of an action, the last quarter (at least one of
    two) is the gallery. Clips of one take (label `"take"` or `"video"`), which may
    overlap, stay together; without such a label each clip is a take.

    Returns: indices of either, in order.

    Raises:
        ValueError: somebody has no two takes of any action, and so no gallery.
    """
    labels = dataset.labels
    take = np.arange(len(dataset))
    for name in ("take", "video"):
        if name in labels:
            take = labels[name]
            break
    held = np.zeros(len(dataset), bool)
    for person in np.unique(labels[identity]):
        own = labels[identity] == person
        for action in np.unique(labels["action"][own]):
            takes = np.unique(take[own & (labels["action"] == action)])
            count = (len(takes) + 3) // 4 if len(takes) > 1 else 0
            held |= own & np.isin(take, takes[len(takes) - count :])
        if not (held & own).any():
            raise ValueError(
                f"{identity} {person} has no two clips of one action, so that none can "
                "be kept apart to know that person by. Take more clips."
            )
    return np.flatnonzero(~held), np.flatnonzero(held)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-12)
