"""What a measured number needs beside it: versions, commit, hardware."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
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
    return {
        "seed": seed,
        "steps": steps,
        "wall_time_seconds": round(seconds, 1),
        "replicas": replicas,
        "commit": commit(),
        "versions": versions(),
        "hardware": hardware(),
    }


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
