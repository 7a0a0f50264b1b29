"""What the loader gives: shapes, labels, variants, and clips that depend on nothing."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import registry
from halo_keras.data.physics import system_of

NAMES = ("mass_spring", "pendulum", "double_pendulum", "two_body", "three_body")


@pytest.mark.parametrize("name", NAMES)
def test_clips_depend_on_their_own_number_only(name):
    system = system_of(name)
    options = {"noise": 0.05, "colours": "drawn", "masses": "drawn"}
    clips = data.load(name, "train", num_clips=5, num_frames=9, **options)
    assert clips.frames.shape == (5, 9, 32, 32, 3)
    assert clips.states["state"].shape == (5, 9, 2 * system.num_positions)
    assert clips.states["mass"].shape == (5, system.num_bodies)
    fewer = data.load(name, "train", num_clips=2, num_frames=6, **options)
    np.testing.assert_array_equal(fewer.frames, clips.frames[:2, :6])
    np.testing.assert_array_equal(fewer.states["state"], clips.states["state"][:2, :6])
    for split, seed in (("test", 0), ("train", 1)):
        other = data.load(name, split, num_clips=2, num_frames=6, seed=seed, **options)
        assert not np.array_equal(other.frames[0], fewer.frames[0])
    assert registry.summary(name).endswith("(simulated).")
    assert registry.licence(name, {}) == clips.license == "Apache-2.0"


def test_defaults_are_for_training_and_for_rolling_out():
    train = data.load("two_body", "train", num_clips=2)
    test = data.load("two_body", "test", num_clips=2)
    assert train.num_frames == 30 and test.num_frames == 30 + 192
    assert train.states["step"][0] == 0.05 and train.states["noise"][0] == 0
    report = data.load("two_body", "train", num_clips=2, rendering="report")
    assert report.states["step"][0] == 0.125 and report.states["noise"][0] == 0.05
    assert "states: state, energy, mass, gravity" in test.describe()


def test_starts_are_the_suites():
    radius = {}
    for masses in ("fixed", "drawn"):
        clips = data.load(
            "pendulum", "train", num_clips=4000, num_frames=1, masses=masses
        )
        point = clips.states["state"][:, 0]
        radius[masses] = np.linalg.norm(point, axis=1)
        assert 1.3 <= radius[masses].min() and radius[masses].max() <= 2.3
        assert np.abs(point.mean(axis=0)).max() < 0.1
    assert radius["fixed"].mean() == pytest.approx(1.8, abs=0.02)
    # r^2 uniform: the mean of r is 2 (b^3 - a^3) / (3 (b^2 - a^2)).
    area = 2 * (2.3**3 - 1.3**3) / (3 * (2.3**2 - 1.3**2))
    assert radius["drawn"].mean() == pytest.approx(area, abs=0.02)
    spring = data.load("mass_spring", "train", num_clips=4000, num_frames=1)
    size = np.linalg.norm(spring.states["state"][:, 0], axis=1)  # sqrt(k m) = 1
    assert 0.1 <= size.min() and size.max() <= 1
    assert size.mean() == pytest.approx(0.55, abs=0.02)


def test_drawn_constants_lie_in_their_ranges_and_masses_are_seen():
    clips = data.load("pendulum", "train", num_clips=400, num_frames=1, masses="drawn")
    for name, low, high in (("mass", 0.5, 1.5), ("gravity", 3, 4), ("length", 0.5, 1)):
        values = clips.states[name]
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high
    radius, mass = clips.states["radius"], clips.states["mass"]
    np.testing.assert_allclose(radius, 1.5 * np.sqrt(mass / np.pi))
    given = data.load("two_body", "train", num_clips=2, num_frames=2, masses=[1.0, 0.5])
    np.testing.assert_array_equal(given.states["mass"], [[1.0, 0.5]] * 2)


def test_drawn_colours_are_six_and_never_twice_in_a_clip():
    clips = data.load(
        "three_body", "train", num_clips=300, num_frames=1, colours="drawn"
    )
    counts = np.bincount(clips.labels["colour"], minlength=6)
    assert counts.min() > 25 and len(clips.label_names["colour"]) == 6
    for colours in clips.states["colour"]:
        assert len({tuple(colour) for colour in colours}) == 3


@pytest.mark.parametrize("options", [{"masses": "drawn"}, {"num_frames": 222}])
def test_what_would_leave_the_picture_is_drawn_again(options):
    name = "two_body" if "masses" in options else "three_body"
    clips = data.load(name, "test", num_clips=12, **options)
    place = np.abs(clips.states["state"][..., : system_of(name).num_positions])
    assert place.max() <= clips.states["half_size"][0]


def test_noise_is_added_to_positions_before_they_are_drawn():
    """Of the disc's measured centre: standard deviation .1 of 3.19 world units."""
    clips = data.load("mass_spring", "test", num_clips=40, num_frames=30, noise=0.1)
    light = clips.frames[..., 0].astype(float) - 255 * 0.321
    columns = np.arange(32) / 31
    x = (light.sum(axis=2) * columns).sum(axis=-1) / light.sum(axis=(2, 3))
    width = 2 * clips.states["half_size"][0]
    shift = (x - 0.5) * width - clips.states["state"][..., 0]
    assert shift.std() == pytest.approx(0.1, rel=0.1)
    assert abs(shift.mean()) < 0.01
    neighbours = (shift[:, 1:] * shift[:, :-1]).mean()
    assert abs(neighbours) < 0.1 * shift.var()
