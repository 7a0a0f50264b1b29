"""Discs with soft edges on grey: DeepMind's dm_hamiltonian_dynamics_suite.

The picture is the unit square with pixels at the points of a 32 x 32 grid whose
outermost ones lie on its border. A disc of radius r at distance d from a pixel covers
it by

    sigmoid(80 (r - d));

the first body lies on top of the second. The background is not black, which "gave
training problems" there. World coordinates in [-half_size, half_size] are the unit
square; y points up (the suite stores pictures upside down).
"""

from __future__ import annotations

import colorsys

import numpy as np

SIZE = 32
BACKGROUND = (0.321, 0.349, 0.368)
SHARPNESS = 80.0
NUM_HUES = 6
_FRAMES_A_CHUNK = 256


def draw_suite(centres, radius, colour, half_size) -> np.ndarray:
    """`(N, T, 32, 32, 3)` uint8.

    Args:
        centres: `(N, T, num_bodies, 2)` in world coordinates.
        radius: `(N, num_bodies)` in world coordinates.
        colour: `(N, num_bodies, 3)` in [0, 1].
        half_size: `(N,)`.
    """
    frames = np.empty((*centres.shape[:2], SIZE, SIZE, 3), np.uint8)
    grid = np.linspace(0, 1, SIZE, dtype=np.float32)
    chunk = max(1, _FRAMES_A_CHUNK // centres.shape[1])  # stays in the cache
    for low in range(0, len(centres), chunk):
        rows = slice(low, low + chunk)
        size = 2 * half_size[rows, None, None, None]
        places = (centres[rows] * [1, -1] / size + 0.5).astype(np.float32)
        edges = (radius[rows] / size[:, 0, 0]).astype(np.float32)
        colours = (255 * colour[rows]).astype(np.float32)
        image = 255 * np.float32(BACKGROUND)
        for body in reversed(range(centres.shape[2])):
            square = (grid - places[:, :, body, :, None]) ** 2
            across, down = square[:, :, 0], square[:, :, 1]
            cover = np.sqrt(down[..., :, None] + across[..., None, :])
            cover -= edges[:, body, None, None, None]
            # Cut off where float32 has nothing left, so that exp does not overflow.
            cover = np.exp(np.clip(SHARPNESS * cover, -80, 80, out=cover), out=cover)
            cover = (1 / (1 + cover))[..., None]
            image = image + cover * (colours[:, body, None, None, None] - image)
        frames[rows] = image + np.float32(0.5)
    return frames


def hues(num_bodies: int) -> np.ndarray:
    """`(num_bodies, 3)`: evenly spaced hues, saturated and bright, red first."""
    return np.array([_rgb(k / num_bodies) for k in range(num_bodies)])


def drawn_hues(draws: np.ndarray, num_bodies: int) -> tuple[np.ndarray, np.ndarray]:
    """`(N, num_bodies)` of 6 hues, none twice in a clip, and their colours.

    Args:
        draws: uniform numbers `(N, 6)`.
    """
    chosen = np.argsort(draws[:, :NUM_HUES], axis=1)[:, :num_bodies]
    table = np.array([_rgb(k / NUM_HUES) for k in range(NUM_HUES)])
    return chosen, table[chosen]


def _rgb(hue: float) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(hue, 1.0, 1.0)
