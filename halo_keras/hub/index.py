"""`zoo/index.json`: which presets come with the package, and the sums of their files.

A preset's `metadata.json` holds the sums of the other files; the index holds the sum
of `metadata.json` as well, so that a preset is pinned by the package. The index also
says where presets can be had on the Hub: the owner of their repositories, and the
commit of each version. Both are null where nothing was published. Older versions stay.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halo_keras.hub.errors import PresetError
from halo_keras.hub.handles import HubHandle
from halo_keras.hub.metadata import METADATA_FIELDS, PRESET_NAME, MapOf, Matching
from halo_keras.hub.preset_files import INDEX, METADATA, is_installed, load_metadata
from halo_keras.hub.strict_json import read_json, to_json, write_text
from halo_keras.hub.sums import sha256
from halo_keras.schema import ConfigError, Int, ListOf, check_config

MAX_INDEX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Pinned:
    """One version of a preset as the index has it; `handle` is None if it is not on
    the Hub."""

    version: int
    is_current: bool
    sha256: dict[str, str]
    handle: HubHandle | None


def zoo_folder() -> Path:
    """The folder of the bundled presets: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "zoo"
    return inside if inside.is_dir() else package.parent / "zoo"


def known_names() -> list[str]:
    """The names of the presets in the package's index, sorted."""
    return sorted(read_index(zoo_folder())["presets"])


def bundled_names() -> list[str]:
    """The names of the presets that come with the package, sorted."""
    return [name for name in known_names() if bundled_folder(name) is not None]


def bundled_folder(name: str) -> Path | None:
    """The folder of a preset in the index; None if it is not bundled."""
    folder = zoo_folder() / name
    return folder if folder.is_dir() else None


def pinned(name: str, version: str | None = None) -> Pinned:
    """A version of a preset in the index, as `"v2"`; None for the current one.

    Raises:
        PresetError: the index has no such version; those it has are named.
    """
    index = read_index(zoo_folder())
    current = index["presets"][name]
    entries = {f"v{entry['version']}": entry for entry in (current, *current["old"])}
    if version is not None and version not in entries:
        raise PresetError(
            f"{name} has no version {version!r}; known: {', '.join(entries)}. Another "
            "revision is asked for as hf://owner/name@revision."
        )
    entry = current if version is None else entries[version]
    handle = None
    if index["owner"] is not None and entry["commit"] is not None:
        handle = HubHandle(f"{index['owner']}/{name}", entry["commit"])
    return Pinned(entry["version"], entry is current, entry["sha256"], handle)


def update_index(folder=None) -> Path:
    """Verifies every preset in a zoo folder and writes its `index.json` anew.

    A version that was replaced goes to the preset's `old` ones. What is known of the
    Hub is kept for files that have not changed.

    Args:
        folder: the zoo; the package's own if None.

    Returns: the path of the index.

    Raises:
        PresetError: if a preset is damaged, its folder has not the preset's name, or
            the zoo belongs to an installed package; the old index stays.
    """
    from halo_keras.hub.presets import verify_folder

    folder = zoo_folder() if folder is None else Path(folder)
    if is_installed(folder):
        raise PresetError(f"{folder} belongs to an installed package: it stays.")
    if not folder.is_dir():
        raise PresetError(f"{folder} is no folder of presets.")
    index, presets = read_index(folder), {}
    for path in sorted(folder.iterdir()):
        if not (path / METADATA).is_file() or path.name.startswith("."):
            continue
        info = verify_folder(path)
        if info.name != path.name:
            raise PresetError(
                f"{path} holds the preset {info.name!r}: rename the folder."
            )
        presets[info.name] = _entry(path, index["presets"].get(info.name))
    # A preset without a folder can still be had if it was published.
    for name, entry in index["presets"].items():
        if name not in presets and entry["commit"] is not None:
            presets[name] = entry
    return write_index(folder, {**index, "presets": dict(sorted(presets.items()))})


def pin_preset(path: Path) -> None:
    """Renews the entry that the preset folder `path` has in the index beside it.

    The preset must have been verified before.
    """
    index = read_index(path.parent)
    presets = index["presets"]
    if path.name in presets:
        entry = _entry(path, presets[path.name])
        write_index(path.parent, {**index, "presets": {**presets, path.name: entry}})


def read_index(folder: Path) -> dict[str, Any]:
    """The checked index in a zoo folder, with all its keys; without a file, an empty
    one. Files of before presets could be published lack some keys."""
    path = folder / INDEX
    if not path.is_file():
        return {"format_version": 1, "owner": None, "presets": {}}
    index = read_json(path, MAX_INDEX_BYTES)
    try:
        check_config(_FIELDS, index, "the index")
    except ConfigError as error:
        raise PresetError(f"{path}: {error}") from error
    presets = {
        name: {
            "version": entry["version"],
            "commit": entry.get("commit"),
            "sha256": entry["sha256"],
            "old": entry.get("old") or [],
        }
        for name, entry in index["presets"].items()
    }
    return {"format_version": 1, "owner": index.get("owner"), "presets": presets}


def write_index(folder: Path, index: dict[str, Any]) -> Path:
    """Writes an index, all of it or nothing."""
    target = folder / INDEX
    draft = folder / f".{INDEX}.partial-{secrets.token_hex(4)}"
    try:
        write_text(draft, to_json(index))
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _entry(path: Path, before: dict[str, Any] | None) -> dict[str, Any]:
    """The entry of the preset in `path`, which had the entry `before`."""
    metadata = load_metadata(path)
    sums = {**metadata["sha256"], METADATA: sha256(path / METADATA)}
    sums = dict(sorted(sums.items()))
    commit, old = None, []
    if before is not None:
        old = before["old"]
        if before["sha256"] == sums:
            commit = before["commit"]
        elif before["version"] != metadata["version"]:
            kept = {key: before[key] for key in ("version", "commit", "sha256")}
            old = [kept, *old]
    return {
        "version": metadata["version"],
        "commit": commit,
        "sha256": sums,
        "old": [entry for entry in old if entry["version"] != metadata["version"]],
    }


class _Entry:
    """One version of a preset in the index."""

    optional = False
    fields = {
        "version": METADATA_FIELDS["version"],
        "sha256": METADATA_FIELDS["sha256"],
        "commit": Matching(
            re.compile(r"[0-9a-f]{40}"), "a commit of 40 hex digits", optional=True
        ),
    }

    def check(self, value, where: str) -> None:
        check_config(self.fields, value, where)


class _CurrentEntry(_Entry):
    """The newest version, with those before it."""

    fields = {
        **_Entry.fields,
        "old": ListOf(_Entry(), max_length=1000, optional=True),
    }


_FIELDS = {
    "format_version": Int(1, 1),
    "owner": Matching(
        re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*"), "a name on the Hub", optional=True
    ),
    "presets": MapOf(PRESET_NAME, _CurrentEntry(), max_entries=1024),
}
