"""keras-cv's layers give every frame of a clip one transformation.

On TensorFlow keras-cv must be there (`pip install -e ".[tensorflow,cv,test]"`): these
tests fail without it, they never skip.
"""

import keras
import numpy as np
import pytest

from halo_keras.layers import VideoAugmentation

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def cv():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("keras-cv's preprocessing layers compute on TensorFlow")
    import keras_cv
    import tensorflow as tf

    # Once a test before these has asked for deterministic operations, TensorFlow draws
    # from seeded sources only.
    keras.utils.set_random_seed(1)
    tf.random.set_global_generator(tf.random.Generator.from_seed(1))
    return keras_cv.layers


CASES = {
    "flip": lambda cv: cv.RandomFlip("horizontal_and_vertical", seed=3),
    "rotation": lambda cv: cv.RandomRotation(0.3, seed=3),
    "zoom": lambda cv: cv.RandomZoom(0.4, seed=3),
    "translation": lambda cv: cv.RandomTranslation(0.3, 0.3, seed=3),
    "shear": lambda cv: cv.RandomShear(0.3, 0.3, seed=3),
    "brightness": lambda cv: cv.RandomBrightness(0.5, seed=3),
    "contrast": lambda cv: cv.RandomContrast((0, 255), (0.2, 0.8), seed=3),
    "hue": lambda cv: cv.RandomHue(0.5, (0, 255), seed=3),
    "cutout": lambda cv: cv.RandomCutout((0.2, 0.6), (0.2, 0.6), seed=3),
    "shuffle": lambda cv: cv.ChannelShuffle(3, seed=3),
    # These two know single images only.
    "channel_shift": lambda cv: cv.RandomChannelShift((0, 255), 0.5, seed=3),
    "blur": lambda cv: cv.RandomGaussianBlur(3, (0.5, 2.0), seed=3),
}
# Their draws come from generators of their own, so that they can be repeated.
SEEDED = ("flip", "rotation", "zoom", "translation", "shuffle")


def clips(count=6, length=3):
    shape = (count, length, 12, 12, 3)
    return np.random.default_rng(8).integers(0, 256, shape).astype("float32")


@pytest.mark.parametrize("name", CASES)
def test_equal_frames_stay_equal_and_clips_differ(cv, name):
    frames = np.tile(clips(1, 1), (8, 4, 1, 1, 1))
    result = np.asarray(VideoAugmentation(CASES[name](cv))(frames))
    assert result.shape == frames.shape and result.dtype == np.float32
    assert (result == result[:, :1]).all()
    assert len({clip.tobytes() for clip in result}) > 1


@pytest.mark.parametrize("name", SEEDED)
def test_each_frame_is_as_if_the_layer_were_new_for_it(cv, name):
    frames = clips()
    result = np.asarray(VideoAugmentation(CASES[name](cv))(frames))
    for time in range(3):
        alone = np.asarray(CASES[name](cv)(frames[:, time]))
        np.testing.assert_allclose(result[:, time], alone, atol=1e-4)


def test_each_frame_is_flipped_as_its_clip_by_numpy(cv):
    frames = clips(16)
    flip = VideoAugmentation(cv.RandomFlip("horizontal", seed=1))
    flipped = 0
    for before, after in zip(frames, np.asarray(flip(frames)), strict=True):
        turned = not np.array_equal(before, after)
        flipped += turned
        np.testing.assert_array_equal(after, before[:, :, ::-1] if turned else before)
    assert 0 < flipped < 16


def test_reseed_makes_the_draws_a_function_of_the_seed(cv):
    frames = clips()
    one = VideoAugmentation([CASES["rotation"](cv), CASES["flip"](cv)])
    other = VideoAugmentation([cv.RandomRotation(0.3, seed=9), CASES["flip"](cv)])
    one(frames)
    results = []
    for augmentation, seed in ((one, 5), (other, 5), (one, 6)):
        augmentation.reseed(seed)
        results.append(np.asarray(augmentation(frames)))
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_not_training_it_changes_nothing(cv):
    frames = clips()
    augmentation = VideoAugmentation([CASES["hue"](cv), CASES["blur"](cv)])
    np.testing.assert_array_equal(augmentation(frames, training=False), frames)


@pytest.mark.parametrize("name", ["rotation", "blur"])
def test_in_a_tf_data_pipeline(cv, name):
    import tensorflow as tf

    frames = np.tile(clips(8, 1), (1, 4, 1, 1, 1))
    augmentation = VideoAugmentation(CASES[name](cv))
    dataset = tf.data.Dataset.from_tensor_slices(frames).batch(4).map(augmentation)
    for batch in dataset.as_numpy_iterator():
        np.testing.assert_allclose(batch, np.tile(batch[:, :1], (1, 4, 1, 1, 1)))


def test_composed_layers_are_answered_with_what_to_give(cv):
    with pytest.raises(TypeError, match="RandAugment chooses .* Give the layers"):
        VideoAugmentation(cv.RandAugment((0, 255)))(clips())
    jitter = cv.RandomColorJitter((0, 255), 0.5, (0.2, 0.8), (0.2, 0.8), 0.5)
    with pytest.raises(ValueError, match="RandomColorJitter changes two equal frames"):
        VideoAugmentation(jitter)(clips())


def test_configuration_round_trip(cv):
    augmentation = VideoAugmentation([CASES["flip"](cv), CASES["zoom"](cv)])
    config = keras.saving.serialize_keras_object(augmentation)
    again = keras.saving.deserialize_keras_object(config)
    frames = clips()
    np.testing.assert_array_equal(again(frames), augmentation(frames))


def test_another_backend_is_refused():
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow is keras-cv's backend")
    # keras-cv itself is not installed here, so its base class is played.
    names = {"__module__": "keras_cv.src.layers"}
    base = type("BaseImageAugmentationLayer", (keras.layers.Layer,), names)
    layer = type("RandomBlot", (base,), {"__module__": "elsewhere"})()
    with pytest.raises(TypeError, match="RandomBlot is a keras-cv layer, .* backend"):
        VideoAugmentation(layer)
