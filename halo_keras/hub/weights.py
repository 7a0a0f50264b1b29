"""The weight file: Keras's HDF5, with exactly the names, shapes and dtypes of a model.

HDF5's library works in memory, on what this process has made, and Python reads and
writes the files. The library does not bear hostile files (`hdf5_reader.py`), and if a
disk is full it keeps the broken file open, on which the process crashes later.
"""

import io
from pathlib import Path

import numpy as np

from halo_keras.hub.errors import PresetError
from halo_keras.hub.weight_layout import (
    Layout,
    first_of,
    layout_of,
    parameter_count,
    read_arrays,
    read_layout,
)


class _InMemory(io.BytesIO):
    """A file with the name that Keras asks for."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def write_weights(model, path: Path) -> None:
    """Writes the weights of a built model, byte for byte the same for the same values.

    Keras also writes the names of layers, which count up within a process and are not
    needed to load a file; here they are left out.

    Raises:
        PresetError: the model has weights that Keras does not save.
        OSError: the disk is full, for instance.
    """
    path.write_bytes(_packed(_saved_arrays(model)))
    stored = parameter_count(read_layout(path))
    if stored != model.count_params():
        raise PresetError(
            f"The weight file would hold {stored} numbers, the model has "
            f"{model.count_params()} parameters: create every weight with add_weight, "
            "in a layer that is an attribute of the model."
        )


def load_weights(path: Path, model) -> None:
    """Reads `path` into `model`.

    Raises:
        PresetError: it does not hold finite values for exactly this model.
    """
    arrays = read_arrays(path)
    _check_layout(path, layout_of(arrays), model_layout(model))
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise PresetError(f"{path}: {name} holds NaN or infinite values.")
    try:
        model.load_weights(_InMemory(_packed(arrays)))
    except Exception as error:
        raise PresetError(f"{path} could not be loaded: {error}") from error


def copy_weights(source, target) -> None:
    """Gives `target` the weights of `source`, a model of the same configuration."""
    target.load_weights(_saved(source))


def model_layout(model) -> Layout:
    """The names, shapes and dtypes that a weight file of `model` has."""
    return layout_of(_saved_arrays(model))


def _check_layout(path: Path, found: Layout, expected: Layout) -> None:
    if found.keys() != expected.keys():
        missing = sorted(expected.keys() - found.keys())
        extra = sorted(found.keys() - expected.keys())
        raise PresetError(
            f"{path} does not fit its config.json: "
            f"missing {first_of(missing)}, unexpected {first_of(extra)}."
        )
    for name, (shape, dtype) in expected.items():
        has_shape, has_dtype = found[name]
        if has_shape != shape or not _fits(has_dtype, dtype):
            raise PresetError(
                f"{path}: {name} must be {dtype} of shape {shape}, "
                f"received {has_dtype} of shape {has_shape}."
            )


def _fits(found: np.dtype, expected: np.dtype) -> bool:
    """The model's own dtype, or half precision in the place of a wider float."""
    halved = found == np.float16 and expected.kind == "f"
    return found == expected or halved


def _saved(model) -> _InMemory:
    """What Keras writes for a model."""
    file = _InMemory()
    model.save_weights(file)
    return file


def _saved_arrays(model) -> dict[str, np.ndarray]:
    import h5py

    arrays = {}

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            arrays[f"/{name}"] = item[()]

    with h5py.File(_saved(model), "r") as file:
        file.visititems(add)
    return arrays


def _packed(arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an HDF5 file of its oldest form, which `hdf5_reader.py` reads."""
    import h5py

    # The driver "core" lays a file out in memory as it would be on a disk.
    how = {"driver": "core", "backing_store": False, "libver": "earliest"}
    with h5py.File("memory", "w", **how) as file:
        for name in sorted(arrays):
            file[name] = arrays[name]
        file.flush()
        return file.id.get_file_image()
