"""Synthesised speakers: a stand-in for TIMIT that needs no files and knows its truth.

Voices of `formant_speakers` say sentences of `formant_sentences`, as TIMIT has it: 8
sentences a speaker, 5 that others say too (`sx`) and 3 of his or her own (`si`), and
no speaker and no sentence in both splits. These are buzzing machine voices saying
nonsense; wherever numbers of them appear they are named as such.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from halo_keras.data import spectrogram
from halo_keras.data.balls import check_count
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.formant_sentences import sentence
from halo_keras.data.formant_speakers import GENDERS, Voice, voices
from halo_keras.data.formant_synthesis import Utterance, say
from halo_keras.data.registry import register
from halo_keras.data.speech_clips import Corpus, Recording, speech_clips
from halo_keras.data.wav_files import Wave

LICENSE = "Apache-2.0"
ATTRIBUTION = (
    "computed by halo-keras with a formant synthesiser after Klatt 1980; formants of "
    "vowels from Peterson & Barney 1952"
)
NUM_SPEAKERS = {"train": 96, "test": 24}
SHARED, OWN = 5, 3  # sentences a speaker
_POOLS = {"train": (1, 60), "test": (61, 15)}  # first number and count of `sx`
_OWN_FROM = {"train": 1000, "test": 5000}


@register("formant_voices")
def load_formant_voices(
    split: str, *, num_speakers: int | None = None, seed: int = 0
) -> ClipDataset:
    """Segments of synthesised speech, `(num_clips, 20, 200)` float32.

    Labels beside those of `speech_clips`: `speaker`, `sentence` and `gender`. States:
    `phone` as in `timit`, and `f0` `(num_clips, 20)` float64, the frequency in Hz at
    each frame's centre, 0 without voice.

    Args:
        split: `"train"` (96 speakers by default) or `"test"` (24: with 8 sentences
            each 192 utterances, 18,336 pairs).
        num_speakers: speaker i is the same whatever this number. Half are women, with
            F0 in [165, 255] Hz, half men, with F0 in [85, 155] Hz.
        seed: of voices and sentences.

    Raises: ConfigError or ValueError on a number out of range.
    """
    counts = {
        part: check_count(
            default if num_speakers is None else num_speakers, part, "num_speakers"
        )
        for part, default in NUM_SPEAKERS.items()
    }
    said = {
        part: [
            (voice, text)
            for index, voice in enumerate(voices(part, count, seed))
            for text in sentence_names(part, index)
        ]
        for part, count in counts.items()
    }
    everything = [pair for part in said.values() for pair in part]
    names = {
        "speaker": sorted({voice.name for voice, _ in everything}),
        "sentence": sorted({text for _, text in everything}),
        "gender": list(GENDERS),
        "utterance": sorted(f"{voice.name}-{text}" for voice, text in everything),
    }
    corpus, f0 = Corpus("formant_voices", [], names), []
    for voice, text in said[split]:
        utterance = say(voice, sentence(text, seed))
        corpus.recordings.append(_recording(voice, text, utterance))
        f0.append(_at_frames(utterance.f0))
    dataset = speech_clips(
        "formant_voices",
        split,
        corpus,
        license=LICENSE,
        attribution=ATTRIBUTION,
        phones=True,
    )
    return replace(dataset, states={**dataset.states, "f0": np.concatenate(f0)})


def sentence_names(split: str, index: int) -> list[str]:
    """What speaker `index` of the split says: five `sx`, three `si`."""
    first, count = _POOLS[split]
    shared = [f"sx{first + (SHARED * index + i) % count}" for i in range(SHARED)]
    own = _OWN_FROM[split] + OWN * index
    return [*shared, *(f"si{own + i}" for i in range(OWN))]


def _recording(voice: Voice, text: str, utterance: Utterance) -> Recording:
    labels = {"speaker": voice.name, "sentence": text, "gender": voice.gender}
    wave = Wave(utterance.samples, ())
    return Recording(f"{voice.name}-{text}", labels, lambda: wave, utterance.phones)


def _at_frames(f0: np.ndarray) -> np.ndarray:
    """F0 at the centres of frames, 0 in the padding: `(num_segments, 20)`."""
    padded = np.zeros(spectrogram.num_segments(len(f0)) * spectrogram.SEGMENT_SAMPLES)
    padded[: len(f0)] = f0
    return padded[:: spectrogram.HOP].reshape(-1, spectrogram.SEGMENT_FRAMES)
