"""Trainings of several seeds side by side, from metrics.json files."""

import json

import numpy as np
import pytest
from PIL import Image

from halo_keras.evaluation import horizon_report
from halo_keras.evaluation.horizon_report import (
    COLUMNS,
    horizon_figure,
    horizon_table,
    read_runs,
)


def numbers(shift):
    found = {key: 0.02 + shift for key in COLUMNS}
    found |= {f"horizon_{k}_error": 0.01 * k + shift for k in range(1, 21)}
    found |= {f"missing_{k}_error": 0.01 + shift for k in (0, 1, 10)}
    blank = ("horizon_1_10", "horizon_11_20")
    return found | {f"{window}_blank_error": 0.028 for window in blank}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Two seeds of one preset, one of another, checkpoints and a preset of balls."""
    facts = {
        "a": ("dsvae-bouncing-balls", "bouncing_balls", 0, numbers(0.0)),
        "b": ("dsvae-bouncing-balls", "bouncing_balls", 1, numbers(0.002)),
        "c": ("lstm-f-bouncing-balls", "bouncing_balls", 0, numbers(0.01)),
        "d": ("halo-balls", "balls", 0, {"swap_mse": 1.0}),
    }
    for folder, (name, dataset, seed, found) in facts.items():
        (tmp_path / folder).mkdir()
        metadata = {"name": name, "dataset": dataset, "recipe": {"seed": seed}}
        (tmp_path / folder / "metadata.json").write_text(json.dumps(metadata))
        (tmp_path / folder / "metrics.json").write_text(json.dumps({"test": found}))
    (tmp_path / "a.training").mkdir()

    def read(name):
        return lambda folder: json.loads((folder / name).read_text())

    # Complete presets are no matter of this test.
    monkeypatch.setattr(horizon_report, "read_metadata", read("metadata.json"))
    monkeypatch.setattr(horizon_report, "read_metrics", read("metrics.json"))
    return tmp_path


def test_seeds_are_put_together(folders):
    runs = read_runs(sorted(folders.iterdir()))
    assert {name: len(found) for name, found in runs.items()} == {
        "dsvae-bouncing-balls": 2,
        "lstm-f-bouncing-balls": 1,
    }
    lines = horizon_table(runs).splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells[:2] == ["`dsvae-bouncing-balls`", "2"]
    spread = np.std([0.02, 0.022], ddof=1)
    assert cells[2] == f"0.0210 ± {spread:.3g}"
    assert "| `lstm-f-bouncing-balls` | 1 | 0.0300 |" in lines[3]
    assert lines[-1].startswith("| blank |  | 0.0280 |")


def test_the_curves_are_drawn(folders, tmp_path):
    horizon_figure(read_runs(folders.iterdir()), tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.info["Comment"] == "synthetic: halo-keras"
        assert min(picture.size) > 300


def test_errors(folders):
    with pytest.raises(ValueError, match="none of the folders"):
        read_runs([folders / "d", folders / "a.training"])
    metadata = json.loads((folders / "a" / "metadata.json").read_text())
    (folders / "b" / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match="both dsvae-bouncing-balls of seed 0"):
        read_runs([folders / "a", folders / "b"])
