"""Rotating MNIST: content is a handwritten digit, motion is one full turn.

Casale et al. 2018 (GPPVAE) turn the digit 3 to 16 equally spaced angles; Yildiz et al.
2019 (ODE2VAE) and Khan & Storkey 2022 (HALO) predict the turn. Frame k shows the digit
turned counterclockwise by

    angle_k = start + 2 pi k / num_angles,

about the picture's centre, 28 x 28 pixels, bilinear. The next turn shows the same
frames, so the clip is an exact loop, and `render` draws any angle in between.

Tasks (`task=`):
- `"uniform"`: every clip has all its frames.
- `"non-uniform"`: in training, the angle of index 3 is missing from every clip and 4
  more from each, drawn at random (never the first frame, which the mask needs). Test
  clips are *the same digits* with all angles: the score is the error at index 3. The
  splits share their digits here by protocol; `states["observed"]` says what was seen.
- `"irregular"`: a training clip has `num_frames` of the angles of `max_turns` turns,
  drawn at random (always the first), each frame given at its true time (`times`). Test
  clips are whole and of other digits.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data import mnist_digits
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.mnist_digits import DIGIT_NAMES, of_classes, read_digits
from halo_keras.data.registry import register

LICENSE = mnist_digits.LICENSE
ATTRIBUTION = f"{mnist_digits.ATTRIBUTION}, rotated by halo-keras"

NUM_ANGLES = 16
TASKS = ("uniform", "non-uniform", "irregular")
STARTS = ("upright", "random")
HELD_OUT = 3  # index of the angle that no training clip of the non-uniform task shows
NUM_MISSING = 4  # further ones, of each clip
ACTION_NAMES = ["rotate"]
_STREAMS = {"train": 61, "test": 62}


@register("rotating_mnist")
def load_rotating_mnist(
    split: str,
    source=None,
    *,
    digits: list[int] | None = None,
    task: str = "uniform",
    start: str = "upright",
    num_clips: int | None = None,
    num_angles: int = NUM_ANGLES,
    num_frames: int | None = None,
    max_turns: int = 1,
    seed: int = 0,
) -> ClipDataset:
    """Turning digits: `(num_clips, num_frames, 28, 28, 1)` uint8, one clip a digit.

    Labels: `action` (one, `"rotate"`) and `digit`. States: `image`
    `(num_clips, 28, 28)` uint8, the digit upright; `start` `(num_clips,)`, the angle of
    frame 0 in radians; of the non-uniform task also `observed` `(num_clips, T)`.

    Args:
        split: `"train"` or `"test"`, of disjoint digits but for the non-uniform task.
        source: see `mnist_digits.read_digits`.
        digits: which classes, such as [3]; None for all ten.
        task: see above.
        start: `"upright"`: every clip starts with the digit as it was written, as the
            papers have it; `"random"`: at an angle of its own.
        num_clips: the first so many digits; None for all, of the non-uniform task 360.
        num_angles: angles of a full turn.
        num_frames: frames a clip; None for a full turn. Only of the irregular task
            may it be another number: frames that are left of the angles.
        max_turns: turns over which the irregular task draws its frames.
        seed: of everything random.

    Raises: ValueError on a number out of range, a wrong list of digits or another
        word; what `read_digits` raises.
    """
    for name, value, known in (("task", task, TASKS), ("start", start, STARTS)):
        if value not in known:
            raise ValueError(
                f"{name} must be one of {list(known)}, received {value!r}."
            )
    _whole("num_angles", num_angles, 2)
    _whole("max_turns", max_turns, 1)
    _whole("seed", seed, 0)
    num_frames = _frames_of(task, num_frames, num_angles, max_turns)
    shared = task == "non-uniform"
    found = of_classes(read_digits("train" if shared else split, source), digits)
    if num_clips is None:
        num_clips = min(len(found.labels), 360) if shared else len(found.labels)
    _whole("num_clips", num_clips, 1)
    if num_clips > len(found.labels):
        raise ValueError(
            f"num_clips must be at most {len(found.labels)}, the number of such digits "
            f"in split {split!r}, received {num_clips}."
        )
    images, labels = found.images[:num_clips], found.labels[:num_clips]
    # Both splits of the non-uniform task are the same clips.
    rng = np.random.default_rng([_STREAMS["train" if shared else split], seed])
    turned = rng.random(len(found.labels))[:num_clips] * (start == "random")
    states = {"image": images, "start": 2 * np.pi * turned}
    step, times, mask = 2 * np.pi / num_angles, np.arange(num_angles), None
    if shared:
        states["observed"] = _observed(num_clips, num_angles, rng)
        mask = states["observed"] == 1 if split == "train" else None
    elif task == "irregular" and split == "train":
        times = _drawn_times(num_clips, num_frames, num_angles * max_turns, rng)
    return ClipDataset(
        name="rotating_mnist",
        split=split,
        frames=render(states, times * step),
        labels={"action": np.zeros(num_clips, np.int64), "digit": labels},
        label_names={"action": ACTION_NAMES, "digit": DIGIT_NAMES},
        times=times.astype("float64") if times.ndim == 2 else None,
        mask=mask,
        states=states,
        license=LICENSE,
        attribution=ATTRIBUTION + found.note,
    )


def render(states: dict, angles) -> np.ndarray:
    """Each digit turned on from its first frame: `(num_clips, num, 28, 28, 1)` uint8.

    Args:
        states: `image` and `start`, as in `load_rotating_mnist`.
        angles: `(num,)` or `(num_clips, num)`, radians beyond `start`.
    """
    images, first = states["image"], np.asarray(states["start"], np.float64)
    angles = first[:, None] + np.atleast_2d(np.asarray(angles, np.float64))
    frames = np.empty((*angles.shape, *images.shape[1:]), np.uint8)
    # Clips that are turned alike are turned at once: all, if they start upright.
    turns = np.round(angles / (2 * np.pi) % 1.0, 12)
    for column in range(angles.shape[1]):
        own, which = np.unique(turns[:, column], return_inverse=True)
        for index, turn in enumerate(own):
            rows = np.flatnonzero(which == index)
            frames[rows, column] = rotated(images[rows], 2 * np.pi * turn)
    return frames[..., None]


def rotated(images: np.ndarray, angle: float) -> np.ndarray:
    """Pictures turned counterclockwise about their centre, by bilinear interpolation.

    Pixel (y, x), measured from the centre with y down, takes the value at
    (y cos a + x sin a, x cos a - y sin a), black outside.

    Args:
        images: `(num, height, width)` uint8.
        angle: radians.
    """
    from scipy import ndimage

    # The plane is the last two axes; a positive angle turns the x axis to the y axis
    # of the array, which on a screen, y down, is clockwise.
    turned = ndimage.rotate(
        images.astype("float32"),
        np.degrees(angle),
        axes=(2, 1),
        reshape=False,
        order=1,
    )
    return np.clip(np.rint(turned), 0, 255).astype(np.uint8)


def _observed(count, num_angles, rng) -> np.ndarray:
    """Which frames a training clip of the non-uniform task has: 0 or 1."""
    if num_angles < HELD_OUT + NUM_MISSING + 2:
        raise ValueError(
            f"the non-uniform task leaves out {NUM_MISSING + 1} angles: num_angles "
            f"must be at least {HELD_OUT + NUM_MISSING + 2}, received {num_angles}."
        )
    others = np.setdiff1d(np.arange(1, num_angles), HELD_OUT)
    order = rng.random((count, len(others))).argsort(axis=1)[:, :NUM_MISSING]
    observed = np.ones((count, num_angles), np.uint8)
    observed[:, HELD_OUT] = 0
    observed[np.arange(count)[:, None], others[order]] = 0
    return observed


def _drawn_times(count, num_frames, available, rng) -> np.ndarray:
    """Increasing times, 0 first, the others any of 1 ... available - 1."""
    order = rng.random((count, available - 1)).argsort(axis=1)[:, : num_frames - 1]
    return np.concatenate(
        [np.zeros((count, 1), int), 1 + np.sort(order, axis=1)], axis=1
    )


def _frames_of(task, num_frames, num_angles, max_turns) -> int:
    if task != "irregular":
        if num_frames not in (None, num_angles):
            raise ValueError(
                f"clips of the {task} task have all {num_angles} angles: leave "
                f"num_frames out, or give num_angles, received {num_frames}."
            )
        if max_turns != 1:
            raise ValueError("max_turns belongs to the irregular task.")
        return num_angles
    num_frames = num_angles // 2 + 1 if num_frames is None else num_frames
    _whole("num_frames", num_frames, 2)
    if num_frames > num_angles * max_turns:
        raise ValueError(
            f"num_frames must be at most {num_angles * max_turns}, the angles of "
            f"{max_turns} turns, received {num_frames}."
        )
    return num_frames


def _whole(name: str, value, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"{name} must be a whole number >= {least}, received {value!r}."
        )
