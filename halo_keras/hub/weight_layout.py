"""What a weight file declares: its arrays, and that it is nothing but arrays.

HDF5 can refer to other files, promise terabytes in a few bytes, or run filters. None
of that is in a file that `write_weights` made, so all of it is refused before a
number is read.
"""

import contextlib
import math
from pathlib import Path

import numpy as np

from halo_keras.hub.errors import PresetError
from halo_keras.hub.strict_json import check_file

MAX_WEIGHT_BYTES = 64 * 1024 * 1024
MAX_OBJECTS = 10_000
MAX_DEPTH = 32

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_IMPOSTORS = (
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x80", "a pickle, which is never opened"),
    (b"<", "an HTML or XML page: the download failed"),
    (b"{", "JSON text"),
)

# name -> (shape, dtype), names as "/decoder/layers/conv2d/vars/0"
Layout = dict[str, tuple[tuple[int, ...], np.dtype]]


def read_layout(path: Path) -> Layout:
    """What the headers of an HDF5 file declare; reads no array.

    Raises:
        PresetError: for a file that is not HDF5, is truncated, too large, or uses a
            link, an external or virtual array, a filter, an attribute or a dtype
            that a preset's file does not have.
    """
    import h5py

    check_file(path, MAX_WEIGHT_BYTES)
    with path.open("rb") as file:
        head = file.read(32)
    if not head.startswith(_SIGNATURE):
        kind = next((k for start, k in _IMPOSTORS if head.startswith(start)), None)
        kind = kind or ("an empty file" if not head else "something else")
        raise PresetError(f"{path} is not an HDF5 weight file but {kind}.")
    with damage_named(path), h5py.File(path, "r") as file:
        layout = layout_of(file)
        declared = sum(math.prod(s) * dtype.itemsize for s, dtype in layout.values())
        if declared > path.stat().st_size:
            raise PresetError(f"the arrays declare {declared} bytes, more than it has.")
    return layout


def layout_of(file) -> Layout:
    """The same of a file that is open already, an `h5py.File`."""
    layout: Layout = {}
    _walk(file, "", layout, seen=set(), depth=0)
    return layout


@contextlib.contextmanager
def damage_named(path: Path):
    """Whatever reading HDF5 may throw leaves as a `PresetError` that names the file."""
    try:
        yield
    except PresetError as error:
        raise PresetError(f"{path}: {error}") from error
    except Exception as error:  # h5py has no class of its own for a damaged file
        raise PresetError(
            f"{path} is damaged or truncated ({_shown(str(error))}): fetch it again."
        ) from error


def parameter_count(layout: Layout) -> int:
    """The sum of the declared sizes of all arrays."""
    return sum(math.prod(shape) for shape, _ in layout.values())


def _walk(group, prefix: str, layout: Layout, seen: set, depth: int) -> None:
    import h5py

    if depth > MAX_DEPTH:
        raise PresetError(f"groups are nested more than {MAX_DEPTH} deep.")
    _check_object(group, prefix or "/", seen)
    if len(group) > MAX_OBJECTS:  # known without listing them
        raise PresetError(f"{_shown(prefix) or '/'} has more than {MAX_OBJECTS} names.")
    for key in group:
        name = f"{prefix}/{key}"
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise PresetError(f"{_shown(name)} is a soft or external link.")
        kind = group.get(key, getclass=True)
        if kind is h5py.Group:
            _walk(group[key], name, layout, seen, depth + 1)
        elif kind is h5py.Dataset:
            layout[name] = _check_array(group[key], name, seen)
        else:
            raise PresetError(f"{_shown(name)} is neither a group nor an array.")


def _check_object(item, name: str, seen: set) -> None:
    import h5py

    name = _shown(name)
    address = h5py.h5o.get_info(item.id).addr
    if address in seen:
        raise PresetError(f"{name} appears twice in the file.")
    seen.add(address)
    if len(seen) > MAX_OBJECTS:
        raise PresetError(f"the file has more than {MAX_OBJECTS} objects.")
    unknown = sorted(set(item.attrs) - {"name"})
    if unknown:
        raise PresetError(f"{name} has unexpected attributes {first_of(unknown)}.")


def _check_array(array, name: str, seen: set) -> tuple[tuple[int, ...], np.dtype]:
    import h5py

    _check_object(array, name, seen)
    name = _shown(name)
    plan = array.id.get_create_plist()
    if array.is_virtual or array.external or plan.get_external_count():
        raise PresetError(f"{name} takes its values from another file.")
    if plan.get_layout() != h5py.h5d.CONTIGUOUS or plan.get_nfilters():
        raise PresetError(f"{name} is chunked or compressed; expected a plain array.")
    dtype = array.dtype
    if array.shape is None or dtype.kind not in "fiu" or dtype.subdtype is not None:
        raise PresetError(f"{name} is not an array of numbers but of {dtype}.")
    declared = math.prod(array.shape) * dtype.itemsize
    stored = array.id.get_storage_size()
    if declared != stored:
        raise PresetError(f"{name} declares {declared} bytes and stores {stored}.")
    return tuple(int(side) for side in array.shape), dtype


def first_of(names: list[str]) -> str:
    """The first few of some names out of a file, for an error."""
    if not names:
        return "nothing"
    shown = ", ".join(map(_shown, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _shown(text: str) -> str:
    """Text out of a file, short, and without characters that steer a terminal."""
    text = text if len(text) <= 160 else f"{text[:80]}...{text[-60:]}"
    return text if text.isprintable() else ascii(text)
