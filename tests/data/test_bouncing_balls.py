"""Bouncing balls against exact reflections, computed without any physics engine."""

import builtins

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import bouncing_balls as bouncing

pytest.importorskip("pymunk")
NUM_CLIPS, NUM_FRAMES = 16, 30


@pytest.fixture(scope="module")
def clips():
    return data.load("bouncing_balls", "test", num_clips=NUM_CLIPS)


def walls(shape):
    """Inward unit normals n and offsets c of the walls for the centre: n . x >= c.

    A disc keeps its radius from a wall; a square that does not turn keeps the
    projection of its half diagonals onto the wall's normal.
    """
    corners = np.asarray(bouncing.POLYGON, float)
    inside = corners.mean(axis=0)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (b - a) / np.linalg.norm(b - a)
        normal = np.array([-along[1], along[0]])
        if normal @ (inside - a) < 0:
            normal = -normal
        margin = bouncing.BALL_RADIUS
        if shape:
            margin = bouncing.SQUARE_SIDE / 2 * np.abs(normal).sum()
        yield normal, normal @ a + margin


def reflected(shape, position, velocity, duration):
    """From wall to wall, exactly. Returns position, velocity and number of bounces."""
    sides, bounces = list(walls(shape)), 0
    while True:
        hits = [
            ((c - n @ position) / (n @ velocity), n)
            for n, c in sides
            if n @ velocity < -1e-12
        ]
        first, normal = min(hits, key=lambda hit: hit[0])
        if first >= duration:
            return position + duration * velocity, velocity, bounces
        first = max(first, 0.0)
        position = position + first * velocity
        velocity = velocity - 2 * (normal @ velocity) * normal
        duration, bounces = duration - first, bounces + 1


def test_the_polygon_is_convex():
    corners = np.asarray(bouncing.POLYGON, float)
    along = np.roll(corners, -1, axis=0) - corners
    after = np.roll(along, -1, axis=0)
    turns = along[:, 0] * after[:, 1] - along[:, 1] * after[:, 0]
    assert (turns < 0).all()


def test_motion_is_that_of_exact_reflections(clips):
    """Each frame from the one before: chaos would enlarge any error over a clip."""
    bounces = 0
    for clip in range(NUM_CLIPS):
        shape = clips.labels["shape"][clip]
        position = clips.states["position"][clip]
        velocity = clips.states["velocity"][clip]
        for frame in range(NUM_FRAMES - 1):
            expected, towards, hit = reflected(
                shape, position[frame], velocity[frame], bouncing.FRAME_TIME
            )
            # A wall is noticed up to one step too late, of v dt <= .15 pixels, which
            # are to be gone back as well.
            tolerance = 0.31 * hit + 1e-9
            near_wall = hit == 0 and any(
                n @ expected < c + 0.2 for n, c in walls(shape)
            )
            if near_wall:  # within that distance the engine may be a bounce ahead
                continue
            bounces += hit
            np.testing.assert_allclose(position[frame + 1], expected, atol=tolerance)
            if hit == 1:
                np.testing.assert_allclose(velocity[frame + 1], towards, atol=1e-6)
    assert bounces > 50


def test_energy_is_kept_and_the_body_stays_inside(clips):
    speed = np.linalg.norm(clips.states["velocity"], axis=-1)
    np.testing.assert_allclose(speed, np.repeat(speed[:, :1], NUM_FRAMES, axis=1))
    low, high = bouncing.SPEED_RANGE
    assert (speed >= low).all() and (speed <= high).all()
    for clip, shape in enumerate(clips.labels["shape"]):
        for normal, offset in walls(shape):
            assert (clips.states["position"][clip] @ normal > offset - 0.3).all()


