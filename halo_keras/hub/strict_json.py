"""JSON without the liberties that a downloaded file could take."""

import json
import math
from pathlib import Path
from typing import Any

from halo_keras.hub.errors import PresetError


def read_json(path: Path, max_bytes: int) -> dict[str, Any]:
    """The object in the file `path`.

    Refused: anything but a regular file of at most `max_bytes`, text that is not
    UTF-8, a duplicate key, NaN and infinities (also as `1e999`), nesting beyond
    Python's limit, a number of thousands of digits, a top level that is no object.

    Raises:
        PresetError: naming the file.
    """
    try:
        return parse_json(read_bytes(path, max_bytes))
    except (ValueError, RecursionError) as error:
        if isinstance(error, PresetError):
            raise
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise PresetError(f"{path} is not usable JSON: {reason}.") from error


def parse_json(content: bytes) -> dict[str, Any]:
    """The object in `content`; raises ValueError or RecursionError."""
    data = json.loads(
        content.decode("utf-8", errors="strict"),
        object_pairs_hook=_without_duplicates,
        parse_constant=_refuse_constant,
        parse_float=_finite,
    )
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, received a {type(data).__name__}")
    return data


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The content of a regular file of at most `max_bytes`."""
    check_file(path, max_bytes)
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise PresetError(f"{path} is larger than {max_bytes} bytes.")
    return content


def check_file(path: Path, max_bytes: int) -> None:
    """Raises unless `path` is a regular file of at most `max_bytes`."""
    if not path.is_file():
        what = "is not a regular file" if path.exists() else "is missing"
        raise PresetError(
            f"{path} {what}. A preset folder holds config.json, model.weights.h5, "
            "metadata.json, metrics.json and README.md: copy all of them."
        )
    size = path.stat().st_size
    if size > max_bytes:
        raise PresetError(
            f"{path} has {size} bytes; at most {max_bytes} are allowed. This is not a "
            "file that save_preset wrote."
        )


def to_json(data: dict) -> str:
    """Text that is the same for the same data, on every system."""
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"the key {key[:60]!r} appears twice")
        data[key] = value
    return data


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no number here")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:60]} is too large")
    return number
