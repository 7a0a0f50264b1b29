"""From a recipe to a preset folder, with HALO itself at its smallest."""

import dataclasses
import hashlib
import json

import keras
import numpy as np
import pytest
from training.test_resume import Interrupted, InterruptIn, log_rows

from halo_keras.data.action_groups import operator_of
from halo_keras.hub import PresetError, from_pretrained
from halo_keras.training import Recipe
from halo_keras.training.fitting import fit_recipe, with_operators
from halo_keras.training.loop_batches import loop_targets
from halo_keras.training.provenance import commit
from halo_keras.training.trainer import train


def build_model(recipe, dataset):
    from halo_keras.dynamics import NormalFormDynamics
    from halo_keras.layers import FrameDecoder, FrameEncoder
    from halo_keras.models import HALO

    shape = dataset.frame_shape
    return HALO(
        frame_shape=shape,
        dynamics=NormalFormDynamics(
            1, dataset.num_actions, num_frames=dataset.num_frames, name="dynamics"
        ),
        encoder=FrameEncoder(shape, [4], 8, name="encoder"),
        decoder=FrameDecoder(shape, [4, 4], 4, 8, name="decoder"),
        action_names=dataset.action_names,
        num_frames=dataset.num_frames,
        content_dim=recipe.model["content_dim"],
        content_hidden=8,
        motion_features=8,
        seed=recipe.seed,
    )


def evaluate(model, recipe, load, judge):
    test = load("test")
    made = model.reconstruct(test.frames, action=test.labels["action"])
    return {"test": {"mse": float(np.mean((made - test.frames / 255.0) ** 2))}}


RECIPE = Recipe(
    preset="halo-smallest",
    dataset="balls",
    description="For a test.",
    build_model=build_model,
    evaluate=evaluate,
    data={"num_clips": 12, "num_frames": 4},
    model={"content_dim": 3},
    epochs=2,
    batch_size=6,
    seed=5,
    strip_every=2,
)


