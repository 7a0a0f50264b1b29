"""The features of a toon face that an expression moves, and what lies over them."""

from __future__ import annotations

import numpy as np

from halo_keras.data.toon_head import Head, Shape

_DARK = np.array([0.1, 0.07, 0.07])
_MOUTH = np.array([0.32, 0.08, 0.09])
_WHITE = np.array([0.96, 0.96, 0.94])
_ACROSS = np.linspace(-1, 1, 15)
_ROUND = np.linspace(0, 2 * np.pi, 20, endpoint=False)


def marks(head: Head):
    """Freckles, raised cheeks, a wrinkled nose and frown lines: skin that darkens."""
    looks, controls = head.looks, head.controls
    skin = looks.skin
    nose = looks.nose_width
    for side in (-1, 1):
        x, y = 0.55 + 0.2 * np.cos(_ROUND), 0.36 + 0.14 * np.sin(_ROUND)
        blush = skin * np.array([1.0, 0.82, 0.8])
        colour = skin + 0.8 * controls["cheek"] * (blush - skin)
        yield Shape(head.front(side * x, y - 0.06 * controls["cheek"]), colour)
        fold = [1.3 * nose, looks.mouth_width + 0.06, looks.mouth_width + 0.16]
        colour = skin * (1 - 0.4 * controls["cheek"])
        yield Shape(head.front(side * np.array(fold), [0.36, 0.5, 0.64]), colour, 0.05)
        for low in (0.0, 0.1):
            x, y = np.array([0.06, 0.17]) * side, looks.eye_y + 0.12 + low
            colour = skin * (1 - 0.4 * controls["wrinkle"])
            yield Shape(head.front(x, [y, y + 0.06]), colour, 0.045)
        colour = skin * (1 - 0.45 * controls["frown"])
        top = looks.eye_y - looks.brow_y
        yield Shape(head.front([0.07 * side] * 2, [top, top + 0.2]), colour, 0.05)
        if looks.freckles:
            for x, y in ((0.34, 0.25), (0.5, 0.32), (0.44, 0.18), (0.64, 0.24)):
                dot = head.front(side * x + 0.03 * np.cos(_ROUND), y + _dot(0.03))
                yield Shape(dot, 0.7 * skin)


def _dot(radius):
    return radius * np.sin(_ROUND)


def nose(head: Head):
    looks = head.looks
    wide, skin = looks.nose_width, looks.skin
    tip = looks.eye_y + looks.nose_length - 0.05 * head.controls["wrinkle"]
    wide = wide * (1 + 0.15 * head.controls["wrinkle"])
    if looks.nose_style == "pointed":
        x = wide * np.array([0.25, 1.0, -0.2])
        y = tip + np.array([-0.3, 0.02, 0.08])
        yield Shape(head.front(x, y, np.array([0.1, 0.1, 0.2])), 0.8 * skin)
    else:
        tall = 0.09 if looks.nose_style == "wide" else 0.13
        blob = head.front(wide * np.cos(_ROUND), tip + _dot(tall), 0.18)
        yield Shape(blob, 0.88 * skin)
    s = _ACROSS[::2]
    base = head.front(wide * s, tip + 0.09 - 0.07 * s**2, 0.15)
    yield Shape(base, 0.55 * skin, 0.045)


def lips(head: Head):
    """x, then y of: outer upper, inner upper, inner lower and outer lower lip."""
    looks, controls = head.looks, head.controls
    s = _ACROSS[None]
    half = looks.mouth_width + controls["mouth_stretch"]
    lift = looks.resting_smile + controls["corner_lift"]
    # An open mouth hangs from the upper lip, round ones with steep corners.
    steep = 1 - 0.6 * np.clip(controls["round"], 0, 1)
    belly = np.clip(1 - s**2, 0, 1)
    middle = looks.mouth_y - lift * (s**2 - 0.4) - controls["upper_lip"] * belly
    opening = 0.02 + controls["mouth_open"]
    upper = middle - 0.35 * (opening - 0.02) * belly**steep
    lower = upper + opening * belly**steep
    full = looks.lip_fullness * np.sqrt(belly)
    return half * s, upper - 0.8 * full, upper, lower, lower + full


