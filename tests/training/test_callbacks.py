"""The NaN guard names the batch; strips and TensorBoard files are written."""

import re

import keras
import numpy as np
import pytest
from PIL import Image
from training.toy_training import toy_recipe

from halo_keras.training.callbacks import NonFiniteLoss
from halo_keras.training.fitting import fit_recipe


@pytest.mark.backend
def test_nan_guard_names_epoch_step_and_clips(tmp_path):
    recipe = toy_recipe(**{"data.bad_clip": 17})
    with pytest.raises(NonFiniteLoss) as raised:
        fit_recipe(recipe, tmp_path, verbose=0)
    order = np.random.default_rng([1, recipe.seed, 0]).permutation(24)
    step = int(np.flatnonzero(order == 17)[0]) // recipe.batch_size
    clips = order[step * 6 : step * 6 + 6].tolist()
    message = str(raised.value)
    assert f"loss became NaN or infinite at epoch 0, step {step}" in message
    assert re.search(re.escape(f"clips {clips}"), message)
    assert not (tmp_path / "checkpoints").exists()


def test_strips_are_drawn_every_few_epochs(tmp_path):
    fit_recipe(toy_recipe(strip_every=2), tmp_path, verbose=0)
    strips = sorted((tmp_path / "strips").iterdir())
    assert [path.name for path in strips] == ["epoch-00002.png", "epoch-00004.png"]
    with Image.open(strips[0]) as image:  # two clips of four 4 x 4 frames, 1 between
        assert image.size == (4 * 4 + 3, 2 * 4 + 1)


def test_tensorboard_file_holds_the_logged_losses(tmp_path):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("written on TensorFlow only")
    import tensorflow as tf

    history = []

    class Remember(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            history.append(logs["loss"])

    fit_recipe(toy_recipe(), tmp_path, verbose=0, callbacks=[Remember()])
    (path,) = (tmp_path / "tensorboard").iterdir()
    losses = []
    for record in tf.data.TFRecordDataset(str(path)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        losses += [
            float(tf.make_ndarray(value.tensor))
            for value in event.summary.value
            if value.tag == "loss"
        ]
    np.testing.assert_allclose(losses, history, rtol=1e-6)
