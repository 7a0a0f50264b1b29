"""Datasets of labelled clips on the Hub: fetched file by file, pushed in one commit.

A repository holds what a folder of `data.clip_parquet` holds. Loading fetches
`clips.json`, then the files of one split of the same commit; the client compares each
with its hash, and the decoded clips are compared with the checksum in `clips.json`. A
folder on disk is read in the same way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import DESCRIPTION, Description, merged
from halo_keras.data.clip_folder import CARD, CREDITS, build_folder, write_description
from halo_keras.data.clip_parquet import read_split
from halo_keras.data.description_file import read_description
from halo_keras.hub import client, handles
from halo_keras.hub.errors import HubError
from halo_keras.schema import nearest

MAX_PARQUET_BYTES = 20 * 1024**3
# In a licence, words that forbid to give the data to others.
_CLOSED = ("research only", "no redistribution")


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
        if error.file != DESCRIPTION:
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


def push_dataset(
    datasets: Sequence[ClipDataset],
    repo_id: str,
    *,
    num_shards: int | None = None,
    **upload: Any,
) -> client.Uploaded:
    """Uploads splits of one dataset in one commit: parquet, `clips.json`, card.

    Splits that the repository has already stay, if they are of the same dataset; a
    split of the same name is replaced.

    Args:
        datasets: at least one split.
        repo_id: `"owner/name"`; created if it is not there.
        num_shards: parquet files a split; see `clip_parquet.write_split`.
        **upload: `message`, `private`, `revision`, `create_pr`, `token` of
            `client.upload`.

    Raises: HubError if the Hub refuses or cannot be reached; ValueError before
        anything is uploaded, for a licence that forbids it or other clips there.
    """
    handles.check_repo_id(repo_id)
    for dataset in datasets:
        _check_licence(dataset.license, upload.get("private"))
    with tempfile.TemporaryDirectory() as folder:
        build_folder(datasets, Path(folder), num_shards)
        return push_folder(folder, repo_id, **upload)


def push_folder(
    folder: str | PathLike, repo_id: str, *, message: str | None = None, **upload: Any
) -> client.Uploaded:
    """Uploads a folder that `build_folder` wrote; see `push_dataset`.

    Only the files that `clips.json` names are read and uploaded.
    """
    handles.check_repo_id(repo_id)
    folder = Path(folder)
    description = read_description(folder)
    _check_licence(description.license, upload.get("private"))
    files: dict[str, Path | bytes] = {
        name: _plain_file(folder, name)
        for split in description.splits.values()
        for name in split.files
    }
    if (folder / CREDITS).is_file():
        files[CREDITS] = _plain_file(folder, CREDITS)
    there = _there(repo_id, upload.get("revision"), upload.get("token"))
    if there is not None:
        description = merged(there, description, f"hf://{repo_id}")
    with tempfile.TemporaryDirectory() as written:
        write_description(description, Path(written), repo_id)
        for name in (DESCRIPTION, CARD):
            files[name] = (Path(written) / name).read_bytes()
    splits = ", ".join(description.splits)
    return client.upload(
        repo_id,
        files,
        message=message or f"{description.name}: {splits}",
        repo_type="dataset",
        **upload,
    )


def _there(repo_id: str, revision: str | None, token) -> Description | None:
    """What the repository holds; None if it, the branch or the file is not there."""
    with client.hub_errors(repo_id, revision):
        from huggingface_hub import HfApi

        api = HfApi(token=token, library_name=client.LIBRARY)
        where = {"repo_type": "dataset", "revision": revision}
        if not api.file_exists(repo_id, DESCRIPTION, **where):
            return None
    handle = f"hf://{repo_id}" + (f"@{revision}" if revision else "")
    return open_repository(handle, token=token).description


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


def _check_licence(text: str, private: bool | None) -> None:
    if private is not True and any(word in text.lower() for word in _CLOSED):
        raise ValueError(
            f"the licence of these clips ({text}) does not let others have them: they "
            "are not pushed to a public repository. Pass private=True (--private) if "
            "it allows you to keep them there."
        )


def _plain_file(folder: Path, name: str) -> Path:
    path = folder / name
    if path.is_symlink() or (folder / "data").is_symlink():
        raise ValueError(f"{path} is a link, which is not uploaded: copy the file.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: build the folder again.")
    return path
