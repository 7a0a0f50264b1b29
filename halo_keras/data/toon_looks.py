"""Who a toon face is: one vector of uniform numbers decides every lasting feature.

`identity_vectors` draws it and `looks` turns it into colours, sizes and styles. Lengths
are in units of a head's usual half width, colours are RGB in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# What the numbers of an identity vector decide, in order.
FEATURES = (
    *("skin", "skin_warmth", "head_width", "head_height", "jaw_width", "jaw_shape"),
    *("hair_style", "hair_colour", "hair_volume", "hairline", "ears", "shirt"),
    *("eye_spacing", "eye_size", "eye_height", "eye_tilt", "iris_colour", "eye_y"),
    *("brow_thickness", "brow_slant", "brow_y", "nose_style", "nose_width"),
    *("nose_length", "mouth_width", "mouth_y", "lip_fullness", "lip_colour"),
    *("resting_smile", "glasses", "glasses_colour", "facial_hair", "freckles"),
    *("expressive_brows", "expressive_mouth"),
)
HAIR_STYLES = (
    *("bald", "short", "fringe", "side", "long", "bob", "curly", "spiky"),
    *("bun", "mohawk", "cap", "receding"),
)
FACIAL_HAIR = ("none", "moustache", "beard", "goatee")
GLASSES = ("none", "round", "square")
NOSE_STYLES = ("round", "pointed", "wide")

_SKINS = (
    *("f7dcc8", "f0c8a8", "e8b890", "d9a066", "c68642"),
    *("a86a3c", "8d5524", "6b4226", "4e3020", "d8b0a0"),
)
_HAIRS = (
    *("17120f", "3b2417", "6a4022", "a8743a", "e0c070"),
    *("b8401c", "8c8c8c", "e8e4dc", "3050a0", "c04890"),
)
_IRISES = ("3a2413", "7a5230", "3f7d4a", "3f78b0", "7d8a92", "a07a1c")
_LIPS = ("b5605a", "9c4242", "c8807a", "7c3a34")
_SHIRTS = ("b03a2e", "2e6db0", "2e8b57", "d0a020", "6a4a9c", "e0e0e0", "303438")
_FRAMES = ("141414", "7a2020", "20407a", "c8a028")


@dataclass(frozen=True)
class Looks:
    """A face at rest, decoded from an identity vector."""

    skin: np.ndarray
    hair_colour: np.ndarray
    iris_colour: np.ndarray
    lip_colour: np.ndarray
    shirt: np.ndarray
    glasses_colour: np.ndarray
    hair_style: str
    facial_hair: str
    glasses: str
    nose_style: str
    freckles: bool
    head_width: float
    head_height: float
    jaw_width: float
    jaw_shape: float
    hair_volume: float
    hairline: float
    ears: float
    eye_spacing: float
    eye_size: float
    eye_height: float
    eye_tilt: float
    eye_y: float
    brow_thickness: float
    brow_slant: float
    brow_y: float
    nose_width: float
    nose_length: float
    mouth_width: float
    mouth_y: float
    lip_fullness: float
    resting_smile: float
    expressive_brows: float
    expressive_mouth: float


# The continuous features: lowest and highest value.
_RANGES = {
    "head_width": (0.86, 1.06),
    "head_height": (1.12, 1.3),
    "jaw_width": (0.55, 1.0),
    "jaw_shape": (1.6, 3.2),
    "hair_volume": (0.0, 1.0),
    "hairline": (-0.86, -0.62),
    "ears": (0.14, 0.27),
    "eye_spacing": (0.36, 0.46),
    "eye_size": (0.19, 0.26),
    "eye_height": (0.11, 0.16),
    "eye_tilt": (-0.05, 0.05),
    "eye_y": (-0.16, -0.06),
    "brow_thickness": (0.09, 0.17),
    "brow_slant": (-0.03, 0.05),
    "brow_y": (0.27, 0.34),
    "nose_width": (0.11, 0.22),
    "nose_length": (0.34, 0.5),
    "mouth_width": (0.3, 0.44),
    "mouth_y": (0.62, 0.72),
    "lip_fullness": (0.05, 0.1),
    "resting_smile": (-0.04, 0.04),
    "expressive_brows": (0.85, 1.15),
    "expressive_mouth": (0.85, 1.15),
}


def identity_vectors(seed: int, subjects) -> np.ndarray:
    """Uniform numbers in [0, 1), `(num_subjects, len(FEATURES))`, float64.

    The row of a subject depends on nothing but the seed and the subject's number.
    """
    rows = [np.random.default_rng([seed, int(s)]).random(64) for s in subjects]
    return np.stack(rows)[:, : len(FEATURES)]


def looks(identity: np.ndarray) -> Looks:
    """The face at rest of one identity vector `(len(FEATURES),)`."""
    u = dict(zip(FEATURES, np.asarray(identity, np.float64), strict=True))
    values = {name: lo + (hi - lo) * u[name] for name, (lo, hi) in _RANGES.items()}
    skin = _colour(_SKINS, u["skin"])
    warmth = np.array([0.03, 0.0, -0.04]) * (2 * u["skin_warmth"] - 1)
    return Looks(
        skin=np.clip(skin + warmth, 0, 1),
        hair_colour=_colour(_HAIRS, u["hair_colour"]),
        iris_colour=_colour(_IRISES, u["iris_colour"]),
        # Lips are seen against any skin: half their own colour, half a redder skin.
        lip_colour=0.6 * _colour(_LIPS, u["lip_colour"])
        + 0.4 * skin * np.array([0.9, 0.55, 0.55]),
        shirt=_colour(_SHIRTS, u["shirt"]),
        glasses_colour=_colour(_FRAMES, u["glasses_colour"]),
        hair_style=_pick(HAIR_STYLES, u["hair_style"]),
        facial_hair=_pick(("none",) * 4 + FACIAL_HAIR, u["facial_hair"]),
        glasses=_pick(("none",) * 3 + GLASSES, u["glasses"]),
        nose_style=_pick(NOSE_STYLES, u["nose_style"]),
        freckles=bool(u["freckles"] < 0.2),
        **values,
    )


def _pick(choices, uniform):
    return choices[min(int(uniform * len(choices)), len(choices) - 1)]


def _colour(palette, uniform) -> np.ndarray:
    code = _pick(palette, uniform)
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)])
