"""What a weight file holds, read without HDF5's library; see `hdf5_reader.py`."""

import math
from pathlib import Path

import numpy as np

from halo_keras.hub.errors import PresetError
from halo_keras.hub.hdf5_reader import SIGNATURE, arrays_in, shown
from halo_keras.hub.strict_json import read_bytes

MAX_WEIGHT_BYTES = 64 * 1024 * 1024

_IMPOSTORS = (
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x80", "a pickle, which is never opened"),
    (b"<", "an HTML or XML page: the download failed"),
    (b"{", "JSON text"),
)

# name -> (shape, dtype), names as "/decoder/layers/conv2d/vars/0"
Layout = dict[str, tuple[tuple[int, ...], np.dtype]]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Name to values of all arrays in a weight file; the arrays are read-only.

    Raises:
        PresetError: for a file that is not HDF5, is truncated, too large, or uses a
            link, an external or virtual array, a filter, an attribute or a dtype
            that a preset's file does not have.
    """
    content = read_bytes(path, MAX_WEIGHT_BYTES)
    if not content.startswith(SIGNATURE):
        kind = next((k for start, k in _IMPOSTORS if content.startswith(start)), None)
        kind = kind or ("an empty file" if not content else "something else")
        raise PresetError(f"{path} is not an HDF5 weight file but {kind}.")
    try:
        return arrays_in(content)
    except PresetError as error:
        raise PresetError(
            f"{path}: {error} It is not, or not any more, a file of save_preset."
        ) from error


def read_layout(path: Path) -> Layout:
    """Names, shapes and types of what `read_arrays` gives."""
    return layout_of(read_arrays(path))


def layout_of(arrays: dict[str, np.ndarray]) -> Layout:
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


def parameter_count(layout: Layout) -> int:
    """The sum of the declared sizes of all arrays."""
    return sum(math.prod(shape) for shape, _ in layout.values())


def first_of(names: list[str]) -> str:
    """The first few of some names out of a file, for an error."""
    if not names:
        return "nothing"
    first = ", ".join(map(shown, names[:3]))
    return first if len(names) <= 3 else f"{first} and {len(names) - 3} more"
