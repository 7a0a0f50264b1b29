"""Rotating balls: content is a ball's colour and radius, motion is its orbit.

HALO (Khan & Storkey 2022), figure 3: the centre of a ball is constrained to a circle
and starts at a random phase. The paper gives neither image size, radius nor speed
and has two colours; here

    centre(t) = orbit_centre + orbit_radius (cos(a + w t), sin(a + w t))    [pixels]

on 32 x 32 images, with continuous colour and radius, so that content cannot be
learned by heart, and three speeds w (`ANGULAR_SPEEDS`, all below pi a frame), which
are the actions. Coordinates are x to the right and y down, the image's upper left
corner is (0, 0), so pixel (row i, column j) is the square [j, j + 1] x [i, i + 1].

`render` draws the exact frames at any real times and `render_joint` those of several
motions at once: the truth that forecasts and compositions are measured against.
"""

from __future__ import annotations

import colorsys

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"
ATTRIBUTION = "computed by halo-keras after HALO (Khan & Storkey 2022), figure 3"

SIZE = 32  # height and width in pixels
ACTION_NAMES = ["slow", "medium", "fast"]
ANGULAR_SPEEDS = (0.3, 0.7, 1.2)  # radians a frame
COLOUR_NAMES = ["red", "yellow", "green", "cyan", "blue", "magenta"]
RADIUS_NAMES = ["small", "medium", "large"]

# Orbits by name: a centre and a radius for each action, and the range of ball radii.
# "same": one orbit for all actions, as in the paper; the action is the speed alone.
# "separate": each action moves on a circle of its own. The discs that the three balls
# can sweep (orbit radius + ball radius <= 7) do not touch, so the truth of several
# motions at once is simply all their balls.
ORBITS = {
    "same": {
        "centre": ((16.0, 16.0),) * 3,
        "orbit_radius": 10.0,
        "ball_radius": (2.5, 4.5),
    },
    "separate": {
        "centre": ((8.0, 8.5), (24.0, 8.5), (16.0, 23.0)),
        "orbit_radius": 4.2,
        "ball_radius": (1.8, 2.8),
    },
}
_SPLITS = {"train": 0, "test": 1}
_CLIPS_A_CHUNK = 64


@register("balls")
def load_balls(
    split: str,
    *,
    num_clips: int | None = None,
    num_frames: int = 16,
    start: float = 0.0,
    orbits: str = "same",
    seed: int = 0,
) -> ClipDataset:
    """Balls at three angular speeds: `(num_clips, num_frames, 32, 32, 3)` uint8.

    Labels: `action` (speed, cyclic: clip i has action i mod 3), `colour` (6 hues) and
    `radius` (3 sizes), the bins of the continuous values. States, float64, all at the
    clip's first frame: `angle` and `angular_velocity` in radians (a frame),
    `orbit_centre` `(num_clips, 2)`, `orbit_radius` and `ball_radius` in pixels,
    `colour` `(num_clips, 3)` in [0, 1]. `render(dataset.states, times)` draws them.

    Args:
        split: `"train"` (2,000 clips by default) or `"test"` (400).
        num_clips: clip i is the same whatever this number.
        num_frames: frames a clip, one time unit apart.
        start: time of the first frame, any real number: the same balls, earlier or
            later. `load("balls", "test", start=-16)` is the past of the test clips.
        orbits: `"same"` or `"separate"` (for compositions of motions); see `ORBITS`.
        seed: of everything random. The splits are disjoint streams of one seed.

    Raises: ValueError on a number out of range or unknown orbits.
    """
    if orbits not in ORBITS:
        raise ValueError(f"orbits must be one of {list(ORBITS)}, received {orbits!r}.")
    orbit = ORBITS[orbits]
    count = check_count(num_clips, split, "num_clips")
    draws = uniform_draws(split, count, seed)
    action = np.arange(count) % len(ACTION_NAMES)
    content, labels = draw_content(draws, orbit["ball_radius"])
    states = {
        "angle": 2 * np.pi * draws[:, 0],
        "angular_velocity": np.asarray(ANGULAR_SPEEDS)[action],
        "orbit_centre": np.asarray(orbit["centre"])[action],
        "orbit_radius": np.full(count, orbit["orbit_radius"]),
        **content,
    }
    return clips_of(
        "balls",
        split,
        states,
        labels={"action": action, **labels},
        action_names=ACTION_NAMES,
        num_frames=num_frames,
        start=start,
    )


def centres(states: dict, times) -> np.ndarray:
    """Exact positions of the balls' centres in pixels, (x, y).

    Args:
        states: as in `load_balls`; only the motion part is read.
        times: `(num_times,)` or `(num_clips, num_times)`, real, in frames.

    Returns: `(num_clips, num_times, 2)` float64.
    """
    times = np.atleast_2d(np.asarray(times, np.float64))
    angle = states["angle"][:, None] + states["angular_velocity"][:, None] * times
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    radius = np.asarray(states["orbit_radius"])[:, None, None]
    return np.asarray(states["orbit_centre"])[:, None] + radius * circle


def render(states: dict, times) -> np.ndarray:
    """Exact frames at any real times: `(num_clips, num_times, 32, 32, 3)` uint8.

    Args: as for `centres`; all states are read.
    """
    return render_joint(states, [states], times)


