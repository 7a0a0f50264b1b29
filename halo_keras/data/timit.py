"""TIMIT: read American English, 630 speakers of eight dialect regions (Garofolo 1993).

The corpus needs a licence of the Linguistic Data Consortium and can be neither shipped
nor downloaded here: pass the folder of a copy. Any corpus in its layout is read, such
as NLTK's sample of 16 speakers or voices that `formant_corpus` wrote.

Train is the official training set (462 speakers), test the core test set (24 speakers:
192 recordings, so 18,336 pairs for speaker verification, as in DSVAE, table 2).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register
from halo_keras.data.speech_clips import GENDERS, Corpus, Recording, speech_clips
from halo_keras.data.timit_layout import Utterance, read_layout
from halo_keras.data.timit_phones import read_phones
from halo_keras.data.wav_files import RecordingError, Wave, read_wave
from halo_keras.schema import ConfigError

LICENSE = "LDC User Agreement: use by its holder, no redistribution"
ATTRIBUTION = (
    "TIMIT Acoustic-Phonetic Continuous Speech Corpus, LDC93S1 (Garofolo, Lamel, "
    "Fisher, Fiscus, Pallett, Dahlgren & Zue 1993), or the maker of another corpus in "
    "its layout"
)


@register("timit")
def load_timit(split: str, source=None) -> ClipDataset:
    """Segments of read speech, `(num_clips, 20, 200)` float32, see `speech_clips`.

    Labels beside those of `speech_clips`: `speaker`, `sentence` (`sx37`, `si1027`;
    several speakers read the same `sx` sentence), `gender` and `region` (of the
    dialect). States: `phone`, indices into `timit_phones.PHONES`.

    Args:
        split: `"train"` or `"test"`. A copy whose TEST has no speaker of the core test
            set gives all of TEST. Of NLTK's sample, which has no such folders, test is
            dialect regions 7 and 8: two women and two men.
        source: the folder with TRAIN and TEST (or with NLTK's dr1-fvmh0 ...).

    Raises: ConfigError without a source, for another layout, and if a split has
        nothing that can be used; FileNotFoundError if the source is missing;
        ImportError without the extra `speech`. What is missing or cannot be used is
        left out and named in the report.
    """
    if source is None:
        raise ConfigError(
            "TIMIT is licensed and can be neither shipped nor downloaded. Get it from "
            "https://catalog.ldc.upenn.edu/LDC93S1 and pass the folder that holds "
            "TRAIN and TEST as source (--data-dir for a recipe). The dataset "
            "'formant_voices' is a computed stand-in that needs no files."
        )
    found = read_layout(Path(source))
    corpus = Corpus(
        str(source),
        [],
        {
            "speaker": sorted({u.speaker for u in found.utterances}),
            "sentence": sorted({u.sentence for u in found.utterances}),
            "gender": list(GENDERS),
            "region": sorted({u.region for u in found.utterances}),
            "utterance": sorted(u.name for u in found.utterances),
        },
        found.skipped,
        found.notes,
    )
    for utterance in found.utterances:
        if utterance.split == split:
            corpus.recordings.append(_recording(utterance, corpus))
    return speech_clips(
        "timit", split, corpus, license=LICENSE, attribution=ATTRIBUTION, phones=True
    )


def _recording(utterance: Utterance, corpus: Corpus) -> Recording:
    phones = ()
    if utterance.phones is not None:
        try:
            phones = read_phones(utterance.phones)
        except RecordingError as error:  # the sound is good without
            corpus.notes.append((utterance.name, str(error)))
    labels = {
        "speaker": utterance.speaker,
        "sentence": utterance.sentence,
        "gender": "female" if utterance.speaker.startswith("f") else "male",
        "region": utterance.region,
    }
    return Recording(utterance.name, labels, partial(_read, utterance.wave), phones)


def _read(path: Path) -> Wave:
    """A recording whose file went away between listing and reading is left out."""
    try:
        return read_wave(path)
    except OSError as error:
        raise RecordingError("unreadable", f"{path}: {error}.") from error
