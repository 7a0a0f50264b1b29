"""Writes a preset folder: all of it, or nothing."""

import platform
import shutil
import sys
from collections.abc import Iterable
from importlib import metadata as distributions
from pathlib import Path
from typing import Any

import numpy as np

from halo_keras.hub.card import model_card
from halo_keras.hub.config_reader import build_model, serialize_model
from halo_keras.hub.errors import PresetError
from halo_keras.hub.metadata import (
    FILE_NAME,
    FORMAT_VERSION,
    METADATA_FIELDS,
    check_metadata,
    check_metrics,
    plain,
)
from halo_keras.hub.presets import (
    CARD,
    CONFIG,
    METADATA,
    METRICS,
    PRESET_FILES,
    WEIGHTS,
    PresetInfo,
    read_metadata,
    verify_folder,
)
from halo_keras.hub.strict_json import to_json, write_text
from halo_keras.hub.sums import sha256
from halo_keras.hub.swapping import draft_of, put_in_place, read_steadily
from halo_keras.hub.weights import copy_weights, write_weights
from halo_keras.schema import ConfigError, nearest

# What save_preset finds out itself; everything else in metadata.json is the caller's.
_MEASURED = ("format_version", "name", "parameter_count", "versions", "sha256")
_DEFAULTS = {
    "version": 1,
    "attribution": "",
    "description": "",
    "pipeline_tag": "image-to-video",
    "recipe": {},
}


def save_preset(
    model,
    folder,
    *,
    name: str,
    metadata: dict[str, Any],
    metrics: dict[str, Any],
    extra_files: Iterable = (),
) -> PresetInfo:
    """Writes `model` as a preset folder that loads with `from_pretrained(folder)`.

    The files are written to a folder beside the target and read back; only then is an
    older version of the same preset replaced, as a whole: whoever reads it meanwhile
    gets the old one or the new one, also if the disk is full or the process killed.
    Compile settings and optimiser state are not part of a preset.

    Args:
        model: a built model of a registered class.
        folder: the target; absent, empty, or an older version of the same preset.
        name: the preset's name, `<family>[-<variant>]-<dataset>`.
        metadata: `dataset`, `license`; and where they differ from the defaults
            `version` (1), `family` (the model's), `labels` (the model's action
            names), `attribution`, `description`, `pipeline_tag` ("image-to-video"),
            `recipe` (the settings of the run).
        metrics: measured numbers, nested by split or protocol as you like; the group
            `"run"` holds the run's circumstances (seed, wall time, commit, ...).
        extra_files: paths of further small files to copy into the folder.

    Returns: the facts of the saved preset.

    Raises:
        PresetError: nothing was changed; the message says what to mend.
    """
    folder = Path(folder)
    metadata = _complete(model, name, plain(metadata))
    metrics = plain(metrics)
    check_metrics(metrics, "metrics")
    extra = _extra_names(extra_files)
    check_target(folder, name, metadata["version"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with draft_of(folder) as draft:
        _write_model(model, draft)
        for file_name, source in extra.items():
            shutil.copyfile(source, draft / file_name)
        write_text(draft / METRICS, to_json(metrics))
        summed = (CONFIG, WEIGHTS, METRICS, *extra)
        metadata["sha256"] = {file: sha256(draft / file) for file in summed}
        check_metadata(metadata, "metadata")
        write_text(draft / METADATA, to_json(metadata))
        write_text(draft / CARD, model_card(metadata, metrics))
        info = verify_folder(draft)
        put_in_place(
            draft, folder, lambda: check_target(folder, name, metadata["version"])
        )
    return info


def _complete(model, name: str, given: dict[str, Any]) -> dict[str, Any]:
    theirs = sorted(set(METADATA_FIELDS) - set(_MEASURED))
    for key in given:
        if key not in theirs:
            raise PresetError(
                f"metadata has no field {key!r}{nearest(key, theirs)} "
                f"Yours to give: {', '.join(theirs)}."
            )
    labels = {}
    if getattr(model, "action_names", None):
        labels["action"] = [str(action) for action in model.action_names]
    complete = {
        "format_version": FORMAT_VERSION,
        "name": name,
        **_DEFAULTS,
        "family": getattr(model, "family", None),
        "labels": labels,
        **given,
        "parameter_count": model.count_params(),
        "versions": _versions(),
        "sha256": {},
    }
    ordered = {key: complete[key] for key in METADATA_FIELDS if key in complete}
    check_metadata(ordered, "metadata")
    return ordered


def _write_model(model, draft: Path) -> None:
    """Saves a twin made from the configuration: what cannot be read is not written."""
    config = serialize_model(model)
    write_text(draft / CONFIG, to_json(config))
    twin = build_model(config, draft / CONFIG, blank=True)
    copy_weights(model, twin)
    write_weights(twin, draft / WEIGHTS)


def _extra_names(extra_files: Iterable) -> dict[str, Path]:
    extra: dict[str, Path] = {}
    for source in map(Path, extra_files):
        try:
            FILE_NAME.check(source.name, "an extra file")
        except ConfigError as error:
            raise PresetError(str(error)) from error
        taken = {known.lower() for known in (*PRESET_FILES, *extra)}
        if source.name.lower() in taken or not source.is_file():
            raise PresetError(
                f"The extra file {source} is missing, or its name is taken already."
            )
        extra[source.name] = source
    return extra


def check_target(folder: Path, name: str, version: int) -> None:
    """Raises `PresetError` unless a preset of that name may be saved to `folder`.

    It may if there is nothing, an empty folder, or the same or an older version.
    """
    read_steadily(folder, lambda: _check_target(folder, name, version))


def _check_target(folder: Path, name: str, version: int) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise PresetError(f"{folder} is not a folder: choose another target.")
    if not any(folder.iterdir()):
        return
    try:
        old = read_metadata(folder)
    except PresetError as error:
        raise PresetError(
            f"{folder} holds something else than a preset and is not overwritten: "
            f"choose another target ({error})"
        ) from error
    foreign = {path.name for path in folder.iterdir()}
    foreign -= {*PRESET_FILES, *old["sha256"]}
    if foreign:
        raise PresetError(
            f"{folder} holds files of others, such as {sorted(foreign)[0]!r}, which "
            "replacing the preset would delete: move them away first."
        )
    if old["name"] != name or old["version"] > version:
        raise PresetError(
            f"{folder} holds {old['name']} version {old['version']}, which "
            f"{name} version {version} does not replace: raise the version or choose "
            "another target."
        )


def _versions() -> dict[str, str]:
    import h5py
    import keras

    backend = keras.backend.backend()
    try:
        own = distributions.version("halo-keras")
    except distributions.PackageNotFoundError:
        own = "checkout"
    return {
        "halo_keras": own,
        "keras": keras.__version__,
        "backend": backend,
        backend: str(getattr(sys.modules.get(backend), "__version__", "unknown")),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "python": platform.python_version(),
    }
