"""Voices for the formant synthesiser: half women, half men, no two tracts alike.

The mean of F0 and the length of the vocal tract differ most between speakers; besides,
each has formants of its own, a source that is bright or dull, more or less breath in
it, a rate of speech and a liveliness of pitch. All of it is drawn, and independent of
what is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

GENDERS = ("female", "male")
# Hz, which no contour leaves: a mean is drawn so that its highest and lowest points
# (`EXCURSION` from it) lie within.
F0_RANGES = {"female": (165.0, 255.0), "male": (85.0, 155.0)}
EXCURSION = 0.085
# Formants relative to the average male tract: about its length over the voice's.
SCALES = {"female": (1.1, 1.28), "male": (0.93, 1.08)}
NEUTRAL = (3500.0, 4500.0, 5500.0, 6500.0)  # Hz: F4 to F7 of a uniform tube of 17.5 cm
_SPLITS = {"train": 0, "test": 1}
_LETTERS = "bcdfghjklmnprstvwz"


@dataclass(frozen=True)
class Voice:
    """A speaker of the formant synthesiser.

    Attributes:
        name: as TIMIT names speakers, beginning with `f` or `m`.
        gender: `"female"` or `"male"`.
        f0: mean frequency of the folds in Hz.
        liveliness: height of an accent relative to `f0`.
        rate: of speech, 1 on average.
        scale: of all formants.
        formants: own factor of each of F1 ... F7.
        bandwidth: factor of all bandwidths.
        brightness: Hz up to which the source falls by 6 dB an octave, then by 12.
        breathiness: noise in a voiced sound.
        seed: of its noise.
    """

    name: str
    gender: str
    f0: float
    liveliness: float
    rate: float
    scale: float
    formants: tuple[float, ...]
    bandwidth: float
    brightness: float
    breathiness: float
    seed: int

    def tract(self, targets: np.ndarray) -> np.ndarray:
        """F1 ... F7 in Hz, `(n, 7)`, from F1 ... F3 of the average tract `(n, 3)`."""
        upper = np.broadcast_to(NEUTRAL, (len(targets), len(NEUTRAL)))
        average = np.concatenate([targets, upper], axis=1)
        return average * self.scale * np.asarray(self.formants)

    def constriction(self, centre: np.ndarray) -> np.ndarray:
        """Centre in Hz of noise at a constriction: the cavity before it is smaller."""
        return centre * np.sqrt(self.scale)


def voices(split: str, count: int, seed: int) -> list[Voice]:
    """The first `count` voices of a split, women and men in turn.

    Voice i is the same whatever `count`; the splits share none.
    """
    return [_voice(split, index, seed) for index in range(count)]


def _voice(split: str, index: int, seed: int) -> Voice:
    rng = np.random.default_rng([11, seed, _SPLITS[split], index])
    gender = GENDERS[index % 2]
    low, high = F0_RANGES[gender]
    return Voice(
        name=speaker_name(split, index),
        gender=gender,
        f0=rng.uniform(low / (1 - EXCURSION), high / (1 + EXCURSION)),
        liveliness=rng.uniform(0.0, 0.04),
        rate=rng.uniform(0.85, 1.2),
        scale=rng.uniform(*SCALES[gender]),
        formants=tuple(rng.uniform(0.94, 1.06, 3)) + tuple(rng.uniform(0.93, 1.07, 4)),
        bandwidth=rng.uniform(0.8, 1.5),
        brightness=rng.uniform(1500.0, 5000.0),
        breathiness=rng.uniform(0.0, 0.3),
        seed=int(rng.integers(2**31)),
    )


def speaker_name(split: str, index: int) -> str:
    """`f` or `m`, three letters (the first tells the split) and 9: none is TIMIT's."""
    initial = GENDERS[index % 2][0]
    pairs = list(product(_LETTERS, repeat=2))
    second, third = pairs[index // 2 % len(pairs)]
    return f"{initial}{'xy'[_SPLITS[split]]}{second}{third}9"
