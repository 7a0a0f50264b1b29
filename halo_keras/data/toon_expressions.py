"""What a toon face does: six expressions, each an onset, an apex and an offset.

An expression is a fixed displacement of the face's controls (after the action units of
Ekman & Friesen's FACS), scaled by an intensity that is a function of real time,

    i(t) = peak * s((t - start) / onset)                   while it grows,
           peak                                            at the apex,
           peak * s((end - t) / offset)                    while it fades,
    s(x) = (1 - cos(pi clip(x, 0, 1))) / 2,   end = start + onset + apex + offset,

so that a clip is known exactly at any time, speed and direction.
"""

from __future__ import annotations

import numpy as np

ACTION_NAMES = ["anger", "disgust", "fear", "happiness", "sadness", "surprise"]

# Displacements at intensity 1, up and outwards positive, in half head widths; lids
# in parts of the eye's opening, `mouth_open` from lip to lip, `round` and the three
# marks (frown lines, wrinkled nose, raised cheeks) and teeth in [0, 1].
CONTROLS = (
    *("brow_inner", "brow_outer", "brow_pinch", "lid_upper", "lid_lower", "gaze"),
    *("corner_lift", "mouth_stretch", "mouth_open", "upper_lip", "round", "jaw"),
    *("teeth", "frown", "wrinkle", "cheek"),
)
_EXPRESSIONS = {
    "anger": {
        **{"brow_inner": -0.17, "brow_outer": 0.05, "brow_pinch": 0.08, "frown": 1},
        **{"lid_upper": -0.3, "lid_lower": 0.3, "corner_lift": -0.07},
        **{"mouth_stretch": 0.02, "mouth_open": 0.15, "teeth": 1, "round": 0.8},
    },
    "disgust": {
        **{"brow_inner": -0.11, "brow_outer": -0.07, "brow_pinch": 0.03},
        **{"lid_upper": -0.45, "lid_lower": 0.55, "wrinkle": 1, "cheek": 0.5},
        **{"corner_lift": -0.17, "mouth_stretch": -0.03, "mouth_open": 0.13},
        **{"upper_lip": 0.1, "teeth": 0.9},
    },
    "fear": {
        **{"brow_inner": 0.2, "brow_outer": 0.0, "brow_pinch": 0.07},
        **{"lid_upper": 0.5, "lid_lower": -0.1, "corner_lift": -0.08},
        **{"mouth_stretch": 0.14, "mouth_open": 0.2, "round": 0.6, "jaw": 0.06},
    },
    "happiness": {
        **{"brow_inner": 0.03, "brow_outer": 0.04, "lid_upper": -0.15},
        **{"lid_lower": 0.5, "corner_lift": 0.2, "mouth_stretch": 0.17},
        **{"mouth_open": 0.2, "teeth": 0.6, "cheek": 1, "jaw": 0.04},
    },
    "sadness": {
        **{"brow_inner": 0.15, "brow_outer": -0.12, "brow_pinch": 0.05},
        **{"lid_upper": -0.4, "gaze": -0.06, "corner_lift": -0.18},
        **{"mouth_stretch": -0.07},
    },
    "surprise": {
        **{"brow_inner": 0.19, "brow_outer": 0.19, "lid_upper": 0.45},
        **{"lid_lower": -0.1, "mouth_stretch": -0.15, "mouth_open": 0.38},
        **{"round": 1, "jaw": 0.18},
    },
}


def displacements(expression: int, intensity: np.ndarray) -> dict[str, np.ndarray]:
    """Every control at every intensity: dict of `intensity.shape` arrays."""
    table = _EXPRESSIONS[ACTION_NAMES[int(expression)]]
    return {name: table.get(name, 0.0) * intensity for name in CONTROLS}


def intensity(states: dict, times) -> np.ndarray:
    """i(t), 0 for a neutral face: `(num_clips, num_times)` float64 in [0, 1].

    Args:
        states: gives `start`, `onset`, `apex`, `offset` in frames and `peak` in
            (0, 1], each `(num_clips,)`.
        times: `(num_times,)` or `(num_clips, num_times)`, real, in frames.
    """
    times = np.atleast_2d(np.asarray(times, np.float64))
    since = times - np.asarray(states["start"])[:, None]
    onset, apex, offset, peak = (
        np.asarray(states[name])[:, None]
        for name in ("onset", "apex", "offset", "peak")
    )
    # At any time at most one of the two is below 1.
    grown = np.clip(since / onset, 0, 1)
    left = np.clip((onset + apex + offset - since) / offset, 0, 1)
    return peak * (1 - np.cos(np.pi * np.minimum(grown, left))) / 2


def draw_timing(uniform: np.ndarray, duration: np.ndarray) -> dict[str, np.ndarray]:
    """Onset, apex and offset of variable length that fit into a clip.

    Args:
        uniform: `(num_clips, 5)` in [0, 1).
        duration: `(num_clips,)`, time of a clip's last frame.

    Returns: `start`, `onset`, `apex`, `offset` (their sum <= duration), `peak`.
    """
    event = duration * (0.6 + 0.4 * uniform[:, 0])
    onset, offset = 0.25 + 0.15 * uniform[:, 2:4].T
    return {
        "start": (duration - event) * uniform[:, 1],
        "onset": event * onset,
        "apex": event * (1 - onset - offset),
        "offset": event * offset,
        "peak": 0.8 + 0.2 * uniform[:, 4],
    }
