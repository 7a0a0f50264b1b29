"""Crafted folders: each is refused with an error that names the file."""

import json
import os
import pickle
import zipfile

import h5py
import keras
import numpy as np
import pytest

from halo_keras import hub
from halo_keras.hub import config_reader


def edit(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")


def refuse(folder, resum, match, file):
    resum(folder)
    with pytest.raises(hub.PresetError, match=match) as caught:
        hub.from_pretrained(folder)
    assert file in str(caught.value)


TEXTS = {
    "empty": (b"", "not usable JSON"),
    "list": (b"[]", "object"),
    "deep": (b'{"config":' + b"[" * 100_000, "deep"),
    "nan": (b'{"config": NaN}', "NaN"),
    "infinity": (b'{"config": 1e999}', "too large"),
    "duplicate": (b'{"config": 1, "config": 2}', "twice"),
    "digits": (b'{"config": ' + b"9" * 5000 + b"}", "not usable JSON"),
    "utf-16": ('{"config": 1}'.encode("utf-16"), "not usable JSON"),
    "large": (b'{"config": "' + b"x" * 300_000 + b'"}', "bytes"),
    "keys": (b'{"config": {}, "auto_map": {}}', "auto_map"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_config_texts(preset, resum, name):
    content, match = TEXTS[name]
    (preset / "config.json").write_bytes(content)
    refuse(preset, resum, match, "config.json")


def _set(*path):
    *keys, value = path

    def change(config):
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    return change


ENCODER = ("config", "encoder")
CHANGES = {
    "unknown class": (_set("registered_name", "halo_keras>Nothing"), "may not contain"),
    "function": (_set("registered_name", "os.system"), "may not contain"),
    "no string": (_set("registered_name", ["StandIn"]), "may not contain"),
    "Keras class": (
        _set(
            *ENCODER,
            {
                "module": "keras.layers",
                "class_name": "Lambda",
                "config": {"function": "x"},
                "registered_name": "Lambda",
            },
        ),
        "may not contain",
    ),
    "another class": (_set("class_name", "Lambda"), "class_name"),
    "gadget": (_set("compile_config", {"loss": "mse"}), "compile_config"),
    "shapes": (_set("build_config", {"input_shape": [1 << 40]}), "build_config"),
    "a part as the model": (
        lambda c: c.update(c["config"]["encoder"]),
        "must be a model",
    ),
    "wrong kind": (
        lambda c: c.update(
            config={
                **c["config"],
                "encoder": {k: v for k, v in c.items() if k != "build_config"},
            }
        ),
        "kind .encoder",
    ),
    "extra argument": (_set("config", "vocabulary", "/etc/passwd"), "vocabulary"),
    "extra argument of a part": (
        _set(*ENCODER, "config", "file", "/etc/passwd"),
        "file",
    ),
    "bool for int": (_set(*ENCODER, "config", "width", True), "whole number"),
    "string for int": (_set(*ENCODER, "config", "width", "4"), "whole number"),
    "float for int": (_set(*ENCODER, "config", "width", 4.0), "whole number"),
    "huge": (_set(*ENCODER, "config", "width", 10**9), "must lie in"),
    "negative": (_set(*ENCODER, "config", "width", -1), "must lie in"),
    "huge product": (_set(*ENCODER, "config", "width", 90_000), "parameters"),
    "enum": (_set("config", "start", "one"), "did you mean 'ones'"),
    "list": (_set("config", "size", [3, 2, 1]), "2 to 2 entries"),
    "null": (_set("config", None), "must be an object"),
    "part as string": (_set(*ENCODER, "StandInEncoder"), "encoder"),
    "part as list": (_set("config", "size", [{"registered_name": "x"}, 2]), "whole"),
    "long name": (_set("config", "name", "x" * 100), "name"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_config_contents(preset, resum, name):
    change, match = CHANGES[name]
    edit(preset, change)
    refuse(preset, resum, match, "config.json")


def test_a_huge_model_is_stopped_before_it_is_allocated(preset, resum, monkeypatch):
    asked = []
    original = keras.layers.Layer.add_weight

    def spy(layer, shape=None, *args, **kwargs):
        asked.append(tuple(shape))
        return original(layer, shape, *args, **kwargs)

    monkeypatch.setattr(keras.layers.Layer, "add_weight", spy)
    edit(preset, _set("config", "size", [100_000, 100_000]))
    edit(preset, _set(*ENCODER, "config", "width", 100_000))
    refuse(preset, resum, "parameters", "config.json")
    with pytest.raises(hub.PresetError, match="parameters"):
        hub.from_pretrained(preset, load_weights=False)
    assert (100_000, 100_000) not in asked
    assert keras.layers.Layer.add_weight is spy  # the budget was taken away again


def test_nothing_is_imported_or_resolved_by_a_config(preset, resum, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("the reader asked Keras to resolve a name")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", never)
    edit(preset, _set("module", "os"))
    resum(preset)
    assert hub.from_pretrained(preset).count_params() == 27


def test_unregistered_classes_stay_out():
    class Plain:
        config_fields = {}

    with pytest.raises(TypeError, match="register expects"):
        hub.register(Plain)
    with pytest.raises(TypeError, match="register expects"):
        hub.register(keras.layers.Dense)
    assert hub.registry.lookup("Dense") is None
    assert hub.registry.lookup("halo_keras_tests>Nothing") is None


def test_the_package_prefix_does_not_make_a_class_ours():
    @keras.saving.register_keras_serializable("halo_keras")
    class Impostor(keras.layers.Layer):
        config_fields = {}

    assert hub.registry.lookup("halo_keras>Impostor") is None


def test_deep_parts_are_refused(tmp_path):
    node = {
        "module": "m",
        "class_name": "StandIn",
        "registered_name": "halo_keras_tests>StandIn",
    }
    config = {**node, "config": {}}
    for _ in range(config_reader.MAX_DEPTH + 2):
        config = {**node, "config": {"size": [1, 1], "rate": 0.5, "encoder": config}}
        config["config"]["start"] = "zeros"
    with pytest.raises(hub.PresetError):
        config_reader.build_model(config, tmp_path / "config.json")


# Weight files


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", "x")


def _truncate(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1])


def _rewrite(change):
    def run(path):
        with h5py.File(path, "r+") as file:
            change(file)

    return run


def _replace(file, make):
    values = file["head/vars/0"][()]
    del file["head/vars/0"]
    make(file["head/vars"], values)


def _external(file):
    def make(group, values):
        outside = str(file.filename) + ".secret"
        values.tofile(outside)
        group.create_dataset(
            "0", values.shape, values.dtype, external=[(outside, 0, values.nbytes)]
        )

    _replace(file, make)


def _virtual(file):
    def make(group, values):
        layout = h5py.VirtualLayout(values.shape, values.dtype)
        layout[...] = h5py.VirtualSource("other.h5", "x", shape=values.shape)
        group.create_virtual_dataset("0", layout)

    _replace(file, make)


def _chunked_bomb(file):
    del file["head/vars/0"]
    file["head/vars"].create_dataset(
        "0", (1 << 20, 1 << 20), "float32", chunks=(1024, 1024), compression="gzip"
    )


def _loop(file):
    file["head/again"] = file["/"]


def _alias(file):
    _replace(file, lambda group, values: group.__setitem__("0", file["head/vars/1"]))


def _soft(file):
    _replace(
        file,
        lambda group, values: group.__setitem__("0", h5py.SoftLink("/head/vars/1")),
    )


def _linked(file):
    _replace(
        file,
        lambda group, values: group.__setitem__("0", h5py.ExternalLink("o.h5", "/x")),
    )


def _soft_group(file):
    file.move("head", "real")
    file["head"] = h5py.SoftLink("/real")


def _with(values_of):
    return _rewrite(
        lambda file: _replace(
            file, lambda group, values: group.__setitem__("0", values_of(values))
        )
    )


def _nan(values):
    values = values.copy()
    values[0, 0] = np.nan
    return values


def _deep(file):
    group = file
    for _ in range(40):
        group = group.create_group("g")


WEIGHTS = {
    "empty": (lambda p: p.write_bytes(b""), "an empty file"),
    "pickle": (lambda p: p.write_bytes(pickle.dumps({"a": 1})), "pickle"),
    "zip": (_zip, "zip"),
    "html": (lambda p: p.write_bytes(b"<!doctype html><p>no"), "HTML"),
    "pointer": (
        lambda p: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
        "LFS",
    ),
    "noise": (lambda p: p.write_bytes(b"x" * 4096), "something else"),
    "user block": (lambda p: p.write_bytes(bytes(512) + p.read_bytes()), "not an HDF5"),
    "truncated": (_truncate, "truncated"),
    "header only": (lambda p: p.write_bytes(p.read_bytes()[:16]), "truncated"),
    "folder": (lambda p: (p.unlink(), p.mkdir()), "not a regular file"),
    "absent": (lambda p: p.unlink(), "missing"),
    "dangling": (lambda p: (p.unlink(), p.symlink_to("nowhere")), "missing"),
    "too large": (lambda p: os.truncate(p, 65 * 1024 * 1024), "at most"),
    "extra": (_rewrite(lambda f: f.__setitem__("head/vars/2", [1.0])), "unexpected"),
    "lacking": (_rewrite(lambda f: f.__delitem__("head/vars/0")), "missing"),
    "misshaped": (_with(lambda v: v.T.copy()), "shape"),
    "wrong dtype": (_with(lambda v: v.astype("float64")), "float64"),
    "integers": (_with(lambda v: v.astype("int32")), "int32"),
    "text": (_with(lambda v: "text"), "not an array of numbers"),
    "compound": (
        _with(lambda v: np.zeros((4, 2), [("a", "f4")])),
        "not an array of numbers",
    ),
    "not finite": (_with(_nan), "NaN"),
    "external link": (_rewrite(_linked), "link"),
    "soft link": (_rewrite(_soft), "link"),
    "soft group": (_rewrite(_soft_group), "link"),
    "external storage": (_rewrite(_external), "another file"),
    "virtual": (_rewrite(_virtual), "another file"),
    "compressed": (_rewrite(_chunked_bomb), "chunked"),
    "loop": (_rewrite(_loop), "twice"),
    "alias": (_rewrite(_alias), "twice"),
    "deep": (_rewrite(_deep), "nested"),
    "attribute": (
        _rewrite(lambda f: f["head"].attrs.__setitem__("dtype", "bfloat16")),
        "attributes",
    ),
    "group for array": (
        _rewrite(lambda f: _replace(f, lambda group, values: group.create_group("0"))),
        "missing",
    ),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weight_files(preset, resum, name):
    damage, match = WEIGHTS[name]
    damage(preset / "model.weights.h5")
    refuse(preset, resum, match, "model.weights.h5")


def test_a_pipe_is_not_read(preset):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    (preset / "model.weights.h5").unlink()
    os.mkfifo(preset / "model.weights.h5")
    with pytest.raises(hub.PresetError, match="not a regular file"):
        hub.from_pretrained(preset)


def test_half_precision_files_load(preset, resum):
    def halve(file):
        for name in ("encoder/dense/vars/0", "head/vars/0"):
            values = file[name][()].astype("float16")
            del file[name]
            file[name] = values

    _rewrite(halve)(preset / "model.weights.h5")
    resum(preset)
    assert hub.from_pretrained(preset).head.kernel.dtype == "float32"


@pytest.mark.parametrize("file", ["config.json", "model.weights.h5", "metrics.json"])
def test_a_changed_byte_is_noticed(preset, file):
    content = bytearray((preset / file).read_bytes())
    content[-2] ^= 1
    (preset / file).write_bytes(content)
    with pytest.raises(hub.PresetError, match=f"{file}.*sha256"):
        hub.verify(preset)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", 2),
        ("format_version", True),
        ("name", "../x"),
        ("sha256", {"../x": "0" * 64}),
        ("sha256", {"config.json": "0" * 64}),
        ("sha256", {"config.json": "0"}),
        ("labels", {"a": list(range(3))}),
        ("recipe", {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}),
        ("parameter_count", 28),
        ("description", "x" * 1000),
        ("url", "https://example.org"),
    ],
)
def test_metadata_is_closed(preset, key, value):
    path = preset / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata[key] = value
    path.write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(hub.PresetError, match="metadata.json"):
        hub.from_pretrained(preset)


def test_a_folder_without_metadata_is_no_preset(tmp_path):
    with pytest.raises(hub.PresetError, match="metadata.json is missing"):
        hub.from_pretrained(tmp_path)
