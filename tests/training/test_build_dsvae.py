"""`build_dsvae` and `build_sequence_rnn`: what a recipe's numbers make."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.models import DSVAE, HALO, SequenceRNN
from halo_keras.schema import ConfigError
from halo_keras.training import Recipe
from halo_keras.training.build_dsvae import build_dsvae, build_sequence_rnn
from halo_keras.training.build_halo import build_halo
from halo_keras.training.sample_strips import as_pictures, draw_strips
from halo_keras.training.starting import start_from
from halo_keras.training.trainer import train

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "recipes"))
PICTURES = {
    "encoder_channels": [8],
    "decoder_channels": [6, 4],
    "base_channels": 4,
    "hidden": 12,
    "features": 10,
    "content_dim": 3,
    "motion_dim": 2,
    "content_hidden": 5,
    "motion_hidden": 6,
}
SPECTRA = {"spectrum_hidden": 16, "spectrum_depth": 1, "features": 10}


def recipe(model, build=build_dsvae):
    return Recipe(preset="dsvae-test", dataset="balls", build_model=build, model=model)


def tones():
    rng = np.random.default_rng(0)
    return ClipDataset(
        name="tones",
        split="train",
        frames=rng.uniform(-8, 2, (6, 5, 12)).astype("float32"),
        labels={"action": np.zeros(6, int)},
        label_names={"action": ["tone"]},
        kind="spectrogram",
        value_range=(-9, 3),
        license="Apache-2.0",
        attribution="made by this test",
    )


def test_sizes_reach_the_model():
    clips = data.load("balls", "train", num_clips=2)
    model = build_dsvae(recipe({**PICTURES, "posterior": "full"}), clips)
    assert isinstance(model, DSVAE) and model.posterior_kind == "full"
    assert model.num_frames == clips.num_frames
    config = model.get_config()
    for key in ("content_dim", "motion_dim", "content_hidden", "motion_hidden"):
        assert config[key] == PICTURES[key]
    assert model.encoder.channels == [8] and model.decoder.channels == [6, 4]
    sizes = {**PICTURES, "recurrence": "lstm-c", "lstm_hidden": 9}
    model = build_sequence_rnn(recipe(sizes, build_sequence_rnn), clips)
    assert isinstance(model, SequenceRNN) and model.lstm.units == 9


def test_spectrograms_make_their_own_networks_for_dsvae_and_halo():
    spectra = {**SPECTRA, "content_dim": 3, "motion_dim": 2}
    model = build_dsvae(recipe(spectra), tones())
    assert model.kind == "spectrogram" and model.value_range == (-9.0, 3.0)
    assert (model.encoder.hidden, model.decoder.depth) == (16, 1)
    sizes = {**SPECTRA, "dynamics": "normal-form", "position_dim": 2}
    model = build_halo(recipe(sizes, build_halo), tones())
    assert isinstance(model, HALO) and model.kind == "spectrogram"
    with pytest.raises(ConfigError, match="encoder_channels.*no such size"):
        build_dsvae(recipe({**spectra, "encoder_channels": [4]}), tones())


def test_what_does_not_fit_is_named():
    clips = data.load("balls", "train", num_clips=2)
    with pytest.raises(ConfigError, match="motion_dmi.*did you mean 'motion_dim'"):
        build_dsvae(recipe({**PICTURES, "motion_dmi": 2}), clips)
    few = {key: value for key, value in PICTURES.items() if key != "features"}
    with pytest.raises(ConfigError, match="DSVAE needs features"):
        build_dsvae(recipe(few), clips)
    times = np.tile(np.arange(clips.num_frames) * 1.5, (2, 1))
    with pytest.raises(ConfigError, match="times of their own"):
        build_dsvae(recipe(PICTURES), replace(clips, times=times))


def test_the_sprites_recipes_build():
    shapes = SimpleNamespace(frame_shape=(64, 64, 3), num_frames=8)
    recipes = importlib.import_module("train_sprites").RECIPES
    for name, kind in (("dsvae-sprites", "factorised"), ("dsvae-full-sprites", "full")):
        model = recipes[name].build_model(recipes[name], shapes)
        assert model.posterior_kind == kind
        assert (model.content_dim, model.motion_dim) == (256, 32)
        assert model.count_params() < 3_000_000


def test_training_may_go_on_from_a_trained_model():
    clips = data.load("balls", "train", num_clips=2)
    for build, more in ((build_dsvae, {}), (build_sequence_rnn, {"lstm_hidden": 7})):
        trained, fresh = (build(recipe({**PICTURES, **more}), clips) for _ in range(2))
        start = start_from(fresh, trained, "encoder")
        assert not start.new and "motion_network" in start.copied
        frames = clips.frames
        made = trained.reconstruct(frames)
        np.testing.assert_allclose(fresh.reconstruct(frames), made, atol=1e-5)
        assert not any(layer.trainable for layer in start.frozen)
        other = build(recipe({**PICTURES, **more, "motion_hidden": 9}), clips)
        with pytest.raises(ConfigError, match="init is a HALO and the recipe builds"):
            start_from(other, _halo(clips))
        assert "motion_network" in start_from(other, trained).new


def _halo(clips):
    sizes = {key: PICTURES[key] for key in PICTURES if not key.startswith("motion")}
    sizes = {**sizes, "dynamics": "normal-form", "position_dim": 2}
    return build_halo(recipe(sizes, build_halo), clips)


def test_a_strip_of_spectrograms_shows_low_bins_at_the_bottom(tmp_path):
    clips = tones()
    pictures = as_pictures(clips.frames, clips.value_range)
    assert pictures.shape == (6, 1, 12, 5, 1)
    expected = (clips.frames[2, 3, 0] + 9) / 12
    assert pictures[2, 0, 11, 3, 0] == pytest.approx(expected, abs=1e-6)
    model = build_dsvae(recipe({**SPECTRA, "content_dim": 3, "motion_dim": 2}), clips)
    draw_strips(clips, model, tmp_path / "strip.png")
    from PIL import Image

    with Image.open(tmp_path / "strip.png") as image:
        assert image.height > 6 * 12 * 2


def test_a_recipe_trains_and_saves_a_preset(tmp_path):
    """All of a training but its length: fit, prior, picture, preset, and back."""
    from halo_keras import from_pretrained

    small = replace(
        recipe(PICTURES),
        data={"num_clips": 8, "num_frames": 5},
        epochs=1,
        batch_size=4,
        strip_every=0,
    )
    folder = train(small, output=tmp_path / "preset", strategy="none", verbose=0)
    model = from_pretrained(folder)
    assert isinstance(model, DSVAE) and model.fitted_content.fitted
    assert (folder / "swap.gif").is_file()
    assert model.sample(2, seed=1).shape[:2] == (2, 5)
