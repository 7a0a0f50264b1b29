"""The judge's lab note runs, on balls: from data to a measured preset, and resumed."""

import dataclasses
import importlib.util
import json

import keras
import numpy as np
import pytest

from halo_keras.hub.presets import from_pretrained, read_metadata


@pytest.fixture(scope="module")
def note(repository):
    path = repository / "recipes" / "train_judge.py"
    spec = importlib.util.spec_from_file_location("train_judge", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recipe(note):
    return dataclasses.replace(
        note.RECIPES["judge-sprites"],
        preset="judge-balls",
        dataset="balls",
        data={"num_clips": 60, "num_frames": 4},
        batch_size=20,
        epochs=2,
        rolled_actions=("fast",),
    )


def test_it_writes_a_preset_whose_numbers_can_be_recomputed(note, recipe, tmp_path):
    from halo_keras import data

    output = tmp_path / "judge-balls"
    note.train(recipe, output)
    judge = from_pretrained(output)
    assert dict(zip(judge.head_names, judge.head_sizes, strict=True)) == {
        "action": 3,
        "colour": 6,
        "radius": 3,
    }
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    test = data.load("balls", "test", num_clips=60, num_frames=4)
    for head, value in judge.accuracy(test).items():
        assert metrics["test"][f"judge_real_{head}_accuracy"] == value
    fast = test.labels["action"] == 2
    hits = [
        judge.predict_labels(np.roll(test.frames[fast], -r, axis=1))["action"] == 2
        for r in range(4)
    ]
    phases = metrics["test_loops_at_every_phase"]
    assert phases["action_accuracy"] == pytest.approx(np.mean(hits))
    assert metrics["test"]["num_clips"] == 60
    assert metrics["run"]["steps"] == 6
    metadata = read_metadata(output)
    assert metadata["family"] == "judge"
    assert set(metadata["labels"]) == set(judge.head_names)


def test_a_killed_training_resumes_to_the_same_weights(
    note, recipe, tmp_path, monkeypatch
):
    from halo_keras.training import callbacks

    class Killed(Exception):
        pass

    def save_and_die(self, epoch, logs=None, save=callbacks.Checkpoint.on_epoch_end):
        save(self, epoch, logs)
        raise Killed

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    note.train(recipe, whole)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(callbacks.Checkpoint, "on_epoch_end", save_and_die)
        note.train(recipe, broken)
    assert not broken.exists()
    with pytest.raises(FileExistsError, match="--resume"):
        note.train(recipe, broken)
    note.train(recipe, broken, resume=True)
    pairs = zip(
        from_pretrained(whole).weights, from_pretrained(broken).weights, strict=True
    )
    for one, other in pairs:
        assert np.array_equal(
            keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
        )


def test_wrong_command_lines_are_refused(note, capsys):
    for arguments, message in (
        (["--preset", "judge-sprite"], "judge-sprites"),
        (["--set", "epoch=3"], "epochs"),
        (["--push-to-hub", "me/judge"], "needs a token"),
        (["--push-to-hub", "judge"], "owner/name"),
    ):
        with pytest.raises(SystemExit) as stopped:
            note.main(arguments)
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err


def test_identities_are_no_head(note, rng):
    from halo_keras import data

    balls = data.load("balls", "train", num_clips=60, num_frames=2)
    assert note.learnable_labels(balls) == ["action", "colour", "radius"]
    few = balls.subset(np.flatnonzero(balls.labels["colour"] > 0))
    assert note.learnable_labels(few) == ["action", "radius"]
