"""Folders laid out like TIMIT: who speaks in which recording, and of which split.

    TRAIN/DR1/FCJF0/SX37.WAV, .PHN, .TXT     the corpus, under TRAIN and TEST
    dr1-fvmh0/sx206.wav, .phn, .txt          NLTK's sample: 16 of its speakers

in upper or lower case, the corpus also below a folder `TIMIT` or `data`. Some copies
hold each recording twice, in SPHERE (`SX37.WAV`) and in RIFF (`SX37.WAV.wav`); one is
read. The two sentences SA1 and SA2, which everybody reads, are left out, as is usual in
work on speakers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from halo_keras.data.take_report import Skipped
from halo_keras.schema import ConfigError

# The core test set: two men and a woman of each dialect region, 192 recordings.
CORE_TEST = tuple(
    "mdab0 mwbt0 felc0 mtas1 mwew0 fpas0 mjmp0 mlnt0 fpkt0 mlll0 mtls0 fjlm0 "
    "mbpm0 mklt0 fnlp0 mcmj0 mjdh0 fmgd0 mgrt0 mnjm0 fdhc0 mjln0 mpam0 fmld0".split()
)
# NLTK's sample has neither TRAIN nor TEST: four of its sixteen speakers are held out.
SAMPLE_TEST_REGIONS = ("dr7", "dr8")
SENTENCES_A_SPEAKER = 8

_REGION = re.compile(r"dr[1-8]")
_SPEAKER = re.compile(r"[fm][a-z]{2,3}\d")
_SAMPLE_SPEAKER = re.compile(r"(dr[1-8])-([fm][a-z]{2,3}\d)")
_SENTENCE = re.compile(r"s[aix]\d+")


@dataclass(frozen=True)
class Utterance:
    """One recording of the layout; `phones` is None where its `.PHN` is missing."""

    split: str
    region: str
    speaker: str
    sentence: str
    wave: Path
    phones: Path | None

    @property
    def name(self) -> str:
        return f"{self.speaker}-{self.sentence}"


@dataclass
class Layout:
    """What was found below the source."""

    utterances: list[Utterance] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


def read_layout(source: Path) -> Layout:
    """All recordings but SA1 and SA2, in order of split, region, speaker, sentence.

    Parts that are missing are notes: a split, a region, a speaker of the core test set,
    sentences of a speaker, transcriptions.

    Raises: FileNotFoundError if there is no such folder; ConfigError if nothing in it
        is laid out like TIMIT.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"the TIMIT folder {source} does not exist.")
    inner = [
        folder
        for _, folder in _folders(source, re.compile("timit|data"))
        for folder in (folder, *(f for _, f in _folders(folder, re.compile("timit"))))
    ]
    for root in (source, *inner):
        found = Layout()
        for name, folder in _folders(root, re.compile("train|test")):
            _read_split(root, name, folder, found)
        if not found.utterances:
            _read_sample(root, found)
        if found.utterances:
            _note_what_is_missing(root, found)
            return found
    raise ConfigError(
        f"{source} is not laid out like TIMIT: expected TRAIN/DR1/SPEAKER/*.WAV or, as "
        "in NLTK's sample, dr1-SPEAKER/*.wav; it holds "
        f"{sorted(path.name for path in source.iterdir())[:8]}. Pass the folder that "
        "holds TRAIN and TEST."
    )


def _read_split(root, split, folder, found):
    for region, inner in _folders(folder, _REGION):
        speakers = list(_folders(inner, _SPEAKER))
        if not speakers:
            name = inner.relative_to(root).as_posix()
            found.notes.append((name, "holds no folder of a speaker"))
        for speaker, place in speakers:
            _read_speaker(root, split, region, speaker, place, found)


def _read_sample(root, found):
    for name, place in _folders(root, _SAMPLE_SPEAKER):
        region, speaker = _SAMPLE_SPEAKER.fullmatch(name).groups()
        split = "test" if region in SAMPLE_TEST_REGIONS else "train"
        _read_speaker(root, split, region, speaker, place, found)


def _read_speaker(root, split, region, speaker, place, found):
    waves, phones, missing = {}, {}, []
    for path in sorted(place.iterdir()):
        sentence, _, ending = path.name.lower().partition(".")
        if not _SENTENCE.fullmatch(sentence) or sentence.startswith("sa"):
            continue
        if ending in ("wav", "wav.wav"):
            waves.setdefault(sentence, path)
        elif ending == "phn":
            phones[sentence] = path
    name = place.relative_to(root).as_posix()
    for sentence in phones.keys() - waves.keys():
        reason = "its transcription is there, its recording is missing"
        found.skipped.append(Skipped(f"{name}/{sentence}", "empty", reason))
    for sentence, wave in sorted(waves.items()):
        transcribed = phones.get(sentence)
        if transcribed is None:
            missing.append(sentence)
        found.utterances.append(
            Utterance(split, region, speaker, sentence, wave, transcribed)
        )
    if not waves:
        found.notes.append((name, "holds no recording but SA1 and SA2"))
    elif len(waves) < SENTENCES_A_SPEAKER:
        text = f"{len(waves)} of {SENTENCES_A_SPEAKER} recordings are there"
        found.notes.append((name, text))
    if missing:
        found.notes.append((name, f"no .PHN of {', '.join(missing)}"))


def _note_what_is_missing(root, found):
    """Notes about whole parts; keeps the core test set of TEST where it is there."""
    speakers = {u.speaker for u in found.utterances if u.split == "test"}
    core = speakers & set(CORE_TEST)
    if core:
        found.utterances = [
            u for u in found.utterances if u.split == "train" or u.speaker in core
        ]
        lacking = [speaker for speaker in CORE_TEST if speaker not in core]
        if lacking:
            text = f"speakers of the core test set are missing: {', '.join(lacking)}"
            found.notes.append((str(root), text))
    for split in ("train", "test"):
        regions = {u.region for u in found.utterances if u.split == split}
        if not regions:
            found.notes.append((str(root), f"no recording of the split {split!r}"))
        elif len(regions) < 8:
            text = f"{split} has {len(regions)} of 8 dialect regions"
            found.notes.append((str(root), text))


def _folders(folder: Path, pattern) -> Iterator[tuple[str, Path]]:
    """Folders whose name in lower case matches, by that name."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and pattern.fullmatch(path.name.lower()):
            yield path.name.lower(), path
