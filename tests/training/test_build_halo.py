"""`build_halo`: recipes of presets give the models that the presets hold."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from keras import ops

from halo_keras import data
from halo_keras.schema import ConfigError
from halo_keras.training.build_halo import build_halo, random_speeds

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "recipes"))


def recipe_named(preset):
    module = "train_balls" if "balls" in preset or "tiny" in preset else "train_sprites"
    return importlib.import_module(module).RECIPES[preset]


def clips_of(preset):
    """Clips of the preset's shape, length and actions; the frames do not matter."""
    config = json.loads((ROOT / "zoo" / preset / "config.json").read_text("utf-8"))
    config = config["config"]
    clips = data.load("balls", "train", num_clips=2, num_frames=config["num_frames"])
    height, width, channels = config["frame_shape"]
    assert (height, width) in ((32, 32), (64, 64))
    frames = clips.frames.repeat(height // 32, axis=2).repeat(width // 32, axis=3)
    names = {**clips.label_names, "action": config["action_names"]}
    labels = {**clips.labels, "action": clips.labels["action"] * 0}
    changed = {"frames": frames, "labels": labels, "label_names": names}
    return replace(clips, states=None, **changed), config


@pytest.mark.parametrize(
    "preset",
    [
        "halo-tiny",
        "halo-balls",
        "halo-balls-speed",
        "halo-balls-speed-normal-form",
        "halo-sprites",
        "halo-symplectic-sprites",
        "halo-orthogonal-sprites",
    ],
)
def test_recipes_build_what_the_presets_hold(preset):
    clips, stored = clips_of(preset)
    model = build_halo(recipe_named(preset), clips)
    made = model.get_config()
    # A start of the ramp that is its end, and no steps, is no ramp.
    assert made.pop("motion_kl_start") in (None, made["motion_kl_weight"])
    assert not made.pop("motion_kl_ramp_steps")
    stored.pop("motion_kl_start", None), stored.pop("motion_kl_ramp_steps", None)
    for part in ("encoder", "decoder", "dynamics"):
        ours, theirs = (x.pop(part) for x in (made, stored))
        assert ours["class_name"] == theirs["class_name"]
        for key, value in theirs["config"].items():
            if key not in ("name", "dtype"):
                assert ours["config"][key] == value, (part, key)
    assert json.loads(json.dumps(made)) == {**made, **stored}


@pytest.mark.parametrize("path", sorted(ROOT.glob("recipes/train_*.py")))
def test_no_recipe_asks_for_sizes_that_are_refused(path):
    """Bounds are checked when a model is built: after the data, minutes into a run."""
    common = {"num_frames": 8, "num_actions": 2, "action_names": ("a", "b")}
    pictures = SimpleNamespace(frame_shape=(64, 64, 3), value_range=None, **common)
    spectra = SimpleNamespace(frame_shape=(200,), value_range=(-5, 5), **common)
    for recipe in importlib.import_module(path.stem).RECIPES.values():
        if recipe.build_model is build_halo:
            clips = spectra if "spectrum_hidden" in recipe.model else pictures
            assert build_halo(recipe, clips).num_actions == 2


def test_sizes_that_do_not_fit_are_named():
    recipe = recipe_named("halo-tiny")
    clips = data.load("balls", "train", num_clips=2)

    def changed(**sizes):
        return replace(recipe, model={**recipe.model, **sizes})

    with pytest.raises(ConfigError, match="content_dmi.*did you mean 'content_dim'"):
        build_halo(changed(content_dmi=3), clips)
    with pytest.raises(ConfigError, match="harmonics.*symplectic"):
        build_halo(changed(dynamics="symplectic", harmonics=[1]), clips)
    with pytest.raises(ConfigError, match="period_in_clips.*give both"):
        build_halo(changed(period_in_clips=2), clips)
    long = build_halo(changed(period_in_clips=2, harmonics=[1, 3]), clips)
    assert long.dynamics.get_config()["period"] == 2 * clips.num_frames
    with pytest.raises(ConfigError, match="model.speeds are where a normal form"):
        build_halo(changed(harmonics=[1, 3], speeds="random"), clips)
    anywhere = build_halo(changed(speeds="random"), clips).dynamics
    started = random_speeds(anywhere.position_dim, clips.num_frames, recipe.seed)
    assert ops.convert_to_numpy(anywhere.speeds)[0] == pytest.approx(started, rel=1e-4)
    with pytest.raises(ConfigError, match="did you mean 'symplectic'"):
        build_halo(changed(dynamics="simplectic"), clips)
    few = {key: value for key, value in recipe.model.items() if key != "hidden"}
    with pytest.raises(ConfigError, match="needs hidden"):
        build_halo(replace(recipe, model=few), clips)
