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

# In a licence, words that forbid to give the data to others.
_CLOSED = ("research only", "no redistribution")


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
    there = _there(repo_id, upload.get("revision"), upload.get("token"))
    description, files = _planned(folder, repo_id, upload.get("private"), there)
    splits = ", ".join(description.splits)
    return client.upload(
        repo_id,
        files,
        message=message or f"{description.name}: {splits}",
        repo_type="dataset",
        **upload,
    )


def plan_folder(
    folder: str | PathLike, repo_id: str, private: bool | None = None
) -> tuple[dict[str, int], str]:
    """What `push_folder` would upload to an empty repository; asks and sends nothing.

    Returns: size in bytes by file name, and the text of the card.
    """
    _, files = _planned(folder, repo_id, private, None)
    sizes = {
        name: len(source) if isinstance(source, bytes) else source.stat().st_size
        for name, source in files.items()
    }
    return sizes, files[CARD].decode("utf-8")


def _planned(
    folder, repo_id: str, private: bool | None, there: Description | None
) -> tuple[Description, dict[str, Path | bytes]]:
    """The description with the splits that are `there`, and all files of the commit."""
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
    if there is not None:
        description = merged(there, description, f"hf://{repo_id}")
    with tempfile.TemporaryDirectory() as written:
        write_description(description, Path(written), repo_id)
        for name in (DESCRIPTION, CARD):
            files[name] = (Path(written) / name).read_bytes()
    return description, files


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


def _check_licence(text: str, private: bool | None) -> None:
    if private is True:
        return
    if text.lower().startswith("unknown"):
        raise ValueError(
            f"nobody may use clips of an unknown licence ({text}): state it when the "
            "dataset is loaded or built (--set license=...), or pass private=True "
            "(--private)."
        )
    if any(word in text.lower() for word in _CLOSED):
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
