"""How the formant synthesiser says each phone: targets of an average male vocal tract.

Formants of vowels are the men's means of Peterson & Barney 1952, table II; all else is
set by ear and eye after the usual accounts of English (Klatt 1980). A phone is one or
several steps, each held for a share of its duration.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """What the vocal tract does for a share of a phone.

    Attributes:
        formants: F1, F2, F3 in Hz, of a tract of average male length.
        voicing: amplitude of the vibrating folds.
        breath: amplitude of noise at the folds (aspiration), shaped by the formants.
        noise: amplitude of noise at a constriction (frication), shaped by `centre`
            and `width` in Hz.
        share: of the phone's duration.
    """

    formants: tuple[float, float, float]
    voicing: float = 1.0
    breath: float = 0.0
    noise: float = 0.0
    centre: float = 4000.0
    width: float = 1000.0
    share: float = 1.0


_VOWELS = {
    "iy": (270, 2290, 3010),
    "ih": (390, 1990, 2550),
    "eh": (530, 1840, 2480),
    "ae": (660, 1720, 2410),
    "ah": (640, 1190, 2390),
    "aa": (730, 1090, 2440),
    "ao": (570, 840, 2410),
    "uh": (440, 1020, 2240),
    "uw": (300, 870, 2240),
    "er": (490, 1350, 1690),
}
_DIPHTHONGS = {
    "ey": ("eh", "iy"),
    "ay": ("aa", "iy"),
    "oy": ("ao", "iy"),
    "aw": ("aa", "uw"),
    "ow": ("ao", "uw"),
}
_SONORANTS = {
    "m": ((250, 1100, 2200), 0.35),
    "n": ((250, 1650, 2600), 0.35),
    "ng": ((250, 2000, 2700), 0.35),
    "l": ((360, 1050, 2800), 0.6),
    "r": ((330, 1150, 1500), 0.6),
    "w": ((300, 700, 2200), 0.55),
    "y": ((280, 2250, 3000), 0.55),
}
# Formants towards which neighbours move, voicing, noise, its centre and width.
_FRICATIVES = {
    "f": ((400, 1100, 2100), 0.0, 0.10, 6000, 5000),
    "th": ((400, 1400, 2600), 0.0, 0.10, 6800, 3500),
    "s": ((350, 1700, 2600), 0.0, 0.55, 5800, 1800),
    "sh": ((350, 1900, 2500), 0.0, 0.55, 3200, 1200),
    "v": ((300, 1100, 2100), 0.35, 0.06, 6000, 5000),
    "z": ((300, 1700, 2600), 0.35, 0.30, 5800, 1800),
    "zh": ((300, 1900, 2500), 0.35, 0.30, 3200, 1200),
}
# Formants, is it voiced, centre and width of the burst.
_STOPS = {
    "p": ((350, 900, 2100), False, 1000, 1500),
    "t": ((350, 1750, 2650), False, 4800, 2200),
    "k": ((350, 1950, 2350), False, 2000, 800),
    "b": ((300, 900, 2100), True, 1000, 1500),
    "d": ((300, 1750, 2650), True, 4800, 2200),
    "g": ((300, 1950, 2350), True, 2000, 800),
}
_REST = (500, 1500, 2500)


def _steps() -> dict[str, tuple[Step, ...]]:
    steps = {phone: (Step(formants),) for phone, formants in _VOWELS.items()}
    for phone, (first, last) in _DIPHTHONGS.items():
        ends = Step(_VOWELS[first], share=0.6), Step(_VOWELS[last], share=0.4)
        steps[phone] = ends
    for phone, (formants, voicing) in _SONORANTS.items():
        steps[phone] = (Step(formants, voicing),)
    for phone, (formants, voicing, noise, centre, width) in _FRICATIVES.items():
        steps[phone] = (Step(formants, voicing, 0.0, noise, centre, width),)
    for phone, (formants, voiced, centre, width) in _STOPS.items():
        # The closure is a phone of its own, as in TIMIT: `bcl` before `b`.
        hum = 0.12 if voiced else 0.0
        steps[phone + "cl"] = (Step((220, *formants[1:]), voicing=hum),)
        burst = Step(formants, 0.3 * voiced, 0.0, 0.7, centre, width, share=0.4)
        after = Step(
            formants, 0.5 * voiced, 0.0 if voiced else 0.35, 0.0, centre, width, 0.6
        )
        steps[phone] = (burst, after)
    steps["hh"] = (Step(_REST, voicing=0.0, breath=0.5),)
    steps["h#"] = steps["pau"] = (Step(_REST, voicing=0.0),)
    return steps


STEPS = _steps()
VOWELS = (*_VOWELS, *_DIPHTHONGS)
# Consonants before and after a vowel; stops stand for closure and burst.
ONSETS = ("", *_STOPS, *_FRICATIVES, "m", "n", "l", "r", "w", "y", "hh")
CODAS = ("", "", "p", "t", "k", "b", "d", "g", *_FRICATIVES, "m", "n", "ng", "l")
STOPS = tuple(_STOPS)
# Mean durations in seconds at an average rate of speech.
SECONDS = {
    **dict.fromkeys(_VOWELS, 0.11),
    **dict.fromkeys(_DIPHTHONGS, 0.15),
    **dict.fromkeys(_SONORANTS, 0.065),
    **dict.fromkeys(_FRICATIVES, 0.09),
    **{phone + "cl": 0.05 for phone in _STOPS},
    **{phone: 0.05 if phone in "ptk" else 0.025 for phone in _STOPS},
    "hh": 0.06,
    "pau": 0.1,
    "h#": 0.1,
}
