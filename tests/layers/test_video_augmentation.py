"""Every frame of a clip is changed by one draw, each clip by its own."""

import keras
import numpy as np
import pytest
from keras import layers

from halo_keras.layers import VideoAugmentation

pytestmark = pytest.mark.backend

CASES = {
    "flip": lambda: layers.RandomFlip(seed=3),
    "rotation": lambda: layers.RandomRotation(0.3, seed=3),
    "zoom": lambda: layers.RandomZoom(0.4, seed=3),
    "translation": lambda: layers.RandomTranslation(0.3, 0.3, seed=3),
    "crop": lambda: layers.RandomCrop(6, 7, seed=3),
    "brightness": lambda: layers.RandomBrightness(0.5, seed=3),
    "contrast": lambda: layers.RandomContrast(0.5, seed=3),
    # These draw while they transform, or in layers of their own.
    "jitter": lambda: layers.RandomColorJitter(
        brightness_factor=0.3, saturation_factor=0.3, hue_factor=0.3, seed=3
    ),
    "pipeline": lambda: layers.Pipeline(
        [layers.RandomFlip(seed=4), layers.RandomRotation(0.3, seed=5)]
    ),
    "sequential": lambda: keras.Sequential(
        [layers.RandomFlip(seed=4), layers.RandomRotation(0.3, seed=5)]
    ),
}


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def clips(count=6, length=3):
    shape = (count, length, 12, 12, 3)
    return np.random.default_rng(8).integers(0, 256, shape).astype("float32")


@pytest.mark.parametrize("name", CASES)
def test_each_frame_is_as_if_the_layer_were_new_for_it(name):
    frames = clips()
    augmentation = VideoAugmentation(CASES[name]())
    result = numpy(augmentation(frames, training=True))
    for time in range(3):
        alone = numpy(CASES[name]()(frames[:, time], training=True))
        np.testing.assert_array_equal(result[:, time], alone)
    # The draws go on: a second call is another one.
    assert not np.array_equal(numpy(augmentation(frames, training=True)), result)


@pytest.mark.parametrize("name", ["translation", "rotation", "jitter", "pipeline"])
def test_equal_frames_stay_equal_and_clips_differ(name):
    frames = np.tile(clips(1, 1), (8, 4, 1, 1, 1))
    result = numpy(VideoAugmentation(CASES[name]())(frames))
    assert (result == result[:, :1]).all()
    assert len({clip.tobytes() for clip in result}) > 1


def test_one_frame_is_the_image_layer():
    frames = clips(length=1)
    result = VideoAugmentation(CASES["zoom"]())(frames)
    np.testing.assert_array_equal(
        numpy(result)[:, 0], numpy(CASES["zoom"]()(frames[:, 0], training=True))
    )


def test_a_marked_pixel_goes_to_the_same_place_in_each_frame():
    """Found by its value; the pixels around it are others in each frame."""
    frames = np.minimum(clips(8, 5), 100)
    frames[:, :, 5, 7] = 255
    shift = layers.RandomTranslation(
        0.3, 0.3, fill_mode="constant", interpolation="nearest", seed=1
    )
    flip = layers.RandomFlip(seed=2)
    result = numpy(VideoAugmentation([shift, flip])(frames))
    places = result.sum(axis=-1).reshape(8, 5, -1)
    assert (places.max(axis=-1) == 3 * 255).all()
    places = places.argmax(axis=-1)
    assert (places == places[:, :1]).all()
    assert len(set(places[:, 0])) > 3


def test_reseed_makes_the_draws_a_function_of_the_seed():
    frames = clips()
    one = VideoAugmentation([CASES["rotation"](), CASES["jitter"]()])
    other = VideoAugmentation([layers.RandomRotation(0.3), CASES["jitter"]()])
    one(frames)
    results = []
    for augmentation, seed in ((one, 5), (other, 5), (one, 6)):
        augmentation.reseed(seed)
        results.append(numpy(augmentation(frames)))
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_whole_numbers_are_taken_as_floats():
    one, other = (VideoAugmentation(CASES["contrast"]()) for _ in range(2))
    result = numpy(one(clips().astype("uint8")))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, numpy(other(clips())))


def test_not_training_it_changes_nothing():
    frames = clips()
    augmentation = VideoAugmentation([CASES["flip"](), CASES["translation"]()])
    np.testing.assert_array_equal(numpy(augmentation(frames, training=False)), frames)


def test_as_a_layer_of_a_model():
    inputs = keras.Input((4, 12, 12, 3))
    model = keras.Model(inputs, VideoAugmentation(CASES["flip"]())(inputs))
    frames = np.tile(clips(4, 1), (1, 4, 1, 1, 1))
    result = numpy(model(frames, training=True))
    assert (result == result[:, :1]).all() and not np.allclose(result, frames)
    np.testing.assert_allclose(model.predict(frames, verbose=0), frames)


def test_in_a_tf_data_pipeline():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.data is TensorFlow's")
    import tensorflow as tf

    frames = np.tile(clips(8, 1), (1, 4, 1, 1, 1))
    augmentation = VideoAugmentation([CASES["rotation"](), CASES["jitter"]()])
    dataset = tf.data.Dataset.from_tensor_slices(frames).batch(4).map(augmentation)
    first, second = (batch.numpy() for batch in dataset)
    assert (first == first[:, :1]).all() and (second == second[:, :1]).all()
    dumb = CASES["jitter"]()(CASES["rotation"]()(frames[:4, 0]))
    np.testing.assert_allclose(first[:, 0], numpy(dumb), atol=1e-2)


class OwnDice(layers.Layer):
    """Draws where nobody can see it."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(0)

    def call(self, images):
        return keras.ops.cast(images, "float32") * float(self.rng.random())


def test_a_layer_that_cannot_be_replayed_is_found_out():
    with pytest.raises(ValueError, match="OwnDice changes two equal frames"):
        VideoAugmentation(OwnDice())(clips())


@pytest.mark.parametrize("wrong", [[], None, [layers.RandomFlip(), 3], "flip"])
def test_something_else_than_layers(wrong):
    with pytest.raises(TypeError, match="takes an image layer, or a list of them"):
        VideoAugmentation(wrong)


def test_frames_of_another_rank():
    with pytest.raises(ValueError, match=r"expects frames .* received shape \(3, 12"):
        VideoAugmentation(layers.RandomFlip())(clips()[0])


def test_configuration_round_trip():
    augmentation = VideoAugmentation([CASES["flip"](), CASES["zoom"]()], name="both")
    config = keras.saving.serialize_keras_object(augmentation)
    again = keras.saving.deserialize_keras_object(config)
    assert again.name == "both"
    frames = clips()
    np.testing.assert_array_equal(numpy(again(frames)), numpy(augmentation(frames)))
