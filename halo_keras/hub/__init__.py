"""Presets: save, load, list, verify, publish, pull. The part that knows the Hub."""

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
from halo_keras.hub.publish_zoo import publish_zoo
from halo_keras.hub.publishing import Publication, publish, pull
from halo_keras.hub.registry import register
from halo_keras.hub.saving import save_preset
from halo_keras.hub.updating import update_cards, update_metrics

__all__ = [
    "HubError",
    "PresetError",
    "PresetInfo",
    "Publication",
    "from_pretrained",
    "list_presets",
    "preset_folder",
    "preset_info",
    "publish",
    "publish_zoo",
    "pull",
    "read_metadata",
    "read_metrics",
    "register",
    "save_preset",
    "update_cards",
    "update_index",
    "update_metrics",
    "verify",
    "zoo_folder",
]
