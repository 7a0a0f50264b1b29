"""What is said in a segment: by the labels, and as a judge of speech hears it."""

from __future__ import annotations

import numpy as np

from halo_keras.data.timit_phones import PHONES
from halo_keras.evaluation.voices import SPEAKER

PHONE = "phone"
# Lee & Hon 1989 fold TIMIT's 61 phones into 39 that are told apart by ear. Here silence
# and closures, the 39th, are left out: what is not said is easily kept.
_FOLDED = """ao:aa ax:ah ax-h:ah axr:er hv:hh ix:ih el:l em:m en:n nx:n eng:ng zh:sh
ux:uw bcl: dcl: gcl: pcl: tcl: kcl: h#: pau: epi: q:"""
_AS = dict(pair.split(":") for pair in _FOLDED.split())
FOLDED_PHONES = tuple(phone for phone in PHONES if phone not in _AS)
_IDS = np.array(
    [
        FOLDED_PHONES.index(as_) if (as_ := _AS.get(phone, phone)) else -1
        for phone in PHONES
    ]
)


def content_labels(dataset, name: str) -> np.ndarray:
    """What is said: of each segment `(num_segments,)`, or of each frame, with a time
    axis; -1 where nothing is. Phones are those of `FOLDED_PHONES`.

    Raises:
        ValueError: neither labels nor states have that name.
    """
    if name in dataset.labels:
        return np.asarray(dataset.labels[name])
    if name in (dataset.states or {}):
        said = np.asarray(dataset.states[name]).astype(int)
        return np.where(said >= 0, _IDS[said], -1) if name == PHONE else said
    raise ValueError(
        f"the judge names {name!r}, which neither labels nor states of "
        f"{dataset.name!r} have: {sorted({*dataset.labels, *(dataset.states or {})})}."
    )


def class_names(dataset, name: str) -> list[str]:
    """The classes of `content_labels`."""
    if name == PHONE and name not in dataset.labels:
        return list(FOLDED_PHONES)
    return list(dataset.label_names[name])


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
