"""Presets by name or folder: load, list, verify.

A preset is a folder with `config.json`, `model.weights.h5`, `metadata.json`,
`metrics.json` and `README.md`. The bundled ones lie in `zoo/`, inside an installed
package or beside it in a checkout, and are pinned by `zoo/index.json`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halo_keras.hub.config_reader import MAX_PARAMETERS, build_model, read_config
from halo_keras.hub.errors import HubError, PresetError
from halo_keras.hub.index import bundled_names, bundled_sums, zoo_folder
from halo_keras.hub.metadata import (
    MAX_METADATA_BYTES,
    check_metadata,
    check_metrics,
    is_preset_name,
)
from halo_keras.hub.strict_json import check_file, read_json
from halo_keras.hub.sums import check_sums
from halo_keras.hub.weights import load_weights as load_weight_file
from halo_keras.hub.weights import parameter_count, read_layout
from halo_keras.schema import nearest

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
METADATA, METRICS, CARD = "metadata.json", "metrics.json", "README.md"
PRESET_FILES = (CONFIG, WEIGHTS, METADATA, METRICS, CARD)

_HUB = "hf://"


@dataclass(frozen=True)
class PresetInfo:
    """What is known of a preset without building it. `size_bytes` counts its files."""

    name: str
    family: str
    data: str
    license: str
    version: int
    parameters: int
    size_bytes: int
    description: str


class PresetList(list):
    """A list of `PresetInfo` that prints as a table."""

    def __repr__(self) -> str:
        head = ("name", "family", "data", "licence", "version", "parameters", "size")
        rows = [
            (
                info.name,
                info.family,
                info.data,
                info.license,
                str(info.version),
                f"{info.parameters:,}",
                f"{info.size_bytes / 1e6:.1f} MB",
            )
            for info in self
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [
            "  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)
        ]
        return "\n".join(lines)


def from_pretrained(
    handle,
    *,
    revision: str | None = None,
    cache_dir=None,
    force_download: bool = False,
    token: str | None = None,
    local_files_only: bool = False,
    load_weights: bool = True,
):
    """A model with its trained weights, by preset name or from a preset folder.

    Args:
        handle: a folder (a path that exists wins), else the name of a bundled
            preset: see `list_presets()`.
        revision, cache_dir, force_download, token, local_files_only: for presets on
            the Hub. A folder and a bundled preset have one revision and no cache.
        load_weights: False gives the same architecture with fresh weights.

    Returns: the built model, of the preset's family.

    Raises:
        PresetError: the preset is unknown, damaged, or not what its files say.
        HubError: for `hf://` handles, which this version cannot fetch.

    ```python
    model = halo_keras.from_pretrained("halo-sprites")
    ```
    """
    folder, pinned = _resolve(handle)
    if revision is not None:
        raise PresetError(
            f"revision={revision!r} was given, but {handle!r} is not on the Hub: leave "
            "it out, or pass another folder."
        )
    return _load(folder, pinned, load_weights)


def list_presets() -> PresetList:
    """The presets that come with the package, as `PresetInfo`; prints as a table."""
    return PresetList(preset_info(name) for name in bundled_names())


def preset_info(handle) -> PresetInfo:
    """The facts of one preset, by name or folder, without building the model."""
    folder, pinned = _resolve(handle)
    return _info(folder, _read_metadata(folder, pinned))


def read_metadata(handle) -> dict[str, Any]:
    """The checked content of a preset's `metadata.json`."""
    return _read_metadata(*_resolve(handle))


def read_metrics(handle) -> dict[str, Any]:
    """The checked content of a preset's `metrics.json`."""
    folder, pinned = _resolve(handle)
    check_sums(folder, _read_metadata(folder, pinned)["sha256"], only=(METRICS,))
    return _read_metrics(folder)


def preset_folder(handle) -> Path:
    """The folder of a preset, by name or folder."""
    return _resolve(handle)[0]


def verify(handle) -> PresetInfo:
    """Recomputes every sha256, checks every file and loads the model once.

    Raises:
        PresetError: naming the first file that is missing, changed or damaged.
    """
    return verify_folder(*_resolve(handle))


