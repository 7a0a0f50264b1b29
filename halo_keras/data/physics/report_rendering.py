"""Blurred dots: the renderer of the re-evaluation report of HGN (zenodo 4835278).

A filled circle of whole centre and radius in pixels, as OpenCV draws it, later bodies
over earlier ones; two box blurs of 2 x 2 pixels, each of which looks one pixel up and
to the left; added to the background (81, 88, 93) and cut off at white. Outside of the
picture there is nothing (OpenCV mirrors its border, which tells where a dot is there).
World coordinates in [-half_size, half_size] are the picture's 32 pixels; y points up.
"""

from __future__ import annotations

import numpy as np

SIZE = 32
BACKGROUND = (81, 88, 93)
COLOURS = ((173, 146, 0), (173, 0, 0), (0, 146, 0))
_FRAMES_A_CHUNK = 512


def draw_report(centres, radius, half_size) -> np.ndarray:
    """`(N, T, 32, 32, 3)` uint8.

    Args:
        centres: `(N, T, num_bodies, 2)` in world coordinates.
        radius: `(N, num_bodies)` in world coordinates; cut off to whole pixels.
        half_size: `(N,)`.
    """
    num_clips, num_frames, num_bodies = centres.shape[:3]
    pixel = 2 * half_size / SIZE
    places = (centres * [1, -1] + half_size[:, None, None, None]) / _ahead(pixel)
    whole = np.floor(radius / pixel[:, None] + 1e-9).astype(np.int64)
    if whole.size and whole.max() > SIZE:
        raise ValueError(
            f"a disc's radius is {whole.max()} pixels, more than the picture has: take "
            "smaller masses, or rendering='suite'."
        )
    frames = np.empty((num_clips, num_frames, SIZE, SIZE, 3), np.uint8)
    chunk = max(1, _FRAMES_A_CHUNK // num_frames)
    for low in range(0, num_clips, chunk):
        rows = slice(low, low + chunk)
        place = np.floor(places[rows]).reshape(-1, num_bodies, 2)
        size = np.repeat(whole[rows], num_frames, axis=0)
        dots = _blurred_dots(np.clip(place, -1e6, 1e6).astype(np.int64), size)
        dots = np.minimum(dots + np.float32(BACKGROUND) + np.float32(0.5), 255)
        frames[rows] = dots.reshape(-1, num_frames, SIZE, SIZE, 3)
    return frames


def disc(radius: int) -> np.ndarray:
    """`(2 radius + 1, 2 radius + 1)` bool: Bresenham's circle, filled.

    Of each of the first eighth's rows dy the half width dx is the one that the midpoint
    rule reaches; the rest follows by symmetry.
    """
    mask = np.zeros((2 * radius + 1, 2 * radius + 1), bool)
    dx, dy, error, plus, minus = radius, 0, 0, 1, 2 * radius - 1
    while dx >= dy:
        for down, across in ((dy, dx), (dx, dy)):
            for row in (radius - down, radius + down):
                mask[row, radius - across : radius + across + 1] = True
        dy += 1
        error += plus
        plus += 2
        if error > 0:
            error -= minus
            dx -= 1
            minus -= 2
    return mask


def blurred(dots: np.ndarray) -> np.ndarray:
    """Two box blurs of `(..., h, w)`, each pixel's own and those above and to the left.

    Returns: `(..., h - 2, w - 2)`: the first two rows and columns lack neighbours.
    """
    for _ in range(2):
        dots = (dots[..., 1:, :] + dots[..., :-1, :]) / 2
        dots = (dots[..., 1:] + dots[..., :-1]) / 2
    return dots


def _blurred_dots(places, radius) -> np.ndarray:
    """`(frames, 32, 32, 3)` float32: a blurred dot is the same wherever it is.

    Where two dots touch, the later one is cut out of the earlier one before the blur,
    which is linear.
    """
    margin = int(radius.max()) + 3
    padded = SIZE + 2 * margin
    made = np.zeros((len(places), padded, padded, 3), np.float32)
    for body in range(places.shape[1]):
        for size in np.unique(radius[:, body]):
            own = np.flatnonzero(radius[:, body] == size)
            stencil = blurred(np.pad(disc(int(size)).astype(np.float32), 2))
            paint = stencil[..., None] * np.float32(COLOURS[body % len(COLOURS)])
            _add(made, own, places[own, body] + margin - size, paint)
    for frame, body, other in _touching(places, radius):
        hidden = _hidden(places[frame], radius[frame], body, other)
        paint = blurred(np.pad(hidden, 2))[..., None] * np.float32(
            COLOURS[body % len(COLOURS)]
        )
        corner = places[frame, body] + margin - radius[frame, body]
        _add(made, np.array([frame]), corner[None], -paint)
    return made[:, margin : margin + SIZE, margin : margin + SIZE]


def _add(made, frames, corner, paint):
    """Adds a patch to frames with its upper left pixel at `corner` `(frames, 2)`."""
    padded, size = made.shape[1], len(paint)
    # What does not reach the picture at all is left out.
    near = ((corner >= 0) & (corner <= padded - size)).all(axis=1)
    frames, corner = frames[near, None, None], corner[near]
    steps = np.arange(size)
    rows = (corner[:, 1:] + steps)[:, :, None]
    columns = (corner[:, :1] + steps)[:, None, :]
    made[frames, rows, columns] += paint


def _touching(places, radius):
    """Frames and pairs (body, a later one) whose squares have a pixel in common."""
    for body in range(places.shape[1]):
        for other in range(body + 1, places.shape[1]):
            apart = np.abs(places[:, body] - places[:, other]).max(axis=1)
            for frame in np.flatnonzero(apart <= radius[:, body] + radius[:, other]):
                yield frame, body, other


def _hidden(place, radius, body, other):
    """The pixels of a dot that `other` hides and none between the two does already."""
    size = radius[body]
    y, x = np.mgrid[-size : size + 1, -size : size + 1]

    def covered(later):
        dx, dy = place[body] - place[later]
        reach = radius[later]
        inside = (abs(x + dx) <= reach) & (abs(y + dy) <= reach)
        rows, columns = (y + dy)[inside] + reach, (x + dx)[inside] + reach
        found = np.zeros(inside.shape, bool)
        found[inside] = disc(int(reach))[rows, columns]
        return found

    hidden = disc(int(size)) & covered(other)
    for between in range(body + 1, other):
        hidden &= ~covered(between)
    return hidden.astype(np.float32)


def _ahead(values):
    return values[:, None, None, None]
