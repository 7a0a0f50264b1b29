"""The whole state of a training in one file, so that it resumes exactly.

Saved are all variables of the model (weights, counters and the states of its seed
generators), all variables of the optimizer (step, moments, moving average), the
state of Keras's global seed generator and of the generators of Python and NumPy,
the number of finished epochs, and the recipe. The order of the clips needs no state:
it follows from the seed and the epoch.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from halo_keras.schema import ConfigError

_KEPT = 2


class CheckpointFolder:
    """`epoch-00012.npz` and its predecessor: the state after 12 finished epochs.

    A file is written under a temporary name, flushed to the disk and then renamed,
    so that a training killed at any moment leaves whole files only.

    Args:
        folder: is made at the first `save`.
        recipe: `Recipe.to_dict()` of the training that owns the folder.
    """

    def __init__(self, folder: str | os.PathLike, recipe: dict[str, Any]):
        self.folder = Path(folder)
        self.recipe = recipe

    def files(self) -> list[Path]:
        """The checkpoints, the newest first."""
        return sorted(self.folder.glob("epoch-*.npz"), reverse=True)

    def save(self, model: keras.Model, epochs_done: int, seconds: float) -> Path:
        """Writes the state after `epochs_done` epochs, and deletes older files."""
        self.folder.mkdir(parents=True, exist_ok=True)
        header = {
            "epochs_done": epochs_done,
            "seconds": seconds,
            "recipe": self.recipe,
            "backend": keras.backend.backend(),
            "random": _python_and_numpy_state(),
        }
        arrays = {"header": np.array(json.dumps(header))}
        for index, variable in enumerate(_variables(model)):
            arrays[f"variable-{index:05d}"] = _to_numpy(variable)
        path = self.folder / f"epoch-{epochs_done:05d}.npz"
        temporary = path.with_suffix(".tmp")
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        for old in self.files()[_KEPT:]:
            old.unlink()
        return path

    def restore(self, model: keras.Model) -> tuple[int, float]:
        """Puts the newest whole checkpoint into a built and compiled model.

        A damaged newest file is passed over for its predecessor.

        Returns:
            the number of finished epochs and the seconds they took; `(0, 0.0)` if
            there is no checkpoint.
        Raises:
            ConfigError: all files are damaged, or they belong to another recipe,
                model or backend.
        """
        damaged = []
        for path in self.files():
            try:
                with np.load(path, allow_pickle=False) as stored:
                    header = json.loads(str(stored["header"]))
                    arrays = [stored[key] for key in stored.files if key != "header"]
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                damaged.append(path.name)
                continue
            self._check(header, path)
            _assign(model, arrays, path)
            _set_python_and_numpy_state(header["random"])
            return header["epochs_done"], header["seconds"]
        if damaged:
            raise ConfigError(
                f"no checkpoint in {self.folder} can be read (damaged: "
                f"{', '.join(damaged)}). Delete the folder to train anew."
            )
        return 0, 0.0

    def _check(self, header: dict[str, Any], path: Path) -> None:
        backend = keras.backend.backend()
        if header["backend"] != backend:
            raise ConfigError(
                f"{path} was trained on the backend {header['backend']!r}, this is "
                f"{backend!r}; an exact resume needs the same. Set KERAS_BACKEND="
                f"{header['backend']}."
            )
        theirs, ours = _flat(header["recipe"]), _flat(self.recipe)
        different = [
            f"{key}: {theirs.get(key)!r} there, {ours.get(key)!r} here"
            for key in sorted({*theirs, *ours})
            if theirs.get(key) != ours.get(key)
        ]
        if different:
            raise ConfigError(
                f"{path} belongs to another recipe ({'; '.join(different)}). Resume "
                "with the same settings, or choose another output to train anew."
            )


@contextlib.contextmanager
def same_random_state(model: keras.Model):
    """What is drawn inside leaves no trace: all generators are set back at the end."""
    generators = [*_seed_variables(model)]
    before = [_to_numpy(variable) for variable in generators]
    outside = _python_and_numpy_state()
    try:
        yield
    finally:
        for variable, value in zip(generators, before, strict=True):
            variable.assign(value)
        _set_python_and_numpy_state(outside)


def _variables(model: keras.Model) -> list:
    return [*model.variables, *model.optimizer.variables, _global_seed_state()]


def _seed_variables(model: keras.Model) -> list:
    """`SeedGenerator` states: the only variables of the model that are no weights."""
    weights = {id(weight) for weight in model.weights}
    return [
        *(variable for variable in model.variables if id(variable) not in weights),
        _global_seed_state(),
    ]


def _global_seed_state():
    # The generator behind `seed=None` is made at its first use; ask for it so that
    # it is there on saving and on restoring alike.
    from keras.src.random.seed_generator import global_seed_generator

    return global_seed_generator().state


def _assign(model: keras.Model, arrays: list[np.ndarray], path: Path) -> None:
    variables = _variables(model)
    shapes = [tuple(variable.shape) for variable in variables]
    if [array.shape for array in arrays] != shapes:
        raise ConfigError(
            f"{path} holds {len(arrays)} arrays that do not fit the {len(shapes)} "
            "variables of this model and optimizer. Was build_model changed? Choose "
            "another output to train anew."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _to_numpy(variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))


def _python_and_numpy_state() -> list:
    name, keys, *rest = np.random.get_state()
    version, internal, gauss = random.getstate()
    return [[name, keys.tolist(), *rest], [version, list(internal), gauss]]


def _set_python_and_numpy_state(state: list) -> None:
    (name, keys, *rest), (version, internal, gauss) = state
    np.random.set_state((name, np.array(keys, "uint32"), *rest))
    random.setstate((version, tuple(internal), gauss))


def _flat(recipe: dict[str, Any]) -> dict[str, Any]:
    flat = {}
    for key, value in recipe.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{name}": entry for name, entry in value.items()})
        else:
            flat[key] = value
    return flat
