"""Two mirrored devices train like one; what a backend lacks is a clear error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from halo_keras.training.strategies import check_batch_size, scope


@pytest.mark.backend
def test_one_device_is_one_replica_everywhere():
    with scope("none") as replicas:
        assert replicas == 1


@pytest.mark.backend
def test_unknown_strategy_is_answered_with_the_nearest():
    with pytest.raises(
        ValueError, match="received 'mirorred'; did you mean 'mirrored'"
    ):
        with scope("mirorred"):
            pass


@pytest.mark.backend
def test_mirrored_needs_tensorflow():
    if keras.backend.backend() == "tensorflow":
        pytest.skip("it is TensorFlow")
    with pytest.raises(ValueError, match="Use strategy='auto'"):
        with scope("mirrored"):
            pass


def test_batch_size_must_split_evenly():
    check_batch_size(24, 2)
    with pytest.raises(
        ValueError, match="25 is not divisible by the 2 replicas. Use 24"
    ):
        check_batch_size(25, 2)
    with pytest.raises(ValueError, match="Use 4, or"):
        check_batch_size(3, 4)


def run_program(repository, *arguments):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.distribute is TensorFlow's")
    program = Path(__file__).parent / "mirrored_training.py"
    paths = os.pathsep.join([str(repository), str(repository / "tests")])
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout.decode().splitlines()[-1])


@pytest.mark.slow
def test_two_mirrored_devices_save_a_preset(repository):
    found = run_program(repository, "preset")
    assert found["replicas"] == 2 and found["num_weights"] > 5000


def test_two_mirrored_devices_train_like_one(repository):
    results = run_program(repository)
    assert results["devices"] == 2
    assert results["inside mirrored"] == [2, "MirroredStrategy"]
    # Processors alone are no reason to mirror by default.
    assert results["inside auto"] == [1, "_DefaultDistributionStrategy"]
    for model in ("", "halo "):
        one, two = results[f"{model}none"], results[f"{model}mirrored"]
        assert (one["replicas"], two["replicas"]) == (1, 2)
        np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
        np.testing.assert_allclose(two["weights"], one["weights"], atol=1e-4)
    # Exact resume holds under a strategy too.
    assert results["resumed"] == results["noisy"]
    assert results["noisy"]["losses"] != results["mirrored"]["losses"]
