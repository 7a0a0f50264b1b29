"""Utterances of speakers: which segments belong together, and whose voice it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SPEAKER, UTTERANCE = "speaker", "utterance"


@dataclass(frozen=True)
class Utterances:
    """The recordings of a dataset of segments.

    Attributes:
        rows: of each utterance, the indices of its segments, in order.
        speaker: `(num_utterances,)` ids.
    """

    rows: tuple[np.ndarray, ...]
    speaker: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Mean over each utterance's segments of `(num_segments, size)` values."""
        return np.stack([values[rows].mean(axis=0) for rows in self.rows])

    def subset(self, indices) -> Utterances:
        """The utterances at `indices`, in that order."""
        chosen = np.asarray(indices)
        return Utterances(tuple(self.rows[i] for i in chosen), self.speaker[chosen])


def utterances_of(dataset) -> Utterances:
    """Groups segments by speaker and utterance; utterances by their first segment.

    Raises:
        ValueError: the dataset has no such labels.
    """
    missing = [name for name in (SPEAKER, UTTERANCE) if name not in dataset.labels]
    if missing:
        raise ValueError(
            f"utterances need the labels {SPEAKER!r} and {UTTERANCE!r}; the dataset "
            f"{dataset.name!r} has {sorted(dataset.labels)}."
        )
    speaker = np.asarray(dataset.labels[SPEAKER])
    keys = np.stack([speaker, np.asarray(dataset.labels[UTTERANCE])], axis=1)
    _, firsts, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    order = np.argsort(firsts)
    rows = tuple(np.flatnonzero(which == index) for index in order)
    return Utterances(rows, speaker[firsts[order]])


def scored_and_known(utterances: Utterances) -> tuple[np.ndarray, np.ndarray]:
    """Splits each speaker's utterances: every other one is scored, the rest is known.

    Returns: indices of the scored and of the known utterances, which are what the
        voices are known by, see `VoiceGallery`.

    Raises:
        ValueError: a speaker has a single utterance.
    """
    scored, known = [], []
    for speaker in np.unique(utterances.speaker):
        own = np.flatnonzero(utterances.speaker == speaker)
        if len(own) < 2:
            raise ValueError(
                f"speaker {speaker} has one utterance; two are needed, one to be "
                "scored and one to know the voice by. Take more recordings."
            )
        scored.append(own[::2])
        known.append(own[1::2])
    return np.sort(np.concatenate(scored)), np.sort(np.concatenate(known))


class VoiceGallery:
    """Names the speaker of an utterance: the nearest of the voices that are known.

    With e_n the judge's embedding of segment n and m_i the mean of the normalised
    embeddings of speaker i's known segments, the verdict on an utterance is
    argmax_i <mean_n e_n / |e_n|, m_i / |m_i|>. So a judge names speakers too whom it
    was not trained on.

    Args:
        judge: with a head `"speaker"`, see `SpeechJudge.embed`.
        dataset: the segments.
        known: the `Utterances` that the voices are known by.
    """

    def __init__(self, judge, dataset, known: Utterances):
        self.judge = judge
        self.speakers = np.unique(known.speaker)
        parts = []
        for speaker in self.speakers:
            own = np.flatnonzero(known.speaker == speaker)
            rows = np.concatenate([known.rows[index] for index in own])
            parts.append(_unit(judge.embed(dataset.frames[rows], SPEAKER)).mean(axis=0))
        self.means = _unit(np.stack(parts))

    def names(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Speaker ids `(num_utterances,)` of utterances `(segments, time, bins)`."""
        verdicts = []
        for segments in clips:
            voice = _unit(self.judge.embed(segments, SPEAKER)).mean(axis=0)
            verdicts.append(self.speakers[(self.means @ voice).argmax()])
        return np.array(verdicts)


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-12)
