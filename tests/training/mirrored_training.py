"""Run as a program: one device against two mirrored ones, on two logical processors.

Prints one JSON line: for each case the logged losses and the final weights.
"""

import json
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf
from training.test_resume import Interrupted, InterruptIn, log_rows
from training.toy_training import toy_recipe

from halo_keras.training.fitting import fit_recipe
from halo_keras.training.strategies import scope


def fit(strategy, folder, **options):
    # A clipped gradient shows a wrong scale less than a free one, as does Adam; with
    # noise off all that differs is the splitting of the batch.
    recipe = toy_recipe(clip_norm=1e6, **{"model.noise": options.pop("noise", 0.0)})
    fitted = fit_recipe(recipe, folder, strategy=strategy, verbose=0, **options)
    weights = np.concatenate([np.ravel(w) for w in fitted.model.get_weights()])
    losses = [float(row["loss"]) for row in log_rows(folder)]
    return {
        "replicas": fitted.replicas,
        "losses": losses,
        "weights": weights.tolist(),
    }


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("none", "mirrored"):
            results[name] = fit(name, f"{folder}/{name}")
        results["noisy"] = fit("mirrored", f"{folder}/noisy", noise=0.1)
        try:
            fit("mirrored", f"{folder}/killed", noise=0.1, callbacks=[InterruptIn(2)])
        except Interrupted:
            results["resumed"] = fit(
                "mirrored", f"{folder}/killed", noise=0.1, resume=True
            )
    for name in ("auto", "mirrored"):
        with scope(name) as replicas:
            strategy = type(tf.distribute.get_strategy()).__name__
            results[f"inside {name}"] = [replicas, strategy]
    results["devices"] = len(tf.config.list_logical_devices("CPU"))
    results["keras"] = keras.backend.backend()
    print(json.dumps(results), file=sys.stdout)


if __name__ == "__main__":
    main()
