"""`--source` and `--push-to-hub`: checked before the training, and what they change."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from training.test_command import recipe_files  # noqa: F401
from training.toy_training import toy_recipe

import halo_keras
from halo_keras import data
from halo_keras.data.clip_folder import build_folder
from halo_keras.hub.dataset_pushing import push_dataset
from halo_keras.training import command

REPO = "me/clips"


def run(tmp_path, monkeypatch, *words, **recipe):
    """Runs the toy recipe; gives the exit's code or text, and the folder."""
    monkeypatch.chdir(tmp_path)
    recipes = {"toy": replace(toy_recipe(), **recipe)}
    return command.run(recipes, "A note.", list(words))


@pytest.fixture
def balls(tmp_path):
    """Both splits, the test split with other options than the training split."""
    folder = tmp_path / "clips"
    both = [data.load("balls", "train", num_clips=8, num_frames=4)]
    both += [data.load("balls", "test", num_clips=4, num_frames=4)]
    build_folder(both, folder)
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--source", "hf://x"], "owner/name"),
        (["--source", "hf://x/y@../z"], "revision"),
        (["--source", "a", "--data-dir", "b"], "not both"),
        (["--push-to-hub", "x"], "owner/name"),
        (["--push-to-hub", REPO], "needs a token"),
    ],
)
def test_mistakes_are_told_before_anything(
    words, message, tmp_path, monkeypatch, capsys, hub_server
):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(SystemExit) as raised:
        run(tmp_path, monkeypatch, *words)
    assert raised.value.code == 2 and message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [] and hub_server.requests == []


@pytest.mark.parametrize(
    ("role", "owner", "message"),
    [
        ("read", "me", "the token may only read"),
        ("write", "somebody", "may write for tester, me, you, and not for somebody"),
        (None, "me", "refused the token"),
    ],
)
def test_a_token_that_may_not_write_is_noticed_first(
    role, owner, message, tmp_path, monkeypatch, hub_server
):
    monkeypatch.setenv("HF_TOKEN", hub_server.token if role else "hf_wrong")
    hub_server.storage.token_role = role
    with pytest.raises(SystemExit, match=message):
        run(tmp_path, monkeypatch, "--push-to-hub", f"{owner}/clips")
    assert list(tmp_path.iterdir()) == []
    assert [r.plain_path for r in hub_server.requests] == ["/api/whoami-v2"]


def test_closed_data_make_no_public_model(tmp_path, monkeypatch, capsys, hub_server):
    """Both as raw files and as clips; known before any of them is read."""
    monkeypatch.setenv("HF_TOKEN", hub_server.token)
    clips = data.load("balls", "train", num_clips=8, num_frames=4)
    both = [
        data.ClipDataset(**{**vars(clips), "split": split, "license": "research only"})
        for split in ("train", "test")
    ]
    build_folder(both, tmp_path / "clips")
    for words, recipe in (
        (["--source", "clips"], {}),
        ([], {"dataset": "mug", "data": {}}),
        ([], {"dataset": "folder", "data": {"license": "X, no redistribution"}}),
    ):
        with pytest.raises(SystemExit):
            run(tmp_path, monkeypatch, *words, "--push-to-hub", REPO, **recipe)
        shown = capsys.readouterr().err
        assert "training clips back" in shown and f"{REPO} --private" in shown
        assert [path.name for path in tmp_path.iterdir()] == ["clips"]


def test_every_recipe_takes_both(repository):
    """The options are those of `make_parser`; `push_preset` follows the training."""
    scripts = sorted((repository / "recipes").glob("train_*.py"))
    assert len(scripts) >= 6
    for script in scripts:
        text = script.read_text("utf-8")
        own = ("command.make_parser(", "find_clips(options)", "push_preset(output")
        assert "command.run(" in text or all(word in text for word in own), script


def test_a_repository_that_is_not_there(tmp_path, monkeypatch, hub_server):
    with pytest.raises(SystemExit, match=f"error: {REPO} does not exist"):
        run(tmp_path, monkeypatch, "--source", f"hf://{REPO}")
    assert list(tmp_path.iterdir()) == []


def test_a_split_that_is_missing_is_noticed_first(
    tmp_path, monkeypatch, capsys, hub_server
):
    build_folder([data.load("balls", "train", num_clips=8)], tmp_path / "clips")
    with pytest.raises(SystemExit):
        run(tmp_path, monkeypatch, "--source", "clips")
    assert "no split 'test'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["clips"]


def with_source(note, source):
    """The options of a recipe with `--source`, whose clips have been found."""
    parser = command.make_parser(note.RECIPES, note.__doc__)
    options = parser.parse_args(["--source", str(source)])
    command.find_clips(options)
    return options


