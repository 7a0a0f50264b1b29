"""Moving MNIST against step-by-step reflection, and frames against their states."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import moving_mnist

ROOM = 36


@pytest.fixture(scope="module")
def mnist(shared_data):
    return shared_data / "mnist"


@pytest.fixture(scope="module")
def clips(mnist):
    return data.load("moving_mnist", "test", mnist, num_digits=2, num_clips=12)


def test_positions_are_those_of_reflection_step_by_step(clips):
    for clip in range(len(clips)):
        position, velocity = (clips.states[n][clip] for n in ("position", "velocity"))
        place, speed = position[0].copy(), velocity[0].copy()
        for frame in range(20):
            np.testing.assert_allclose(position[frame], place, atol=1e-9)
            np.testing.assert_allclose(velocity[frame], speed, atol=1e-9)
            place = place + speed
            for low in (True, False):  # at most one wall a step and axis
                out = place < 0 if low else place > ROOM
                place = np.where(out, (0 if low else 2 * ROOM) - place, place)
                speed = np.where(out, -speed, speed)
    pace = np.linalg.norm(clips.states["velocity"], axis=-1)
    assert pace.min() >= 2 and pace.max() <= 6


def test_digits_of_the_stochastic_form_change_their_way_at_walls_only(mnist):
    clips = data.load(
        *("moving_mnist", "test", mnist),
        **{"motion": "stochastic", "num_clips": 30, "num_frames": 40},
    )
    position = clips.states["position"][:, :, 0]
    velocity = clips.states["velocity"][:, :, 0]
    assert position.min() >= 0 and position.max() <= ROOM
    assert np.abs(velocity).max() <= 4 and (velocity == velocity.round()).all()
    ahead = position[:, :-1] + velocity[:, :-1]
    np.testing.assert_array_equal(position[:, 1:], np.clip(ahead, 0, ROOM))
    hit = ahead != np.clip(ahead, 0, ROOM)
    turned = (velocity[:, 1:] != velocity[:, :-1]).any(axis=-1)
    assert hit.any(axis=-1).sum() > 50 and not turned[~hit.any(axis=-1)].any()
    away = np.where(ahead < 0, 1, -1) * velocity[:, 1:]
    assert (away[hit] > 0).all()


def test_pixels_are_the_brighter_of_both_digits(clips):
    for clip, at in ((0, 0), (3, 11)):
        corners = np.rint(clips.states["position"][clip, at]).astype(int)
        covered = np.zeros((64, 64), bool)
        for x, y in corners:
            covered[y : y + 28, x : x + 28] = True
        assert not clips.frames[clip, at, ..., 0][~covered].any()
    images = np.zeros((1, 2, 28, 28), np.uint8)
    images[0, 0, 0, 0], images[0, 1, 1, 1] = 100, 200
    drawn = moving_mnist.draw(images, np.array([[[[3.0, 5.0], [2.4, 4.4]]]]))
    frame = np.zeros((64, 64), np.uint8)
    frame[5, 3] = 200  # the second's pixel (1, 1), over the first's (0, 0)
    np.testing.assert_array_equal(drawn[0, 0, ..., 0], frame)


def test_clips_depend_on_their_own_number_only(mnist, clips):
    few = data.load(
        "moving_mnist", "test", mnist, num_digits=2, num_clips=3, num_frames=7
    )
    np.testing.assert_array_equal(few.frames, clips.frames[:3, :7])
    assert "second_digit: " in clips.describe() and "every fifth" in clips.attribution


def test_what_cannot_be_is_said(mnist):
    for options, why in (
        ({"num_digits": 3}, "num_digits must be a whole number from 1 to 2"),
        ({"motion": "circular"}, "motion must be one of"),
        ({"digits": [1, 1]}, "digits must be a list"),
        ({"num_clips": 0}, "num_clips must be a whole number from 1"),
    ):
        with pytest.raises(ValueError, match=why):
            data.load("moving_mnist", "train", mnist, **options)
