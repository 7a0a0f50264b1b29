"""Files at a fixed address with a known sha256, fetched once into the cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT_SECONDS = 30


def cache_folder() -> Path:
    """`$HALO_KERAS_CACHE`, or `.cache/halo_keras` in the user's home folder."""
    chosen = os.environ.get("HALO_KERAS_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path.home() / ".cache" / "halo_keras"


def sha256_of(path: Path) -> str:
    """The file's sha256 as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(url: str, path: Path, sha256: str, max_bytes: int) -> Path:
    """Makes sure that `path` holds the file with this sha256; downloads it if not.

    The file appears under its name only when it is whole and has been checked.

    Raises: ConnectionError if it cannot be read from `url`; ValueError if what
        comes has another sha256 or more than `max_bytes` bytes.
    """
    if path.is_file() and sha256_of(path) == sha256:
        return path
    if not url.startswith("https://"):
        raise ValueError(f"a pinned download needs an https address, received {url!r}.")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            content = response.read(max_bytes + 1)
    except (urllib.error.URLError, OSError) as error:
        raise ConnectionError(f"{url} could not be downloaded ({error}).") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{url} is not the expected file: sha256 must be {sha256}, "
            f"received {found} ({len(content)} bytes). Nothing was kept."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return path
