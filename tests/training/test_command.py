"""The recipes' command line: closed, and every error says what to do."""

import importlib.util

import pytest
from training.toy_training import toy_recipe

from halo_keras import data
from halo_keras.training import command
from halo_keras.training.recipe import Recipe


@pytest.fixture(scope="module")
def recipe_files(repository):
    found = {}
    people = ("train_mug", "train_actions", "train_folder")
    for name in ("train_balls", "train_sprites", *people):
        path = repository / "recipes" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        found[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found[name])
    return found


def choose(*arguments):
    recipes = {"toy": toy_recipe(), "other": toy_recipe(preset="other")}
    options = command.make_parser(recipes, "A note.").parse_args(arguments)
    return command.choose(recipes, options)


def test_options_change_the_recipe():
    recipe = choose("--preset", "other", "--epochs", "3", "--set", "model.noise=0.5")
    assert (recipe.preset, recipe.epochs, recipe.model["noise"]) == ("other", 3, 0.5)
    assert choose().to_dict() == toy_recipe().to_dict()
    assert choose("--augment", "keras").augment == "keras"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "otter"], "no preset 'otter' here; did you mean 'other'? Known"),
        (["--push-to-hub", "x"], "is written owner/name"),
        (["--source", "hf://x"], "is written owner/name"),
        (["--set", "epoch=3"], "did you mean 'epochs'?"),
        (["--set", "epochs"], "--set takes key=value"),
        (["--epochs", "0"], "epochs must lie in [1, 100000]"),
        (["--augment", "kears"], "invalid choice: 'kears'"),
        (["--set", "augment=kears"], "did you mean 'keras'?"),
        (["--strategy", "mirrord"], "invalid choice: 'mirrord'"),
    ],
)
def test_wrong_command_lines_write_nothing(
    arguments, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as raised:
        command.run({"toy": toy_recipe(), "other": toy_recipe()}, "", arguments)
    assert raised.value.code == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_errors_that_a_user_can_mend_are_one_line(recipe_files, tmp_path):
    """Balls are computed: a folder of raw files for them is a mistake."""
    balls = recipe_files["train_balls"]
    arguments = ["--data-dir", str(tmp_path), "--output", str(tmp_path / "preset")]
    with pytest.raises(SystemExit, match="error: dataset 'balls' is computed"):
        command.run(balls.RECIPES, balls.__doc__, arguments)
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_preset_and_setting(recipe_files, capsys):
    for module in recipe_files.values():
        with pytest.raises(SystemExit, match="0"):
            command.run(module.RECIPES, module.__doc__, ["--help"])
        shown = capsys.readouterr().out
        first = next(iter(module.RECIPES.values()))
        assert all(name in shown for name in module.RECIPES)
        settings = set(first.keys()) - {"preset", "dataset", "description"}
        assert all(f"  {key}=" in shown for key in settings)
        assert "Command: python recipes/" in shown


def test_recipes_open_as_lab_notes_and_fit_their_data(recipe_files):
    for module in recipe_files.values():
        for part in ("Paper:", "Command:", "Hours, hardware and scores:"):
            assert part in module.__doc__
        for name, recipe in module.RECIPES.items():
            assert isinstance(recipe, Recipe)
            assert name in (recipe.preset, "paper")
            assert recipe.dataset in data.names()
            assert recipe.description and recipe.evaluate is module.evaluate


def test_a_missing_extra_is_one_line_too(tmp_path, monkeypatch):
    def adapt(recipe, options):
        raise ImportError('OpenCV is missing: pip install "halo-keras[faces]"')

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"error: OpenCV .*halo-keras\[faces\]"):
        command.run({"toy": toy_recipe()}, "", [], adapt=adapt)
    assert list(tmp_path.iterdir()) == []
