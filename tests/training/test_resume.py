"""A killed training resumes to the numbers of an uninterrupted one, bit for bit."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from training import toy_training
from training.toy_training import toy_recipe

from halo_keras.training.checkpoint import CheckpointFolder, same_random_state
from halo_keras.training.fitting import fit_recipe

pytestmark = pytest.mark.backend


class Interrupted(Exception):
    pass


class InterruptIn(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Interrupted


def log_rows(folder):
    with open(Path(folder) / "log.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.pop("seconds")
    return rows


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    fitted = fit_recipe(toy_recipe(), folder, verbose=0)
    return log_rows(folder), fitted.model.get_weights(), fitted.steps


def assert_equal_weights(weights, expected):
    assert len(weights) == len(expected)
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_learns_and_logs_every_epoch(uninterrupted):
    rows, weights, steps = uninterrupted
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert steps == 4 * 24 // 6 == weights[0 if np.ndim(weights[0]) == 0 else -1]


def test_a_trial_takes_a_few_steps_an_epoch(tmp_path):
    fitted = fit_recipe(toy_recipe(steps_per_epoch=3), tmp_path, verbose=0)
    assert fitted.steps == int(fitted.model.steps_seen) == 4 * 3


def test_equal_seeds_give_equal_bits_and_other_seeds_do_not(uninterrupted, tmp_path):
    rows, weights, _ = uninterrupted
    again = fit_recipe(toy_recipe(), tmp_path / "same", verbose=0)
    assert_equal_weights(again.model.get_weights(), weights)
    assert log_rows(tmp_path / "same") == rows
    fit_recipe(toy_recipe(seed=12), tmp_path / "other", verbose=0)
    assert log_rows(tmp_path / "other")[0]["loss"] != rows[0]["loss"]


@pytest.mark.parametrize("epoch", [0, 2, 3])
def test_exception_then_resume(uninterrupted, tmp_path, epoch):
    rows, weights, _ = uninterrupted
    with pytest.raises(Interrupted):
        fit_recipe(toy_recipe(), tmp_path, verbose=0, callbacks=[InterruptIn(epoch)])
    # Between the two, the process draws from every global generator.
    keras.random.normal((3,))
    np.random.random(5)
    fitted = fit_recipe(toy_recipe(), tmp_path, resume=True, verbose=0)
    assert_equal_weights(fitted.model.get_weights(), weights)
    assert log_rows(tmp_path) == rows


def test_resume_of_a_finished_fit_trains_nothing_more(uninterrupted, tmp_path):
    rows, weights, _ = uninterrupted
    first = fit_recipe(toy_recipe(), tmp_path, verbose=0)
    again = fit_recipe(
        toy_recipe(), tmp_path, resume=True, verbose=0, callbacks=[InterruptIn(0)]
    )
    assert_equal_weights(again.model.get_weights(), weights)
    assert log_rows(tmp_path) == rows
    assert again.seconds == pytest.approx(first.seconds, abs=2.0)


def test_killed_process_then_resume(uninterrupted, tmp_path, repository):
    """`os._exit` in the middle of an epoch, in a process of its own."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("one backend is enough for what is the same file on all")
    rows, weights, _ = uninterrupted
    done = subprocess.run(
        [sys.executable, toy_training.__file__, str(tmp_path), "2"],
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 9, done.stderr.decode()[-2000:]
    assert len(log_rows(tmp_path)) == 2
    fitted = fit_recipe(toy_recipe(), tmp_path, resume=True, verbose=0)
    assert_equal_weights(fitted.model.get_weights(), weights)
    assert log_rows(tmp_path) == rows


def test_the_last_two_checkpoints_stay_and_a_damaged_one_is_passed_over(
    uninterrupted, tmp_path
):
    rows, weights, _ = uninterrupted
    with pytest.raises(Interrupted):
        fit_recipe(toy_recipe(), tmp_path, verbose=0, callbacks=[InterruptIn(3)])
    files = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert files == ["epoch-00002.npz", "epoch-00003.npz"]
    newest = tmp_path / "checkpoints" / files[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    fitted = fit_recipe(toy_recipe(), tmp_path, resume=True, verbose=0)
    assert_equal_weights(fitted.model.get_weights(), weights)
    assert log_rows(tmp_path) == rows


def test_started_training_is_not_overwritten(tmp_path):
    fit_recipe(toy_recipe(epochs=1), tmp_path, verbose=0)
    with pytest.raises(FileExistsError, match="--resume"):
        fit_recipe(toy_recipe(epochs=1), tmp_path, verbose=0)


def test_checkpoint_of_another_recipe_or_backend_is_refused(tmp_path):
    fit_recipe(toy_recipe(epochs=1), tmp_path, verbose=0)
    other = toy_recipe(epochs=1, **{"model.noise": 0.2})
    with pytest.raises(ValueError, match="model.noise: 0.1 there, 0.2 here"):
        fit_recipe(other, tmp_path, resume=True, verbose=0)
    (path,) = CheckpointFolder(tmp_path / "checkpoints", {}).files()
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    here = f'"backend": "{keras.backend.backend()}"'
    arrays["header"] = np.array(
        str(arrays["header"]).replace(here, '"backend": "mxnet"')
    )
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="trained on the backend 'mxnet'"):
        fit_recipe(toy_recipe(epochs=1), tmp_path, resume=True, verbose=0)


def test_drawing_inside_same_random_state_leaves_no_trace():
    model = toy_training.build_model(toy_recipe(), None)
    x = {"frames": np.zeros((1, 1, 4, 4, 1), "uint8")}

    def draw():
        values = [model(x, training=True), keras.random.normal((2,))]
        return [keras.ops.convert_to_numpy(v) for v in values] + [np.random.random(2)]

    with same_random_state(model):
        inside = draw()
    for one, other in zip(inside, draw(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(inside[0], draw()[0])
