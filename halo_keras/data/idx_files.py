"""IDX files, the format in which MNIST is distributed, plain or gzipped.

bytes 0, 1   zero
byte 2       type of the values: 8 is unsigned byte, the only one read here
byte 3       number of axes
then         the size of each axis, 4 bytes, most significant first
then         the values, last axis fastest
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

UNSIGNED_BYTE = 8
MAX_BYTES = 1 << 30


def read_idx(path, axes: int | None = None) -> np.ndarray:
    """The array of an IDX file of unsigned bytes, uint8.

    Args:
        path: plain, or compressed where the name ends in `.gz`.
        axes: number of axes that it must have; None for any.

    Raises: FileNotFoundError without the file; ValueError that names the file if it
        is damaged, truncated, has bytes left over, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"the IDX file {path} is missing.")
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"it cannot be read ({error})") from error
    if len(content) > MAX_BYTES:
        raise _damaged(path, f"it holds more than {MAX_BYTES} bytes")
    if len(content) < 4 or content[:2] != b"\0\0":
        raise _damaged(path, f"it begins with {content[:4].hex() or 'nothing'}")
    kind, rank = content[2], content[3]
    if kind != UNSIGNED_BYTE:
        raise _damaged(path, f"its values are of type {kind}, expected 8 (bytes)")
    if rank == 0 or axes not in (None, rank):
        raise _damaged(path, f"it has {rank} axes, expected {axes or 'at least 1'}")
    start = 4 + 4 * rank
    if len(content) < start:
        raise _damaged(path, "it ends within its header")
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], ">u4"))
    expected = math.prod(shape)
    if len(content) - start != expected:
        raise _damaged(
            path,
            f"its header promises {expected} values of shape {shape} and there are "
            f"{len(content) - start}",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(
        f"the IDX file {path} is damaged or none: {why}. Get it again, or delete it."
    )
