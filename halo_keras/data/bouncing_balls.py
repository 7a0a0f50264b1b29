"""Bouncing balls and squares in an irregular polygon.

Li & Mandt 2018 (DSVAE), section 4.3, after Fraccaro et al. 2017 (KVAE): one body of
mass 1 starts near the middle of 32 x 32 pixels in a random direction and bounces off
the six walls of a polygon, fully elastically, with no other force; 30 frames a clip, .2
time units apart. A square does not turn (infinite inertia). 5,000 clips, 1,000 of them
test.

    start = (16, 16) + 2.5 N(0, I), clipped to [6, 26];  direction uniform in [0, 2 pi);
    speed uniform in [10, 15] pixels a time unit, so 2 to 3 pixels a frame

Pymunk simulates, in `STEPS_A_FRAME` steps a frame and without its correction of
overlaps: with KVAE's one step a body sinks half a radius into a wall before it turns. A
frame is drawn before its step, so that frame 0 shows the start. Pixels are black or
white: white where the pixel's centre lies in the body. The paper gives neither the
square's size (here as large as the disc, so that the shape alone tells them apart) nor
whether walls are seen (KVAE draws them).

The paper calls the motion chaotic. Walls are flat and the polygon is convex, so a
bounce is a reflection, which keeps distances: an error of the direction grows in
proportion to time, not exponentially, until a corner parts two paths.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.balls import check_count, uniform_draws
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register

LICENSE = "Apache-2.0"
ATTRIBUTION = (
    "computed by halo-keras with Pymunk after Li & Mandt 2018 (DSVAE), section 4.3, "
    "and Fraccaro et al. 2017 (KVAE)"
)

SIZE = 32  # height and width in pixels
POLYGON = ((3, 1), (1, 15), (8, 30), (25, 30), (30, 8), (15, 1))
NUM_FRAMES = 30
FRAME_TIME = 0.2  # time units
STEPS_A_FRAME = 20
SHAPE_NAMES = ["ball", "square"]
BALL_RADIUS = 3.0
SQUARE_SIDE = float(np.sqrt(np.pi)) * BALL_RADIUS
SPEED_RANGE = (10.0, 15.0)  # pixels a time unit
ACTION_NAMES = ["bounce"]
WALLS = ("unseen", "drawn")
NUM_CLIPS = {"train": 4000, "test": 1000}


@register("bouncing_balls")
def load_bouncing_balls(
    split: str,
    *,
    num_clips: int | None = None,
    num_frames: int = NUM_FRAMES,
    walls: str = "unseen",
    seed: int = 0,
) -> ClipDataset:
    """Balls and squares in a polygon: `(num_clips, num_frames, 32, 32, 1)` uint8.

    Pixels are 0 or 255. Labels: `action` (one, `"bounce"`) and `shape` (clip i is a
    ball for even i, else a square). States, float64: `position` and `velocity`
    `(num_clips, num_frames, 2)` of the body's centre at each frame, (x, y) in pixels
    and pixels a time unit, x to the right, y down, (0, 0) the upper left corner.

    Args:
        split: `"train"` (4,000 clips by default) or `"test"` (1,000).
        num_clips: clip i is the same whatever this number.
        num_frames: frames a clip; a longer clip begins like a shorter one.
        walls: `"unseen"` (what is white is the body) or `"drawn"` as in KVAE; see
            `wall_mask`.
        seed: of everything random. The splits are disjoint streams of one seed.

    Raises: ValueError on a number out of range or another word for `walls`.
        ImportError without the extra `physics`.
    """
    if walls not in WALLS:
        raise ValueError(f"walls must be one of {list(WALLS)}, received {walls!r}.")
    if num_clips is None:
        num_clips = NUM_CLIPS[split]
    count = check_count(num_clips, split, "num_clips")
    num_frames = check_count(num_frames, split, "num_frames")
    draws = uniform_draws(split, count, seed)
    shape = np.arange(count) % len(SHAPE_NAMES)
    position, velocity = starts(draws)
    states = simulate(shape, position, velocity, num_frames)
    frames = draw(shape, states["position"])
    if walls == "drawn":
        frames = np.maximum(frames, np.uint8(255) * wall_mask())
    return ClipDataset(
        name="bouncing_balls",
        split=split,
        frames=frames,
        labels={"action": np.zeros(count, np.int64), "shape": shape},
        label_names={"action": ACTION_NAMES, "shape": SHAPE_NAMES},
        states=states,
        license=LICENSE,
        attribution=ATTRIBUTION,
    )


def starts(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities `(num_clips, 2)` from uniform `(num_clips, >= 4)`."""
    radius = np.sqrt(-2 * np.log1p(-draws[:, 0]))  # Box and Muller's normal numbers
    turn = 2 * np.pi * draws[:, 1]
    normal = radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    position = np.clip(16 + 2.5 * normal, 6, 26)
    way = 2 * np.pi * draws[:, 2, None]
    low, high = SPEED_RANGE
    speed = low + (high - low) * draws[:, 3, None]
    return position, speed * np.concatenate([np.cos(way), np.sin(way)], axis=1)


