"""The leakage study: its plan, how it resumes, its page."""

import sys
from pathlib import Path

import numpy as np
import pytest

RECIPES = Path(__file__).parents[2] / "recipes"
sys.path.insert(0, str(RECIPES))

import study_leakage as study  # noqa: E402
from likelihood_oracle import dots  # noqa: E402
from models.small_halo import small_halo  # noqa: E402
from studies.leakage_columns import COLUMNS, SETTINGS  # noqa: E402
from studies.leakage_measures import nats  # noqa: E402


@pytest.mark.parametrize("labelled", [True, False])
def test_settings_differ_in_what_they_say_and_in_nothing_else(labelled):
    base = study.recipe_of("preset" if labelled else "unlabelled", 0)
    for name, changes in SETTINGS.items():
        if name.startswith("unlabelled") == labelled:
            continue
        recipe = study.recipe_of(name, 0)
        sizes = {key: changes[key] for key in changes if key != "content_partners"}
        said = set(sizes)
        if "framewise_ramp_steps" in said:
            said |= {"framewise_weight", "consistency_weight"}
        keys = set(base.model) | set(recipe.model)
        missing = object()
        differ = {
            key
            for key in keys
            if base.model.get(key, missing) != recipe.model.get(key, missing)
        }
        assert differ <= said, name
        assert sizes.items() <= recipe.model.items()
        assert recipe.content_partners == changes.get("content_partners", 0)
        same = {"model": 0, "content_partners": 0}
        assert {**recipe.to_dict(), **same} == {**base.to_dict(), **same}
    assert base.init is None  # trained from the start
    assert study.recipe_of("preset", 4).seed == 4


def test_finished_runs_are_not_run_again(tmp_path, monkeypatch, capsys):
    made = []

    def execute(setting, seed, data_dir):
        made.append((setting, seed, data_dir))
        row = {key: 0.25 for key in COLUMNS}
        return row | {"setting": setting, "seed": seed, "swap_action": 0.5 + seed}

    monkeypatch.setattr(study, "execute", execute)
    given = ["--rows", str(tmp_path / "rows.csv"), "--settings", "preset", "bound"]
    given += ["--seeds", "2", "--data-dir", "folder"]
    study.main([*given, "--max-runs", "1"])
    assert made == [("preset", 0, "folder")]
    rows = study.main(given)
    assert [run[:2] for run in made] == [
        (name, seed) for seed in (0, 1) for name in ("preset", "bound")
    ]
    assert study.main(given) == rows and len(made) == 4
    capsys.readouterr()
    study.main([*given, "--list"])
    assert capsys.readouterr().out.split()[::3] == ["done"] * 4
    study.main([*given, "--table"])
    text = (tmp_path / "rows.md").read_text("utf-8")
    assert "| preset | 0.25000 ± 0.00000 | 0.250 ± 0.000 | 1.000 ± 0.707 |" in text
    tables = text.split("tables: begin -->\n")[1].split("\n<!--")[0]
    assert tables in capsys.readouterr().out


def test_nothing_to_report(tmp_path):
    with pytest.raises(SystemExit, match="no run yet"):
        study.main(["--rows", str(tmp_path / "rows.csv"), "--table"])


def test_nats_are_those_of_two_gaussians():
    model, data = small_halo(num_actions=2), dots(6, num_actions=2)
    found = nats(model, data)
    posterior = model.posterior(data.frames, data.labels["action"])
    for name, part in (("content", posterior.content), ("motion", posterior.state)):
        mean, log_var = (np.asarray(x, "float64") for x in (part.mean, part.log_var))
        each = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
        assert found[f"{name}_nats"] == pytest.approx(each.mean(), rel=1e-5)
