"""fit_frames against plain slicing and averaging."""

from types import SimpleNamespace

import numpy as np
import pytest

from halo_keras.data import fit_frames, fit_note


def test_fitting_frames_come_back_unchanged(rng):
    frames = rng.integers(0, 256, (5, 8, 8, 3), np.uint8)
    model = SimpleNamespace(frame_shape=(8, 8, 3))
    assert fit_frames(frames, model) is frames
    assert fit_note(frames, model) == ""
    assert np.array_equal(fit_frames(frames / 255.0, model), frames)


@pytest.mark.parametrize(("height", "width"), [(10, 20), (20, 10), (11, 8)])
def test_crop_is_central(rng, height, width):
    frames = rng.integers(0, 256, (2, 3, height, width, 3), np.uint8)
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    fitted = fit_frames(frames, (side, side, 3))
    wanted = frames[:, :, top : top + side, left : left + side]
    assert np.array_equal(fitted, wanted)
    note = fit_note(frames, (side, side, 3))
    assert note == (f"cropped from {height} x {width} to the central {side} x {side}")


def test_aspect_ratio_of_the_model_not_only_squares(rng):
    frames = rng.integers(0, 256, (1, 30, 30, 1), np.uint8)
    assert fit_frames(frames, (20, 10, 1)).shape == (1, 20, 10, 1)
    assert fit_note(frames, (20, 10, 1)) == (
        "cropped from 30 x 30 to the central 30 x 15, resized from 30 x 15 to 20 x 10"
    )


def test_shrinking_is_antialiased():
    # One-pixel stripes average to grey; taking every second pixel would not.
    frames = np.zeros((1, 32, 32, 1), np.uint8)
    frames[:, :, ::2] = 200
    fitted = fit_frames(frames, (8, 8, 1))
    assert np.abs(fitted[:, :, 1:-1].astype(int) - 100).max() <= 10
    flat = np.full((1, 50, 40, 3), 77, np.uint8)
    assert (fit_frames(flat, (16, 16, 3)) == 77).all()


def test_channels(rng):
    grey = rng.integers(0, 256, (2, 8, 8, 1), np.uint8)
    colour = fit_frames(grey, (8, 8, 3))
    assert np.array_equal(colour, np.repeat(grey, 3, axis=-1))
    assert fit_note(grey, (8, 8, 3)) == "turned from grey to colour"
    picture = rng.integers(0, 256, (2, 8, 8, 3), np.uint8)
    luma = picture @ np.array([0.299, 0.587, 0.114])
    fitted = fit_frames(picture, (8, 8, 1))[..., 0]
    assert np.abs(fitted - luma).max() <= 1


@pytest.mark.parametrize(
    ("frames", "shape", "message"),
    [
        (np.zeros((8, 8, 3), np.uint8), (8, 8, 3), "expected frames"),
        (np.zeros((1, 8, 8, 4), np.uint8), (8, 8, 3), "1 or 3 channels"),
        (np.full((1, 8, 8, 3), np.nan), (8, 8, 3), r"real frames in \[0, 1\]"),
        (np.full((1, 8, 8, 3), 200.0), (8, 8, 3), "pass them as uint8"),
        (np.zeros((1, 8, 8, 3), np.int64), (8, 8, 3), "dtype"),
        (np.zeros((1, 8, 8, 3), np.uint8), (8, 8), "expected a model or"),
        (np.zeros((1, 8, 8, 3), np.uint8), (8, 8, 2), "expected a model or"),
        (np.zeros((1, 8, 8, 3), np.uint8), None, "expected a model or"),
    ],
)
def test_wrong_input(frames, shape, message):
    with pytest.raises(ValueError, match=message):
        fit_frames(frames, shape)
