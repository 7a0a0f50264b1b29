"""Recordings of speakers as a `ClipDataset` of 200 ms segments.

What all speech datasets share: a recording is an utterance, a clip is one of its
segments, the last one filled with zeros (see `spectrogram`). What cannot be read is
left out and reported; the rest is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from halo_keras.data import spectrogram
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.take_cache import digest_of, folder_of
from halo_keras.data.take_report import Skipped, TakeReport
from halo_keras.data.wav_files import RecordingError, Wave
from halo_keras.schema import ConfigError

ACTION_NAMES = ["speech"]
GENDERS = ["female", "male"]
NO_PHONE = -1


@dataclass(frozen=True)
class Recording:
    """One recording, not read yet.

    Attributes:
        name: of the utterance, its own within the corpus.
        labels: the name of its class, by label; the same labels for all recordings.
        read: gives the `Wave`, or raises `RecordingError`.
        phones: (first sample at 16 kHz, sample behind the last, id) each, in order;
            empty where they are not known.
    """

    name: str
    labels: dict[str, str]
    read: Callable[[], Wave]
    phones: tuple[tuple[int, int, int], ...] = ()


@dataclass
class Corpus:
    """The recordings of one split, and what was found wrong with their source.

    Attributes:
        source: what was read, for the report.
        recordings: of the split.
        label_names: the names of the classes, by label, over all splits, so that a
            class has the same number in each; `utterance` among them.
        skipped, notes: as in `TakeReport`.
    """

    source: str
    recordings: list[Recording]
    label_names: dict[str, list[str]]
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


def speech_clips(
    name: str,
    split: str,
    corpus: Corpus,
    *,
    license: str,
    attribution: str,
    phones: bool = False,
) -> ClipDataset:
    """The segments of a split: `(num_clips, 20, 200)` float32 log-magnitude spectra.

    Labels: `action` (one, `"speech"`), `utterance` (the recording), `segment` (its
    number in the recording, from 0; no fixed set of classes) and those of the
    recordings. Clips are in order of recordings, then of time.

    Args:
        phones: adds the state `phone`, `(num_clips, 20)` int64: the phone spoken at
            each frame's centre, `NO_PHONE` where it is not known and in the padding.

    Raises: ConfigError if no recording of the split can be used; it says why.
    """
    skipped, notes = list(corpus.skipped), list(corpus.notes)
    used, frames, spoken = [], [], []
    for recording in corpus.recordings:
        try:
            wave = recording.read()
        except RecordingError as error:
            skipped.append(Skipped(recording.name, error.kind, str(error)))
            continue
        notes += [(recording.name, note) for note in wave.notes]
        used.append(recording)
        frames.append(spectrogram.segments(spectrogram.scaled(wave.samples)))
        count = spectrogram.SEGMENT_FRAMES * len(frames[-1])
        at = spectrogram.at_frames(recording.phones, count, NO_PHONE)
        spoken.append(at.reshape(-1, spectrogram.SEGMENT_FRAMES))
    report = TakeReport(corpus.source, len(used), tuple(skipped), tuple(notes))
    publish(name, split, report)
    if not used:
        raise ConfigError(
            f"split {split!r} of {name} has no usable recording. {report.summary()}"
            + "".join(f"; {item}" for item in skipped[:3])
        )
    lengths = [len(clips) for clips in frames]
    labels = {
        "action": np.zeros(sum(lengths), np.int64),
        "segment": np.concatenate([np.arange(length) for length in lengths]),
    }
    for label, classes in corpus.label_names.items():
        of = [r.name if label == "utterance" else r.labels[label] for r in used]
        labels[label] = np.repeat(_ids(classes, of), lengths)
    return ClipDataset(
        name=name,
        split=split,
        frames=np.concatenate(frames),
        labels=labels,
        label_names={"action": list(ACTION_NAMES), **corpus.label_names},
        states={"phone": np.concatenate(spoken)} if phones else None,
        kind="spectrogram",
        value_range=spectrogram.VALUE_RANGE,
        license=license,
        attribution=attribution,
    )


def publish(name: str, split: str, report: TakeReport) -> None:
    """Logs what was left out or changed, if anything, and keeps it in the cache."""
    if report.skipped or report.notes:
        stamp = digest_of([split, report.text()])
        report.publish(folder_of(name) / f"report-{stamp}.txt")


def _ids(classes: Sequence[str], names: Sequence[str]) -> np.ndarray:
    number = {name: index for index, name in enumerate(classes)}
    return np.array([number[name] for name in names], np.int64)
