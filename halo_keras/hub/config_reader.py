"""From `config.json` to a built model of ours, and back.

The file has Keras's own layout, so that plain Keras can load it too. Here it is read
differently: `module` and `class_name` choose nothing, classes come from
`registry.lookup`, their arguments are checked against `config_fields`, and objects
are made by `cls(**arguments)`. `keras.saving.deserialize_keras_object` never sees a
preset file.
"""

import contextlib
import math
import threading
from pathlib import Path
from typing import Any

from halo_keras.hub import registry
from halo_keras.hub.errors import PresetError
from halo_keras.hub.strict_json import read_json
from halo_keras.schema import ConfigError, ListOf, Part, Text, check_config, nearest

MAX_CONFIG_BYTES = 256 * 1024
MAX_PARAMETERS = 16 * 1024 * 1024  # 64 MB of float32
MAX_DEPTH = 8

_NODE_KEYS = {"module", "class_name", "config", "registered_name"}
_BUILD_CONFIG = {"input_shape": None}


def read_config(path: Path) -> dict[str, Any]:
    """The serialised model in `path`; its outer form is checked, no object made.

    Raises:
        PresetError: naming the file and what is wrong with it.
    """
    config = read_json(path, MAX_CONFIG_BYTES)
    expected = _NODE_KEYS | {"build_config"}
    if set(config) != expected:
        odd = sorted(set(config) ^ expected)
        raise PresetError(
            f"{path} must have exactly the keys {sorted(expected)}; "
            f"missing or unknown: {_short(odd)}."
        )
    if config["build_config"] != _BUILD_CONFIG:
        raise PresetError(
            f"{path}: build_config must be {_BUILD_CONFIG}, "
            f"received {_short(config['build_config'])}."
        )
    return config


def build_model(config: dict, path: Path, max_parameters: int = MAX_PARAMETERS):
    """A built `keras.Model` from a serialised one, with fresh weights.

    Args:
        config: what `read_config` gave.
        path: the file that errors name.
        max_parameters: building stops before the first weight beyond that sum.

    Raises:
        PresetError: for a class that is not ours, an argument that its
            `config_fields` do not allow, or too many parameters.
    """
    import keras

    node = {key: value for key, value in config.items() if key != "build_config"}
    try:
        # Parts may create weights on construction: the budget covers both steps.
        with _parameter_budget(max_parameters):
            model = _make(node, None, "the model", depth=0)
            if not isinstance(model, keras.Model):
                raise ConfigError(
                    f"the model must be a model, received a {type(model).__name__}."
                )
            if not model.built:
                model.build(None)
    except PresetError:
        raise
    except Exception as error:
        raise PresetError(f"{path}: {error}") from error
    return model


def serialize_model(model) -> dict[str, Any]:
    """The content of `config.json` for `model`: no names, no compile settings.

    Names of layers count up within a process; without them the same model gives the
    same file. Every model of ours knows its shapes: `build(None)` builds it.
    """
    import keras

    node = _plain(keras.saving.serialize_keras_object(model))
    return {**node, "build_config": dict(_BUILD_CONFIG)}


def _make(node: Any, kind: str | None, where: str, depth: int):
    if depth > MAX_DEPTH:
        raise ConfigError(f"{where} is nested more than {MAX_DEPTH} parts deep.")
    if not isinstance(node, dict) or set(node) != _NODE_KEYS:
        raise ConfigError(
            f"{where} must be an object with the keys {sorted(_NODE_KEYS)}, "
            f"received {_short(node)}."
        )
    cls = _resolve(node, where)
    if kind is not None and getattr(cls, "part_kind", None) != kind:
        raise ConfigError(
            f"{where} must be of the kind {kind!r}, received {cls.__name__}."
        )
    where = f"{where} ({cls.__name__})" if depth else cls.__name__
    config = node["config"]
    check_config(cls.config_fields, config, where)
    Text(optional=True).check(config.get("name"), f"{where}.name")
    arguments = {}
    for key, value in config.items():
        field = cls.config_fields.get(key)
        arguments[key] = _resolve_parts(field, value, f"{where}.{key}", depth)
    return cls(**arguments)


def _resolve_parts(field: Any, value: Any, where: str, depth: int) -> Any:
    if isinstance(field, Part) and value is not None:
        return _make(value, field.kind, where, depth + 1)
    if isinstance(field, ListOf) and value is not None:
        return [
            _resolve_parts(field.item, entry, f"{where}[{index}]", depth)
            for index, entry in enumerate(value)
        ]
    return value


def _resolve(node: dict, where: str) -> type:
    name = node["registered_name"]
    cls = registry.lookup(name) if isinstance(name, str) else None
    if cls is None:
        known = registry.known_names()
        raise ConfigError(
            f"{where} is of the class {_short(name)}, which presets may not contain"
            f"{nearest(name, known)}. Known: {', '.join(known)}."
        )
    if node["class_name"] != cls.__name__ or not isinstance(node["module"], str):
        raise ConfigError(
            f"{where}: class_name must be {cls.__name__!r} and module a string, "
            f"received {_short(node['class_name'])} and {_short(node['module'])}."
        )
    return cls


@contextlib.contextmanager
def _parameter_budget(limit: int):
    """Within this block, this thread's layers stop before `limit` parameters are
    exceeded, ahead of the allocation. Bounds of single arguments cannot see a
    product of them."""
    import keras

    thread = threading.get_ident()
    asked = 0
    add_weight = keras.layers.Layer.add_weight

    def counted(layer, shape=None, *args, **kwargs):
        nonlocal asked
        if threading.get_ident() == thread:
            size = (shape,) if isinstance(shape, int) else tuple(shape or ())
            asked += math.prod(int(side or 0) for side in size)
            if asked > limit:
                raise ConfigError(
                    f"the configuration asks for more than {limit} parameters, which "
                    "is more than its weight file holds or a preset may have."
                )
        return add_weight(layer, shape, *args, **kwargs)

    with _patch_lock:
        keras.layers.Layer.add_weight = counted
        try:
            yield
        finally:
            keras.layers.Layer.add_weight = add_weight


_patch_lock = threading.RLock()


def _plain(value: Any) -> Any:
    """Keras's serialised form with tuples as lists and nested objects stripped."""
    if isinstance(value, dict):
        if value.get("class_name") == "__tuple__":
            return [_plain(item) for item in value["items"]]
        if "registered_name" in value:
            config = {k: v for k, v in value["config"].items() if k != "name"}
            return {
                "module": value["module"],
                "class_name": value["class_name"],
                "config": _plain(config),
                "registered_name": value["registered_name"],
            }
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
