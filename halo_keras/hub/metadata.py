"""The closed schemas of `metadata.json` and `metrics.json`.

Both come with a preset and may come from strangers: they are data to show, bounded in
size and in form, and no field names a class, a file to open or an address.
"""

import re
import sys
from dataclasses import dataclass
from typing import Any

from halo_keras.hub.errors import PresetError
from halo_keras.schema import ConfigError, Int, ListOf, Text, check_config

FORMAT_VERSION = 1
MAX_METADATA_BYTES = 256 * 1024

PIPELINE_TAGS = (
    "image-to-video",
    "video-to-video",
    "unconditional-image-generation",
    "video-classification",
    "image-feature-extraction",
    "audio-to-audio",
    "audio-classification",
    "other",
)

_PRESET_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Matching:
    """A short string of which all matches `pattern`; `what` names it in errors."""

    pattern: re.Pattern
    what: str
    max_length: int = 64
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if (
            not isinstance(value, str)
            or len(value) > self.max_length
            or not self.pattern.fullmatch(value)
        ):
            raise ConfigError(f"{where} must be {self.what}, received {_show(value)}.")


@dataclass(frozen=True)
class MapOf:
    """An object with at most `max_entries` keys that match, and values of one kind."""

    key: Any
    value: Any
    max_entries: int = 64
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if not isinstance(value, dict) or len(value) > self.max_entries:
            raise ConfigError(
                f"{where} must be an object of at most {self.max_entries} entries, "
                f"received {_show(value)}."
            )
        for key, entry in value.items():
            self.key.check(key, f"a key of {where}")
            self.value.check(entry, f"{where}[{key!r}]")


@dataclass(frozen=True)
class Plain:
    """A finite number, a bool, a short string, null, or nested objects and lists."""

    depth: int = 4
    optional: bool = True

    def check(self, value: Any, where: str) -> None:
        if value is None or isinstance(value, bool):
            return
        if isinstance(value, (int, float)):
            # Compared, as math.isfinite of a huge int is an error of another kind.
            if not abs(value) <= sys.float_info.max:
                raise ConfigError(f"{where} must be finite, received {_show(value)}.")
        elif isinstance(value, str):
            Text(max_length=500).check(value, where)
        elif isinstance(value, (list, dict)) and self.depth > 0:
            if len(value) > 512:
                raise ConfigError(f"{where} must have at most 512 entries.")
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, entry in pairs:
                if isinstance(value, dict):
                    Text(max_length=120).check(key, f"a key of {where}")
                Plain(self.depth - 1).check(entry, f"{where}[{_show(key)}]")
        else:
            raise ConfigError(
                f"{where} must be a number, a string, or an object or list of them, "
                f"received {_show(value)}."
            )


PRESET_NAME = Matching(_PRESET_NAME, "a name such as 'halo-sprites'")
FILE_NAME = Matching(_FILE_NAME, "a plain file name")
_WORDS = Matching(re.compile(r"[!-~][ -~]*"), "a line of ASCII text", max_length=120)

METADATA_FIELDS: dict[str, Any] = {
    "format_version": Int(FORMAT_VERSION, FORMAT_VERSION),
    "name": PRESET_NAME,
    "version": Int(1, 1_000_000),
    "family": _WORDS,
    "dataset": _WORDS,
    "license": _WORDS,
    "attribution": Text(max_length=2000),
    "description": Text(max_length=500),
    "pipeline_tag": Text(choices=PIPELINE_TAGS),
    "labels": MapOf(Text(), ListOf(Text(), max_length=4096)),
    "parameter_count": Int(0, 1_000_000_000),
    "versions": MapOf(Text(), Text()),
    "recipe": MapOf(Text(), Plain(), max_entries=128),
    "sha256": MapOf(FILE_NAME, Matching(re.compile(r"[0-9a-f]{64}"), "64 hex digits")),
}


def check_metadata(metadata: dict, where: str) -> None:
    """Raises `PresetError` unless `metadata` has exactly the fields above."""
    try:
        check_config(METADATA_FIELDS, metadata, "metadata")
    except ConfigError as error:
        raise PresetError(f"{where}: {error}") from error


def check_metrics(metrics: dict, where: str) -> None:
    """Raises `PresetError` unless `metrics` is an object of plain, finite data."""
    try:
        MapOf(Text(max_length=120), Plain(), max_entries=512).check(metrics, "metrics")
    except ConfigError as error:
        raise PresetError(f"{where}: {error}") from error


def is_preset_name(name: str) -> bool:
    """True for `halo-sprites`, false for paths, addresses and options."""
    return (
        len(name) <= PRESET_NAME.max_length and _PRESET_NAME.fullmatch(name) is not None
    )


def plain(value: Any) -> Any:
    """`value` as JSON has it: NumPy's numbers and arrays, tuples and paths undone."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return value


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