def test_pixels_are_those_in_the_body(clips):
    assert clips.frames.shape == (NUM_CLIPS, NUM_FRAMES, 32, 32, 1)
    assert set(np.unique(clips.frames)) == {0, 255}
    for clip, frame in [(0, 0), (1, 0), (6, 20), (7, 29)]:
        x, y = clips.states["position"][clip, frame]
        for row in range(32):
            for column in range(32):
                dx, dy = column + 0.5 - x, row + 0.5 - y
                if clips.labels["shape"][clip] == 0:
                    inside = dx * dx + dy * dy <= 9
                else:
                    inside = max(abs(dx), abs(dy)) <= 1.5 * np.sqrt(np.pi)
                assert (clips.frames[clip, frame, row, column, 0] == 255) == inside


def test_ball_and_square_are_equally_large():
    clips = data.load("bouncing_balls", "train", num_clips=60, num_frames=8)
    area = (clips.frames > 0).sum(axis=(2, 3, 4)).mean(axis=1)
    ball, square = area[0::2].mean(), area[1::2].mean()
    np.testing.assert_allclose([ball, square], 9 * np.pi, rtol=0.05)


def test_starts_have_the_papers_spread():
    draws = np.random.default_rng(0).random((20_000, 4))
    position, velocity = bouncing.starts(draws)
    np.testing.assert_allclose(position.mean(axis=0), 16, atol=0.06)
    np.testing.assert_allclose(position.std(axis=0), 2.5, atol=0.05)
    assert position.min() >= 6 and position.max() <= 26
    speed = np.linalg.norm(velocity, axis=1)
    assert 10 <= speed.min() and speed.max() <= 15 and abs(speed.mean() - 12.5) < 0.05
    assert np.abs(velocity.mean(axis=0)).max() < 0.2


def test_an_error_of_the_direction_grows_in_proportion_to_time():
    """Reflections at flat walls keep distances; only corners part two paths."""
    shape, num = np.zeros(60, int), 90
    position, velocity = bouncing.starts(np.random.default_rng(1).random((60, 4)))
    cos, sin = np.cos(0.02), np.sin(0.02)
    turned = velocity @ np.array([[cos, sin], [-sin, cos]])
    one = bouncing.simulate(shape, position, velocity, num)["position"]
    other = bouncing.simulate(shape, position, turned, num)["position"]
    apart = np.median(np.linalg.norm(one - other, axis=-1), axis=0)
    time = bouncing.FRAME_TIME * np.arange(num)
    straight = 0.02 * np.linalg.norm(velocity, axis=1).mean() * time
    np.testing.assert_allclose(apart[10:40], straight[10:40], rtol=0.4)


def test_clips_depend_on_their_own_number_only(clips):
    fewer = data.load("bouncing_balls", "test", num_clips=4, num_frames=10)
    np.testing.assert_array_equal(fewer.frames, clips.frames[:4, :10])
    np.testing.assert_array_equal(
        fewer.states["velocity"], clips.states["velocity"][:4, :10]
    )
    train = data.load("bouncing_balls", "train", num_clips=4, num_frames=10)
    assert not np.array_equal(train.frames[0], fewer.frames[0])
    assert "shape: 2 of 2 classes" in clips.describe()


def test_walls():
    drawn = data.load("bouncing_balls", "test", num_clips=2, walls="drawn")
    unseen = data.load("bouncing_balls", "test", num_clips=2)
    mask = bouncing.wall_mask()
    # One pixel wide: a line has as many pixels as its longer side, corners count once.
    corners = np.asarray(bouncing.POLYGON)
    sides = np.abs(corners - np.roll(corners, 1, axis=0)).max(axis=1)
    assert sides.sum() - 2 <= mask.sum() <= sides.sum()
    assert all(mask[y, x] for x, y in corners)
    np.testing.assert_array_equal(
        drawn.frames > 0, (unseen.frames > 0) | mask[None, None]
    )
    with pytest.raises(ValueError, match="walls must be one of"):
        data.load("bouncing_balls", "test", walls=True)


def test_without_pymunk(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "pymunk":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"halo-keras\[physics\]"):
        data.load("bouncing_balls", "test", num_clips=1)
