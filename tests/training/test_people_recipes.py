"""Recipes of faces, actions and folders: what they choose, and that they run."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from drawn_faces import draw_take, save_pictures

from halo_keras import data
from halo_keras.training import command
from halo_keras.training.build_halo import build_halo

SMALL = {
    "encoder_channels": "[8, 8]",
    "decoder_channels": "[8, 8]",
    "base_channels": "4",
    "hidden": "16",
    "features": "12",
    "motion_features": "12",
    "content_hidden": "8",
    "content_dim": "6",
    "position_dim": "4",
    "decoded_frames": "2",
}


@pytest.fixture(scope="module")
def notes(repository):
    found = {}
    for name in ("train_mug", "train_actions", "train_folder", "train_judge"):
        path = repository / "recipes" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        found[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[name])
    return found


@pytest.fixture
def folder(tmp_path, rng, monkeypatch):
    """Two people, three actions, 12 frames of 16 x 16 each."""
    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path / "cache"))
    for person in ("anna", "ben"):
        for action in ("jump", "left", "wave"):
            frames = rng.integers(0, 256, (12, 16, 16, 3)).astype(np.uint8)
            save_pictures(tmp_path / "in" / person / action / "one", frames, "{}.png")
    return tmp_path / "in"


def chosen(note, *arguments):
    options = command.make_parser(note.RECIPES, note.__doc__).parse_args(arguments)
    return command.choose(note.RECIPES, options, getattr(note, "adapt", None))


def small(**more):
    sizes = {**{f"model.{key}": value for key, value in SMALL.items()}, **more}
    return [
        word for key, value in sizes.items() for word in ("--set", f"{key}={value}")
    ]


def test_without_mug_it_is_the_stand_in_and_says_so(notes, capsys):
    recipe = chosen(notes["train_mug"])
    assert recipe == notes["train_mug"].RECIPES["halo-toon-faces"]
    shown = capsys.readouterr().out.splitlines()[0]
    assert "MUG is not here" in shown and "procedural stand-in" in shown
    assert "stand-in for MUG" in recipe.description


def test_with_mug_every_preset_is_one_of_mug(notes, tmp_path):
    note = notes["train_mug"]
    for name in note.RECIPES:
        recipe = chosen(note, "--preset", name, "--data-dir", str(tmp_path))
        assert recipe.dataset == "mug" and "stand-in" not in recipe.description
        assert recipe.preset == name.replace("toon-faces", "mug")
        assert max(recipe.model.get("harmonics", [0])) < 8
        protocol = ("--set", "data.protocol=c-dsvae")
        other = chosen(note, "--preset", name, "--data-dir", str(tmp_path), *protocol)
        assert other.data["protocol"] == "c-dsvae"


def test_a_trial_draws_what_its_steps_can_see(notes):
    trial = ("--set", "training.steps_per_epoch=5")
    recipe = chosen(notes["train_mug"], *trial)
    assert recipe.steps_per_epoch == 5
    people = recipe.data["num_subjects"]["train"]
    takes = recipe.data["clips_per_cell"]["train"]
    clips = 6 * people * takes
    assert 5 * recipe.batch_size <= clips < 5 * recipe.batch_size + 6 * takes
    mine = ("--set", 'data.num_subjects={"train": 3, "test": 2}')
    recipe = chosen(notes["train_mug"], *trial, *mine)
    assert recipe.data["num_subjects"] == {"train": 3, "test": 2}


def test_people_presets_build_and_learn_whole_movements(notes):
    toons = data.load("toon_faces", "test", num_subjects=1, clips_per_cell=1)
    for name, recipe in notes["train_mug"].RECIPES.items():
        model = build_halo(recipe, toons)
        assert model.momentum_network.dilation * 3 + 4 >= toons.num_frames, name
        assert model.count_params() < 4e6
        if recipe.model["dynamics"] == "normal-form":
            assert model.dynamics.get_config()["period"] == 32
    model = build_halo(notes["train_actions"].RECIPES["halo-actions"], toons)
    assert model.count_params() < 4e6


def test_a_folder_chooses_its_recipe(notes, folder, capsys):
    recipe = chosen(notes["train_folder"], "--data-dir", str(folder))
    shown = capsys.readouterr().out
    assert "6 videos of mostly 16 x 16 pixels" in shown and "3 actions" in shown
    assert recipe.data["num_frames"] == 12 and recipe.data["size"] == 32
    assert recipe.operators == () and recipe.augment == "none"  # left is a side
    assert recipe.model["harmonics"] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4]
    unlabelled = ("--set", "data.labels=none")
    recipe = chosen(notes["train_folder"], "--data-dir", str(folder), *unlabelled)
    assert recipe.operators == ("motion",) and recipe.augment == "keras"
    assert recipe.data["labels"] == "none"
    mine = ("--set", "data.num_frames=4", "--set", "batch_size=3", "--epochs", "7")
    recipe = chosen(notes["train_folder"], "--data-dir", str(folder), *mine)
    assert (recipe.data["num_frames"], recipe.batch_size, recipe.epochs) == (4, 3, 7)


def test_a_folder_takes_the_sizes_of_the_preset_it_starts_from(notes, folder):
    given = ("--data-dir", str(folder), "--init", "halo-tiny", "--freeze-decoder")
    recipe = chosen(notes["train_folder"], *given)
    assert (recipe.init, recipe.freeze) == ("halo-tiny", "decoder")
    assert recipe.data["size"] == 32 and recipe.model["content_dim"] == 8
    assert recipe.model["momentum_dilation"] is None
    from halo_keras.hub.presets import from_pretrained
    from halo_keras.training.starting import start_from

    clips = data.load("folder", source=folder, verbose=0, **recipe.data)
    start = start_from(build_halo(recipe, clips), from_pretrained("halo-tiny"))
    assert start.new == ["dynamics"]  # whose harmonics are others


def test_a_folder_takes_a_content_that_is_a_map(notes, folder, tmp_path):
    from halo_keras.hub.presets import from_pretrained
    from halo_keras.hub.saving import save_preset
    from halo_keras.training.starting import start_from

    mug = notes["train_mug"].RECIPES["halo-toon-faces"]
    sizes = {
        **{f"model.{key}": value for key, value in SMALL.items()},
        "model.content_map": "[4, 4, 2]",
        "model.content_dim": "32",
    }
    toons = data.load("toon_faces", "test", num_subjects=1, clips_per_cell=1)
    preset = tmp_path / "halo-toon-faces"
    about = {"dataset": "toon_faces", "license": "CC0-1.0", "description": "A test."}
    mapped = build_halo(
        mug.override(**{**sizes, "model.decoder_channels": "[8, 8, 8, 8]"}), toons
    )
    save_preset(mapped, preset, name=preset.name, metadata=about, metrics={})
    given = ("--data-dir", str(folder), "--init", str(preset))
    recipe = chosen(notes["train_folder"], *given)
    assert recipe.model["content_map"] == [4, 4, 2]
    assert recipe.model["content_from"] == "first-frame"
    assert recipe.model["position_from"] == "history"
    clips = data.load("folder", source=folder, verbose=0, **recipe.data)
    start = start_from(build_halo(recipe, clips), from_pretrained(str(preset)))
    assert {"content_network", "decoder", "position_shift"} <= set(start.copied)


def test_without_a_folder_nothing_happens(notes, capsys):
    note = notes["train_folder"]
    with pytest.raises(SystemExit) as stopped:
        command.run(note.RECIPES, note.__doc__, [], note.adapt)
    assert stopped.value.code == 2
    assert "--data-dir: FOLDER/ACTION/VIDEO" in capsys.readouterr().err


def test_judges_of_people(notes, tmp_path, monkeypatch):
    note = notes["train_judge"]
    recipe = note.RECIPES["judge-toon-faces"].override(
        **{
            "data.num_subjects": {"train": 2, "test": 2},
            "data.clips_per_cell": {"train": 1, "test": 2},
            "batch_size": 4,
            "epochs": 1,
            "steps_per_epoch": 2,
        }
    )
    toons = data.load("toon_faces", "train", num_subjects=2, clips_per_cell=1)
    heads = note.heads_of(recipe, toons)
    assert heads["head_names"] == ["action", "subject"]
    assert heads["head_sizes"] == [6, 256]
    note.train(recipe, tmp_path / "judge")
    metrics = json.loads((tmp_path / "judge" / "metrics.json").read_text("utf-8"))
    # Half of the test clips are the gallery that people are known by.
    assert metrics["test"]["num_clips"] == 12 and metrics["run"]["steps"] == 2
    assert 0 <= metrics["test"]["judge_real_subject_accuracy"] <= 1
    with pytest.raises(ValueError, match="leave out --init"):
        note.train(recipe.override(init="halo-tiny"), tmp_path / "other")
    actions = note.RECIPES["judge-actions"]
    assert actions.model["heads"] == ["action", "person"]


def run_recipe(repository, name, folder, *arguments):
    done = subprocess.run(
        [sys.executable, str(repository / "recipes" / name), *arguments],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_mug_without_anything(repository, tmp_path):
    """A minute on two idle cores."""
    trial = ("--epochs", "1", "--set", "training.steps_per_epoch=5")
    shown = run_recipe(repository, "train_mug.py", tmp_path, *trial)
    assert "procedural stand-in" in shown.splitlines()[0]
    preset = tmp_path / "runs" / "halo-toon-faces"
    metrics = json.loads((preset / "metrics.json").read_text("utf-8"))
    assert metrics["run"]["steps"] == 5
    assert "not MUG" in metrics["data"]["stand_in"]
    assert {"reconstruction_ssim", "exact_swap_ssim"} <= set(metrics["test"])
    card = (preset / "README.md").read_text("utf-8")
    assert "procedural stand-in for MUG" in card
    assert (preset / "swap.gif").read_bytes()[:3] == b"GIF"


@pytest.mark.slow
def test_a_copy_of_mug_gives_a_preset(repository, tmp_path, monkeypatch):
    """Four drawn people in MUG's folders; a minute on two idle cores."""
    from halo_keras.data.mug_layout import EXPRESSIONS

    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path / "cache"))
    for person in range(4):
        for expression in EXPRESSIONS:
            take = tmp_path / "MUG" / f"00{person + 1}" / expression / "take000"
            save_pictures(take, draw_take(48, person))
    (tmp_path / "MUG" / "001" / "anger" / "take001").mkdir()
    words = ["--data-dir", str(tmp_path / "MUG"), "--epochs", "1"]
    sizes = ["--set", "training.steps_per_epoch=2", "--set", "batch_size=4"]
    shown = run_recipe(repository, "train_mug.py", tmp_path, *words, *sizes, *small())
    assert shown.splitlines()[0] == f"Training on MUG in {tmp_path / 'MUG'}."
    preset = tmp_path / "runs" / "halo-mug"
    metrics = json.loads((preset / "metrics.json").read_text("utf-8"))
    assert metrics["data"] == {"dataset": "mug"} and metrics["run"]["steps"] == 2
    assert metrics["test"]["num_clips"] >= 6
    card = (preset / "README.md").read_text("utf-8")
    assert "no redistribution" in card and "stand-in" not in card


