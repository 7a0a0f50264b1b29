"""From `config.json` to a built model of ours, and back.

The file has Keras's own layout, so that plain Keras can load it too. Here it is read
differently: classes come from `registry.lookup` by `registered_name`; `module` and
`class_name` choose nothing and must be exactly those of the class; arguments are
checked against `config_fields`; and objects are made by `cls(**arguments)`.
`keras.saving.deserialize_keras_object` never sees a preset file. A class that moves
to another file must keep its old `__module__`, or its presets no longer load.
"""

from pathlib import Path
from typing import Any

from halo_keras.hub import registry
from halo_keras.hub.errors import PresetError
from halo_keras.hub.parameter_budget import parameter_budget
from halo_keras.hub.strict_json import read_json
from halo_keras.schema import ConfigError, ListOf, Part, Text, check_config, nearest

MAX_CONFIG_BYTES = 256 * 1024
MAX_PARAMETERS = 16 * 1024 * 1024  # 64 MB of float32
MAX_DEPTH = 8

_NODE_KEYS = {"module", "class_name", "config", "registered_name"}
_BUILD_CONFIG = {"input_shape": None}
_NAME = Text(optional=True)


def read_config(path: Path) -> dict[str, Any]:
    """The serialised model in `path`; its outer form is checked, no object made.

    Raises:
        PresetError: naming the file and what is wrong with it.
    """
    config = read_json(path, MAX_CONFIG_BYTES)
    try:
        _check_keys(config, _NODE_KEYS | {"build_config"}, "the file")
    except ConfigError as error:
        raise PresetError(f"{path}: {error}") from error
    if config["build_config"] != _BUILD_CONFIG:
        raise PresetError(
            f"{path}: build_config must be {_BUILD_CONFIG}, "
            f"received {_short(config['build_config'])}."
        )
    return config


def build_model(
    config: dict,
    path: Path,
    max_parameters: int = MAX_PARAMETERS,
    blank: bool = False,
):
    """A built `keras.Model` from a serialised one, with fresh weights.

    Args:
        config: what `read_config` gave. All of it is checked before any object is
            made.
        path: the file that errors name.
        max_parameters: building stops before the first weight beyond that sum.
        blank: the weights are zeros, for a caller who loads a file into all of them.

    Raises:
        PresetError: for a class that is not ours, an argument that its
            `config_fields` do not allow, or too many parameters.
    """
    import keras

    node = {key: value for key, value in config.items() if key != "build_config"}
    try:
        cls = check_node(node)
        if not issubclass(cls, keras.Model):
            raise ConfigError(f"the model must be a model, received a {cls.__name__}.")
        # Parts may create weights on construction: the budget covers both steps.
        with parameter_budget(max_parameters, blank):
            model = _make(node)
            if not model.built:
                model.build(None)
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


def check_node(
    node: Any, kind: str | None = None, where: str = "the model", depth: int = 0
) -> type:
    """The class of a serialised object, all of which was checked; makes nothing.

    Args:
        node: module, class_name, config and registered_name, as Keras writes them.
        kind: the `part_kind` that the class must have, if any.
        where: what errors call the object.
        depth: how many objects it lies within.

    Raises:
        ConfigError: for an unknown class, or a wrong argument at any depth.
    """
    if depth > MAX_DEPTH:
        raise ConfigError(f"{where} is nested more than {MAX_DEPTH} parts deep.")
    _check_keys(node, _NODE_KEYS, where)
    cls = _resolve(node, where)
    if kind is not None and getattr(cls, "part_kind", None) != kind:
        raise ConfigError(
            f"{where} must be of the kind {kind!r}, received {cls.__name__}."
        )
    where = f"{where} ({cls.__name__})" if depth else cls.__name__
    config = node["config"]
    check_config(cls.config_fields, config, where)
    _NAME.check(config.get("name"), f"{where}.name")
    for key, value in config.items():
        field = cls.config_fields.get(key)
        for part, at, entry in _parts(field, value, f"{where}.{key}"):
            check_node(entry, part.kind, at, depth + 1)
    return cls


def _check_keys(node: Any, expected: set[str], where: str) -> None:
    if not isinstance(node, dict):
        raise ConfigError(f"{where} must be an object, received {_short(node)}.")
    odd = sorted(set(node) ^ expected)
    if odd:
        raise ConfigError(
            f"{where} must have exactly the keys {sorted(expected)}; "
            f"missing or unknown: {_short(odd)}."
        )


def _parts(field: Any, value: Any, where: str):
    """The serialised objects in the value of one argument: field, place, object."""
    if isinstance(field, Part) and value is not None:
        yield field, where, value
    elif isinstance(field, ListOf) and value is not None:
        for index, entry in enumerate(value):
            yield from _parts(field.item, entry, f"{where}[{index}]")


def _make(node: dict):
    """The object of a checked node."""
    cls = registry.lookup(node["registered_name"])
    fields = cls.config_fields
    return cls(
        **{key: _made(fields.get(key), value) for key, value in node["config"].items()}
    )


def _made(field: Any, value: Any) -> Any:
    if isinstance(field, Part) and value is not None:
        return _make(value)
    if isinstance(field, ListOf) and value is not None:
        return [_made(field.item, entry) for entry in value]
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
    expected = {"module": cls.__module__, "class_name": cls.__name__}
    for key, own in expected.items():
        if node[key] != own:
            raise ConfigError(
                f"{where}: {key} of {name} must be {own!r}, "
                f"received {_short(node[key])}."
            )
    return cls


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
