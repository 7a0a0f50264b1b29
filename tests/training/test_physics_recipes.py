"""The recipes of physical systems: every one builds; one trains to a preset."""

import importlib.util
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from halo_keras import data, from_pretrained
from halo_keras.schema import ConfigError
from halo_keras.training.build_hgn import build_hgn
from halo_keras.training.trainer import train

SMALL = {
    "model.encoder_channels": [8, 8],
    "model.features": 8,
    "model.decoder_channels": [8, 8, 8],
    "model.base_channels": 4,
    "model.hidden": 8,
}


def script(repository, name):
    folder = repository / "recipes"
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recipes(repository):
    return script(repository, "train_physics").RECIPES


def clips(num_frames):
    """What a builder asks of a dataset."""
    return SimpleNamespace(
        name="physics",
        kind="video",
        frame_shape=(32, 32, 3),
        value_range=(0, 255),
        num_frames=num_frames,
        times=None,
    )


def test_every_system_has_its_rivals_and_baselines(recipes):
    systems = ("mass-spring", "pendulum", "two-body", "three-body", "double-pendulum")
    for system in systems:
        for family in ("hgn", "action-angle", "normal-form", "node", "gru"):
            assert f"{family}-{system}" in recipes
        assert f"pixel-hnn-{system}" in recipes
        for way in ("report", "autoencode-report"):
            assert f"hgn-{way}-{system}" in recipes
    for name, recipe in recipes.items():
        assert recipe.dataset in data.names() and name == recipe.preset


@pytest.mark.parametrize(
    "name, kind",
    [
        ("hgn-pendulum", "NeuralHamiltonian"),
        ("action-angle-two-body", "ActionAngleDynamics"),
        ("normal-form-mass-spring", "NormalFormDynamics"),
        ("node-three-body", "NeuralODE"),
        ("gru-double-pendulum", "RecurrentDynamics"),
        ("hgn-autoencode-report-mass-spring", "NeuralHamiltonian"),
        ("pixel-hnn-pendulum", "HamiltonianNetwork"),
    ],
)
def test_recipes_build_their_models(recipes, name, kind):
    recipe = recipes[name]
    if "model.features" in recipe.keys():
        recipe = recipe.override(**SMALL)
    model = recipe.build_model(recipe, clips(recipe.data["num_frames"]))
    assert type(model.dynamics).__name__ == kind
    assert model.dynamics.position_dim == recipe.model["position_dim"]
    window = {"hgn-autoencode-report-mass-spring": 30, "pixel-hnn-pendulum": 2}
    assert model.window == window.get(name, 5)


def test_the_spatial_form_and_wrong_names(recipes):
    recipe = recipes["hgn-pendulum"]
    sizes = {key: value for key, value in recipe.model.items() if key != "features"}
    grid = {
        **{k: v for k, v in sizes.items() if k not in ("base_channels",)},
        "position_dim": 32,
        "dynamics_grid": [4, 4],
        "dynamics_hidden": [4],
        "encoder_channels": 4,
        "decoder_channels": 4,
    }
    model = build_hgn(SimpleNamespace(model=grid, seed=0), clips(12))
    assert model.dynamics.state_shape == (2, 4, 4, 2)
    with pytest.raises(ConfigError, match="did you mean 'dynamics_hidden'"):
        build_hgn(
            SimpleNamespace(model={**recipe.model, "dynamics_hiden": 1}, seed=0),
            clips(12),
        )
    with pytest.raises(ConfigError, match="did you mean 'action-angle'"):
        build_hgn(
            SimpleNamespace(model={**recipe.model, "dynamics": "action-angel"}, seed=0),
            clips(12),
        )


def test_a_recipe_trains_evaluates_and_saves(recipes, tmp_path, monkeypatch):
    settings = {
        **SMALL,
        "data.num_clips": 16,
        "data.num_frames": 34,
        "model.dynamics_hidden": [8],
        "batch_size": 8,
        "epochs": 1,
        "strip_every": 1,
    }
    load = data.load

    def few(name, split="train", source=None, **options):
        return load(
            name,
            split,
            source,
            **{**options, "num_clips": 4, "num_frames": 40}
            if split == "test"
            else options,
        )

    recipe = recipes["hgn-mass-spring"].override(**settings)
    monkeypatch.setattr(data, "load", few)
    folder = train(recipe, output=tmp_path / "hgn-mass-spring", verbose=0)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["vpt_forward_horizon"] == 6
    assert metrics["run"]["steps"] == 2
    loaded = from_pretrained(folder)
    frames = few("mass_spring", "test").frames[:, :5]
    made = loaded.forecast(frames, times=[-20, 0, 100])
    assert made.shape == (4, 3, 32, 32, 3) and np.isfinite(made).all()


def test_the_ablation_runs_the_presets_with_its_choices(repository, tmp_path, capsys):
    study = script(repository, "study_physics")
    options = study.parse(["--seeds", "2"])
    runs = list(study.planned(options))
    assert len(runs) == 2 * 2 * 2**3 and len({tuple(r.values()) for r in runs}) == 32
    chosen = dict(runs[0], f_psi="on", integrator="euler", posterior="variational")
    recipe = study.recipe_of(chosen)
    assert recipe.model["transform_hidden"] == 128
    assert recipe.model["dynamics_integrator"] == "euler"
    assert recipe.model["posterior"] == "variational"
    assert recipe.model["pixel_stddev"] is None
    report = study.recipe_of(dict(runs[0], rendering="report"))
    assert report.data["rendering"] == "report"
    rows = study.open_rows(tmp_path / "physics.csv", study.KEY, study.COLUMNS)
    for run, value in zip(runs, (1.0, 3.0), strict=False):
        same = dict(runs[0], seed=run["seed"] + (value > 1))
        rows.append({**same, "status": "finished", "five_frame_mse": value})
    text = study.report(rows)
    assert "| none, euler, deterministic | 2.00000 ± 1.41421 |" in text
    assert (tmp_path / "physics.md").read_text(encoding="utf-8").count(text) == 1


def test_a_small_benchmark(repository, tmp_path, capsys):
    path = repository / "recipes" / "benchmarks" / "physics.py"
    spec = importlib.util.spec_from_file_location("physics_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    small = "--batch 2 --frames 6 --decoded 2 --position-dim 2 --hidden 4 --steps 2"
    output = tmp_path / "numbers.json"
    rows = benchmark.main(
        [*small.split(), "--channels", "8", "8", "8", "--output", str(output)]
    )
    assert [row["name"] for row in rows] == list(benchmark.AIMS)
    assert json.loads(output.read_text(encoding="utf-8"))["difference"] < 1e-4
    assert "closed form" in capsys.readouterr().out
