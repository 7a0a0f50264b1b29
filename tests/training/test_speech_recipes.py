"""The lab notes of speech and of bouncing balls run, from data to measured presets."""

import dataclasses
import importlib.util
import json
from functools import partial

import numpy as np
import pytest

from halo_keras import data, from_pretrained
from halo_keras.evaluation import bouncing_balls
from halo_keras.evaluation.speech_features import verification
from halo_keras.training.trainer import train

SMALL_SPEECH = {
    "spectrum_hidden": 16,
    "features": 8,
    "content_hidden": 8,
    "content_dim": 4,
}
VOICES = {"num_speakers": 4}


def note(repository, name):
    path = repository / "recipes" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shrunk(recipe, sizes, options, **changes):
    model = {k: sizes.get(k, v) for k, v in recipe.model.items()}
    changes = {"data": options, "epochs": 1, "steps_per_epoch": 2, **changes}
    return dataclasses.replace(recipe, model=model, strip_every=0, **changes)


def test_of_every_size_and_corpus_there_is_a_recipe(repository):
    recipes = note(repository, "train_speech").RECIPES
    assert len(recipes) == 20
    for corpus in ("speech", "spoken-digits", "spoken-digits-unseen", "timit"):
        for size, suffix in ((16, ""), (64, "-64")):
            for posterior, middle in (("factorised", ""), ("full", "-full")):
                recipe = recipes[f"dsvae{middle}{suffix}-{corpus}"]
                assert recipe.model["posterior"] == posterior
                assert recipe.model["content_dim"] == recipe.model["motion_dim"] == size
        assert recipes[f"halo-{corpus}"].model["dynamics"] == "normal-form"
    assert recipes["dsvae-spoken-digits-unseen"].data["protocol"] == "unseen-speakers"


def test_voices_from_nothing_to_a_judge_and_a_model(repository, tmp_path):
    pytest.importorskip("librosa")
    judges = note(repository, "train_judge")
    judge = tmp_path / "judge"
    recipe = judges.RECIPES["judge-formant-voices"]
    judges.train(
        dataclasses.replace(recipe, data=VOICES, epochs=1, steps_per_epoch=2), judge
    )
    metrics = json.loads((judge / "metrics.json").read_text("utf-8"))["test"]
    found = from_pretrained(judge)
    assert found.head_names == ("speaker", "phone") and found.frame_heads == ("phone",)
    assert 0 <= metrics["judge_real_phone_accuracy"] <= 1

    recipe = note(repository, "train_speech").RECIPES["dsvae-speech"]
    sizes = {**SMALL_SPEECH, "motion_dim": 4, "motion_hidden": 8, "prior_hidden": 8}
    recipe = shrunk(recipe, sizes, VOICES, judge=str(judge), batch_size=8)
    output = train(recipe, output=tmp_path / "dsvae-speech", verbose=0)
    metrics = json.loads((output / "metrics.json").read_text("utf-8"))["test"]
    test = data.load("formant_voices", "test", **VOICES)
    again = verification(from_pretrained(output), test)
    for key, value in again.items():
        assert metrics[key] == pytest.approx(value, abs=1e-6)
    assert metrics["eer_num_speakers"] == 4 and metrics["eer_num_pairs"] == 32 * 31 / 2
    wanted = ("content_from_motion", "content_judge", "conversion_speaker_accuracy")
    assert set(wanted) < set(metrics)


def test_halo_learns_of_voices_too(repository, tmp_path):
    pytest.importorskip("librosa")
    recipe = note(repository, "train_speech").RECIPES["halo-speech"]
    sizes = {**SMALL_SPEECH, "position_dim": 4, "motion_features": 8}
    sizes["num_components"] = 1
    recipe = shrunk(recipe, sizes, VOICES, judge=None, batch_size=8)
    output = train(recipe, output=tmp_path / "halo-speech", verbose=0)
    metrics = json.loads((output / "metrics.json").read_text("utf-8"))["test"]
    assert 0 <= metrics["eer_static"] <= 1 and "conversion_f0_error" not in metrics
    assert np.isfinite(metrics["reconstruction_decibels"])


@pytest.mark.parametrize("preset", ["dsvae", "lstm-f", "lstm-c", "halo"])
def test_bouncing_balls_of_every_model(repository, tmp_path, preset, monkeypatch):
    pytest.importorskip("pymunk")
    few = partial(bouncing_balls.evaluate_bouncing_balls, num_samples=2)
    monkeypatch.setattr(bouncing_balls, "evaluate_bouncing_balls", few)
    name = f"{preset}-bouncing-balls"
    module = note(repository, "train_bouncing_balls")
    sizes = {
        "features": 8,
        "hidden": 8,
        "encoder_channels": [4, 4, 4],
        "decoder_channels": [4, 4, 4],
        "base_channels": 4,
        "content_hidden": 8,
        "motion_hidden": 8,
        "motion_features": 8,
        "prior_hidden": 8,
        "lstm_hidden": 8,
        "position_dim": 8,
        "num_components": 1,
    }
    recipe = shrunk(
        module.RECIPES[name], sizes, {"num_clips": 16}, batch_size=8, epochs=1
    )
    output = train(recipe, output=tmp_path / name, verbose=0)
    metrics = json.loads((output / "metrics.json").read_text("utf-8"))["test"]
    test = data.load("bouncing_balls", "test", num_clips=16)
    blank = (test.frames[:, 10:20] > 127).mean()
    assert metrics["horizon_1_10_blank_error"] == pytest.approx(blank)
    assert metrics["missing_num_clips"] == 16
    report = note(repository, "compare_bouncing_balls")
    paths = report.main([str(output), "-o", str(tmp_path / "report")])
    assert all(path.is_file() for path in paths)
