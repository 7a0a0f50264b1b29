"""Presets by name, folder or handle: load, list, verify.

A preset is a folder with `config.json`, `model.weights.h5`, `metadata.json`,
`metrics.json` and `README.md`. The bundled ones lie in `zoo/`, inside an installed
package or beside it in a checkout, and are pinned by `zoo/index.json`; others are
fetched from the Hugging Face Hub into its client's cache.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halo_keras.hub.config_reader import MAX_PARAMETERS, build_model, read_config
from halo_keras.hub.errors import PresetError
from halo_keras.hub.index import bundled_names
from halo_keras.hub.metadata import MAX_METADATA_BYTES
from halo_keras.hub.preset_files import (
    CARD,
    CONFIG,
    METADATA,
    METRICS,
    PRESET_FILES,
    WEIGHTS,
    load_metadata,
    load_metrics,
)
from halo_keras.hub.resolving import HubOptions, resolve
from halo_keras.hub.strict_json import check_file
from halo_keras.hub.sums import check_sums
from halo_keras.hub.swapping import read_steadily
from halo_keras.hub.weight_layout import parameter_count, read_layout
from halo_keras.hub.weights import load_weights as load_weight_file

__all__ = [
    "CARD",
    "CONFIG",
    "METADATA",
    "METRICS",
    "PRESET_FILES",
    "WEIGHTS",
    "PresetInfo",
    "PresetList",
    "from_pretrained",
    "list_presets",
    "preset_folder",
    "preset_info",
    "read_metadata",
    "read_metrics",
    "verify",
    "verify_folder",
]


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
    token: str | bool | None = None,
    local_files_only: bool = False,
    load_weights: bool = True,
):
    """A model with its trained weights, by name, from a folder or from the Hub.

    Args:
        handle: a folder (a path that exists wins), the name of a preset, see
            `list_presets()`, or `"hf://owner/name[@revision]"`, a repository on the
            Hugging Face Hub that holds a preset of this package.
        revision: of a repository: branch, tag or full commit. Of a preset's name: an
            older version that is on the Hub, such as `"v1"`.
        cache_dir: where files from the Hub are kept; None for the client's own place.
        force_download: fetch from the Hub again.
        token: for private repositories; None for the one of the client's login.
        local_files_only: take what is in the cache, and use no network. The
            environment's `HF_HUB_OFFLINE=1` does the same.
        load_weights: False gives the same architecture with fresh weights.

    Returns: the built model, of the preset's family.

    Raises:
        PresetError: the preset is unknown, damaged, or not what its files say.
        HubError: what is on the Hub cannot be had; the message says what to do.

    ```python
    model = halo_keras.from_pretrained("halo-sprites")
    ```
    """
    options = HubOptions(revision, cache_dir, force_download, token, local_files_only)
    found = resolve(handle, options)
    return read_steadily(
        found.folder, lambda: _load(found.folder, found.sums, load_weights)
    )


def list_presets() -> PresetList:
    """The presets that come with the package, as `PresetInfo`; prints as a table."""
    return PresetList(preset_info(name) for name in bundled_names())


def preset_info(handle) -> PresetInfo:
    """The facts of one preset, by any handle, without building the model."""
    found = resolve(handle)
    return _info(found.folder, load_metadata(found.folder, found.sums))


def read_metadata(handle) -> dict[str, Any]:
    """The checked content of a preset's `metadata.json`."""
    found = resolve(handle)
    return load_metadata(found.folder, found.sums)


def read_metrics(handle) -> dict[str, Any]:
    """The checked content of a preset's `metrics.json`."""
    found = resolve(handle)
    metadata = load_metadata(found.folder, found.sums)
    check_sums(found.folder, metadata["sha256"], only=(METRICS,))
    return load_metrics(found.folder)


def preset_folder(handle) -> Path:
    """The folder of a preset, by any handle; from the Hub, the one in the cache."""
    return resolve(handle).folder


def verify(handle) -> PresetInfo:
    """Recomputes every sha256, checks every file and loads the model once.

    Raises:
        PresetError: naming the first file that is missing, changed or damaged.
        HubError: what is on the Hub cannot be had.
    """
    found = resolve(handle, complete=True)
    return read_steadily(found.folder, lambda: verify_folder(found.folder, found.sums))


def verify_folder(folder: Path, pinned: dict[str, str] | None = None) -> PresetInfo:
    """`verify` for a folder; `pinned` are sums known from elsewhere than the folder."""
    metadata = load_metadata(folder, pinned)
    check_sums(folder, metadata["sha256"])
    load_metrics(folder)
    check_file(folder / CARD, MAX_METADATA_BYTES)
    _load(folder, pinned, load_weights=True)
    return _info(folder, metadata)


def _load(folder: Path, pinned: dict[str, str] | None, load_weights: bool):
    metadata = load_metadata(folder, pinned)
    config_path, weights_path = folder / CONFIG, folder / WEIGHTS
    needed = (CONFIG, WEIGHTS) if load_weights else (CONFIG,)
    check_sums(folder, metadata["sha256"], only=needed)
    config = read_config(config_path)
    # The headers of the weight file bound what the configuration may ask for; the
    # margin leaves small differences to the comparison that names them.
    limit = MAX_PARAMETERS
    if load_weights:
        limit = min(limit, 2 * parameter_count(read_layout(weights_path)) + 1024)
    model = build_model(config, config_path, limit, blank=load_weights)
    if model.count_params() != metadata["parameter_count"]:
        raise PresetError(
            f"{folder / METADATA} states {metadata['parameter_count']} parameters, the "
            f"model of {CONFIG} has {model.count_params()}: the files do not belong "
            "together."
        )
    if load_weights:
        load_weight_file(weights_path, model)
    return model


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