def test_options_are_taken_from_the_clips(recipe_files, balls):  # noqa: F811
    """Those that both splits share; what is set on the command line must agree."""
    note = recipe_files["train_balls"]
    options = with_source(note, balls)
    recipe = command.choose(note.RECIPES, options)
    assert dict(recipe.data) == {
        "num_frames": 4,
        "orbits": "same",
        "start": 0.0,
        "seed": 0,
    }
    found = data.load(recipe.dataset, "test", source=options.source, **recipe.data)
    assert found.frames.shape[:2] == (4, 4)
    options.set = ["data.num_frames=16"]
    changed = command.choose(note.RECIPES, options)
    with pytest.raises(ValueError, match="made with num_frames=4, asked for is 16"):
        data.load("balls", "test", source=options.source, **changed.data)


def test_raw_files_may_be_named_as_source(recipe_files, tmp_path):  # noqa: F811
    note = recipe_files["train_sprites"]
    options = with_source(note, tmp_path)
    assert (options.source, options.data_dir) == (None, str(tmp_path))


def test_recipes_that_look_at_their_data_take_clips(recipe_files, balls):  # noqa: F811
    """Your own clips may be of any dataset; faces are MUG or the stand-in."""
    note = recipe_files["train_folder"]
    options = with_source(note, balls)
    recipe = command.choose(note.RECIPES, options, note.adapt)
    assert recipe.dataset == "balls" and recipe.operators == ()
    assert recipe.batch_size == 2 and max(recipe.model["harmonics"]) == 3
    data.load(recipe.dataset, "train", source=options.source, **recipe.data)


@pytest.mark.parametrize("name", ["mug", "toon_faces"])
def test_faces_from_clips(name, recipe_files, tmp_path, capsys):  # noqa: F811
    faces = data.load(
        "toon_faces",
        "train",
        num_subjects={"train": 1, "test": 1},
        clips_per_cell={"train": 1, "test": 1},
    )
    values = {**vars(faces), "name": name}
    both = [data.ClipDataset(**{**values, "split": s}) for s in ("train", "test")]
    build_folder(both, tmp_path / "clips")
    note = recipe_files["train_mug"]
    options = with_source(note, tmp_path / "clips")
    recipe = command.choose(note.RECIPES, options, note.adapt)
    is_mug = name == "mug"
    assert recipe.dataset == name
    assert recipe.preset == ("halo-mug" if is_mug else "halo-toon-faces")
    assert ("stand-in" in capsys.readouterr().out) is not is_mug
    data.load(recipe.dataset, "train", source=options.source, **recipe.data)


SMALL = {
    "epochs": 1,
    "steps_per_epoch": 2,
    "batch_size": 4,
    "precision": "float32",
    "judge": "none",
    "strip_every": 0,
    "max_loops": 2,
    "model.encoder_channels": "[4, 4, 4]",
    "model.decoder_channels": "[4, 4, 4]",
    "model.base_channels": 4,
    "model.hidden": 8,
    "model.features": 8,
    "model.motion_features": 8,
    "model.content_hidden": 8,
    "model.content_dim": 4,
    "model.position_dim": 3,
}


def test_train_sprites_from_the_hub_and_to_it(
    repository, tmp_path, hub_server, shared_data
):
    """The recipe as a user runs it, in a process of its own, against the server."""
    sheets = shared_data / "sprites"
    if not sheets.is_dir():
        pytest.skip("the Sprites sheets are not here")
    both = [
        data.load("sprites", "train", source=sheets, num_characters=3),
        data.load("sprites", "test", source=sheets, num_characters=2),
    ]
    commit = push_dataset(both, "me/sprites", token=hub_server.token).commit
    hub_server.forget_requests()
    settings = [word for k, v in SMALL.items() for word in ("--set", f"{k}={v}")]
    script = repository / "recipes/train_sprites.py"
    words = ["--preset", "halo-sprites-base", "--source", "hf://me/sprites"]
    words += ["--push-to-hub", "me/halo-sprites-base", "--output", "preset"]
    done = subprocess.run(
        [sys.executable, str(script), *words, *settings],
        cwd=tmp_path,
        env={**os.environ, "HF_TOKEN": hub_server.token},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Training on hf://me/sprites@{commit}." in done.stdout
    assert f"Published: {hub_server.url}" in done.stdout
    fetched = [r.path for r in hub_server.requests if "/resolve/" in r.path]
    assert fetched and all(
        commit in path or "clips.json" in path or path.startswith("/me/halo")
        for path in fetched
    )
    stored = hub_server.files("me/halo-sprites-base")
    for name in ("config.json", "model.weights.h5", "metadata.json", "metrics.json"):
        assert stored[name] == (tmp_path / "preset" / name).read_bytes()
    run_facts = json.loads(stored["metrics.json"])["run"]
    assert run_facts["dataset_source"] == f"hf://me/sprites@{commit}"
    assert run_facts["steps"] == 2
    # And back, from an empty cache.
    model = halo_keras.from_pretrained(
        "hf://me/halo-sprites-base", cache_dir=tmp_path / "cache"
    )
    assert list(model.action_names[:2]) == ["walk/front", "walk/left"]
