"""Toon faces from their shapes to pixels: pose, painting, background and light.

A point of the head is turned by yaw (about y), pitch (about x) and roll (in the image
plane), projected orthographically and painted by Pillow on a canvas of `SUPER` times
the size, which is averaged down: edges are smooth in space and time.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.toon_expressions import displacements
from halo_keras.data.toon_features import (
    brows,
    eyes,
    glasses,
    lips,
    marks,
    mouth,
    nose,
)
from halo_keras.data.toon_hair import back_hair, facial_hair, front_hair
from halo_keras.data.toon_head import Head, Shape, body, skull
from halo_keras.data.toon_looks import Looks, looks

SIZE = 64  # height and width in pixels
SUPER = 4
UNIT = 19.0  # pixels of half a head's usual width, at scale 1
_MIDDLE = np.array([32.0, 35.0])


def face_shapes(face: Looks, controls: dict[str, np.ndarray]) -> list[Shape]:
    """Everything there is to paint, from back to front.

    Args:
        face: the face at rest.
        controls: see `toon_expressions.displacements`, each `(T,)`.
    """
    own = {}
    for name, value in controls.items():
        brow = name.startswith("brow")
        own[name] = value * (face.expressive_brows if brow else face.expressive_mouth)
    head = Head(face, own)
    parts = [back_hair(head), body(face), skull(head), marks(head), nose(head)]
    parts += [facial_hair(head, lips(head)), mouth(head), eyes(head)]
    parts += [front_hair(head), brows(head), glasses(head)]
    return [shape for part in parts for shape in part]


def project(points, yaw, pitch, roll, scale, shift) -> np.ndarray:
    """Pixels (x, y) of points in space: `(T, n, 2)`, (0, 0) the upper left corner.

    Args:
        points: `(T or 1, n, 3)` in half head widths.
        yaw, roll: `(T,)` in radians; positive turns to, and leans to, the image's
            right.
        pitch, scale: numbers, radians and 1.
        shift: (x, y) in pixels.
    """
    x, y, z = np.moveaxis(np.asarray(points, np.float64), -1, 0)
    yaw, roll = np.asarray(yaw)[:, None], np.asarray(roll)[:, None]
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    y = y * np.cos(pitch) + z * np.sin(pitch)
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    return _MIDDLE + np.asarray(shift) + UNIT * scale * np.stack([x, y], axis=-1)


def draw_clip(state: dict, times: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    """The frames of one clip: `(T, 64, 64, 3)` uint8.

    Args:
        state: one clip's entry of every state; see `toon_faces.load_toon_faces`.
        times: `(T,)`, intensity: `(T,)`.
    """
    yaw, pitch, roll = pose(state, times)
    shapes = face_shapes(
        looks(state["identity"]), displacements(state["expression"], intensity)
    )
    # All points at once: a shape has too few to be worth a call.
    count = len(times)
    points = [np.broadcast_to(s.points, (count, *s.points.shape[1:])) for s in shapes]
    pixels = project(
        np.concatenate(points, axis=1),
        yaw,
        pitch,
        roll,
        state["scale"],
        state["shift"],
    )
    pixels = np.split(pixels, np.cumsum([p.shape[1] for p in points])[:-1], axis=1)
    frames = _paint(shapes, pixels, _background(state["background"]))
    return np.rint(np.clip(frames * _light(state), 0, 255)).astype(np.uint8)


def pose(state: dict, times):
    """Yaw, pitch and roll in radians at `times`: the clip's pose and a slow sway.

    Yaw and roll `(T,)`; pitch, a number, does not change.
    """
    turn = np.sin(np.multiply.outer(times, state["sway_rate"]) + state["sway_phase"])
    degrees = np.array([state["yaw"], state["roll"]]) + state["sway"] * turn
    yaw, roll = np.deg2rad(degrees).T
    return yaw, np.deg2rad(state["pitch"]), roll


def _paint(shapes, pixels, background) -> np.ndarray:
    from PIL import Image, ImageDraw

    canvas = Image.fromarray(background).resize(
        (SIZE * SUPER, SIZE * SUPER), Image.Resampling.BILINEAR
    )
    jobs = []
    for shape, place in zip(shapes, pixels, strict=True):
        colour = np.broadcast_to(shape.colour, (len(place), 3))
        fills = map(tuple, np.rint(255 * colour).astype(int).tolist())
        width = round(shape.width * UNIT * SUPER)
        jobs.append((list(fills), (SUPER * place).reshape(len(place), -1), width))
    frames = []
    for t in range(len(pixels[0])):
        image = canvas.copy()
        draw = ImageDraw.Draw(image)
        for fills, place, width in jobs:
            if width:
                draw.line(place[t].tolist(), fills[t], width)
            else:
                draw.polygon(place[t].tolist(), fills[t])
        frames.append(np.asarray(image.reduce(SUPER)))
    return np.stack(frames)


def _background(u) -> np.ndarray:
    """Two colours that run into each other, and a soft spot of a third."""
    across = (np.arange(SIZE) + 0.5) / SIZE
    y, x = np.meshgrid(across, across, indexing="ij")
    # Duller than faces, so that a model's loss is not all background.
    first, second, third = 0.2 + 0.6 * np.asarray(u[:9]).reshape(3, 3)
    angle = 2 * np.pi * u[9]
    along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    mix = np.clip(0.5 + (0.7 + 3 * u[12]) * along, 0, 1)[..., None]
    far = np.hypot(x - u[10], y - u[11]) / 0.35
    spot = np.clip(2 - 2 * far, 0, 1)[..., None]
    colour = first + mix * (second - first)
    colour = colour + spot * (third - colour)
    return np.rint(255 * colour).astype(np.uint8)


def _light(state) -> np.ndarray:
    """What the light multiplies the picture by: `(64, 64, 1)`."""
    across = np.linspace(-1, 1, SIZE)
    x, y = np.cos(state["light_angle"]), np.sin(state["light_angle"])
    slope = x * across + y * across[:, None]
    return (state["light_level"] * (1 + state["light_slope"] * slope))[..., None]
