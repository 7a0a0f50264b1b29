"""Datasets of labelled clips up to the Hub, in one commit of named files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import DESCRIPTION, Description, merged
from halo_keras.data.clip_folder import CARD, CREDITS, build_folder, write_description
from halo_keras.data.description_file import read_description
from halo_keras.hub import client, handles
from halo_keras.hub.dataset_repository import open_repository
from halo_keras.hub.licences import why_no_data


def push_dataset(
    datasets: Sequence[ClipDataset],
    repo_id: str,
    *,
    num_shards: int | None = None,
    **upload: Any,
) -> client.Uploaded:
    """Uploads splits of one dataset in one commit: parquet, `clips.json`, card.

    Splits that the repository has already stay, if they are of the same dataset; a
    split of the same name is replaced. Of two who push at the same time the second is
    refused, so that neither loses a split.

    Args:
        datasets: at least one split.
        repo_id: `"owner/name"`; created if it is not there.
        num_shards: parquet files a split; see `clip_parquet.write_split`.
        **upload: `message`, `private`, `revision`, `create_pr`, `token` of
            `client.upload`.

    Raises: HubError if the Hub refuses or cannot be reached, or if somebody else
        pushed meanwhile; ValueError before anything is uploaded, for a licence that
        forbids it or other clips there.
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
    description, files = _planned(folder, repo_id, upload.get("private"))
    where = {**upload, "repo_type": "dataset"}
    head = client.make_ready(repo_id, **where)
    if DESCRIPTION in head.files:
        handle = str(handles.HubHandle(repo_id, head.commit))
        there = open_repository(handle, token=upload.get("token")).description
        description = merged(there, description, f"hf://{repo_id}")
        files.update(_texts(description, repo_id))
    splits = ", ".join(description.splits)
    return client.upload(
        repo_id,
        files,
        message=message or f"{description.name}: {splits}",
        # The description is that of this commit with ours added: of no other one.
        parent=head.commit,
        **where,
    )


def plan_folder(
    folder: str | PathLike, repo_id: str, private: bool | None = None
) -> tuple[dict[str, int], str]:
    """What `push_folder` would upload to an empty repository; asks and sends nothing.

    Returns: size in bytes by file name, and the text of the card.
    """
    _, files = _planned(folder, repo_id, private)
    sizes = {
        name: len(source) if isinstance(source, bytes) else source.stat().st_size
        for name, source in files.items()
    }
    return sizes, files[CARD].decode("utf-8")


def _planned(
    folder: str | PathLike, repo_id: str, private: bool | None
) -> tuple[Description, dict[str, Path | bytes]]:
    """The folder's description, and all files of a commit to an empty repository."""
    handles.check_repo_id(repo_id)
    folder = Path(folder)
    description = read_description(folder)
    _check_licence(description.license, private)
    files: dict[str, Path | bytes] = {
        name: _plain_file(folder, name)
        for split in description.splits.values()
        for name in split.files
    }
    if (folder / CREDITS).is_file():
        files[CREDITS] = _plain_file(folder, CREDITS)
    return description, {**files, **_texts(description, repo_id)}


def _texts(description: Description, repo_id: str) -> dict[str, bytes]:
    """`clips.json` and the card of the repository."""
    with tempfile.TemporaryDirectory() as written:
        write_description(description, Path(written), repo_id)
        return {n: (Path(written) / n).read_bytes() for n in (DESCRIPTION, CARD)}


def _check_licence(licence: str, private: bool | None) -> None:
    reason = why_no_data(licence, private)
    if reason is not None:
        raise ValueError(reason)


def _plain_file(folder: Path, name: str) -> Path:
    path = folder / name
    if path.is_symlink() or (folder / "data").is_symlink():
        raise ValueError(f"{path} is a link, which is not uploaded: copy the file.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: build the folder again.")
    return path
