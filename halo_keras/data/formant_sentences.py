"""Sentences for synthesised voices: random words as sequences of phones, with timing.

A sentence is the same whoever says it: its phones, the shares of time that they take
and the accents of its words. A voice adds how high, how fast and with which tract.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from halo_keras.data.formant_phones import CODAS, ONSETS, SECONDS, STOPS, VOWELS

WORDS = (4, 7)  # least and most: about 3 s, as a sentence of TIMIT
SYLLABLES = (1, 2)
_SHARED, _OWN = 0, 1


@dataclass(frozen=True)
class Sentence:
    """What is said.

    Attributes:
        name: `"sx7"` (read by several speakers) or `"si1007"` (by one), as in TIMIT.
        phones: symbols of `timit_phones.PHONES`, silence at both ends included.
        seconds: duration of each at an average rate of speech.
        accents: relative height of the voice at the middle of each phone, in [-1, 1].
    """

    name: str
    phones: tuple[str, ...]
    seconds: tuple[float, ...]
    accents: tuple[float, ...]


def sentence(name: str, seed: int) -> Sentence:
    """The sentence of this name: the same for the same name and seed."""
    kind = _SHARED if name.startswith("sx") else _OWN
    rng = np.random.default_rng([7, seed, kind, int(name[2:])])
    phones, accents = ["h#"], [0.0]
    for _ in range(rng.integers(WORDS[0], WORDS[1] + 1)):
        height = rng.uniform(-1, 1)
        for _ in range(rng.integers(SYLLABLES[0], SYLLABLES[1] + 1)):
            syllable = _syllable(rng)
            phones += syllable
            accents += [height] * len(syllable)
            height *= 0.5
    phones.append("h#")
    accents.append(0.0)
    stretch = rng.uniform(0.8, 1.25, len(phones))
    seconds = [SECONDS[phone] * s for phone, s in zip(phones, stretch, strict=True)]
    return Sentence(name, tuple(phones), tuple(seconds), tuple(accents))


def _syllable(rng) -> list[str]:
    onset, vowel, coda = (rng.choice(kind) for kind in (ONSETS, VOWELS, CODAS))
    phones = []
    for phone in (onset, vowel, coda):
        if phone in STOPS:
            phones.append(phone + "cl")
        if phone:
            phones.append(str(phone))
    return phones
