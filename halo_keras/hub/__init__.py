"""Presets: save, load, list and verify. The only part that will touch the network."""

from halo_keras.hub.errors import HubError, PresetError
from halo_keras.hub.index import update_index, zoo_folder
from halo_keras.hub.presets import (
    PresetInfo,
    from_pretrained,
    list_presets,
    preset_folder,
    preset_info,
    read_metadata,
    read_metrics,
    verify,
)
from halo_keras.hub.registry import register
from halo_keras.hub.saving import save_preset
from halo_keras.hub.updating import update_metrics

__all__ = [
    "HubError",
    "PresetError",
    "PresetInfo",
    "from_pretrained",
    "list_presets",
    "preset_folder",
    "preset_info",
    "read_metadata",
    "read_metrics",
    "register",
    "save_preset",
    "update_index",
    "update_metrics",
    "verify",
    "zoo_folder",
]