def mouth(head: Head):
    looks = head.looks
    x, top, upper, lower, bottom = lips(head)
    yield Shape(head.between(x, top, bottom), looks.lip_colour)
    yield Shape(head.between(x, upper, lower), _MOUTH)
    gap = lower - upper
    teeth = np.minimum(gap, 0.3 * head.controls["teeth"] * gap.max(axis=1, keepdims=1))
    # Clenched teeth fill the mouth, others show below the upper lip.
    clenched = head.controls["frown"]
    teeth = teeth + clenched * (0.9 * gap - teeth)
    yield Shape(head.between(x, upper, upper + teeth), _WHITE)
    tongue = np.clip(gap - 0.24, 0, 0.1)
    yield Shape(head.between(0.8 * x, lower - tongue, lower), np.array([0.8, 0.4, 0.4]))


def eyes(head: Head):
    looks, controls = head.looks, head.controls
    up = looks.eye_height * np.maximum(1 + controls["lid_upper"], 0.15)
    down = 0.8 * looks.eye_height * (1 - controls["lid_lower"])

    def lids(x):
        belly = np.clip(1 - (x / looks.eye_size) ** 2, 0, 1) ** 0.7
        middle = looks.eye_y - looks.eye_tilt * x / looks.eye_size
        return middle - up * belly, middle + down * belly

    for side in (-1, 1):
        centre = side * looks.eye_spacing
        x = looks.eye_size * _ACROSS
        upper, lower = lids(x)
        place = centre + side * x
        yield Shape(head.between(place, upper, lower), _WHITE)
        for radius, colour in (
            (0.95 * looks.eye_height, looks.iris_colour),
            (0.5 * looks.eye_height, _DARK),
        ):
            x = radius * np.cos(_ROUND)
            y = looks.eye_y - controls["gaze"] + radius * np.sin(_ROUND)
            upper_here, lower_here = lids(x)
            y = np.clip(y, upper_here, lower_here)
            yield Shape(head.front(centre + side * x, y), colour)
        yield Shape(head.front(place, lower), 0.6 * looks.skin, 0.035)
        yield Shape(head.front(place, upper), _DARK, 0.06)


def brows(head: Head):
    looks, controls = head.looks, head.controls
    s = np.linspace(0, 1, 8)[None]
    colour = 0.55 * looks.hair_colour + 0.45 * _DARK
    for side in (-1, 1):
        x = looks.eye_spacing + 0.5 * (s - 0.5) - (1 - s) * controls["brow_pinch"]
        raised = controls["brow_inner"] * (1 - s) + controls["brow_outer"] * s
        raised = raised + looks.brow_slant * (s - 0.5) + 0.05 * np.sin(np.pi * s)
        y = looks.eye_y - looks.brow_y - raised
        thick = looks.brow_thickness * (1 - 0.6 * s) / 2
        yield Shape(head.between(side * x, y - thick, y + thick), colour)


def glasses(head: Head):
    looks = head.looks
    if looks.glasses == "none":
        return
    power = 0.5 if looks.glasses == "square" else 1.0
    angle = np.linspace(0, 2 * np.pi, 21)
    cos, sin = np.cos(angle), np.sin(angle)
    x = 0.3 * np.sign(cos) * np.abs(cos) ** power
    y = 0.26 * np.sign(sin) * np.abs(sin) ** power
    y = looks.eye_y + 0.02 + y
    inner = looks.eye_spacing - 0.3
    for side in (-1, 1):
        ring = head.front(side * looks.eye_spacing + x, y, 0.1)
        yield Shape(ring, looks.glasses_colour, 0.06)
        edge = np.array([looks.eye_spacing + 0.3, looks.head_width])
        yield Shape(head.front(side * edge, looks.eye_y), looks.glasses_colour, 0.06)
    bridge = head.front([-inner, inner], looks.eye_y, 0.1)
    yield Shape(bridge, looks.glasses_colour, 0.06)
