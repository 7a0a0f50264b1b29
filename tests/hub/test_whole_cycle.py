"""Train, publish, pull by handle and by name; a dataset too; then without the Hub."""

import importlib.util
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

import halo_keras
from halo_keras import data, hub
from halo_keras.hub import index

pytestmark = pytest.mark.backend

REPO, HANDLE = "tester/halo-tiny", "hf://tester/halo-tiny"
TIMES = np.array([-2.0, 0.5, 40.0], "float32")
SMALL = {"num_frames": 16, "orbits": "same", "num_clips": 8}


@pytest.fixture
def trained(repository, tmp_path):
    """halo-tiny after a few steps, by its own recipe; not measured."""
    from halo_keras.training.trainer import train

    path = repository / "recipes" / "train_balls.py"
    spec = importlib.util.spec_from_file_location("train_balls", path)
    balls = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(balls)
    recipe = replace(
        balls.RECIPES["halo-tiny"],
        evaluate=None,
        epochs=1,
        steps_per_epoch=2,
        batch_size=4,
        strip_every=0,
        data=SMALL,
    )
    return train(recipe, output=tmp_path / "run" / "halo-tiny", verbose=0)


def test_the_whole_cycle(
    trained, hub_server, hub_cache, writer, set_offline, tmp_path, monkeypatch
):
    clips = data.load("balls", "test", **SMALL)

    def forecast(model):
        return model.forecast(clips.frames, TIMES, clips.labels["action"])

    expected = forecast(hub.from_pretrained(trained))
    access = {"cache_dir": hub_cache}

    # A preset, into an empty cache, by our own way and by plain Keras's.
    done = hub.publish(trained, REPO)
    assert "swap.gif" in done.files and not hub_cache.exists()
    np.testing.assert_array_equal(
        forecast(halo_keras.from_pretrained(HANDLE, **access)), expected
    )
    # Without TensorFlow, Keras reads no addresses, but the folder that was fetched.
    here = importlib.util.find_spec("tensorflow") is None
    plain = keras.saving.load_model(hub.pull(HANDLE, **access) if here else HANDLE)
    np.testing.assert_allclose(forecast(plain), expected, atol=1e-6)

    # A zoo, whose index then finds by name what is not bundled.
    zoo = tmp_path / "zoo"
    shutil.copytree(trained, zoo / "halo-tiny")
    hub.update_index(zoo)
    monkeypatch.setattr(index, "zoo_folder", lambda: zoo)
    (again,) = hub.publish_zoo("tester", zoo=zoo)
    assert again.commit == done.commit, "the same files are no new commit"
    shutil.rmtree(zoo / "halo-tiny")
    empty = tmp_path / "another-cache"
    pulled = hub.pull("halo-tiny", tmp_path / "mine", cache_dir=empty)
    np.testing.assert_array_equal(forecast(hub.from_pretrained(pulled)), expected)

    # A dataset: equal pixels and labels.
    clips.to_hub("tester/balls")

    def load():
        return data.load("balls", "test", source="hf://tester/balls", num_clips=8)

    found = load()
    np.testing.assert_array_equal(found.frames, clips.frames)
    assert found.labels.keys() == clips.labels.keys()
    for name, values in clips.labels.items():
        np.testing.assert_array_equal(found.labels[name], values)

    # All of it again without the Hub.
    set_offline(True)
    before = len(hub_server.requests)
    with hub_server.away():
        for handle, cache in ((HANDLE, hub_cache), ("halo-tiny", empty)):
            model = halo_keras.from_pretrained(handle, cache_dir=cache)
            np.testing.assert_array_equal(forecast(model), expected)
        np.testing.assert_array_equal(load().frames, clips.frames)
    assert len(hub_server.requests) == before