def simulate(
    shape: np.ndarray, position: np.ndarray, velocity: np.ndarray, num_frames: int
) -> dict[str, np.ndarray]:
    """Elastic motion in the polygon, from frame 0 on.

    Args:
        shape: `(num_clips,)`, indices into `SHAPE_NAMES`.
        position, velocity: `(num_clips, 2)` at frame 0.

    Returns: `position` and `velocity`, `(num_clips, num_frames, 2)` float64.
    """
    pymunk = _pymunk()
    states = np.empty((2, len(shape), num_frames, 2))
    for clip, kind in enumerate(shape):
        space = pymunk.Space()
        space.collision_slop, space.collision_bias = 0.0, 1.0
        body = pymunk.Body(1.0, float("inf"))
        body.position = tuple(map(float, position[clip]))
        body.velocity = tuple(map(float, velocity[clip]))
        if kind:
            form = pymunk.Poly.create_box(body, (SQUARE_SIDE, SQUARE_SIDE))
        else:
            form = pymunk.Circle(body, BALL_RADIUS)
        ends = [*POLYGON[1:], POLYGON[0]]
        sides = [
            pymunk.Segment(space.static_body, a, b, 0.0)
            for a, b in zip(POLYGON, ends, strict=True)
        ]
        for part in (form, *sides):
            part.elasticity, part.friction = 1.0, 0.0
        space.add(body, form, *sides)
        for frame in range(num_frames):
            states[0, clip, frame] = body.position
            states[1, clip, frame] = body.velocity
            for _ in range(STEPS_A_FRAME):
                space.step(FRAME_TIME / STEPS_A_FRAME)
    return {"position": states[0], "velocity": states[1]}


def draw(shape: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The body alone: `(num_clips, num_frames, 32, 32, 1)` uint8, 0 or 255.

    Args:
        shape: `(num_clips,)`, indices into `SHAPE_NAMES`.
        position: `(num_clips, num_frames, 2)` of its centre, (x, y) in pixels.
    """
    centres = np.arange(SIZE) + 0.5
    dx = centres[None, None, None, :] - position[:, :, 0, None, None]
    dy = centres[None, None, :, None] - position[:, :, 1, None, None]
    square = np.maximum(np.abs(dx), np.abs(dy)) <= SQUARE_SIDE / 2
    ball = dx**2 + dy**2 <= BALL_RADIUS**2
    inside = np.where(np.asarray(shape)[:, None, None, None] == 1, square, ball)
    return np.uint8(255) * inside[..., None]


def wall_mask() -> np.ndarray:
    """`(32, 32, 1)` bool: the walls as lines one pixel wide between the corners."""
    from skimage.draw import line

    mask = np.zeros((SIZE, SIZE, 1), bool)
    for (x, y), (x_end, y_end) in zip(POLYGON, [*POLYGON[1:], POLYGON[0]], strict=True):
        mask[line(y, x, y_end, x_end)] = True
    return mask


def _pymunk():
    try:
        import pymunk
    except ImportError as error:
        raise ImportError(
            "bouncing_balls are simulated with Pymunk: pip install "
            "'halo-keras[physics]'"
        ) from error
    return pymunk
