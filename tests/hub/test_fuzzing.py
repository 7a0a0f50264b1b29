"""Damaged at random, a preset is refused in words or loads as one of ours.

The seed of a case that fails is in the message. A hang of a library ends the run.
"""

import faulthandler
import functools
import json
import random

import h5py
import keras
import numpy as np
import pytest
from hub.attack_cost import affordable
from hub.mutations import damage_bytes, damage_json

from halo_keras import hub
from halo_keras.hub import config_reader, preset_files, registry, weights
from halo_keras.schema import ConfigError


@pytest.fixture(autouse=True)
def no_hang(tmp_path):
    """Ends the run if a library computes without an end; the traceback is kept in the
    test's temporary folder."""
    with (tmp_path / "hang.txt").open("w") as file:
        faulthandler.dump_traceback_later(1200, exit=True, file=file)
        yield
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def no_resolving(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("Keras was asked to resolve a name out of a file")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", never)


def refused(seed, path, act):
    """What `act()` gives, or None if it was refused as it should be."""
    try:
        with affordable():
            return act()
    except hub.PresetError as error:
        assert str(path.name) in str(error), f"seed {seed}: {error}"
        str(error).encode("utf-8")
    except BaseException as error:
        raise AssertionError(f"seed {seed}: {error!r}") from error


def fuzz_configs(base, path, seeds, max_built):
    """Counts of files refused and accepted; at most `max_built` are built as well."""
    counts = {"refused": 0, "accepted": 0, "built": 0}
    original = json.loads(base.read_text("utf-8"))
    # What a backend does once, at its first model, is no cost of an attack.
    config_reader.build_model(config_reader.read_config(base), base, blank=True)
    for seed in seeds:
        path.write_bytes(damage_json(random.Random(seed), original))
        config = refused(seed, path, lambda: config_reader.read_config(path))
        node = {k: v for k, v in (config or {}).items() if k != "build_config"}
        try:
            accepted = config is not None and config_reader.check_node(node)
        except ConfigError:
            accepted = False
        if not accepted:
            counts["refused"] += 1
            continue
        assert accepted.__name__ in {n.split(">")[1] for n in registry.known_names()}
        counts["accepted"] += 1
        if counts["built"] < max_built:
            counts["built"] += 1
            build = functools.partial(
                config_reader.build_model, config, path, 10**6, blank=True
            )
            model = refused(seed, path, build)
            for layer in [] if model is None else model._flatten_layers():
                assert type(layer).__module__.split(".")[0] in ("keras", "halo_keras")
    return counts


def fuzz_weights(model, folder, seeds):
    """Counts of damaged weight files that were refused, and that loaded."""
    path = folder / "model.weights.h5"
    content, expected = path.read_bytes(), weights.read_layout(path)
    numbers = set()
    with h5py.File(path, "r") as file:
        for name in expected:
            array = file[name].id
            start = array.get_offset()
            numbers |= set(range(start, start + array.get_storage_size()))
    hot = [at for at in range(len(content)) if at not in numbers and content[at]]
    counts = {"refused": 0, "loaded": 0}
    for seed in seeds:
        path.write_bytes(damage_bytes(random.Random(seed), content, hot))
        done = refused(seed, path, lambda: weights.load_weights(path, model) or True)
        counts["loaded" if done else "refused"] += 1
        if done:
            assert weights.read_layout(path) == expected, f"seed {seed}"
            for weight in model.weights:
                values = keras.ops.convert_to_numpy(weight)
                assert np.isfinite(values).all(), f"seed {seed}"
    return counts


@pytest.fixture
def real_config(repository):
    return repository / "tests" / "hub" / "fixtures" / "v1" / "config.json"


@pytest.fixture
def quick_layout(make_model, monkeypatch):
    """The model of the file, whose layout is found out once and not in every case."""
    model = make_model()
    layout = weights.model_layout(model)
    monkeypatch.setattr(weights, "model_layout", lambda model: layout)
    return model


def test_damaged_configs(real_config, tmp_path):
    counts = fuzz_configs(real_config, tmp_path / "config.json", range(1000), 15)
    assert counts["refused"] > 700 and counts["built"] == 15


def test_damaged_weights(quick_layout, preset):
    # With 12152, HDF5's own library takes all memory that there is.
    counts = fuzz_weights(quick_layout, preset, [*range(1000), 12152])
    assert min(counts.values()) > 50


def test_damaged_descriptions(preset):
    for name in ("metadata.json", "metrics.json"):
        path = preset / name
        original = json.loads(path.read_text("utf-8"))
        read = getattr(preset_files, f"load_{path.stem}")
        results = []
        for seed in range(250):
            path.write_bytes(damage_json(random.Random(seed), original))
            results.append(refused(seed, path, lambda read=read: read(preset)))
        assert 10 < results.count(None)
        path.write_text(json.dumps(original), encoding="utf-8")


@pytest.mark.slow
def test_many_damaged_configs(real_config, tmp_path):
    seeds = range(10_000, 20_000)
    counts = fuzz_configs(real_config, tmp_path / "config.json", seeds, 300)
    assert counts["refused"] > 7000 and counts["built"] == 300


@pytest.mark.slow
def test_many_damaged_weights(quick_layout, preset):
    counts = fuzz_weights(quick_layout, preset, range(10_000, 20_000))
    assert min(counts.values()) > 500
