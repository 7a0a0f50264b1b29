"""What a training is: one frozen, typed value, and how the command line changes it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from halo_keras.data.frame_sets import CONTENT_SETS
from halo_keras.hub.metadata import PRESET_NAME
from halo_keras.schema import (
    ConfigError,
    Float,
    Int,
    ListOf,
    Text,
    check_config,
    nearest,
)
from halo_keras.training.augmentation import NAMES as AUGMENTATIONS

FREEZABLE = ("encoder", "decoder")
_FIELDS = {
    "preset": PRESET_NAME,
    "dataset": Text(),
    "epochs": Int(1, 100_000),
    "steps_per_epoch": Int(1, 10_000_000, optional=True),
    "batch_size": Int(1, 65_536),
    "learning_rate": Float(1e-8, 10.0),
    "warmup_fraction": Float(0.0, 0.9),
    "final_learning_rate_fraction": Float(0.0, 1.0),
    "clip_norm": Float(1e-6, 1e6),
    "ema_momentum": Float(0.0, 0.999999),
    "precision": Text(("float32", "mixed_bfloat16")),
    "seed": Int(0, 2**31 - 1),
    "max_loops": Int(0, 10_000, optional=True),
    "loop_ramp": Float(0.0, 1.0),
    "rolled_actions": ListOf(Text()),
    "operators": ListOf(Text()),
    "content_partners": Int(0, 64),
    "frame_set": Int(2, 1024, optional=True),
    "content_set": Text(CONTENT_SETS),
    "sets_per_clip": Int(1, 1_000_000),
    "augment": Text(AUGMENTATIONS),
    "judge": Text(max_length=500, optional=True),
    "init": Text(max_length=500, optional=True),
    "freeze": Text(FREEZABLE, optional=True),
    "strip_every": Int(0, 100_000),
    "version": Int(1, 10_000),
    "description": Text(max_length=500),
}
_GROUPS = ("data", "model")


@dataclass(frozen=True)
class Recipe:
    """One training, from the data to the preset folder. Equal recipes, equal runs.

    The schedule is linear warm-up over `warmup_fraction` of all steps and then a
    half cosine down to `final_learning_rate_fraction * learning_rate`. The weights
    that are kept are the exponential moving average (Polyak & Juditsky 1992)
    `average <- ema_momentum * average + (1 - ema_momentum) * weights`.

    Args:
        preset: name of the result, `<family>[-<variant>]-<dataset>`.
        dataset: name in `halo_keras.data`.
        build_model: `build_model(recipe, dataset) -> keras.Model`, not compiled.
        evaluate: `evaluate(model, recipe, load, judge) -> dict` of measured numbers,
            or None. `load` is `load(split)` for this recipe's data.
        data: options of the dataset's loader.
        model: numbers and names that `build_model` reads.
        epochs: passes over the training split.
        steps_per_epoch: at most so many batches of each pass, others in each, for a
            quick trial; None for all.
        batch_size: clips a step, over all replicas together.
        learning_rate: Adam's step size after warm-up.
        warmup_fraction: share of all steps spent on the linear warm-up.
        final_learning_rate_fraction: where the cosine ends, as a share.
        clip_norm: bound on the global norm of the gradient.
        ema_momentum: see above; 0 keeps the last weights.
        precision: Keras dtype policy of the frame networks while training. With
            `"mixed_bfloat16"` they compute in bfloat16 on float32 weights, about three
            times as fast on processors that have it; everything else, and the finished
            model, is float32.
        seed: of the weights, of the noise and of the order of the clips.
        max_loops: train on the clip as a loop, with targets up to this many
            periods away (see `LoopTargets`); None trains on the clip as it is.
        loop_ramp: share of all epochs over which `max_loops` grows from 0, for speeds
            that start anywhere; 0: all loops from the beginning.
        rolled_actions: names of actions whose clips are loops without a seam; with
            `max_loops` they begin at a random frame.
        operators: names of operators that share the actions, see
            `halo_keras.data.action_groups`; one name: a model without labels. Empty:
            one operator an action.
        content_partners: content is read from the clip itself or one of so many others
            that are most alike in colour, or of speech belong to the same recording,
            or of film strips show the same person, half of them in the same strip; see
            `halo_keras.data.partners`. 0: always from the clip itself.
        frame_set: train on sets of so many frames of each clip, drawn at random and
            without an order, see `halo_keras.data.frame_sets`; None: on clips.
        content_set: `"same"` or `"other"`: with `frame_set`, the frames that content is
            read from.
        sets_per_clip: with `frame_set`, sets of each clip in an epoch.
        augment: `"none"`, `"keras"` or `"keras_cv"`: small random changes of each
            training clip, see `halo_keras.training.augmentation`.
        judge: preset name or folder of the judge that `evaluate` asks; None for none.
        init: preset name or folder of a model whose weights the training starts from,
            see `training.starting`; None for fresh ones.
        freeze: `"encoder"` or `"decoder"`: with `init`, that part is not trained; None
            for none.
        strip_every: epochs between two sample strips; 0 draws none.
        version: of the preset; a better preset of the same name raises it.
        description: of the preset, for its card.

    Raises:
        ConfigError: a number is out of its bounds or has the wrong type.
    """

    preset: str
    dataset: str
    build_model: Callable = field(repr=False, compare=False)
    evaluate: Callable | None = field(default=None, repr=False, compare=False)
    data: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 10
    steps_per_epoch: int | None = None
    batch_size: int = 32
    learning_rate: float = 1e-3
    warmup_fraction: float = 0.05
    final_learning_rate_fraction: float = 0.01
    clip_norm: float = 100.0
    ema_momentum: float = 0.99
    precision: str = "float32"
    seed: int = 0
    max_loops: int | None = None
    loop_ramp: float = 0.0
    rolled_actions: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    content_partners: int = 0
    frame_set: int | None = None
    content_set: str = "same"
    sets_per_clip: int = 1
    augment: str = "none"
    judge: str | None = None
    init: str | None = None
    freeze: str | None = None
    strip_every: int = 10
    version: int = 1
    description: str = ""

    def __post_init__(self):
        where = f"Recipe {self.preset!r}"
        check_config(_FIELDS, {key: getattr(self, key) for key in _FIELDS}, where)
        object.__setattr__(self, "rolled_actions", tuple(self.rolled_actions))
        for group in _GROUPS:
            frozen = json.loads(_as_json(getattr(self, group), f"{where}.{group}"))
            object.__setattr__(self, group, MappingProxyType(frozen))

    def override(self, **changes: Any) -> Recipe:
        """The same recipe with some values changed; text is converted to the type.

        Keys of the `data` and `model` groups are written with a dot:
        `recipe.override(**{"epochs": "3", "model.content_dim": 64})`.

        Raises:
            ConfigError: an unknown key (the nearest known one is named), or a value
                that does not fit the type of the one it replaces.
        """
        known = self.keys()
        top: dict[str, Any] = {}
        groups = {group: dict(getattr(self, group)) for group in _GROUPS}
        for key, value in changes.items():
            if key not in known:
                raise ConfigError(
                    f"Recipe {self.preset!r} has no setting {key!r}"
                    f"{nearest(key, known) or '.'} Known: {', '.join(sorted(known))}."
                )
            group, _, name = key.partition(".")
            converted = _convert(value, known[key], key)
            if name:
                groups[group][name] = converted
            else:
                top[key] = converted
        return dataclasses.replace(self, **top, **groups)

    def keys(self) -> dict[str, str]:
        """Every setting that `override` knows, and the name of its type."""
        known = {key: _type_of_field(checker) for key, checker in _FIELDS.items()}
        for group in _GROUPS:
            for name, value in getattr(self, group).items():
                known[f"{group}.{name}"] = _type_of_value(value)
        return known

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain JSON values (the two functions are left out)."""
        plain = {key: getattr(self, key) for key in _FIELDS}
        for key in ("rolled_actions", "operators"):
            plain[key] = list(plain[key])
        return {**plain, **{group: dict(getattr(self, group)) for group in _GROUPS}}


