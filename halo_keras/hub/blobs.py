"""Whether a file in the client's cache is what the Hub says it is.

The client compares lengths only: content that was damaged on the way, or on this disk,
is taken as it is.
"""

import hashlib
import re
from functools import partial
from pathlib import Path

_SHA256, _GIT_SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


def is_intact(path: Path, blob: str | None = None) -> bool:
    """Whether the content of `path` has the name under which the Hub keeps it.

    Args:
        path: a file in the cache, as a rule a link to `blobs/<name>`.
        blob: that name: the sha256 of a large file, else the git hash; None to take
            it from the link. On a system without links, or with names of another
            kind, nothing is known and the answer is True; a preset's own sums are
            checked when it is loaded.
    """
    if blob is None and path.is_symlink():
        blob = path.readlink().name
    if blob is not None and _SHA256.fullmatch(blob):
        return digest(path, "sha256") == blob
    if blob is not None and _GIT_SHA1.fullmatch(blob):
        return digest(path, "sha1", b"blob %d\0" % path.stat().st_size) == blob
    return True


def digest(path: Path, algorithm: str, prefix: bytes = b"") -> str:
    """Hex digits of the hash of `prefix` and the content of a file."""
    result = hashlib.new(algorithm, prefix, usedforsecurity=algorithm == "sha256")
    with path.open("rb") as file:
        for chunk in iter(partial(file.read, 1 << 20), b""):
            result.update(chunk)
    return result.hexdigest()


def forget(path: Path) -> None:
    """Removes a damaged file from the cache, so that the next call fetches it."""
    for place in (path.resolve(), path):
        place.unlink(missing_ok=True)
