"""Moving MNIST: handwritten digits fly about in 64 x 64 pixels and hit the walls.

Srivastava et al. 2015 (Toronto): 28 x 28 digits move in a straight line, at a speed and
in a direction of their own, and are reflected at the walls; where they overlap, the
brighter pixel is seen. Two digits and 20 frames in the published file of 10,000 clips,
which lies with its authors; here clips are made from MNIST, so that positions are known
and test clips show test digits.

    motion="deterministic"   start uniform where the digit fits, direction uniform,
                             speed uniform in `SPEEDS` pixels a frame, reflected
    motion="stochastic"      Denton & Fergus 2018: velocity components are whole
                             numbers uniform in -4 ... 4; a digit that meets a wall
                             stops there and goes on with new ones, of which that
                             across the wall leads away from it

A digit is drawn at its position rounded to whole pixels.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data import mnist_digits
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.mnist_digits import DIGIT_NAMES, of_classes, read_digits
from halo_keras.data.registry import register

LICENSE = mnist_digits.LICENSE
ATTRIBUTION = f"{mnist_digits.ATTRIBUTION}, moved by halo-keras"

SIZE = 64
DIGIT = mnist_digits.SIZE
NUM_FRAMES = 20
MOTIONS = ("deterministic", "stochastic")
SPEEDS = (2.0, 6.0)  # pixels a frame
LARGEST_STEP = 4  # of a velocity component of the stochastic form
MAX_DIGITS = 2
ACTION_NAMES = ["move"]
NUM_CLIPS = {"train": 8000, "test": 1000}
_STREAMS = {"train": 71, "test": 72}


@register("moving_mnist")
def load_moving_mnist(
    split: str,
    source=None,
    *,
    num_digits: int = 1,
    motion: str = "deterministic",
    digits: list[int] | None = None,
    num_clips: int | None = None,
    num_frames: int = NUM_FRAMES,
    seed: int = 0,
) -> ClipDataset:
    """Digits in motion: `(num_clips, num_frames, 64, 64, 1)` uint8.

    Labels: `action` (one, `"move"`); `digit`, of two digits `digit` and
    `second_digit`. States, float64: `position` and `velocity`
    `(num_clips, num_frames, num_digits, 2)`, of a digit's upper left corner at each
    frame, (x, y) in pixels and pixels a frame, in [0, 36]; (0, 0) is the upper left.

    Args:
        split: `"train"` (8,000 clips by default) or `"test"` (1,000); of disjoint
            digits.
        source: see `mnist_digits.read_digits`.
        num_digits: 1 or 2.
        motion: `"deterministic"` or `"stochastic"`, see above.
        digits: which classes; None for all ten.
        num_clips: clip i is the same whatever this number.
        num_frames: frames a clip; a longer clip begins like a shorter one.
        seed: of everything random.

    Raises: ValueError on a number out of range, a wrong list of digits or another
        word; what `read_digits` raises.
    """
    if motion not in MOTIONS:
        raise ValueError(f"motion must be one of {list(MOTIONS)}, received {motion!r}.")
    num_clips = NUM_CLIPS[split] if num_clips is None else num_clips
    for name, value, low, high in (
        ("num_digits", num_digits, 1, MAX_DIGITS),
        ("num_clips", num_clips, 1, 1_000_000),
        ("num_frames", num_frames, 1, 100_000),
        ("seed", seed, 0, 2**31 - 1),
    ):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not low <= value <= high:
            raise ValueError(
                f"{name} must be a whole number from {low} to {high}, received "
                f"{value!r}."
            )
    found = of_classes(read_digits(split, source), digits)
    # Every clip has a stream of its own, so that it does not depend on the others.
    streams = [[_STREAMS[split], seed, clip] for clip in range(num_clips)]
    rngs = [np.random.default_rng(stream) for stream in streams]
    count = len(found.labels)
    chosen = np.stack([rng.integers(count, size=num_digits) for rng in rngs])
    fly = deterministic if motion == "deterministic" else stochastic
    flown = [fly(rng, num_digits, num_frames) for rng in rngs]
    states = {
        "position": np.stack([position for position, _ in flown]),
        "velocity": np.stack([velocity for _, velocity in flown]),
    }
    names = ("digit", "second_digit")[:num_digits]
    labels = {name: found.labels[chosen[:, k]] for k, name in enumerate(names)}
    return ClipDataset(
        name="moving_mnist",
        split=split,
        frames=draw(found.images[chosen], states["position"]),
        labels={"action": np.zeros(num_clips, np.int64), **labels},
        label_names={"action": ACTION_NAMES, **{name: DIGIT_NAMES for name in names}},
        states=states,
        license=LICENSE,
        attribution=ATTRIBUTION + found.note,
    )


def deterministic(rng, num_digits: int, num_frames: int):
    """Straight lines with reflection, in closed form.

    With room r = 36 and p the way unfolded, p_t = start + t v, a coordinate is
    r - |(p mod 2 r) - r|, and its velocity v where p mod 2 r < r, else -v.

    Returns: position and velocity, `(num_frames, num_digits, 2)`.
    """
    room = SIZE - DIGIT
    start = room * rng.random((num_digits, 2))
    way = 2 * np.pi * rng.random(num_digits)
    low, high = SPEEDS
    speed = low + (high - low) * rng.random(num_digits)
    velocity = speed[:, None] * np.stack([np.cos(way), np.sin(way)], axis=-1)
    times = np.arange(num_frames)[:, None, None]
    unfolded = (start + times * velocity) % (2 * room)
    position = room - np.abs(unfolded - room)
    return position, np.where(unfolded < room, velocity, -velocity)


def stochastic(rng, num_digits: int, num_frames: int):
    """New velocities at each wall; see this file's first lines.

    Returns: position and velocity, `(num_frames, num_digits, 2)`.
    """
    room, top = SIZE - DIGIT, LARGEST_STEP
    place = rng.integers(0, room + 1, size=(num_digits, 2))
    speed = rng.integers(-top, top + 1, size=(num_digits, 2))
    position = np.empty((num_frames, num_digits, 2))
    velocity = np.empty_like(position)
    for frame in range(num_frames):
        position[frame], velocity[frame] = place, speed
        ahead = place + speed
        place, speed = np.clip(ahead, 0, room), speed.copy()
        hit = ahead != place
        for digit in np.flatnonzero(hit.any(axis=1)):
            away = np.where(ahead[digit] < 0, 1, -1)
            across = away * rng.integers(1, top + 1, size=2)
            along = rng.integers(-top, top + 1, size=2)
            speed[digit] = np.where(hit[digit], across, along)
    return position, velocity


def draw(images: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Frames `(num_clips, num_frames, 64, 64, 1)` uint8.

    Args:
        images: `(num_clips, num_digits, 28, 28)` uint8.
        position: `(num_clips, num_frames, num_digits, 2)`, (x, y) of upper left
            corners.
    """
    num_clips, num_frames, num_digits = position.shape[:3]
    frames = np.zeros((num_clips, num_frames, SIZE, SIZE), np.uint8)
    corners = np.rint(position).astype(int)
    for clip in range(num_clips):
        for frame in range(num_frames):
            for digit in range(num_digits):
                x, y = corners[clip, frame, digit]
                room = frames[clip, frame, y : y + DIGIT, x : x + DIGIT]
                np.maximum(room, images[clip, digit], out=room)
    return frames[..., None]
