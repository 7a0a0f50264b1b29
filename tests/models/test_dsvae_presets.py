"""DSVAE and its baselines as presets: what is saved comes back, the odd is refused."""

import json

import numpy as np
import pytest
from models.small_dsvae import gliding_tones, small_dsvae, small_rnn, spectra
from models.small_halo import moving_dots

from halo_keras import hub, save_preset
from halo_keras.hub.config_reader import build_model, read_config
from halo_keras.hub.errors import PresetError
from halo_keras.models import DSVAE, SequenceRNN

pytestmark = pytest.mark.backend
CLIPS = moving_dots(4)["frames"]


def saved(model, folder, name="dsvae-dots"):
    save_preset(
        model,
        folder,
        name=name,
        metadata={"dataset": "dots", "license": "Apache-2.0"},
        metrics={},
    )
    return folder


@pytest.mark.parametrize(
    "make, options",
    [
        (small_dsvae, {"posterior": "full", "likelihood": "bernoulli"}),
        (small_dsvae, {"pixel_stddev": None, "motion_kl_start": 2.0}),
        (small_rnn, {"recurrence": "lstm-f", "prefix_rate": 0.25}),
        (small_rnn, {"recurrence": "lstm-c", "decoded_frames": 2}),
    ],
)
def test_a_preset_is_the_model_and_its_drawn_contents(make, options, tmp_path):
    model = make(**options).fit_prior({"frames": CLIPS})
    folder = saved(model, tmp_path / "preset")
    loaded = hub.from_pretrained(folder)
    assert type(loaded) is type(model)
    assert loaded.term_weights == model.term_weights and loaded.ramps == model.ramps
    config, again = (json.dumps({**m.get_config(), **_named}) for m in (model, loaded))
    assert config == again
    for verb in (
        lambda m: m.forecast(CLIPS, range(8)),
        lambda m: m.sample(3, seed=5),
        lambda m: m.example_clips()["frames"],
    ):
        # The same numbers but for their places in memory, which torch rounds by.
        np.testing.assert_allclose(verb(loaded), verb(model), atol=1e-5)


_named = {"encoder": None, "decoder": None}


def test_the_range_of_spectra_is_saved(tmp_path):
    model = small_dsvae(spectra())
    folder = saved(model, tmp_path / "preset")
    loaded = DSVAE.from_preset(folder)
    frames = gliding_tones(3)["frames"]
    assert loaded.value_range == (-9.0, 3.0) and loaded.kind == "spectrogram"
    made = model.reconstruct(frames)
    np.testing.assert_allclose(loaded.reconstruct(frames), made, atol=1e-5)
    with pytest.raises(TypeError, match="is a DSVAE, not a SequenceRNN"):
        SequenceRNN.from_preset(folder)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return saved(small_dsvae(), tmp_path_factory.mktemp("odd") / "x") / "config.json"


@pytest.mark.parametrize(
    "key, value, match",
    [
        ("posterior", "fullest", "one of.*did you mean 'full'"),
        ("likelihood", "poisson", "one of"),
        ("prior_hidden", 10**9, r"lie in \[1, 1024\]"),
        ("motion_dim", True, "whole number"),
        ("value_range", [0.0, 1.0], "pictures are in"),
        ("value_range", ["low", 1.0], "must be a number"),
        ("frame_shape", [8, 8], "height, width, channels"),
        ("frame_shape", [12], "needs value_range"),
        ("frame_shape", [16, 16, 1], "but its encoder"),
        ("num_actions", 4, "no argument"),
        ("prefix_rate", 1.5, r"lie in \[0"),
    ],
)
def test_odd_configurations_are_refused(key, value, match, path):
    config = read_config(path)
    config["config"][key] = value
    with pytest.raises(PresetError, match=match):
        build_model(config, path)


def test_a_configuration_cannot_ask_for_more_than_its_budget(path):
    config = read_config(path)
    config["config"].update(prior_hidden=1024, motion_dim=1024, content_dim=1024)
    with pytest.raises(PresetError, match="more than 100000 parameters"):
        build_model(config, path, max_parameters=100_000)
