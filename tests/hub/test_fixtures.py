"""Presets of every released format version load, and give what they gave then."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import halo_keras
from halo_keras import hub

pytestmark = pytest.mark.backend

FIXTURES = sorted(path for path in (Path(__file__).parent / "fixtures").iterdir())


@pytest.fixture(params=FIXTURES, ids=lambda path: path.name)
def fixture_folder(request):
    return request.param


def test_v1_is_here():
    assert "v1" in [path.name for path in FIXTURES]


def test_an_old_preset_gives_its_old_outputs(fixture_folder):
    hub.verify(fixture_folder)
    with np.load(fixture_folder / "outputs.npz", allow_pickle=False) as stored:
        then = dict(stored)
    model = halo_keras.from_pretrained(fixture_folder)
    again = model.reconstruct(then["frames"], then["action"])
    np.testing.assert_allclose(again, then["reconstruction"], atol=1e-5)
    again = model.forecast(then["frames"], then["times"], then["action"])
    np.testing.assert_allclose(again, then["forecast"], atol=1e-5)
    plain = keras.saving.load_model(fixture_folder)
    for ours, theirs in zip(model.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (ours, theirs)))


def test_an_old_preset_can_be_saved_anew(fixture_folder, tmp_path):
    model = halo_keras.from_pretrained(fixture_folder)
    hub.save_preset(
        model,
        tmp_path / "p",
        name="halo-fixture",
        metadata={"dataset": "noise", "license": "Apache-2.0"},
        metrics={},
    )
    first, second = fixture_folder, tmp_path / "p"
    sums = [hub.read_metadata(f)["sha256"]["model.weights.h5"] for f in (first, second)]
    assert sums[0] == sums[1]
