"""Crafted configurations: each is refused, cheaply, and the error names the file."""

import json
import pickle

import keras
import pytest
from hub.attack_cost import affordable, refuse

from halo_keras import hub
from halo_keras.hub import config_reader
from halo_keras.hub.parameter_budget import parameter_budget
from halo_keras.schema import ConfigError, Float, Int, ListOf, Part, Text


def edit(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")


MANY_KEYS = ",".join(f'"{number:x}":0' for number in range(27_000))
TEXTS = {
    "empty": (b"", "not usable JSON"),
    "list": (b"[]", "object"),
    "null": (b"null", "object"),
    "string": (b'"config"', "object"),
    "deep": (b'{"config":' + b"[" * 100_000, "deep"),
    "deep and whole": (b'{"a":' + b"[" * 90_000 + b"]" * 90_000 + b"}", "deep"),
    "deep objects": (b'{"config":' * 20_000 + b"1" + b"}" * 20_000, "deep"),
    "nan": (b'{"config": NaN}', "NaN"),
    "minus infinity": (b'{"config": -Infinity}', "Infinity"),
    "infinity": (b'{"config": 1e999}', "too large"),
    "duplicate": (b'{"config": 1, "config": 2}', "twice"),
    "late duplicate": (("{" + MANY_KEYS + ',"695f":1}').encode(), "twice"),
    "digits": (b'{"config": ' + b"9" * 5000 + b"}", "not usable JSON"),
    "utf-16": ('{"config": 1}'.encode("utf-16"), "not usable JSON"),
    "utf-32": ('{"config": 1}'.encode("utf-32"), "not usable JSON"),
    "byte order mark": ('{"config": 1}'.encode("utf-8-sig"), "not usable JSON"),
    "latin-1": ('{"config": "\xe9"}'.encode("latin-1"), "not usable JSON"),
    "large": (b'{"config": "' + b"x" * 300_000 + b'"}', "bytes"),
    "two": (b"{} {}", "not usable JSON"),
    "half": (b'{"config": {"size": [1,', "not usable JSON"),
    "comment": (b'{"config": 1} // hello', "not usable JSON"),
    "control characters": (b'{"config": "\x1b[2J"}', "not usable JSON"),
    "pickle": (pickle.dumps({"config": 1}), "not usable JSON"),
    "zip": (b"PK\x03\x04" + bytes(100), "not usable JSON"),
    "html": (b"<!doctype html><p>no", "not usable JSON"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "not usable JSON"),
    "keys": (b'{"config": {}, "auto_map": {}}', "auto_map"),
    "half a letter": (b'{"\\ud800": 1}', "ud800"),
    "many keys": (("{" + MANY_KEYS + "}").encode(), "missing or unknown"),
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


def _lambda_layer(module="keras.layers", registered="Lambda"):
    return {
        "module": module,
        "class_name": "Lambda",
        "config": {"function": "x"},
        "registered_name": registered,
    }


def _nest(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


ENCODER = ("config", "encoder")
WIDTH = (*ENCODER, "config", "width")
CHANGES = {
    # Classes, modules, functions
    "unknown class": (_set("registered_name", "halo_keras>Nothing"), "may not contain"),
    "function": (_set("registered_name", "os.system"), "may not contain"),
    "no string": (_set("registered_name", ["StandIn"]), "may not contain"),
    "path": (_set("registered_name", "halo_keras>../x"), "may not contain"),
    "long": (_set("registered_name", "halo_keras>" + "x" * 200_000), "may not contain"),
    "no part": (_set("registered_name", "halo_keras>StatePrior"), "may not contain"),
    "our module, no class": (
        _set("registered_name", "halo_keras.models.halo>HALO"),
        "may not contain",
    ),
    "Keras class": (_set(*ENCODER, _lambda_layer()), "may not contain"),
    "Keras class under our name": (
        _set(*ENCODER, _lambda_layer("halo_keras.layers", "halo_keras>Lambda")),
        "may not contain",
    ),
    "pickled torch module": (
        _set(*ENCODER, "registered_name", "TorchModuleWrapper"),
        "may not contain",
    ),
    "another class": (_set("class_name", "Lambda"), "class_name"),
    "class of a part": (_set(*ENCODER, "class_name", "StandIn"), "class_name"),
    "foreign module": (_set("module", "os"), "module of .* must be"),
    "module of a part": (_set(*ENCODER, "module", "builtins"), "module of .* must be"),
    "our module, another": (_set("module", "halo_keras.models.halo"), "module of"),
    "no module": (_set("module", None), "module of"),
    "list of modules": (_set("module", ["os"]), "module of"),
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
    # Keys
    "gadget": (_set("compile_config", {"loss": "mse"}), "compile_config"),
    "key of a part": (_set(*ENCODER, "build_config", {}), "build_config"),
    "lacking key": (lambda c: c.pop("module"), "module"),
    "shapes": (_set("build_config", {"input_shape": [1 << 40]}), "build_config"),
    "deep shapes": (_set("build_config", _nest(900)), "build_config"),
    "extra argument": (_set("config", "vocabulary", "/etc/passwd"), "vocabulary"),
    "address": (_set("config", "url", "https://example.org"), "url"),
    "dunder": (_set("config", "__class__", "x"), "__class__"),
    "steering key": (_set("config", "\x1b[2J", 1), "no argument"),
    "extra argument of a part": (
        _set(*ENCODER, "config", "file", "/etc/passwd"),
        "file",
    ),
    "lacking argument": (lambda c: c["config"].pop("size"), "lacks its argument"),
    "null": (_set("config", None), "must be an object"),
    "list for arguments": (_set("config", []), "must be an object"),
    # Types and bounds
    "bool for int": (_set(*WIDTH, True), "whole number"),
    "string for int": (_set(*WIDTH, "4"), "whole number"),
    "float for int": (_set(*WIDTH, 4.0), "whole number"),
    "object for int": (_set(*WIDTH, {"class_name": "int"}), "whole number"),
    "huge": (_set(*WIDTH, 10**9), "must lie in"),
    "very huge": (_set(*WIDTH, 10**4000), "must lie in"),
    "negative": (_set(*WIDTH, -1), "must lie in"),
    "huge product": (_set(*WIDTH, 90_000), "parameters"),
    "string for float": (_set("config", "rate", "NaN"), "must be a number"),
    "large float": (_set("config", "rate", 1e300), "lie in"),
    "huge int for float": (_set("config", "rate", 10**4000), "lie in"),
    "enum": (_set("config", "start", "one"), "did you mean 'ones'"),
    "long enum": (_set("config", "start", "x" * 200_000), "must be one of"),
    "list": (_set("config", "size", [3, 2, 1]), "2 to 2 entries"),
    "empty list": (_set("config", "size", []), "2 to 2 entries"),
    "object for list": (_set("config", "size", {"0": 3, "1": 2}), "must be a list"),
    "string for list": (_set("config", "size", "32"), "must be a list"),
    "nested list": (_set("config", "size", [[3], 2]), "whole"),
    "deep list": (_set("config", "size", [_nest(900), 2]), "whole"),
    "part as list": (_set("config", "size", [{"registered_name": "x"}, 2]), "whole"),
    "part as string": (_set(*ENCODER, "StandInEncoder"), "encoder"),
    "part as number": (_set(*ENCODER, 3), "encoder"),
    "no part at all": (_set(*ENCODER, None), "encoder"),
    "long name": (_set("config", "name", "x" * 100), "name"),
    "name with a path": (_set("config", "name", "a\n/etc/passwd"), "name"),
    "name of a part": (_set(*ENCODER, "config", "name", 7), "name"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_config_contents(preset, resum, name):
    change, match = CHANGES[name]
    edit(preset, change)
    refuse(preset, resum, match, "config.json")
    refuse(preset, resum, match, "config.json", load_weights=False)


def test_nothing_is_made_before_all_of_it_is_checked(preset, resum, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("an object was made from a configuration that is wrong")

    encoder = hub.registry.lookup("halo_keras_tests>StandInEncoder")
    monkeypatch.setattr(encoder, "__init__", never)
    edit(preset, _set("config", "start", "one"))
    refuse(preset, resum, "did you mean 'ones'", "config.json")


def test_a_huge_model_is_stopped_before_it_is_allocated(preset, resum, monkeypatch):
    asked = []
    original = keras.layers.Layer.add_weight

    def spy(layer, shape=None, *args, **kwargs):
        asked.append(tuple(shape))
        return original(layer, shape, *args, **kwargs)

    monkeypatch.setattr(keras.layers.Layer, "add_weight", spy)
    edit(preset, _set("config", "size", [100_000, 100_000]))
    edit(preset, _set(*WIDTH, 100_000))
    refuse(preset, resum, "parameters", "config.json")
    refuse(preset, resum, "parameters", "config.json", load_weights=False)
    assert (100_000, 100_000) not in asked
    assert keras.layers.Layer.add_weight is spy  # the budget was taken away again


def test_real_models_are_stopped_too(repository, tmp_path):
    path = repository / "tests" / "hub" / "fixtures" / "v1" / "config.json"
    config = config_reader.read_config(path)
    arguments = config["config"]
    arguments["dynamics"]["config"] |= {"position_dim": 512, "num_operators": 256}
    arguments["action_names"] = [str(index) for index in range(256)]
    arguments |= {"content_dim": 1024, "content_hidden": 1024, "num_components": 64}
    with affordable(), pytest.raises(hub.PresetError, match="parameters"):
        config_reader.build_model(config, path, blank=True)


def test_weights_that_a_file_overwrites_are_not_drawn(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("an initialiser ran")

    monkeypatch.setattr(keras.initializers.Orthogonal, "__call__", never)
    with parameter_budget(1000, blank=True):
        layer = keras.layers.Dense(4, kernel_initializer="orthogonal")
        layer.build((None, 3))
        plain = keras.layers.Layer()
        given = plain.add_weight((2,), keras.initializers.Orthogonal(), name="w")
    for weight in (*layer.weights, given):
        assert not keras.ops.convert_to_numpy(weight).any()


def test_nothing_is_imported_or_resolved_by_a_config(preset, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("the reader asked Keras to resolve a name")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", never)
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


def test_deep_parts_are_refused(tmp_path, monkeypatch):
    encoder = hub.registry.lookup("halo_keras_tests>StandInEncoder")
    monkeypatch.setattr(encoder, "config_fields", {"inner": Part("encoder")})
    node = {
        "module": encoder.__module__,
        "class_name": "StandInEncoder",
        "registered_name": "halo_keras_tests>StandInEncoder",
    }
    config = {**node, "config": {"inner": None}}
    for _ in range(config_reader.MAX_DEPTH + 2):
        config = {**node, "config": {"inner": config}}
    with pytest.raises(hub.PresetError, match="parts deep"):
        config_reader.build_model(config, tmp_path / "config.json")


def own_names():
    # Of this package: those that tests register are test cases of their own.
    return [name for name in hub.registry.known_names() if "halo_keras>" in name]


def wrong_values(field):
    """Values that a field must refuse, whatever its class does with it."""
    common = [{}, {"class_name": "int"}, [[]], object()]
    if isinstance(field, Int):
        return [*common, field.high + 1, field.low - 1, 10**4000, True, "1", 1.5, []]
    if isinstance(field, Float):
        return [*common, float("nan"), float("inf"), 10**4000, 1e300, True, "1", []]
    if isinstance(field, Text):
        return [*common, "/etc/passwd\n", "x" * 10_000, 1, True, []]
    if isinstance(field, ListOf):
        short = [[]] if field.min_length else []
        return [{}, 1, "12", True, [object()], [None] * 10_000, *short]
    assert isinstance(field, Part), f"{field} has no bounds that this test knows"
    return [1, True, "x", [], object()]


@pytest.mark.parametrize("name", own_names())
def test_every_argument_of_every_class_is_bounded(name):
    fields = hub.registry.lookup(name).config_fields
    for key, field in fields.items():
        refused = [*wrong_values(field), *([] if field.optional else [None])]
        for value in refused:
            with pytest.raises(ConfigError, match=f"it.{key}"):
                field.check(value, f"it.{key}")
    assert len(own_names()) > 10
