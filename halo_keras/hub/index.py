"""`zoo/index.json`: which presets come with the package, and the sums of their files.

A preset's `metadata.json` holds the sums of the other files; the index holds the sum
of `metadata.json` as well, so that a bundled preset is pinned by the package.
"""

import os
from pathlib import Path

from halo_keras.hub.errors import PresetError
from halo_keras.hub.metadata import METADATA_FIELDS, PRESET_NAME, MapOf
from halo_keras.hub.strict_json import read_json, to_json, write_text
from halo_keras.hub.sums import sha256
from halo_keras.schema import ConfigError, Int, check_config

INDEX = "index.json"
MAX_INDEX_BYTES = 1024 * 1024


def zoo_folder() -> Path:
    """The folder of the bundled presets: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "zoo"
    return inside if inside.is_dir() else package.parent / "zoo"


def bundled_names() -> list[str]:
    """The names of the presets that come with the package, sorted."""
    return sorted(_read_index(zoo_folder()))


def bundled_sums(name: str) -> dict[str, str]:
    """File name -> sha256 of a bundled preset."""
    return _read_index(zoo_folder())[name]["sha256"]


def update_index(folder=None) -> Path:
    """Verifies every preset in a zoo folder and writes its `index.json` anew.

    Args:
        folder: the zoo; the package's own if None.

    Returns: the path of the index.

    Raises:
        PresetError: if a preset is damaged, or its folder has not the preset's name;
            the old index stays.
    """
    from halo_keras.hub.presets import METADATA, verify_folder

    folder = zoo_folder() if folder is None else Path(folder)
    presets = {}
    for path in sorted(folder.iterdir()):
        if not (path / METADATA).is_file() or path.name.startswith("."):
            continue
        info = verify_folder(path)
        if info.name != path.name:
            raise PresetError(
                f"{path} holds the preset {info.name!r}: rename the folder."
            )
        presets[info.name] = _entry(path)
    return _write_index(folder, presets)


def pin_preset(path: Path) -> None:
    """Renews the entry that the preset folder `path` has in the index beside it.

    The preset must have been verified before.
    """
    presets = _read_index(path.parent)
    if path.name in presets:
        _write_index(path.parent, {**presets, path.name: _entry(path)})


def _entry(path: Path) -> dict:
    from halo_keras.hub.presets import METADATA, read_metadata

    metadata = read_metadata(path)
    sums = {**metadata["sha256"], METADATA: sha256(path / METADATA)}
    return {"version": metadata["version"], "sha256": dict(sorted(sums.items()))}


def _write_index(folder: Path, presets: dict[str, dict]) -> Path:
    target = folder / INDEX
    draft = folder / f".{INDEX}.partial"
    try:
        write_text(draft, to_json({"format_version": 1, "presets": presets}))
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return target


class _Entry:
    """One preset in the index."""

    optional = False
    fields = {key: METADATA_FIELDS[key] for key in ("version", "sha256")}

    def check(self, value, where: str) -> None:
        check_config(self.fields, value, where)


_FIELDS = {
    "format_version": Int(1, 1),
    "presets": MapOf(PRESET_NAME, _Entry(), max_entries=1024),
}


def _read_index(folder: Path) -> dict[str, dict]:
    path = folder / INDEX
    if not path.is_file():
        return {}
    index = read_json(path, MAX_INDEX_BYTES)
    try:
        check_config(_FIELDS, index, "the index")
    except ConfigError as error:
        raise PresetError(f"{path}: {error}") from error
    return index["presets"]
