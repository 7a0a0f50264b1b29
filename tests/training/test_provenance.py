"""The command line that a preset's card shows, without the places of a machine."""

import pytest

from halo_keras.training import provenance


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("recipes/train_balls.py", "python recipes/train_balls.py"),
        (
            "/data/me/halo/recipes/train_sprites.py --preset halo-sprites --data-dir "
            "/data/sprites --set seed=3 --set model.content_dim=8 --resume",
            "python recipes/train_sprites.py --preset halo-sprites --data-dir FOLDER "
            "--set seed=3 --set model.content_dim=8",
        ),
        (
            "recipes/train_sprites.py --output=/data/x --source hf://me/clips@v1 "
            "--push-to-hub me/x --epochs=3",
            "python recipes/train_sprites.py --source hf://me/clips@v1 --epochs=3",
        ),
        (
            "recipes/train_sprites.py --source clips",
            "python recipes/train_sprites.py --source FOLDER",
        ),
        ("recipes/train_balls.py --init /data/me/preset", None),
        ("recipes/train_balls.py --set judge=/data/me/preset", None),
        ("recipes/train_balls.py --set description=" + "x" * 500, None),
        ("recipes/study_operators.py", None),
        ("/usr/bin/pytest tests", None),
        ("", None),
    ],
)
def test_the_command_of_a_recipe_can_be_repeated_by_anybody(typed, shown):
    assert provenance.command(typed.split()) == shown


def test_a_run_that_no_recipe_started_has_no_command(monkeypatch):
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert "command" not in provenance.describe_run(0, 1, 1.0, 1)
    monkeypatch.setattr("sys.argv", ["recipes/train_balls.py", "--epochs", "1"])
    run = provenance.describe_run(0, 1, 1.0, 1)
    assert run["command"] == "python recipes/train_balls.py --epochs 1"
