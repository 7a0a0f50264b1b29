"""The files of a preset folder, and its two descriptions read and checked."""

from pathlib import Path
from typing import Any

from halo_keras.hub.errors import PresetError
from halo_keras.hub.metadata import (
    MAX_METADATA_BYTES,
    check_metadata,
    check_metrics,
)
from halo_keras.hub.strict_json import check_file, read_json
from halo_keras.hub.sums import check_sums

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
METADATA, METRICS, CARD = "metadata.json", "metrics.json", "README.md"
INDEX = "index.json"  # beside the folders of presets, see `index.py`
PRESET_FILES = (CONFIG, WEIGHTS, METADATA, METRICS, CARD)


def load_metadata(folder: Path, pinned: dict[str, str] | None = None) -> dict[str, Any]:
    """The checked content of `metadata.json`; it sums all that a model needs.

    Args:
        folder: of a preset.
        pinned: sums of files that are known from elsewhere than the folder.
    """
    if pinned is not None:
        check_file(folder / METADATA, MAX_METADATA_BYTES)
        try:
            check_sums(folder, pinned, only=(METADATA,))
        except PresetError as error:
            raise PresetError(f"{error}{_older_index(folder)}") from error
    path = folder / METADATA
    metadata = read_json(path, MAX_METADATA_BYTES)
    check_metadata(metadata, str(path))
    missing = {CONFIG, WEIGHTS, METRICS} - set(metadata["sha256"])
    if missing:
        raise PresetError(f"{path}: sha256 lacks {', '.join(sorted(missing))}.")
    return metadata


def load_metrics(folder: Path) -> dict[str, Any]:
    """The checked content of `metrics.json`."""
    path = folder / METRICS
    metrics = read_json(path, MAX_METADATA_BYTES)
    check_metrics(metrics, str(path))
    return metrics


def file_names(metadata: dict[str, Any]) -> list[str]:
    """All files of the preset that `metadata` describes, sorted."""
    return sorted({*PRESET_FILES, *metadata["sha256"]})


def is_installed(folder) -> bool:
    """Whether a folder of presets lies inside of the package, where nobody writes."""
    package = Path(__file__).resolve().parents[1]
    return Path(folder).resolve().is_relative_to(package)


def _older_index(folder: Path) -> str:
    """What to do if the files of a zoo are newer than its index: a sentence."""
    index = folder.parent / INDEX
    if is_installed(folder) or not index.is_file():
        return ""
    return (
        f" If it was changed here on purpose, {index} is older (also after an update "
        f"that was killed): renew it with: halo-keras index {folder.parent}"
    )
