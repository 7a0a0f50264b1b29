"""A small stand-in for a model of the zoo, and a preset made from it."""

import hashlib
import json
import shutil
import time

import keras
import numpy as np
import pytest
from keras import ops

import halo_keras
from halo_keras import hub
from halo_keras.schema import Float, Int, ListOf, Part, Text, check_config


@hub.register
@keras.saving.register_keras_serializable("halo_keras_tests")
class StandInEncoder(keras.layers.Layer):
    part_kind = "encoder"
    config_fields = {"width": Int(1, 100_000)}

    def __init__(self, width, name=None):
        super().__init__(name=name)
        check_config(self.config_fields, {"width": width}, "StandInEncoder")
        self.width = width
        self.dense = keras.layers.Dense(width, activation="tanh")

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, values):
        return self.dense(values)

    def get_config(self):
        return {"width": self.width, "name": self.name}


@hub.register
@keras.saving.register_keras_serializable("halo_keras_tests")
class StandIn(keras.Model):
    family = "stand-in"
    config_fields = {
        "size": ListOf(Int(1, 100_000), 2, 2),
        "encoder": Part("encoder"),
        "rate": Float(0.0, 1.0),
        "start": Text(("zeros", "ones")),
    }

    def __init__(self, size, encoder, rate=0.5, start="zeros", name=None):
        super().__init__(name=name)
        self.size, self.encoder, self.rate, self.start = size, encoder, rate, start
        self.head = keras.layers.Dense(size[1])
        self.noise = keras.random.SeedGenerator()
        self.action_names = ("left", "right")

    def build(self, input_shape=None):
        self.encoder.build((None, self.size[0]))
        self.scale = self.add_weight(
            shape=(), initializer=self.start, name="scale", trainable=False
        )
        self.head.build((None, self.encoder.width))

    def call(self, values):
        return self.scale * self.rate + self.head(self.encoder(values))

    def get_config(self):
        return {
            "size": tuple(self.size),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "rate": self.rate,
            "start": self.start,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


METADATA = {
    "dataset": "balls",
    "license": "Apache-2.0",
    "attribution": "Made by the tests.",
    "description": "A stand-in.",
    "recipe": {"command": "none", "epochs": 0},
}
METRICS = {"test": {"mse": 0.25, "curve": [1.0, 0.5]}, "run": {"seed": 7}}


@pytest.fixture
def make_model():
    """Builds a stand-in with seeded weights."""

    def make(seed=0, width=4):
        model = StandIn([3, 2], StandInEncoder(width))
        model.build(None)
        generator = np.random.default_rng(seed)
        for weight in model.weights:
            weight.assign(generator.normal(size=weight.shape).astype("float32"))
        return model

    return make


@pytest.fixture
def save(make_model):
    """Saves a stand-in preset; keyword arguments override metadata."""

    def run(folder, seed=0, name="stand-in-balls", extra_files=(), **metadata):
        return hub.save_preset(
            make_model(seed),
            folder,
            name=name,
            metadata={**METADATA, **metadata},
            metrics=METRICS,
            extra_files=extra_files,
        )

    return run


@pytest.fixture(scope="session")
def saved_once(tmp_path_factory):
    return tmp_path_factory.mktemp("saved") / "stand-in-balls"


@pytest.fixture
def preset(save, saved_once, tmp_path):
    """The folder of a stand-in preset, each test's own."""
    if not saved_once.exists():
        save(saved_once)
    return shutil.copytree(saved_once, tmp_path / "stand-in-balls")


@pytest.fixture
def resum():
    """Rewrites the sums in metadata.json after a file was tampered with, as an
    attacker who publishes a folder of his own would."""

    def run(folder):
        path = folder / "metadata.json"
        metadata = json.loads(path.read_text(encoding="utf-8"))
        for name in metadata["sha256"]:
            if (folder / name).is_file():
                content = (folder / name).read_bytes()
                metadata["sha256"][name] = hashlib.sha256(content).hexdigest()
        path.write_text(json.dumps(metadata), encoding="utf-8")

    return run


@pytest.fixture
def writer(monkeypatch):
    """Logs the Hub's client in with the token that may write to the test server."""
    from hub_server.access import TOKEN

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def file_bytes():
    """The files of a folder, as `hub_server.add_repo` takes them."""

    def read(folder):
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    return read


@pytest.fixture
def on_hub(hub_server, preset):
    """The sha of a preset on the server."""
    files = {path.name: path.read_bytes() for path in preset.iterdir()}
    return hub_server.add_repo("someone/stand-in", files)


@pytest.fixture
def timed_pull(hub_cache, fast_retries):
    """`from_pretrained` into a fresh cache: never more than 30 seconds, the waits that
    it did not have to sleep through included."""

    def run(handle="hf://someone/stand-in", **options):
        fast_retries.slept.clear()
        started = time.monotonic()
        options = {"cache_dir": hub_cache, **options}
        try:
            return halo_keras.from_pretrained(handle, **options)
        finally:
            spent = time.monotonic() - started
            assert spent + sum(fast_retries.slept) < 30.0

    return run


@pytest.fixture
def expect_original(make_model):
    """Checks that a model is the published one, by weights and by an output."""
    original = make_model(0)

    def check(model):
        for ours, theirs in zip(model.weights, original.weights, strict=True):
            np.testing.assert_array_equal(*map(ops.convert_to_numpy, (ours, theirs)))
        frames = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)
        np.testing.assert_array_equal(
            *map(ops.convert_to_numpy, (model(frames), original(frames)))
        )

    return check
