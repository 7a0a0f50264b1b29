"""The lab notes of MNIST's sets and of frames without an order run, data to presets."""

import dataclasses
import importlib.util
import json

import numpy as np
import pytest

from halo_keras import from_pretrained
from halo_keras.schema import ConfigError
from halo_keras.training import Recipe
from halo_keras.training.build_halo import random_speeds
from halo_keras.training.build_unordered import build_unordered
from halo_keras.training.trainer import train

SMALL = {
    "features": 8,
    "hidden": 8,
    "base_channels": 4,
    "content_hidden": 8,
    "content_dim": 4,
    "motion_features": 8,
    "motion_hidden": 8,
    "pair_channels": 4,
    "position_dim": 4,
    "num_components": 1,
}


def note(repository, name):
    path = repository / "recipes" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shrunk(recipe, options, **changes):
    model = {key: SMALL.get(key, value) for key, value in recipe.model.items()}
    for key in ("encoder_channels", "decoder_channels", "map_channels"):
        if key in model:
            model[key] = [4] * len(model[key])
    changes = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 4, **changes}
    return dataclasses.replace(
        *(recipe,),
        model=model,
        data={**recipe.data, **options},
        strip_every=0,
        precision="float32",
        **changes,
    )


def measured(recipe, source, folder):
    output = train(recipe, data_dir=source, output=folder, verbose=0)
    return json.loads((output / "metrics.json").read_text("utf-8"))["test"]


@pytest.mark.parametrize(
    "middle, key",
    [
        ("", "swap_mse"),
        ("motion-only-", "turn_10_ratio"),
        pytest.param("non-uniform-", "held_out_mse", marks=pytest.mark.slow),
        pytest.param("irregular-", "irregular_missing_mse", marks=pytest.mark.slow),
    ],
)
def test_rotating_mnist(repository, shared_data, tmp_path, middle, key):
    name = f"halo-{middle}rotating-mnist"
    recipe = note(repository, "train_rotating_mnist").RECIPES[name]
    found = measured(
        shrunk(recipe, {"num_clips": 8}), shared_data / "mnist", tmp_path / name
    )
    assert np.isfinite(found[key]) and "quarter_frame_mse" in found
    assert ("swap_mse" in found) == (middle != "motion-only-")
    assert ("held_out_mse" in found) == (middle == "non-uniform-")
    if middle == "motion-only-":
        # Content that nothing is read from changes no pixel.
        model = from_pretrained(tmp_path / name)
        state = model.encode(np.zeros((1, 16, 28, 28, 1), "uint8"), 0).state
        one, other = (
            model.decode(np.full((1, model.content_dim), value), state, [0, 1])
            for value in (0.0, 5.0)
        )
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "middle",
    [
        "unordered-",
        pytest.param("unordered-two-", marks=pytest.mark.slow),
        pytest.param("halo-", marks=pytest.mark.slow),
    ],
)
def test_moving_mnist(repository, shared_data, tmp_path, middle):
    name = f"{middle}moving-mnist"
    recipe = note(repository, "train_moving_mnist").RECIPES[name]
    recipe = shrunk(recipe, {"num_clips": 12})
    found = measured(recipe, shared_data / "mnist", tmp_path / name)
    assert ("prediction_mse" in found) == (middle == "halo-")
    assert ("position_r2" in found) == (middle != "halo-")
    assert ("digit_from_content" in found) == (middle == "unordered-")
    if middle != "halo-":
        assert found["permutation_difference"] < 1e-6


@pytest.mark.slow
def test_sprites_in_all_poses_and_their_judge(repository, shared_data, tmp_path):
    sheets, judges = shared_data / "sprites", note(repository, "train_judge")
    recipe = dataclasses.replace(
        judges.RECIPES["judge-sprites-poses"],
        data={"form": "frames", "num_characters": 2},
        epochs=1,
        steps_per_epoch=2,
        batch_size=8,
    )
    judges.train(recipe, tmp_path / "judge", sheets)
    assert from_pretrained(tmp_path / "judge").head_sizes[:2] == (21, 13)
    recipe = note(repository, "train_unordered").RECIPES["unordered-25-sprites"]
    few = {"num_characters": {"train": 4, "test": 3}}
    recipe = shrunk(recipe, few, judge=str(tmp_path / "judge"))
    found = measured(recipe, sheets, tmp_path / "unordered-25-sprites")
    assert 0 <= found["shared_direct_row_agreement"] <= 1
    assert {"swap_hair_accuracy", "swap_cell_accuracy"} < set(found)


def test_toon_faces_without_an_order(repository, tmp_path):
    recipe = note(repository, "train_unordered").RECIPES["unordered-toon-faces"]
    few = {
        "num_subjects": {"train": 2, "test": 3},
        "clips_per_cell": {"train": 1, "test": 1},
    }
    found = measured(shrunk(recipe, few), None, tmp_path / "unordered-toon-faces")
    assert 0 <= found["curve_spearman"] <= found["curve_spearman_best"] <= 1


def test_as_many_steps_on_fewer_characters(repository):
    recipes = note(repository, "train_unordered").RECIPES
    steps = {
        count: recipe.epochs * (count * recipe.sets_per_clip // recipe.batch_size)
        for count, recipe in (
            (count, recipes["unordered-sprites".replace("-s", f"-{count}-s")])
            for count in (25, 100, 400)
        )
    }
    whole = recipes["unordered-sprites"]
    steps[1000] = whole.epochs * (1000 * whole.sets_per_clip // whole.batch_size)
    assert set(steps.values()) == {24_000}


def test_random_speeds_are_uniform_and_in_range():
    speeds = np.array(random_speeds(20_000, 16, seed=3))
    assert speeds.min() > 2 * np.pi / 128 and speeds.max() < np.pi
    inside = speeds[speeds > 0.06]
    counts, _ = np.histogram(inside, bins=10, range=(0.06, np.pi))
    np.testing.assert_allclose(counts / len(inside), 0.1, atol=0.01)
    assert random_speeds(5, 16, 1) == random_speeds(5, 16, 1) != random_speeds(5, 16, 2)


def test_sets_are_drawn_from_clips_as_they_are():
    recipe = Recipe("unordered-balls", "balls", build_unordered)
    with pytest.raises(ConfigError, match="give the recipe frame_set=N"):
        build_unordered(recipe, None)
    from halo_keras.training.fitting import fit_recipe

    recipe = dataclasses.replace(
        recipe, frame_set=3, max_loops=2, data={"num_clips": 6, "num_frames": 4}
    )
    with pytest.raises(ConfigError, match="leave out max_loops"):
        fit_recipe(recipe, "runs/never", verbose=0)
    with pytest.raises(ConfigError, match="frame_set=9 is larger than a clip"):
        fit_recipe(
            dataclasses.replace(recipe, frame_set=9, max_loops=None, batch_size=2),
            "runs/never",
            verbose=0,
        )