def digest(folder):
    return hashlib.sha256((folder / "model.weights.h5").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "halo-smallest"
    return train(RECIPE, output=folder, verbose=0)


def test_preset_folder_loads_and_holds_the_measured_model(preset):
    model = from_pretrained(preset)
    metrics = json.loads((preset / "metrics.json").read_text(encoding="utf-8"))
    again = evaluate(model, RECIPE, lambda split: load_balls(split), None)
    assert metrics["test"]["mse"] == pytest.approx(again["test"]["mse"], rel=1e-4)
    assert model.example_clips()["frames"].shape[1:] == (4, 32, 32, 3)


def load_balls(split):
    from halo_keras import data

    return data.load("balls", split, **RECIPE.data)


def test_metrics_record_seed_versions_commit_hardware_time_and_steps(preset):
    run = json.loads((preset / "metrics.json").read_text(encoding="utf-8"))["run"]
    assert (run["seed"], run["steps"], run["replicas"]) == (5, 2 * 12 // 6, 1)
    assert run["versions"]["keras"] == keras.__version__
    assert run["versions"]["backend"] == keras.backend.backend()
    assert run["commit"] == commit()
    assert run["hardware"]["cores"] >= 1 and run["hardware"]["devices"]
    seconds = sum(float(row["seconds"]) for row in all_rows(preset))
    assert run["wall_time_seconds"] >= 0.9 * seconds - 0.1


def all_rows(preset):
    import csv

    path = preset.with_name(preset.name + ".training") / "log.csv"
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_metadata_holds_the_recipe_and_the_licence(preset):
    text = (preset / "metadata.json").read_text(encoding="utf-8")
    metadata = json.loads(text)
    assert metadata["name"] == "halo-smallest"
    assert metadata["recipe"] == RECIPE.to_dict()
    assert metadata["license"] and metadata["attribution"]
    assert (preset / "README.md").exists()


def test_weights_are_the_moving_average_of_every_step(tmp_path):
    """a <- m a + (1 - m) w from the first step's weights, recomputed from each step."""
    weights = []

    class Remember(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            weights.append(values(self.model))

    recipe = RECIPE.override(epochs=1, ema_momentum=0.7)
    train(recipe, output=tmp_path / "p", verbose=0, callbacks=[Remember()])
    average = weights[0]
    for step in weights[1:]:
        pairs = zip(average, step, strict=True)
        average = [0.7 * a + 0.3 * w for a, w in pairs]
    model = from_pretrained(tmp_path / "p")
    for one, other in zip(values(model), average, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def values(model):
    to_numpy = keras.ops.convert_to_numpy
    return [np.array(to_numpy(v)) for v in model.trainable_variables]


def test_killed_and_resumed_training_gives_the_same_file(preset, tmp_path):
    """Also: the same seed, machine and backend give the same hash."""
    output = tmp_path / "halo-smallest"
    with pytest.raises(Interrupted):
        train(RECIPE, output=output, verbose=0, callbacks=[InterruptIn(1)])
    assert not output.exists()
    train(RECIPE, output=output, verbose=0, resume=True)
    assert digest(output) == digest(preset)
    logs = [p.with_name("halo-smallest.training") for p in (output, preset)]
    assert log_rows(logs[0]) == log_rows(logs[1])
    strips = sorted(path.name for path in (logs[0] / "strips").iterdir())
    assert strips == ["epoch-00002.png"]


def test_missing_judge_is_an_error_before_training(tmp_path):
    recipe = RECIPE.override(judge="judge-nothing")
    with pytest.raises(PresetError, match="judge-nothing"):
        train(recipe, output=tmp_path / "p", verbose=0)
    assert list(tmp_path.iterdir()) == []


def test_taken_output_is_an_error_before_training(preset):
    other = RECIPE.override(preset="halo-another")
    logs = preset.with_name("logs of another")
    with pytest.raises(PresetError, match="choose another target"):
        train(other, output=preset, log_dir=logs, verbose=0)
    assert not logs.exists()


def test_operators_share_actions_after_the_loops_are_chosen(tmp_path):
    """One operator: every batch says operator 0, and only one action's clips roll."""

    def build_and_look(recipe, dataset):
        assert dataset.action_names == ["motion"]
        return build_model(recipe, dataset)

    recipe = dataclasses.replace(
        RECIPE,
        build_model=build_and_look,
        operators=("motion",),
        max_loops=3,
        rolled_actions=(load_balls("train").action_names[1],),
        epochs=1,
    )
    fitted = fit_recipe(recipe, tmp_path, verbose=0)
    assert fitted.model.num_actions == 1
    assert not fitted.dataset.labels["action"].any()

    labelled = load_balls("train")
    roll = loop_targets(labelled, 3, recipe.rolled_actions)
    ids = operator_of(labelled.action_names, recipe.operators)
    batch = labelled.batches(12, shuffle=False)[0]
    made = with_operators(roll, ids, batch, np.random.default_rng(0))
    assert not made["action"].any()
    rolled = (made["frames"] != batch["frames"]).any(axis=(1, 2, 3, 4))
    assert rolled.any() and set(batch["action"][rolled]) == {1}


def test_partners_are_of_the_same_strip_and_of_the_same_person(monkeypatch):
    """Seen from the same side; colours are not looked at."""
    from types import SimpleNamespace

    from halo_keras.training import fitting

    monkeypatch.setattr(fitting, "partners_by_colour", None)
    strip = np.repeat([0, 1, 2, 3, 4, 5], 4)
    labels = {"strip": strip, "person": strip // 4, "copy": strip % 2}
    found = fitting._partners(SimpleNamespace(labels=labels, frames=None), 4)
    same, other = strip[found[:, :2]], strip[found[:, 2:]]
    np.testing.assert_array_equal(same, np.stack([strip] * 2, axis=1))
    # Strips 0 and 2 are person 0 from one side, 1 and 3 from the other; person 1 has
    # one strip a side.
    partner = np.array([2, 3, 0, 1, 4, 5])
    np.testing.assert_array_equal(other, np.stack([partner[strip]] * 2, axis=1))
