"""The head of a toon face in space, and the shapes that are painted on it.

x to the viewer's right, y down, z towards the viewer, in half head widths, origin in
the middle of the head, which is the ellipsoid

    (x / w)^2 + (y / h)^2 + (z / DEPTH)^2 = 1

with features on its front. All frames of a clip at once: controls are `(T,)` arrays,
points `(T or 1, n, 3)`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from halo_keras.data.toon_looks import Looks

DEPTH = 0.9
_ROUND = np.linspace(0, 2 * np.pi, 20, endpoint=False)


class Shape(NamedTuple):
    """Filled polygon, or a line if `width` (in half head widths) is above 0.

    points: `(T or 1, n, 3)`. colour: `(3,)`, or `(T, 3)` that changes; RGB in [0, 1].
    """

    points: np.ndarray
    colour: np.ndarray
    width: float = 0.0


class Head:
    """Where the features of one face lie while its controls move."""

    def __init__(self, looks: Looks, controls: dict[str, np.ndarray]):
        self.looks = looks
        self.controls = {name: value[:, None] for name, value in controls.items()}

    def front(self, x, y, lift=0.0) -> np.ndarray:
        """Points on (or `lift` above) the face at (x, y), the jaw where it is."""
        x, y = np.broadcast_arrays(np.atleast_2d(x), np.atleast_2d(y))
        w, h = self.looks.head_width, self.looks.head_height
        z = DEPTH * np.sqrt(np.clip(1 - (x / w) ** 2 - (y / h) ** 2, 0, 1)) + lift
        return self._with_jaw(x, y, z)

    def rim(self, x, y, z=0.0) -> np.ndarray:
        """Points on the head's outline, the jaw where it is."""
        x, y = np.broadcast_arrays(np.atleast_2d(x), np.atleast_2d(y))
        return self._with_jaw(x, y, np.full(x.shape, z))

    def _with_jaw(self, x, y, z) -> np.ndarray:
        hangs = np.clip((y - 0.5) / 0.7, 0, 1)
        y = y + self.controls["jaw"] * hangs**2 * (3 - 2 * hangs)
        return np.stack(np.broadcast_arrays(x, y, z), axis=-1)

    def between(self, x, upper, lower, lift=0.0) -> np.ndarray:
        """The region of the face between two curves over the same x."""
        x, upper, lower = np.broadcast_arrays(np.atleast_2d(x), upper, lower)
        x = np.concatenate([x, x[:, ::-1]], axis=1)
        return self.front(x, np.concatenate([upper, lower[:, ::-1]], axis=1), lift)

    def outline(self, angle, grow=0.0):
        """(x, y) of the head's outline; angle 0 is the top, pi / 2 the right side.

        `grow` moves it outwards. Below the middle it is |x / w|^n + |y / h|^n = 1 with
        the jaw's own n, narrowed towards the chin.
        """
        looks = self.looks
        side, down = np.sin(angle), -np.cos(angle)
        t = np.clip(down, 0, 1)
        low = (1 - t**looks.jaw_shape) ** (1 / looks.jaw_shape)
        low = np.sign(side) * low * (1 - 0.3 * (1 - looks.jaw_width) * t)
        x = np.where(down > 0, low, side) * looks.head_width
        return x + grow * side, looks.head_height * down + grow * down


def body(looks: Looks):
    """Shoulders."""
    x = np.array([-0.55, 0.55, 1.5, 3.0, 3.0, -3.0, -3.0, -1.5])
    y = looks.head_height + np.array([0.1, 0.1, 0.3, 0.7, 3.0, 3.0, 0.7, 0.3])
    yield Shape(np.stack([x, y, np.full(8, -0.3)], axis=-1)[None], looks.shirt)


def skull(head: Head):
    """Neck, ears and the bare head."""
    looks = head.looks
    shade = 0.78 * looks.skin
    bottom = looks.head_height + 0.2
    neck = head.rim([-0.4, 0.4, 0.45, -0.45], [0.6, 0.6, bottom, bottom], -0.3)
    yield Shape(neck, shade)
    for side in (-1, 1):
        x = side * (looks.head_width + 0.02) + 0.55 * looks.ears * np.cos(_ROUND)
        ear = head.rim(x, 0.05 + looks.ears * np.sin(_ROUND), -0.1)
        yield Shape(ear, 0.9 * looks.skin)
        yield Shape(ear[:, [*range(20), 0]], 0.6 * looks.skin, 0.03)
    x, y = head.outline(np.linspace(0, 2 * np.pi, 48))
    yield Shape(head.rim(x, y), looks.skin)
    yield Shape(head.rim(x, y), 0.6 * looks.skin, 0.035)
