"""A whole zoo to the Hub: one repository a preset, and the commits into its index."""

from pathlib import Path

from halo_keras.hub import handles
from halo_keras.hub.errors import PresetError
from halo_keras.hub.index import read_index, write_index, zoo_folder
from halo_keras.hub.preset_files import INDEX, is_installed, load_metadata
from halo_keras.hub.presets import verify_folder
from halo_keras.hub.publishing import Publication, check_licence, publish


def publish_zoo(
    owner: str,
    *,
    zoo=None,
    private: bool | None = None,
    dry_run: bool = False,
    token: str | bool | None = None,
) -> list[Publication]:
    """Uploads every preset of a zoo to `owner/<its name>`, and pins the commits.

    All presets are verified against the index before the first is uploaded. After
    each one its commit is written to `index.json`, so that an interrupted call can be
    repeated; files that are there already are not uploaded again.

    Args:
        owner: user or organisation on the Hub.
        zoo: folder of presets with an `index.json`; None for this checkout's.
        private: see `publish`.
        dry_run: ask nothing and change nothing.
        token: with the right to write; None for the one of the client's login.

    Returns: what was, or would be, uploaded, a preset each.

    Raises:
        PresetError: a preset differs from the index, or the zoo is not ours to change.
        HubError: the Hub refused, or cannot be reached.
    """
    zoo = zoo_folder() if zoo is None else Path(zoo)
    if not (zoo / INDEX).is_file():
        raise PresetError(
            f"{zoo} holds no {INDEX}: make it with: halo-keras index {zoo}"
        )
    if is_installed(zoo):
        raise PresetError(
            f"{zoo} belongs to an installed package: publish from a checkout, whose "
            "index can be changed."
        )
    index = read_index(zoo)
    if index["owner"] not in (None, owner):
        raise PresetError(
            f"{zoo / INDEX} names the owner {index['owner']!r}, to whom older commits "
            f"belong, received {owner!r}."
        )
    folders = {n: zoo / n for n in index["presets"] if (zoo / n).is_dir()}
    if not folders:
        raise PresetError(f"{zoo} holds no presets.")
    for name, folder in folders.items():
        handles.check_repo_id(f"{owner}/{name}")
        verify_folder(folder, index["presets"][name]["sha256"])
        check_licence(load_metadata(folder), private)
    done = []
    for name, folder in folders.items():
        publication = publish(
            folder, f"{owner}/{name}", private=private, dry_run=dry_run, token=token
        )
        done.append(publication)
        if not dry_run:
            _pin(zoo, owner, name, publication.commit)
    return done


def _pin(zoo: Path, owner: str, name: str, commit: str) -> None:
    index = read_index(zoo)
    entry = {**index["presets"][name], "commit": commit}
    presets = {**index["presets"], name: entry}
    write_index(zoo, {**index, "owner": owner, "presets": presets})
