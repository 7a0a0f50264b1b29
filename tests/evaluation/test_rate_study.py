"""The rate study: what is equal for both models, its data, how it resumes, its page."""

import sys
from pathlib import Path

import numpy as np
import pytest

RECIPES = Path(__file__).parents[2] / "recipes"
sys.path.insert(0, str(RECIPES))

import study_rate as study  # noqa: E402
from studies import single_frames  # noqa: E402
from studies.rate_columns import COLUMNS, KL_WEIGHTS, MODELS  # noqa: E402

from halo_keras import data  # noqa: E402
from halo_keras.data.action_groups import grouped  # noqa: E402
from halo_keras.data.clip_dataset import ClipDataset  # noqa: E402


@pytest.fixture
def blank(monkeypatch):
    """Sprites without its sheets: 4 noisy clips of 2 of its actions."""
    frames = np.random.default_rng(0).integers(0, 256, (4, 8, 64, 64, 3), "uint8")
    labels = {"action": np.array([0, 1, 0, 1]), "character": np.array([5, 5, 6, 6])}
    clips = ClipDataset(
        name="sprites",
        split="test",
        frames=frames,
        labels=labels,
        label_names={
            "action": ["walk/front", "walk/left"],
            "character": list("abcdefg"),
        },
        license="none",
        attribution="none",
    )
    monkeypatch.setattr(single_frames.data, "load", lambda *args, **options: clips)
    return clips


def test_each_frame_of_each_clip_is_a_clip(blank):
    found = single_frames.load_single_frames("test")
    assert found.num_frames == 1 and len(found) == 8 * len(blank)
    for index in range(len(found)):
        clip, frame = divmod(index, 8)
        np.testing.assert_array_equal(found.frames[index, 0], blank.frames[clip, frame])
        assert found.labels["character"][index] == blank.labels["character"][clip]
    assert single_frames.frames_a_clip("sprites") == 1
    assert single_frames.frames_a_clip(found.name) == blank.num_frames == 8
    assert single_frames.NAME in data.names()


def test_both_models_have_the_same_decoder_and_decode_as_many_frames(blank):
    """Built from the recipes. HALO's decoder has a place for the position of each
    action, of which one is filled, so that its first kernel has more rows."""
    clips, frames = (study.recipe_of(name, 10.0, seed=3) for name in MODELS)
    work, decoders = [], []
    for recipe, split in ((clips, blank), (frames, None)):
        split = split or single_frames.load_single_frames("test")
        model = recipe.build_model(recipe, grouped(split, recipe.operators))
        first, *others = [tuple(weight.shape) for weight in model.decoder.weights]
        decoders.append((first[1], *others))
        assert first[0] == 32 + 8 * model.num_actions
        assert model.content_kl_weight == model.motion_kl_weight == 10.0
        assert (recipe.seed, recipe.precision) == (3, "float32")
        whole_batches = 1800 * (8 // split.num_frames) // recipe.batch_size
        work.append(recipe.epochs * whole_batches)
        assert recipe.batch_size * model.decoded_frames == 32
    assert decoders[0] == decoders[1]
    assert work == [1344, 1350] and "1,344 and 1,350" in study.__doc__


def test_a_model_of_frames_is_a_variational_autoencoder(blank):
    """Its frame depends on its own latents only: no time, no action, no other frame."""
    recipe = study.recipe_of("frames", 1.0, seed=0)
    split = grouped(single_frames.load_single_frames("test"), recipe.operators)
    model = recipe.build_model(recipe, split)
    assert model.num_actions == 1 and model.num_frames == 1
    q = model.posterior(split.frames[:2], 0)
    assert np.asarray(q.time).tolist() == [0, 0]
    latents = q.content.mean.shape[-1] + model.dynamics.position_dim
    assert latents == 40 and "40 inputs" in " ".join(study.__doc__.split())


def test_finished_runs_are_not_run_again(tmp_path, monkeypatch, capsys):
    made = []

    def execute(model, kl_weight, seed, data_dir):
        made.append((model, kl_weight, seed, data_dir))
        bits = 100.0 * (1 + (model == "frames")) / kl_weight + seed
        run = {"model": model, "kl_weight": kl_weight, "seed": seed}
        return {**dict.fromkeys(COLUMNS, 0.25), **run, "rate_bits": bits}

    monkeypatch.setattr(study, "execute", execute)
    given = ["--rows", str(tmp_path / "rows.csv"), "--seeds", "2"]
    given += ["--data-dir", "folder"]
    study.main([*given, "--max-runs", "1"])
    assert made == [("clips", 1.0, 0, "folder")]
    rows = study.main(given)
    assert len(made) == len(rows) == 2 * len(MODELS) * len(KL_WEIGHTS)
    assert study.main(given) == rows and len(made) == len(rows)
    capsys.readouterr()
    study.main([*given, "--list"])
    assert capsys.readouterr().out.split()[::4] == ["done"] * len(rows)
    study.main([*given, "--table"])
    text = (tmp_path / "rows.md").read_text("utf-8")
    assert "Mean of 2 training seeds" in text
    assert "| frames, KL weight 10 | 20 ± 1 |" in text
    study.main([*given, "--plot"])
    assert (tmp_path / "rows.png").stat().st_size > 5000


def test_nothing_to_report(tmp_path):
    with pytest.raises(SystemExit, match="no run yet"):
        study.main(["--rows", str(tmp_path / "rows.csv"), "--plot"])
