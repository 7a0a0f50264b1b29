"""What `augment` makes of batches: small, alike in a clip, and repeatable."""

import sys
from functools import partial

import keras
import numpy as np
import pytest
from training.toy_training import toy_recipe

from halo_keras import data
from halo_keras.schema import ConfigError
from halo_keras.training.augmentation import (
    AugmentedBatches,
    augmented,
    make_augmentation,
)
from halo_keras.training.fitting import fit_recipe

pytestmark = pytest.mark.backend


@pytest.fixture(params=["keras", "keras_cv"])
def augmentation(request):
    if request.param == "keras_cv" and keras.backend.backend() != "tensorflow":
        pytest.skip("keras-cv's layers compute on TensorFlow")
    return make_augmentation(request.param)


def still_balls():
    """Clips of one frame, four times: what comes must not move either."""
    batch = data.load("balls", "train", num_clips=16, num_frames=1).batches(16)[0]
    return {**batch, "frames": np.repeat(batch["frames"], 4, axis=1)}


def centre(frames):
    """`(batch, time, 2)`: the mean place of what is not black, x and y in pixels."""
    weight = frames.astype(float).sum(axis=-1)
    y, x = np.mgrid[: weight.shape[2], : weight.shape[3]] + 0.5
    total = weight.sum(axis=(2, 3))
    return np.stack([(weight * a).sum(axis=(2, 3)) / total for a in (x, y)], axis=-1)


def test_frames_that_content_is_read_from_move_with_their_clip(augmentation):
    """As frames of that clip do, whatever the number of them; nothing else changes."""
    batch = still_balls()
    content = batch["frames"][:, :3]
    transform = AugmentedBatches(augmentation)
    for _ in range(2):  # the first batch goes another way than the others
        made = transform({**batch, "content_frames": content}, np.random.default_rng(4))
        assert made["content_frames"].shape == content.shape
        np.testing.assert_array_equal(made["content_frames"], made["frames"][:, :3])
        plain = AugmentedBatches(augmentation)(batch, np.random.default_rng(4))
        np.testing.assert_array_equal(made["frames"], plain["frames"])
    assert (made["frames"] != batch["frames"]).any()


def test_clips_move_a_little_as_wholes(augmentation):
    """A ball's centre c goes to z (c - 16) + 16 + d, or its mirror image does."""
    batch = still_balls()
    before = centre(batch["frames"])[:, 0]
    made = AugmentedBatches(augmentation)(batch, np.random.default_rng(4))
    frames = made["frames"]
    assert frames.shape == batch["frames"].shape and frames.dtype == np.uint8
    assert (frames == frames[:, :1]).all()
    np.testing.assert_array_equal(made["action"], batch["action"])
    after = centre(frames)[:, 0]
    mirrored = np.stack([32 - before[:, 0], before[:, 1]], axis=-1)
    bound = 0.06 * 32 + 0.09 * 16 + 0.5
    is_near = (np.abs(after - before) < bound).all(axis=-1)
    is_mirrored = (np.abs(after - mirrored) < bound).all(axis=-1)
    assert (is_near | is_mirrored).all()
    assert (is_near & ~is_mirrored).any() and (is_mirrored & ~is_near).any()
    assert np.abs(after[is_near] - before[is_near]).max() > 0.3


def test_batches_are_a_function_of_seed_epoch_and_index(augmentation):
    dataset = data.load("balls", "train", num_clips=12, num_frames=2)
    other = AugmentedBatches(make_augmentation("keras"))
    if "keras_cv" in type(augmentation.layers[0]).__module__:
        other = AugmentedBatches(make_augmentation("keras_cv"))
    one = dataset.batches(4, seed=5, transform=AugmentedBatches(augmentation))
    two = dataset.batches(4, seed=5, epoch=1, transform=other)
    one[0], one[2]
    one.epoch = 1
    np.testing.assert_array_equal(one[1]["frames"], two[1]["frames"])
    plain = dataset.batches(4, seed=5, epoch=1)
    assert not np.array_equal(one[1]["frames"], plain[1]["frames"])
    np.testing.assert_array_equal(one[1]["action"], plain[1]["action"])


def test_the_other_transform_comes_first():
    seen = []

    def before(batch, rng):
        seen.append(rng)
        return {**batch, "frames": 0 * batch["frames"], "target_times": 3}

    transform = augmented(make_augmentation("keras"), still_dataset(), before)
    rng = np.random.default_rng(0)
    made = transform(still_balls(), rng)
    assert seen == [rng] and made["target_times"] == 3 and not made["frames"].any()
    assert augmented(make_augmentation("none"), still_dataset(), before) is before


still_dataset = partial(data.load, "balls", "train", num_clips=2)


def test_a_training_sees_augmented_clips_and_measures_plain_ones(tmp_path):
    plain = fit_recipe(toy_recipe(epochs=1), tmp_path / "a", verbose=0)
    recipe = toy_recipe(epochs=1, augment="keras")
    made = fit_recipe(recipe, tmp_path / "b", verbose=0)
    again = fit_recipe(recipe, tmp_path / "c", verbose=0)
    weights = [fit.model.dense.get_weights()[0] for fit in (plain, made, again)]
    assert not np.allclose(weights[0], weights[1])
    np.testing.assert_allclose(weights[1], weights[2], atol=1e-6)
    frames = data.load("toy_training", "train").frames
    np.testing.assert_array_equal(made.dataset.frames, frames)
    np.testing.assert_array_equal(made.load("train").frames, frames)


def test_keras_cv_that_cannot_be_had_is_answered_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_cv", None)
    message = "computes on TensorFlow, but the backend is"
    if keras.backend.backend() == "tensorflow":
        message = r'pip install "halo-keras\[cv\]"'
    with pytest.raises(ConfigError, match=message):
        make_augmentation("keras_cv")


def test_spectrograms_are_not_mirrored():
    sound = data.ClipDataset(
        name="sound",
        split="train",
        frames=np.zeros((2, 3, 4), "float32"),
        labels={"action": np.zeros(2, int)},
        label_names={"action": ["speech"]},
        kind="spectrogram",
        license="CC0-1.0",
        attribution="silence",
    )
    with pytest.raises(ConfigError, match="'sound' holds clips of kind 'spectrogram'"):
        augmented(make_augmentation("keras"), sound, None)


def test_later_batches_are_as_the_layers_make_them():
    """The second batch may run as one program; it draws and changes the same."""
    batch = still_balls()
    transform = AugmentedBatches(make_augmentation("keras"))
    transform(batch, np.random.default_rng(1))
    made = transform(batch, np.random.default_rng(2))["frames"].astype(int)
    fresh = AugmentedBatches(make_augmentation("keras"))
    plain = fresh(batch, np.random.default_rng(2))["frames"].astype(int)
    assert np.abs(made - plain).max() <= 1  # a rounding
    assert not np.array_equal(made, batch["frames"])
