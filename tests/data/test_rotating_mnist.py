"""Rotating MNIST against a rotation computed pixel by pixel, and the tasks' rules."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import rotating_mnist


@pytest.fixture(scope="module")
def mnist(shared_data):
    return shared_data / "mnist"


def turned_slowly(image, angle):
    """The digit turned counterclockwise on the screen, one pixel after the other."""
    size, middle = len(image), (len(image) - 1) / 2
    found = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            x, y = column - middle, middle - row  # y up
            # Where the point was before it was turned.
            was_x = x * np.cos(angle) + y * np.sin(angle)
            was_y = y * np.cos(angle) - x * np.sin(angle)
            at_row, at_column = middle - was_y, middle + was_x
            top, left = int(np.floor(at_row)), int(np.floor(at_column))
            for r, c in (
                (top, left),
                (top, left + 1),
                (top + 1, left),
                (top + 1, left + 1),
            ):
                if 0 <= r < size and 0 <= c < size:
                    share = (1 - abs(at_row - r)) * (1 - abs(at_column - c))
                    found[row, column] += share * image[r, c]
    return found


def test_frames_are_the_digit_turned(mnist):
    clips = data.load("rotating_mnist", "test", mnist, num_clips=2)
    assert clips.frames.shape == (2, 16, 28, 28, 1)
    for frame in (1, 5, 11):
        expected = turned_slowly(clips.states["image"][1], 2 * np.pi * frame / 16)
        np.testing.assert_allclose(clips.frames[1, frame, ..., 0], expected, atol=1.01)
    np.testing.assert_array_equal(clips.frames[:, 0, ..., 0], clips.states["image"])
    # A quarter of a turn moves every pixel to another one.
    np.testing.assert_array_equal(
        clips.frames[0, 4, ..., 0], np.rot90(clips.frames[0, 0, ..., 0])
    )


def test_a_start_of_its_own_and_any_angle(mnist):
    clips = data.load("rotating_mnist", "test", mnist, num_clips=3, start="random")
    start = clips.states["start"]
    assert len(set(start)) == 3 and (0 <= start).all() and (start < 2 * np.pi).all()
    between = rotating_mnist.render(clips.states, [0.3, 7.0])
    expected = turned_slowly(clips.states["image"][2], start[2] + 7.0)
    np.testing.assert_allclose(between[2, 1, ..., 0], expected, atol=1.01)


def test_splits_share_no_digit_but_in_the_non_uniform_task(mnist):
    def digits(split, **options):
        clips = data.load("rotating_mnist", split, mnist, num_clips=200, **options)
        return {image.tobytes() for image in clips.states["image"]}

    assert not digits("train") & digits("test")
    shared = {"task": "non-uniform", "digits": [3]}
    assert digits("train", **shared) == digits("test", **shared)


def test_angles_of_the_non_uniform_task(mnist):
    options = {"task": "non-uniform", "digits": [3], "num_clips": 60}
    train = data.load("rotating_mnist", "train", mnist, **options)
    test = data.load("rotating_mnist", "test", mnist, **options)
    assert (train.mask.sum(axis=1) == 11).all() and test.mask is None
    assert not train.mask[:, 3].any() and train.mask[:, 0].all()
    others = train.mask[:, [1, 2, *range(4, 16)]].mean(axis=0)
    assert (others > 0.4).all() and (others < 0.95).all()  # each is missing somewhere
    np.testing.assert_array_equal(test.states["observed"], train.mask)
    np.testing.assert_array_equal(test.frames, train.frames)
    assert (train.labels["digit"] == 3).all()
    assert data.load("rotating_mnist", "train", mnist, **{**options, "num_clips": None})


def test_frames_of_the_irregular_task_are_at_their_times(mnist):
    clips = data.load(
        *("rotating_mnist", "train", mnist),
        **{"task": "irregular", "num_frames": 5, "max_turns": 2, "num_clips": 40},
    )
    assert clips.times.shape == (40, 5) and clips.times.max() > 16
    assert (clips.times[:, 0] == 0).all() and (np.diff(clips.times) >= 1).all()
    whole = data.load("rotating_mnist", "train", mnist, num_clips=40)
    for clip in (0, 17):
        at = clips.times[clip].astype(int) % 16
        np.testing.assert_array_equal(clips.frames[clip], whole.frames[clip, at])
    test = data.load("rotating_mnist", "test", mnist, task="irregular", num_clips=2)
    assert test.times is None and test.num_frames == 16


def test_what_cannot_be_is_said(mnist):
    def load(**options):
        return data.load("rotating_mnist", "train", mnist, **options)

    for options, why in (
        ({"digits": [3, 11]}, "digits must be a list"),
        ({"task": "uneven"}, "task must be one of"),
        ({"start": "down"}, "start must be one of"),
        ({"num_clips": 10**6}, "num_clips must be at most 8000"),
        ({"num_frames": 4}, "clips of the uniform task have all 16 angles"),
        ({"max_turns": 2}, "belongs to the irregular task"),
        ({"task": "irregular", "num_frames": 17}, "num_frames must be at most 16"),
        ({"task": "non-uniform", "num_angles": 6}, "num_angles must be at least 9"),
    ):
        with pytest.raises(ValueError, match=why):
            load(**options)
