"""Run as a program: one device against two mirrored ones, on two logical processors.

Prints one JSON line: for each case the logged losses and the final weights; with the
argument `preset`, what is in a preset that two devices trained.
"""

import contextlib
import json
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf
from training.test_resume import Interrupted, InterruptIn, log_rows
from training.test_trainer import RECIPE
from training.toy_training import toy_recipe

from halo_keras.hub import from_pretrained
from halo_keras.training.fitting import fit_recipe
from halo_keras.training.strategies import scope
from halo_keras.training.trainer import train


def fit(strategy, folder, recipe=None, **options):
    recipe = recipe or toy_recipe(clip_norm=1e6, **{"model.noise": 0.1})
    fitted = fit_recipe(recipe, folder, strategy=strategy, verbose=0, **options)
    weights = np.concatenate([np.ravel(w) for w in fitted.model.get_weights()])
    return {
        "replicas": fitted.replicas,
        "losses": [float(row["loss"]) for row in log_rows(folder)],
        "weights": weights.tolist(),
    }


@contextlib.contextmanager
def noise_off():
    """What is drawn has no spread, so that all that differs is the batch's split."""
    drawn = keras.random.normal, keras.random.uniform
    keras.random.normal = lambda shape, **_: keras.ops.zeros(shape)
    keras.random.uniform = lambda shape, **_: keras.ops.full(shape, 0.5)
    try:
        yield
    finally:
        keras.random.normal, keras.random.uniform = drawn


def two_devices():
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)


def save_a_preset():
    """The whole way to a preset folder, on two devices."""
    with tempfile.TemporaryDirectory() as folder:
        output = train(
            RECIPE, output=f"{folder}/preset", strategy="mirrored", verbose=0
        )
        run = json.loads((output / "metrics.json").read_text(encoding="utf-8"))["run"]
        return {
            "replicas": run["replicas"],
            "num_weights": from_pretrained(output).count_params(),
        }


def compare():
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("none", "mirrored"):
            with noise_off():
                results[name] = fit(name, f"{folder}/{name}")
                results[f"halo {name}"] = fit(name, f"{folder}/halo-{name}", RECIPE)
        results["noisy"] = fit("mirrored", f"{folder}/noisy")
        try:
            fit("mirrored", f"{folder}/killed", callbacks=[InterruptIn(2)])
        except Interrupted:
            results["resumed"] = fit("mirrored", f"{folder}/killed", resume=True)
    for name in ("auto", "mirrored"):
        with scope(name) as replicas:
            strategy = type(tf.distribute.get_strategy()).__name__
            results[f"inside {name}"] = [replicas, strategy]
    results["devices"] = len(tf.config.list_logical_devices("CPU"))
    results["keras"] = keras.backend.backend()
    return results


if __name__ == "__main__":
    two_devices()
    print(json.dumps(save_a_preset() if "preset" in sys.argv else compare()))
