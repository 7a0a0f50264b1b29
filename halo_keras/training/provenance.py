"""What a measured number needs beside it: versions, commit, hardware."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from halo_keras.training.strategies import device_names


def describe_run(
    seed: int, steps: int, seconds: float, replicas: int
) -> dict[str, Any]:
    """Provenance of a training, as plain JSON values.

    Args:
        seed: of the training.
        steps: optimizer steps taken.
        seconds: wall time of the training, over all resumes.
        replicas: model copies that shared every batch.
    """
    typed = command(sys.argv)
    return {
        **({} if typed is None else {"command": typed}),
        "seed": seed,
        "steps": steps,
        "wall_time_seconds": round(seconds, 1),
        "replicas": replicas,
        "commit": commit(),
        "versions": versions(),
        "hardware": hardware(),
    }


MAX_LENGTH = 500
# Options of a recipe that name a place on this machine, and what stands for them.
_PLACES = {
    "--data-dir": "FOLDER",
    "--source": "FOLDER",
    "--output": None,
    "--push-to-hub": None,
}


def command(arguments: Sequence[str]) -> str | None:
    """The command line of a recipe as anybody can repeat it, in one line.

    Folders of this machine are left out or called FOLDER.

    Args:
        arguments: as in `sys.argv`.

    Returns: None if they are not those of a recipe, name a folder elsewhere, or are
        longer than a metric may be.
    """
    if not arguments:
        return None
    script = Path(arguments[0])
    if "recipes" not in (script.parent.name, Path.cwd().name):
        return None
    if not script.name.startswith("train_"):
        return None
    words, rest = ["python", f"recipes/{script.name}"], list(arguments[1:])
    while rest:
        option, equals, value = rest.pop(0).partition("=")
        if option == "--resume":
            continue
        if option not in _PLACES:
            words.append(option + equals + value)
            continue
        if not equals:
            value = rest.pop(0) if rest else ""
        if _PLACES[option] is not None:
            on_hub = value.startswith("hf://")
            words += [option, value if on_hub else _PLACES[option]]
    if any(Path(word.partition("=")[2] or word).is_absolute() for word in words):
        return None
    line = shlex.join(words)
    return line if len(line) <= MAX_LENGTH else None


def versions() -> dict[str, str]:
    """Versions of Python, this package, Keras, NumPy and the backend in use."""
    backend = keras.backend.backend()
    found = {"python": platform.python_version(), "backend": backend}
    for package in ("halo-keras", "keras", "numpy", backend):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # run from a checkout, or a renamed build of the backend
    return found


def commit() -> str | None:
    """The commit of this checkout, with `+changes` if files differ; None outside."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None
    head = _git(folder, "rev-parse", "HEAD")
    if head and _git(folder, "status", "--porcelain", "--untracked-files=no"):
        return head + "+changes"
    return head


def hardware() -> dict[str, Any]:
    """Processor, number of its cores, and accelerators."""
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "devices": device_names(),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
