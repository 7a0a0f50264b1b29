"""Datasets of labelled clips on the Hub, and in folders: fetched, checked, read.

A repository holds what a folder of `data.clip_parquet` holds. Loading fetches
`clips.json`, then the files of one split of the same commit; the client compares each
with its hash, and the decoded clips are compared with the checksum in `clips.json`. A
folder on disk is read in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import DESCRIPTION, Description
from halo_keras.data.clip_parquet import read_split
from halo_keras.data.description_file import read_description
from halo_keras.hub import client, handles
from halo_keras.hub.errors import HubError
from halo_keras.schema import nearest

MAX_PARQUET_BYTES = 20 * 1024**3


@dataclass(frozen=True)
class Repository:
    """A described dataset, in a folder or on the Hub.

    Attributes:
        where: the folder's path, or `hf://owner/name@commit`.
        folder: where `clips.json` lies: the folder itself, or its copy in the cache.
        description: of the dataset.
        handle: on the Hub, with the commit; None for a folder.
    """

    where: str
    folder: Path
    description: Description
    handle: handles.HubHandle | None = None


def open_repository(source: str | PathLike, **access: Any) -> Repository:
    """The dataset at `hf://owner/name[@revision]` or in a folder; no clip is read.

    Args:
        source: a branch or tag is turned into the commit it stands for now.
        **access: `cache_dir`, `force_download`, `token`, `local_files_only` of
            `client.fetch`.

    Raises: HubError if the Hub cannot be asked; FileNotFoundError or ValueError if
        there is no dataset of ours.
    """
    if not str(source).startswith(handles.PREFIX):
        folder = Path(source)
        return Repository(str(folder), folder, read_description(folder))
    handle = handles.parse(str(source))
    try:
        fetched = client.fetch(
            handle.repo_id,
            files=[DESCRIPTION],
            revision=handle.revision,
            repo_type="dataset",
            **access,
        )
    except HubError as error:
        if error.file != DESCRIPTION or "no such file" not in str(error):
            raise
        raise HubError(
            f"{handle} holds no {DESCRIPTION}.",
            repository=handle.repo_id,
            revision=handle.revision,
            file=DESCRIPTION,
            hint="Expected a dataset that `halo-keras data push` or "
            "`ClipDataset.to_hub` wrote.",
        ) from error
    handle = handles.HubHandle(handle.repo_id, fetched.commit)
    description = read_description(fetched.folder, str(handle))
    return Repository(str(handle), fetched.folder, description, handle)


def load_split(
    name: str,
    split: str,
    source: str | PathLike,
    options: dict[str, Any] | None = None,
    **access: Any,
) -> ClipDataset:
    """One split, fetched if need be, decoded and checked.

    Args:
        name: of the dataset; another one in the repository is an error.
        source: see `open_repository`.
        options: of the dataset's loader; those given must be the ones that the clips
            were made with.
        **access: see `open_repository`.

    Raises: as `open_repository`, and ValueError for another dataset, an unknown split
        or clips made with other options.
    """
    found = open_repository(source, **access)
    if found.description.name != name:
        raise ValueError(
            f"{found.where} holds {found.description.name!r}, not {name!r}: load it "
            "by that name, or pass another source."
        )
    wanted = found.description.split(split, found.where)
    _check_options(wanted.options, options or {}, f"{found.where}, split {split!r}")
    folder = found.folder
    if found.handle is not None:
        fetched = client.fetch(
            found.handle.repo_id,
            files=list(wanted.files),
            revision=found.handle.revision,
            repo_type="dataset",
            max_bytes=MAX_PARQUET_BYTES,
            **access,
        )
        folder = fetched.folder
    return read_split(folder, found.description, split, found.where)


def _check_options(made: dict | None, asked: dict[str, Any], where: str) -> None:
    from halo_keras.data.registry import content_options

    for key, value in content_options(asked).items():
        if made is None:
            raise ValueError(
                f"{where} does not say with which options its clips were made: leave "
                f"out {key}={value!r}."
            )
        if key not in made:
            raise ValueError(
                f"{where}: its clips know no option {key!r}{nearest(key, made)}. "
                f"Known: {', '.join(made) or 'none'}."
            )
        if made[key] != value:
            raise ValueError(
                f"{where}: its clips were made with {key}={made[key]!r}, asked for is "
                f"{value!r}. Leave it out or set it to {made[key]!r}, or build such "
                "clips with: halo-keras data build."
            )
