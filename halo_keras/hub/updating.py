"""Puts new measurements into a preset folder: all that depends on them, or nothing.

And new cards, which depend on the measurements and on how this package writes them.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from halo_keras.hub.card import model_card
from halo_keras.hub.errors import PresetError
from halo_keras.hub.index import pin_preset, zoo_folder
from halo_keras.hub.metadata import check_metrics, plain
from halo_keras.hub.preset_files import INDEX, is_installed
from halo_keras.hub.presets import (
    CARD,
    METADATA,
    METRICS,
    PresetInfo,
    read_metadata,
    read_metrics,
    verify_folder,
)
from halo_keras.hub.resolving import resolve
from halo_keras.hub.strict_json import to_json, write_text
from halo_keras.hub.sums import sha256
from halo_keras.hub.swapping import draft_of, put_in_place


def update_metrics(preset, metrics: dict[str, Any]) -> PresetInfo:
    """Replaces a preset's `metrics.json`, and with it its sum, its card and the index.

    The folder is copied, changed, read back and only then put in the place of the old
    one. If the preset is pinned by the `index.json` beside it, its sums there are
    renewed too. On an error, and if interrupted, everything is as it was; if the
    process is killed between the two, `verify` tells that the index is older, and that
    `halo-keras index` renews it.

    Args:
        preset: name of a bundled preset in a checkout, or a preset folder.
        metrics: the whole new content, see `save_preset`.

    Returns: the facts of the preset, which has kept its version.

    Raises:
        PresetError: the preset is damaged, lies inside of an installed package, or the
            metrics are no plain, finite data.
    """
    metrics = plain(metrics)
    check_metrics(metrics, "metrics")
    found = resolve(preset)
    metadata, folder = read_metadata(preset), found.folder
    if found.handle is not None:
        raise PresetError(
            f"{preset} lies in the cache of the Hub's client and is not changed: pull "
            "it to a folder and update that."
        )
    if is_installed(folder):
        raise PresetError(
            f"{folder} belongs to an installed package and is not changed: copy the "
            "folder and update the copy."
        )
    with draft_of(folder) as draft:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        write_text(draft / METRICS, to_json(metrics))
        metadata["sha256"][METRICS] = sha256(draft / METRICS)
        write_text(draft / METADATA, to_json(metadata))
        write_text(draft / CARD, model_card(metadata, metrics))
        info = verify_folder(draft)
        put_in_place(draft, folder, then=lambda: _pin(folder))
    return info


def _pin(folder: Path) -> None:
    if (folder.parent / INDEX).is_file():
        pin_preset(folder)


def update_cards(zoo=None) -> list[Path]:
    """Writes the card of every preset in a zoo anew, from its own two JSON files.

    A card is no part of a preset's sums: nothing else changes.

    Args:
        zoo: folder of presets; None for the one of this checkout.

    Returns: the paths of the cards that were not as they are now.

    Raises:
        PresetError: a preset's files are damaged, or belong to an installed package.
    """
    zoo = zoo_folder() if zoo is None else Path(zoo)
    if is_installed(zoo):
        raise PresetError(f"{zoo} belongs to an installed package and is not changed.")
    changed = []
    for folder in sorted(path.parent for path in zoo.glob(f"[!.]*/{METADATA}")):
        text = model_card(read_metadata(folder), read_metrics(folder))
        path = folder / CARD
        if path.is_file() and path.read_bytes() == text.encode("utf-8"):
            continue
        draft = folder / f".{CARD}.partial"
        try:
            write_text(draft, text)
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        changed.append(path)
    return changed