def parse_settings(settings: list[str]) -> dict[str, str]:
    """`["epochs=3", "model.width=16"]` -> `{"epochs": "3", "model.width": "16"}`.

    Settings of neither group may be written with `training.`: `training.epochs=3`.
    """
    changes = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise ConfigError(
                f"--set takes key=value, received {setting!r}. "
                "Write for instance --set epochs=3."
            )
        key = key.strip()
        plain = key.removeprefix("training.")
        changes[key if "." in plain else plain] = value.strip()
    return changes


def _as_json(group: Any, where: str) -> str:
    if not isinstance(group, Mapping):
        raise ConfigError(f"{where} must be a dict, received {type(group).__name__}.")
    try:
        return json.dumps(dict(group), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} must hold plain JSON values: {error}.") from error


def _type_of_field(checker: Any) -> str:
    name = {Int: "int", Float: "float", ListOf: "json"}.get(type(checker), "str")
    return f"{name} or none" if checker.optional else name


def _type_of_value(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float", str: "str"}.get(
        type(value), "json"
    )


def _convert(value: Any, kind: str, key: str) -> Any:
    """`value` as `kind`; text is parsed, other values must fit already."""
    if kind.endswith(" or none"):
        if value is None or str(value).lower() == "none":
            return None
        kind = kind.removesuffix(" or none")
    try:
        if kind == "str":
            if isinstance(value, str):
                return value
        elif kind == "json":
            return json.loads(value) if isinstance(value, str) else value
        elif kind == "bool":
            if isinstance(value, bool):
                return value
            return {"true": True, "false": False}[value.lower()]
        elif isinstance(value, str):
            return int(value) if kind == "int" else float(value)
        elif not isinstance(value, bool) and float(value) == value:
            if kind == "float" or int(value) == value:
                return float(value) if kind == "float" else int(value)
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    raise ConfigError(f"{key} must be of type {kind}, received {value!r}.")