def verify_folder(folder: Path, pinned: dict[str, str] | None = None) -> PresetInfo:
    """`verify` for a folder; `pinned` are sums known from elsewhere than the folder."""
    metadata = _read_metadata(folder, pinned)
    check_sums(folder, metadata["sha256"])
    _read_metrics(folder)
    check_file(folder / CARD, MAX_METADATA_BYTES)
    _load(folder, pinned, load_weights=True)
    return _info(folder, metadata)


def _load(folder: Path, pinned: dict[str, str] | None, load_weights: bool):
    metadata = _read_metadata(folder, pinned)
    config_path, weights_path = folder / CONFIG, folder / WEIGHTS
    needed = (CONFIG, WEIGHTS) if load_weights else (CONFIG,)
    check_sums(folder, metadata["sha256"], only=needed)
    config = read_config(config_path)
    # The headers of the weight file bound what the configuration may ask for; the
    # margin leaves small differences to the comparison that names them.
    limit = MAX_PARAMETERS
    if load_weights:
        limit = min(limit, 2 * parameter_count(read_layout(weights_path)) + 1024)
    model = build_model(config, config_path, limit)
    if model.count_params() != metadata["parameter_count"]:
        raise PresetError(
            f"{folder / METADATA} states {metadata['parameter_count']} parameters, the "
            f"model of {CONFIG} has {model.count_params()}: the files do not belong "
            "together."
        )
    if load_weights:
        load_weight_file(weights_path, model)
    return model


def _resolve(handle) -> tuple[Path, dict[str, str] | None]:
    """The folder of `handle`, and the sums that the package's index pins, if any."""
    text = str(handle)
    if text.startswith(_HUB):
        raise HubError(
            f"Presets cannot be fetched from the Hub yet, received {text!r}: download "
            "the repository's files and pass their folder, or name a bundled preset: "
            f"{_known()}."
        )
    if not text or "\x00" in text:
        raise PresetError(f"Expected a preset or a folder, received {text!r}.")
    try:
        path = Path(handle).expanduser()
        if path.is_dir():
            return path, None
    except (OSError, RuntimeError) as error:
        raise PresetError(f"{text!r} is not usable as a folder: {error}.") from error
    if isinstance(handle, str) and handle in bundled_names():
        return zoo_folder() / handle, bundled_sums(handle)
    if isinstance(handle, str) and is_preset_name(handle):
        raise PresetError(
            f"There is no preset {text!r}{nearest(text, bundled_names())}. "
            f"Known: {_known()}; the path of a preset folder is accepted too."
        )
    raise PresetError(
        f"{text!r} is neither a folder nor the name of a preset. Known: {_known()}."
    )


def _known() -> str:
    return ", ".join(bundled_names()) or "none in this installation"


def _read_metadata(folder: Path, pinned: dict[str, str] | None) -> dict[str, Any]:
    if pinned is not None:
        check_sums(folder, pinned, only=(METADATA,))
    path = folder / METADATA
    metadata = read_json(path, MAX_METADATA_BYTES)
    check_metadata(metadata, str(path))
    missing = {CONFIG, WEIGHTS, METRICS} - set(metadata["sha256"])
    if missing:
        raise PresetError(f"{path}: sha256 lacks {', '.join(sorted(missing))}.")
    return metadata


def _read_metrics(folder: Path) -> dict[str, Any]:
    path = folder / METRICS
    metrics = read_json(path, MAX_METADATA_BYTES)
    check_metrics(metrics, str(path))
    return metrics


def _info(folder: Path, metadata: dict[str, Any]) -> PresetInfo:
    files = [folder / name for name in metadata["sha256"]]
    return PresetInfo(
        name=metadata["name"],
        family=metadata["family"],
        data=metadata["dataset"],
        license=metadata["license"],
        version=metadata["version"],
        parameters=metadata["parameter_count"],
        size_bytes=sum(path.stat().st_size for path in files if path.is_file()),
        description=metadata["description"],
    )