def render_joint(content: dict, motions: list[dict], times) -> np.ndarray:
    """Exact frames of several motions at once, all balls with the same content.

    The truth for `model.compose`: clip i shows, for every entry of `motions`, a ball
    with the colour and radius of `content` that moves as clip i of that entry. Balls
    that overlap (only with orbits="same") are painted over each other.

    Args:
        content: states that give `colour` and `ball_radius`.
        motions: states that give the motion, each of as many clips as `content`.
        times: `(num_times,)` or `(num_clips, num_times)`, real, in frames.

    Returns: `(num_clips, num_times, 32, 32, 3)` uint8.
    """
    positions = [centres(motion, times) for motion in motions]
    num_clips, num_times = positions[0].shape[:2]
    if any(len(p) != num_clips for p in positions) or num_clips != len(
        content["colour"]
    ):
        raise ValueError(
            f"content and motions must have equally many clips, received "
            f"{len(content['colour'])} and {[len(p) for p in positions]}."
        )
    frames = np.empty((num_clips, num_times, SIZE, SIZE, 3), np.uint8)
    for low in range(0, num_clips, _CLIPS_A_CHUNK):
        chunk = slice(low, low + _CLIPS_A_CHUNK)
        uncovered = 1.0
        for position in positions:
            radius = content["ball_radius"][chunk, None]
            uncovered = uncovered * (1 - disc_coverage(position[chunk], radius))
        colour = 255 * content["colour"][chunk, None, None, None]
        frames[chunk] = np.rint((1 - uncovered)[..., None] * colour)
    return frames


def disc_coverage(centre: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Exact part of each pixel's area that a disc covers, `(..., 32, 32)` in [0, 1].

    For the unit disc the area left of X and above Y is, with h(x) = sqrt(1 - x^2) and
    F(X) = int_{-1}^X h,

        A(X, Y) = int_{-1}^X (h + clip(Y, -h, h)) = F(X) + sign(Y) G(X, |Y|),
        G(X, Y) = int_{-1}^X min(Y, h) = F(min(X, -w)) + Y (clip(X, -w, w) + w)
                  + F(max(X, w)) - F(w)   with w = h(Y);

    a pixel has the second difference of A over its four corners.

    Args:
        centre: `(..., 2)`, (x, y) in pixels.
        radius: in pixels, broadcast against `(...)`.
    """
    edges = np.arange(SIZE + 1)
    radius = np.asarray(radius)[..., None]
    x = np.clip((edges - centre[..., :1]) / radius, -1, 1)[..., None, :]
    y = np.clip((edges - centre[..., 1:]) / radius, -1, 1)[..., :, None]
    x, y = x.astype(np.float32), y.astype(np.float32)  # 1e-6 of a disc
    w = np.sqrt(1 - y**2)
    below = _half_disc(np.minimum(x, -w)) + np.abs(y) * (np.clip(x, -w, w) + w)
    below += _half_disc(np.maximum(x, w)) - _half_disc(w)
    area = _half_disc(x) + np.sign(y) * below
    pixels = np.diff(np.diff(area, axis=-1), axis=-2) * radius[..., None] ** 2
    return np.clip(pixels, 0, 1)


def _half_disc(x: np.ndarray) -> np.ndarray:
    """F(x), the area of the upper unit half disc left of x."""
    return (x * np.sqrt(1 - x**2) + np.arcsin(x)) / 2 + np.pi / 4


def uniform_draws(
    split: str, count: int, seed: int, columns: int = 8, *stream: int
) -> np.ndarray:
    """`(count, columns)` uniform numbers; row i does not depend on `count`.

    Args:
        stream: whole numbers; each gives other numbers of the same seed.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be a whole number >= 0, received {seed!r}.")
    rng = np.random.default_rng([1 + _SPLITS[split], seed, *stream])
    return rng.random((count, columns))


def draw_content(draws: np.ndarray, radii: tuple[float, float]) -> tuple[dict, dict]:
    """Colour and ball radius from columns 1 to 4: (states, labels of their bins)."""
    hue, size = draws[:, 1], draws[:, 4]
    # Bright and saturated enough to be seen and named.
    saturation, value = 0.6 + 0.4 * draws[:, 2], 0.7 + 0.3 * draws[:, 3]
    hsv = zip(hue, saturation, value, strict=True)
    states = {
        "ball_radius": radii[0] + (radii[1] - radii[0]) * size,
        "colour": np.array([colorsys.hsv_to_rgb(*one) for one in hsv]),
    }
    labels = {
        "colour": np.floor(6 * hue + 0.5).astype(np.int64) % 6,
        "radius": np.floor(3 * size).astype(np.int64),
    }
    return states, labels


def check_count(count: int | None, split: str, name: str) -> int:
    """`count`, or the split's own number of clips for None."""
    count = {"train": 2000, "test": 400}[split] if count is None else count
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"{name} must be a whole number >= 1, received {count!r}.")
    return count


def clips_of(name, split, states, labels, action_names, num_frames, start):
    """The dataset of these states (given at time 0), seen from time `start` on."""
    num_frames = check_count(num_frames, split, "num_frames")
    if not np.isfinite(start):
        raise ValueError(f"start must be a finite time, received {start!r}.")
    turned = states["angle"] + states["angular_velocity"] * start
    states = {**states, "angle": turned}
    return ClipDataset(
        name=name,
        split=split,
        frames=render(states, np.arange(num_frames)),
        labels=labels,
        label_names={
            "action": list(action_names),
            "colour": COLOUR_NAMES,
            "radius": RADIUS_NAMES,
        },
        states=states,
        license=LICENSE,
        attribution=ATTRIBUTION,
    )
