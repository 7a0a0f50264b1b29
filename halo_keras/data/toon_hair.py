"""Hair, hats and beards of toon faces."""

from __future__ import annotations

import numpy as np

from halo_keras.data.toon_head import Head, Shape

_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
# The upper outline of a head, from its left side over the top to its right.
_ARC = np.linspace(-1.45, 1.45, 33)


def back_hair(head: Head):
    """What hangs or stands behind the head."""
    looks = head.looks
    style, colour = looks.hair_style, 0.8 * looks.hair_colour
    wide, tall = looks.head_width, looks.head_height
    if style in ("long", "bob"):
        end = 1.5 if style == "long" else 0.85
        x, y = head.outline(_ARC, 0.16 + 0.1 * looks.hair_volume)
        out = wide + 0.2 + 0.15 * looks.hair_volume
        x = np.concatenate([x, [out, 0.9 * out, -0.9 * out, -out]])
        y = np.concatenate([y, [0.8 * end, end, end, 0.8 * end]])
        yield Shape(_still(x, y, -0.2), colour)
    elif style == "curly":
        x, y = _bumps(head, np.linspace(-2.1, 2.1, 61))
        yield Shape(_still(x, y, -0.2), colour)
    elif style == "bun":
        radius = 0.3 + 0.1 * looks.hair_volume
        x, y = radius * np.cos(_TURN), radius * np.sin(_TURN) - tall - 0.22
        yield Shape(_still(x, y, -0.1), colour)


def front_hair(head: Head):
    """What covers the top of the head, down to the hairline."""
    looks = head.looks
    style, colour = looks.hair_style, looks.hair_colour
    if style == "bald":
        return
    if style == "mohawk":
        half, top = 0.16 + 0.1 * looks.hair_volume, looks.head_height
        front = head.front([half, -half], [looks.hairline] * 2)
        crest = _still([-half, -half, half, half], [-0.9, -1.5, -1.5, -0.9], 0.0)
        crest[..., 1] *= top / 1.2
        yield Shape(np.concatenate([front[:1], crest], axis=1), colour)
        return
    if style == "cap":
        yield from _cap(head)
        return
    volume = 0.05 + 0.1 * looks.hair_volume
    angle = _ARC
    if style == "curly":
        x, y = _bumps(head, angle)
    elif style == "spiky":
        angle = np.linspace(-1.45, 1.45, 25)
        spikes = volume + np.where(np.arange(25) % 2, 0.24, 0.0)
        x, y = head.outline(angle, spikes)
    else:
        x, y = head.outline(angle, volume if style != "receding" else 0.04)
    line = head.front(*_hairline(looks))
    rim = _still(x, y, 0.0)
    yield Shape(np.concatenate([rim, line[:1]], axis=1), colour)


def _hairline(looks):
    """The lower edge of the hair on the face, from right to left."""
    s = np.linspace(1, -1, 25)
    height, steep = looks.hairline, 6
    if looks.hair_style == "fringe":
        height = -0.5
    elif looks.hair_style == "receding":
        height, steep = -1.05, 2
    elif looks.hair_style == "side":
        height = looks.hairline + 0.22 * (s - 0.2)
    elif looks.hair_style in ("long", "bob"):
        steep = 3
    # Sideburns end above the middle of the ear.
    y = height + (-0.1 - height) * np.abs(s) ** steep
    if looks.hair_style in ("fringe", "spiky"):
        y = y + np.where(np.arange(25) % 2, 0.07, -0.02) * (1 - s**2)
    return 0.97 * looks.head_width * s, y


def _bumps(head, angle):
    curls = 0.12 + 0.2 * head.looks.hair_volume + 0.05 * np.abs(np.sin(7 * angle))
    return head.outline(angle, curls)


def _cap(head):
    looks = head.looks
    rim = np.linspace(-1.1, 1.1, 21)
    x, y = head.outline(rim, 0.08)
    s = np.linspace(1, -1, 15)
    edge = head.front(0.9 * looks.head_width * s, -0.66 + 0.08 * (1 - s**2))
    dome = np.concatenate([_still(x, y, 0.0), edge[:1]], axis=1)
    yield Shape(dome, looks.shirt)
    x = 0.9 * looks.head_width * s
    yield Shape(
        head.between(x, -0.72 + 0.08 * (1 - s**2), -0.56 + 0.06 * (1 - s**2), 0.12)[:1],
        0.75 * looks.shirt,
    )


def facial_hair(head: Head, lips):
    """Beard, goatee or moustache; `lips` as from `toon_features.lips`."""
    looks = head.looks
    colour = 0.85 * looks.hair_colour
    x, top, _, _, bottom = lips
    if looks.facial_hair == "beard":
        angle = np.linspace(1.6, 2 * np.pi - 1.6, 33)
        rim = head.rim(*head.outline(angle, 0.03))
        s = np.linspace(-1, 1, 17)
        y = 0.3 + 0.14 * (1 - np.abs(s) ** 3)
        cheeks = head.front(0.97 * looks.head_width * s, y)
        yield Shape(np.concatenate([rim, cheeks], axis=1), colour)
    elif looks.facial_hair == "goatee":
        chin = looks.head_height
        lip = bottom.max(axis=1, keepdims=True)
        y = 0.5 * (lip + 0.08 + chin) + 0.5 * (chin - 0.85) * np.sin(_TURN)
        yield Shape(head.front(0.22 * np.cos(_TURN), y), colour)
    if looks.facial_hair in ("moustache", "beard"):
        s = np.linspace(-1, 1, x.shape[1])
        upper = top - 0.02 - 0.13 * np.sqrt(1 - 0.9 * np.abs(s))
        yield Shape(head.between(1.05 * x, upper, top + 0.05 * np.abs(s)), colour)


def _still(x, y, z):
    """Points that no expression moves: `(1, n, 3)`."""
    return np.stack(np.broadcast_arrays(np.asarray(x), y, z), axis=-1)[None]