@pytest.mark.slow
def test_a_folder_from_the_start_and_from_a_preset(notes, folder, tmp_path):
    note = notes["train_folder"]
    trial = ("--epochs", "1", "--set", "training.steps_per_epoch=2")
    first, second = tmp_path / "first", tmp_path / "second"
    words = ["--data-dir", str(folder), "--output", str(first), *trial, *small()]
    command.run(note.RECIPES, note.__doc__, words, note.adapt)
    for action in ("jump", "left"):  # another number of actions
        for file in (folder / "ben" / action / "one").iterdir():
            file.unlink()
    init = ["--init", str(first), "--freeze-decoder", "--set", "data.labels=none"]
    words = ["--data-dir", str(folder), "--output", str(second), *trial, *init]
    command.run(note.RECIPES, note.__doc__, words, note.adapt)
    from halo_keras.hub.presets import from_pretrained

    one, two = (from_pretrained(path) for path in (first, second))
    assert (one.num_actions, two.num_actions) == (3, 1)
    for name in ("grid", "pixels"):
        pair = (getattr(model.decoder, name).get_weights() for model in (one, two))
        for ours, theirs in zip(*pair, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    changed = two.encoder.get_weights()[0] - one.encoder.get_weights()[0]
    assert np.abs(changed).max() > 0
