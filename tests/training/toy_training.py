"""A dataset and a noisy model so small that a training of them takes a second.

Also run as a program, which trains and can be killed: see `test_resume.py`.
"""

import os
import sys

import keras
import numpy as np

from halo_keras import data
from halo_keras.training.fitting import fit_recipe
from halo_keras.training.recipe import Recipe


@data.register("toy_training")
def _load(split, *, num_clips: int = 24, bad_clip: int = -1) -> data.ClipDataset:
    rng = np.random.default_rng(7 if split == "train" else 8)
    frames = rng.integers(0, 256, (num_clips, 4, 4, 4, 1), dtype=np.uint8)
    if bad_clip >= 0:
        frames[bad_clip] = 255
    return data.ClipDataset(
        name="toy_training",
        split=split,
        frames=frames,
        labels={"action": rng.integers(0, 2, num_clips)},
        label_names={"action": ["left", "right"]},
        license="CC0-1.0",
        attribution="made of random numbers",
    )


class ToyModel(keras.Model):
    """x -> W x + noise, trained to give x back: weights, noise, a step counter.

    A frame that is white all over makes the loss NaN.
    """

    def __init__(self, noise=0.1, seed=3):
        super().__init__()
        self.noise = noise
        self.dense = keras.layers.Dense(16)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.reduce = keras.losses.MeanSquaredError()
        self.steps_seen = self.add_weight(
            name="steps_seen",
            shape=(),
            dtype="int32",
            trainable=False,
            initializer="zeros",
            aggregation="only_first_replica",
        )

    def build(self, input_shape=None):
        self.dense.build((None, 16))
        self.built = True

    def flat(self, frames):
        return keras.ops.reshape(keras.ops.cast(frames, "float32") / 255, (-1, 16))

    def call(self, x, training=False):
        y = self.dense(self.flat(x["frames"]))
        if training and self.noise:
            shape = keras.ops.shape(y)
            y = y + self.noise * keras.random.normal(shape, seed=self.seed_generator)
        return y

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        if training:
            self.steps_seen.assign_add(1)
        target = self.flat(x["frames"])
        white = keras.ops.all(target == 1, axis=-1, keepdims=True)
        return self.reduce(target, keras.ops.where(white, float("nan"), y_pred))


def build_model(recipe, dataset):
    model = ToyModel(noise=recipe.model["noise"])
    model.build()
    return model


def toy_recipe(**changes) -> Recipe:
    recipe = Recipe(
        preset="toy",
        dataset="toy_training",
        build_model=build_model,
        data={"num_clips": 24, "bad_clip": -1},
        model={"noise": 0.1},
        epochs=4,
        batch_size=6,
        learning_rate=0.01,
        ema_momentum=0.9,
        strip_every=0,
        seed=11,
    )
    return recipe.override(**changes)


class Kill(keras.callbacks.Callback):
    """Ends the process without any clean-up, in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch
        self.now = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == 1:
            os._exit(9)


def main(folder: str, kill_at: str) -> None:
    """`python toy_training.py FOLDER EPOCH` starts in FOLDER and dies in EPOCH."""
    fit_recipe(toy_recipe(), folder, verbose=0, callbacks=[Kill(int(kill_at))])


if __name__ == "__main__":
    main(*sys.argv[1:])
