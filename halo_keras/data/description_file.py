"""Reading `clips.json`, which may come from a stranger.

It is read against a closed schema, names only files below `data/`, and its shapes
bound what is decoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halo_keras.data.clip_dataset import KINDS
from halo_keras.data.clip_description import (
    DESCRIPTION,
    DTYPES,
    FORMAT_VERSION,
    RESERVED,
    Description,
    Split,
)
from halo_keras.schema import Float, Int, ListOf, Text, check_config

MAX_BYTES = 4 * 1024 * 1024
MAX_SIDE = 65_536
MAX_ROWS = 2**40

_FILE = re.compile(r"data/[a-z0-9_]+-\d{5}-of-\d{5}\.parquet")
_SUM = re.compile(r"[0-9a-f]{64}")
_SHAPE = ListOf(Int(1, MAX_SIDE), 0, 8)


@dataclass(frozen=True)
class _Bool:
    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if not isinstance(value, bool):
            raise ValueError(f"{where} must be true or false, received {value!r}.")


@dataclass(frozen=True)
class _Object:
    """An object; what is in it is checked where it is used."""

    optional: bool = False

    def check(self, value: Any, where: str) -> None:
        if value is None and self.optional:
            return
        if not isinstance(value, dict) or len(value) > 4096:
            raise ValueError(f"{where} must be an object of at most 4096 entries.")
        for key in value:
            Text(max_length=200).check(key, f"a key of {where}")


_FIELDS = {
    "format_version": Int(FORMAT_VERSION, FORMAT_VERSION),
    "name": Text(max_length=96),
    "kind": Text(KINDS),
    "dtype": Text(DTYPES),
    "value_range": ListOf(Float(-1e9, 1e9), 2, 2),
    "times": _Bool(),
    "mask": _Bool(),
    "labels": _Object(),
    "states": _Object(),
    "license": Text(max_length=200),
    "attribution": Text(max_length=2000),
    "splits": _Object(),
}
_SPLIT = {
    "num_clips": Int(1, MAX_ROWS),
    "clip_shape": _SHAPE,
    "state_shapes": _Object(),
    "options": _Object(optional=True),
    "sha256": Text(max_length=64),
    "files": _Object(),
}


def read_description(folder: Path, where: str | None = None) -> Description:
    """The description in a folder.

    Args:
        where: what errors call the folder; its path if None.

    Raises: FileNotFoundError without the file; ValueError naming what is wrong in it.
    """
    from halo_keras.hub.strict_json import parse_json

    path = folder / DESCRIPTION
    where = f"{where or folder}: {DESCRIPTION}"
    if not path.is_file():
        raise FileNotFoundError(
            f"{where} is missing. Expected a folder that `halo-keras data build` or "
            "`ClipDataset.to_hub` wrote."
        )
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{where} is larger than {MAX_BYTES} bytes.")
    try:
        return _checked(parse_json(path.read_bytes()))
    except RecursionError as error:
        raise ValueError(f"{where} is nested too deeply.") from error
    except ValueError as error:
        raise ValueError(f"{where} cannot be used: {error}") from error


def _checked(plain: dict[str, Any]) -> Description:
    check_config(_FIELDS, plain, "the description")
    if plain["kind"] == "video" and plain["dtype"] != "uint8":
        raise ValueError(f"a video is of uint8, received {plain['dtype']}.")
    for label, names in plain["labels"].items():
        if label in RESERVED:
            raise ValueError(f"no label may be called {label!r}.")
        names_of = ListOf(Text(max_length=500), 1, 1_000_000, optional=True)
        names_of.check(names, f"labels[{label!r}]")
    for state, dtype in plain["states"].items():
        Text(DTYPES).check(dtype, f"states[{state!r}]")
    if not plain["splits"]:
        raise ValueError("it has no split.")
    splits = {
        name: _checked_split(name, split, plain)
        for name, split in plain["splits"].items()
    }
    del plain["format_version"]
    value_range = tuple(plain["value_range"])
    return Description(**{**plain, "value_range": value_range, "splits": splits})


def _checked_split(name: str, split: Any, whole: dict[str, Any]) -> Split:
    where = f"splits[{name!r}]"
    check_config(_SPLIT, split, where)
    dims = len(split["clip_shape"])
    if dims < 2 or (whole["kind"] == "video" and dims != 4):
        raise ValueError(f"{where}.clip_shape: received {split['clip_shape']}.")
    if set(split["state_shapes"]) != set(whole["states"]):
        raise ValueError(f"{where}.state_shapes must have the states' names.")
    for state, shape in split["state_shapes"].items():
        _SHAPE.check(shape, f"{where}.state_shapes[{state!r}]")
    if not _SUM.fullmatch(split["sha256"]):
        raise ValueError(f"{where}.sha256 must be 64 hexadecimal digits.")
    for file, rows in split["files"].items():
        if not _FILE.fullmatch(file):
            raise ValueError(f"{where}.files: {file[:80]!r} is no file of a dataset.")
        Int(0, MAX_ROWS).check(rows, f"{where}.files[{file!r}]")
    if sum(split["files"].values()) != split["num_clips"]:
        raise ValueError(f"{where}.files do not hold its {split['num_clips']} clips.")
    shapes = {state: tuple(shape) for state, shape in split["state_shapes"].items()}
    return Split(
        num_clips=split["num_clips"],
        clip_shape=tuple(split["clip_shape"]),
        state_shapes=shapes,
        options=split["options"],
        sha256=split["sha256"],
        files=dict(split["files"]),
    )
