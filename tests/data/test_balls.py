"""Balls: drawn pixels against exact states and a dumber drawing."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import balls, balls_speed

NAMES = ("balls", "balls_speed")


def centre_of_mass(frames):
    """(x, y) of each frame in pixels, from brightness: (..., 2)."""
    weight = frames.astype(float).sum(axis=-1)
    middle = np.arange(32) + 0.5
    total = weight.sum(axis=(-2, -1))
    x = (weight * middle).sum(axis=(-2, -1)) / total
    y = (weight * middle[:, None]).sum(axis=(-2, -1)) / total
    return np.stack([x, y], axis=-1)


@pytest.mark.parametrize("orbits", ["same", "separate"])
def test_drawn_centre_is_the_state(orbits):
    dataset = data.load("balls", "test", num_clips=30, orbits=orbits)
    times = np.arange(16)
    states = dataset.states
    angle = states["angle"][:, None] + states["angular_velocity"][:, None] * times
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    exact = (
        states["orbit_centre"][:, None]
        + circle * (states["orbit_radius"][:, None, None])
    )
    assert np.abs(balls.centres(states, times) - exact).max() < 1e-9
    assert np.abs(centre_of_mass(dataset.frames) - exact).max() < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_frames_at_real_and_negative_times(name):
    here = data.load(name, "test", num_clips=6, num_frames=4)
    # The same balls, loaded 2.5 frames earlier, are what `render` draws there.
    earlier = data.load(name, "test", num_clips=6, num_frames=4, start=-2.5)
    times = np.arange(4) - 2.5
    assert np.array_equal(balls.render(here.states, times), earlier.frames)
    # Each clip at times of its own.
    own = np.linspace(-3, 40, 12).reshape(6, 2)
    frames = balls.render(here.states, own)
    for clip in range(6):
        one = {key: value[clip : clip + 1] for key, value in here.states.items()}
        assert np.array_equal(frames[clip], balls.render(one, own[clip])[0])
    assert np.abs(centre_of_mass(frames) - balls.centres(here.states, own)).max() < 0.02


def test_disc_against_a_fine_grid():
    # Area by counting 64 x 64 points a pixel.
    points = (np.arange(32 * 64) + 0.5) / 64
    for x, y, radius in [(10.3, 20.7, 3.2), (16, 16, 4.5), (5.01, 8.5, 1.8)]:
        inside = (points - x) ** 2 + (points[:, None] - y) ** 2 < radius**2
        counted = inside.reshape(32, 64, 32, 64).mean(axis=(1, 3))
        drawn = balls.disc_coverage(np.array([x, y]), np.array(radius))
        assert drawn.shape == (32, 32)
        assert np.abs(drawn - counted).max() < 2e-3
        assert abs(drawn.sum() - np.pi * radius**2) < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_colour_and_radius_are_the_states(name):
    dataset = data.load(name, "train", num_clips=50, num_frames=2)
    states, labels = dataset.states, dataset.labels
    # The middle pixel of every ball is all ball, so it has the colour, rounded.
    column, row = balls.centres(states, np.arange(2))[:, 0].astype(int).T
    pixels = dataset.frames[np.arange(50), 0, row, column]
    assert np.array_equal(pixels, np.rint(255 * states["colour"]))
    area = (
        dataset.frames.sum(axis=(2, 3, 4))
        / (255 * states["colour"].sum(axis=1))[:, None]
    )
    expected = np.pi * states["ball_radius"][:, None] ** 2
    assert np.abs(area / expected - 1).max() < 0.02
    # The named hue is the nearest of six to the colour, by direction on the wheel.
    red, green, blue = states["colour"].T
    hue = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
    wheel = np.cos(hue[:, None] - np.arange(6) * np.pi / 3)
    clear = np.sort(wheel)[:, -1] - np.sort(wheel)[:, -2] > 0.05
    assert np.array_equal(wheel.argmax(axis=1)[clear], labels["colour"][clear])
    low, high = balls.ORBITS["same"]["ball_radius"]
    thirds = np.digitize(states["ball_radius"], np.linspace(low, high, 4)[1:-1])
    assert np.array_equal(thirds, labels["radius"])


def test_motion_factors():
    dataset = data.load("balls", "train", num_clips=7, num_frames=1)
    assert dataset.labels["action"].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert dataset.action_names == ["slow", "medium", "fast"]
    speeds = np.asarray(balls.ANGULAR_SPEEDS)
    assert (0 < speeds).all() and (speeds < np.pi).all()
    wanted = speeds[dataset.labels["action"]]
    assert np.array_equal(dataset.states["angular_velocity"], wanted)

    dataset = data.load("balls_speed", "train", num_clips=300, num_frames=1)
    assert dataset.num_actions == 1 and not dataset.labels["action"].any()
    speeds = dataset.states["angular_velocity"]
    low, high = balls_speed.SPEED_RANGE
    assert low <= speeds.min() < low + 0.02 and high - 0.02 < speeds.max() <= high
    # Content, phase and speed are drawn independently of each other.
    columns = [speeds, dataset.states["angle"], dataset.states["ball_radius"]]
    correlation = np.corrcoef([*columns, *dataset.states["colour"].T])
    assert np.abs(correlation[:3][:, :3] - np.eye(3)).max() < 0.2
    assert np.abs(correlation[:3, 3:]).max() < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_deterministic_prefixes_seeds_and_splits(name):
    short = data.load(name, "train", num_clips=5, num_frames=2)
    long = data.load(name, "train", num_clips=9, num_frames=3)
    assert np.array_equal(short.frames, long.frames[:5, :2])
    other = data.load(name, "train", num_clips=9, num_frames=2, seed=1)
    test = data.load(name, "test", num_clips=9, num_frames=2)
    drawn = [d.states["ball_radius"] for d in (long, other, test)]
    assert len(np.unique(np.concatenate(drawn))) == 27


def test_separate_orbits_never_touch():
    orbit = balls.ORBITS["separate"]
    reach = orbit["orbit_radius"] + orbit["ball_radius"][1]
    centres = np.array(orbit["centre"])
    for i in range(3):
        assert reach <= centres[i].min() and centres[i].max() + reach <= 32
        for j in range(i):
            assert np.linalg.norm(centres[i] - centres[j]) >= 2 * reach
    same = balls.ORBITS["same"]
    assert same["orbit_radius"] + same["ball_radius"][1] <= 16


def test_joint_truth_is_the_sum_of_separate_balls():
    dataset = data.load("balls", "test", num_clips=9, num_frames=5, orbits="separate")
    content = dataset.states
    motions = [
        {key: np.repeat(value[k : k + 1], 9, axis=0) for key, value in content.items()}
        for k in (0, 2)
    ]
    times = np.arange(5) / 2
    joint = balls.render_joint(content, motions, times)
    alone = [balls.render_joint(content, [motion], times) for motion in motions]
    assert np.array_equal(joint, alone[0] + alone[1])
    assert (alone[0].max(axis=-1) * alone[1].max(axis=-1) == 0).all()
    assert np.array_equal(
        balls.render_joint(content, [content], times), (balls.render(content, times))
    )
    with pytest.raises(ValueError, match="equally many clips"):
        balls.render_joint(content, [dataset.subset([0, 1]).states], times)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_clips": 0}, "num_clips must be a whole number >= 1"),
        ({"num_frames": 1.5}, "num_frames must be a whole number >= 1"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
        ({"start": float("nan")}, "start must be a finite time"),
        ({"orbits": "apart"}, "orbits must be one of"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        data.load("balls", "test", **options)
