"""What is said in a segment: by the labels, and as a judge of speech hears it."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.voices import SPEAKER


def content_labels(dataset, name: str) -> np.ndarray:
    """What is said: of each segment `(num_segments,)`, or of each frame, with a time
    axis; -1 where nothing is.

    Raises:
        ValueError: neither labels nor states have that name.
    """
    if name in dataset.labels:
        return np.asarray(dataset.labels[name])
    if name in (dataset.states or {}):
        return np.asarray(dataset.states[name]).astype(int)
    raise ValueError(
        f"the judge names {name!r}, which neither labels nor states of "
        f"{dataset.name!r} have: {sorted({*dataset.labels, *(dataset.states or {})})}."
    )


def content_head(judge) -> str:
    """The judge's head that tells what is said: its first besides the speaker's."""
    return next(name for name in judge.head_names if name != SPEAKER)


def spoken_classes(judge, head: str, segments: np.ndarray) -> np.ndarray:
    """What the judge hears in one utterance.

    Returns: of a head of frames `(num_segments, time)` classes; of a head of segments
        one class, that of the largest sum of log-probabilities over the segments.
    """
    table = judge.predict_probabilities(segments)[head]
    if head in judge.frame_heads:
        return table.argmax(axis=-1)
    return np.log(np.maximum(table, 1e-12)).sum(axis=0).argmax()
