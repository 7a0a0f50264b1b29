"""Closed schemas for the arguments of every serialisable class.

A downloaded `config.json` must not be able to choose code, a path or an
allocation of any size. Each registered class therefore declares
`config_fields`, a dict from argument name to one of the checkers below; a
configuration is accepted only if it has exactly known keys whose values have
exactly the right type and lie within bounds. The same checkers give the
constructor's error messages, so that a bad argument and a bad file read alike.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import Any


class ConfigError(ValueError):
    """A configuration has an unknown key, a wrong type or a size out of bounds."""


def nearest(name: str, known) -> str:
    """`"; did you mean 'x'?"` for the closest known name, or an empty string."""
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True)
class Int:
    """A whole number in [low, high]. A bool is not a whole number."""

    low: int
    high: int
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(
                f"{where} must be a whole number, received {_show(value)}."
            )
        if not self.low <= value <= self.high:
            raise ConfigError(
                f"{where} must lie in [{self.low}, {self.high}], "
                f"received {_show(value)}."
            )


@dataclass(frozen=True)
class Float:
    """A finite real number in [low, high]."""

    low: float
    high: float
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(f"{where} must be a number, received {_show(value)}.")
        # Compared before isfinite, which a huge int would overflow; NaN fails both.
        if not self.low <= value <= self.high or not math.isfinite(value):
            raise ConfigError(
                f"{where} must be finite and lie in [{self.low}, {self.high}], "
                f"received {_show(value)}."
            )


@dataclass(frozen=True)
class Text:
    """A short string; one of `choices` if they are given."""

    choices: tuple[str, ...] | None = None
    max_length: int = 64
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if not isinstance(value, str):
            raise ConfigError(f"{where} must be a string, received {_show(value)}.")
        if self.choices is not None and value not in self.choices:
            raise ConfigError(
                f"{where} must be one of {list(self.choices)}, received "
                f"{_show(value)}{nearest(value, self.choices)}."
            )
        if len(value) > self.max_length or not value.isprintable():
            raise ConfigError(
                f"{where} must be at most {self.max_length} printable characters, "
                f"received {_show(value)}."
            )


@dataclass(frozen=True)
class ListOf:
    """A list (or tuple) of `item`, of bounded length."""

    item: Any
    min_length: int = 0
    max_length: int = 64
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} must be a list, received {_show(value)}.")
        if not self.min_length <= len(value) <= self.max_length:
            raise ConfigError(
                f"{where} must have {self.min_length} to {self.max_length} entries, "
                f"received {len(value)}."
            )
        for index, entry in enumerate(value):
            self.item.check(entry, f"{where}[{index}]")


@dataclass(frozen=True)
class Part:
    """A nested serialised object of ours; `kind` names its family of classes.

    The families are the base classes' `part_kind` ("dynamics", "encoder",
    "decoder", ...). A live object is checked by that attribute; a serialised one
    is resolved by the preset reader against the registered classes of the family.
    """

    kind: str
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if isinstance(value, dict) or getattr(value, "part_kind", None) == self.kind:
            return
        raise ConfigError(
            f"{where} must be a {self.kind} object, received {_show(value)}."
        )


def check_config(fields: dict, config: dict, where: str) -> None:
    """Raises `ConfigError` unless `config` has only known keys with valid values.

    Args:
        fields: the class's `config_fields`. Fields without `optional` must be there.
        config: the arguments, as a dict. The key `name` (a short string) is allowed.
        where: what the error calls the object, for instance `"HALO"`.
    """
    if not isinstance(config, dict):
        raise ConfigError(f"{where} must be an object, received {_show(config)}.")
    known = {**fields, "name": Text(optional=True)}
    for key in config:
        if key not in known:
            raise ConfigError(
                f"{where} has no argument {_show(key)}{nearest(key, known) or '.'} "
                f"Known: {', '.join(sorted(known))}."
            )
    for key, field in fields.items():
        if key not in config and not field.optional:
            raise ConfigError(f"{where} lacks its argument {key!r}.")
        field.check(config.get(key), f"{where}.{key}")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
