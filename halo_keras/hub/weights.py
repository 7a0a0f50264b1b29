"""The weight file: Keras's HDF5, with exactly the names, shapes and dtypes of a model.

HDF5 is written in memory, and Python writes the bytes: if a disk is full, HDF5's
library keeps the broken file open, and the process crashes when that is closed.
"""

import io
from pathlib import Path

import numpy as np

from halo_keras.hub.errors import PresetError
from halo_keras.hub.weight_layout import (
    Layout,
    damage_named,
    first_of,
    layout_of,
    parameter_count,
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
    import h5py

    # The driver "core" lays a file out in memory as it would be on a disk.
    memory = h5py.File("memory", "w", driver="core", backing_store=False)
    with h5py.File(_saved(model), "r") as source, memory as target:
        for name in sorted(layout_of(source)):
            target[name] = source[name][()]
        target.flush()
        content = target.id.get_file_image()
    path.write_bytes(content)
    stored = parameter_count(read_layout(path))
    if stored != model.count_params():
        raise PresetError(
            f"The weight file would hold {stored} numbers, the model has "
            f"{model.count_params()} parameters: create every weight with add_weight, "
            "in a layer that is an attribute of the model."
        )


def copy_weights(source, target) -> None:
    """Gives `target` the weights of `source`, a model of the same configuration."""
    target.load_weights(_saved(source))


def check_weights(path: Path, model) -> None:
    """Raises `PresetError` unless `path` holds finite values for exactly `model`."""
    import h5py

    found, expected = read_layout(path), model_layout(model)
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
    with damage_named(path), h5py.File(path, "r") as file:
        for name in found:
            if not np.isfinite(file[name][()]).all():
                raise PresetError(f"{name} holds NaN or infinite values.")


def load_weights(path: Path, model) -> None:
    """Checks `path`, then reads it into `model`."""
    check_weights(path, model)
    try:
        model.load_weights(path)
    except Exception as error:
        raise PresetError(f"{path} could not be loaded: {error}") from error


def model_layout(model) -> Layout:
    """The names, shapes and dtypes that a weight file of `model` has."""
    import h5py

    with h5py.File(_saved(model), "r") as file:
        return layout_of(file)


def _saved(model) -> _InMemory:
    file = _InMemory()
    model.save_weights(file)
    return file


def _fits(found: np.dtype, expected: np.dtype) -> bool:
    """The model's own dtype, or half precision in the place of a wider float."""
    halved = found == np.float16 and expected.kind == "f"
    return found == expected or halved
