"""Files of a repository on the Hub: named ones come, whole, and as they were sent.

The client's `snapshot_download` checks neither that a file exists nor what is in it,
and takes files of any size; all of that is done here. Where the Hub is, is the
client's own setting (`HF_ENDPOINT`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from halo_keras.hub.blobs import digest, forget, is_intact
from halo_keras.hub.client_errors import hub_errors
from halo_keras.hub.errors import HubError, PresetError
from halo_keras.hub.handles import (
    check_file_names,
    check_repo_id,
    check_revision,
    is_commit,
)
from halo_keras.hub.patience import bytes_below, patiently
from halo_keras.hub.uploading import LIBRARY, Uploaded, make_ready, upload

__all__ = ["Fetched", "Uploaded", "fetch", "hub_errors", "make_ready", "upload"]

MAX_FILE_BYTES = 64 * 1024 * 1024  # of a preset; as many as a weight file may have


@dataclass(frozen=True)
class Fetched:
    """Files of one commit, in the cache: `folder / name` for each name asked for."""

    folder: Path
    commit: str


def fetch(
    repo_id: str,
    *,
    files: Iterable[str],
    revision: str | None = None,
    repo_type: str = "model",
    cache_dir=None,
    force_download: bool = False,
    token: str | bool | None = None,
    local_files_only: bool = False,
    sums: Mapping[str, str] | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> Fetched:
    """The named files of a repository, all of one commit, each compared with its hash.

    With a full commit as revision and all files in the cache, nothing is asked. If
    the Hub cannot be asked, what is in the cache is used. A file whose content is not
    what its hash says is fetched once more.

    Args:
        repo_id: `"owner/name"`.
        files: their names in the repository; no other file is fetched.
        revision: branch, tag or full commit; None for the default branch.
        repo_type: `"model"` or `"dataset"`.
        cache_dir: instead of the client's own cache folder.
        force_download: fetch anew what is in the cache.
        token: for private repositories; None for the one of the client's login.
        local_files_only: read the cache and ask nothing, as `HF_HUB_OFFLINE=1` does.
        sums: sha256 of some or all files, known from elsewhere than the repository.
            Without, the hash is the one under which the Hub keeps the file.
        max_bytes: a file that is larger is refused before it is fetched.

    Raises:
        HubError: whatever went wrong, on the way or with the files.
        PresetError: `repo_id`, `revision` or a name is not well formed.
    """
    if force_download and local_files_only:
        raise PresetError(
            "Pass force_download=True or local_files_only=True, not both."
        )
    wanted = _Wanted(
        check_repo_id(repo_id),
        check_revision(revision),
        check_file_names(files),
        {"repo_type": repo_type, "token": token},
        cache_dir,
    )
    blobs: dict[str, str] = {}
    with hub_errors(repo_id, revision):
        folder = None
        if local_files_only or (is_commit(revision) and not force_download):
            folder = wanted.in_cache()
        if not (wanted.are_in(folder) or local_files_only):
            folder, blobs = wanted.from_hub(force_download, max_bytes)
    for name in wanted.names:
        if folder is None or not (folder / name).is_file():
            raise wanted.error(
                name,
                "is not in the cache.",
                "Leave out local_files_only once, while there is a network, or pass "
                "the cache_dir that has it.",
            )
    folder = wanted.mended(folder, blobs, may_ask=not local_files_only)
    for name in wanted.names:
        expected = (sums or {}).get(name)
        if expected is not None and digest(folder / name, "sha256") != expected:
            raise wanted.error(
                name,
                "this is not the file that was published; its sha256 differs.",
                "Do not use it: the repository was changed, or HF_ENDPOINT is not "
                "the Hub.",
            )
    return Fetched(folder, folder.name)


@dataclass(frozen=True)
class _Wanted:
    """Files of one repository at one revision, and how to ask for them."""

    repo_id: str
    revision: str | None
    names: list[str]
    access: dict[str, Any]
    cache_dir: Any

    def error(self, name: str, reason: str, hint: str) -> HubError:
        at = "" if self.revision is None else f" at {self.revision!r}"
        return HubError(
            f"{self.repo_id}{at}, {name}: {reason}",
            repository=self.repo_id,
            revision=self.revision,
            file=name,
            hint=hint,
        )

    def snapshot(self, **how) -> Path:
        """What the client fetches or, with `local_files_only`, has; a folder."""
        from huggingface_hub import constants, snapshot_download
        from huggingface_hub.file_download import repo_folder_name

        fetch = partial(
            snapshot_download,
            self.repo_id,
            revision=self.revision,
            allow_patterns=self.names,
            cache_dir=self.cache_dir,
            library_name=LIBRARY,
            **self.access,
            **how,
        )
        if how.get("local_files_only"):
            return Path(fetch())
        folder = Path(self.cache_dir or constants.HF_HUB_CACHE).expanduser()
        folder /= repo_folder_name(
            repo_id=self.repo_id, repo_type=self.access["repo_type"]
        )
        return Path(patiently(fetch, partial(bytes_below, folder)))

    def in_cache(self) -> Path | None:
        """The folder in the cache, as far as it is there; nothing is asked."""
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            return self.snapshot(local_files_only=True)
        except LocalEntryNotFoundError as error:
            partial = getattr(error, "snapshot_path", None)
            return None if partial is None else Path(partial)

    def are_in(self, folder: Path | None) -> bool:
        return folder is not None and all((folder / n).is_file() for n in self.names)

    def from_hub(self, force: bool, max_bytes: int) -> tuple[Path, dict[str, str]]:
        """The folder, and the blobs' names if the Hub could be asked for them."""
        try:
            commit, sizes, blobs = self._look_up()
        except Exception:
            folder = None if force else self.in_cache()
            if not self.are_in(folder):
                raise
            return folder, {}
        for name in self.names:
            if name not in sizes:
                raise self.error(
                    name,
                    "the repository has no such file.",
                    "Pass a repository that holds a preset of this package, or "
                    "another revision.",
                )
            if sizes[name] > max_bytes:
                raise self.error(
                    name,
                    f"has {sizes[name]} bytes; at most {max_bytes} are fetched.",
                    "This is not a file of a preset.",
                )
        folder = self.snapshot(force_download=force)
        return folder, blobs if folder.name == commit else {}

    def _look_up(self) -> tuple[str, dict[str, int], dict[str, str]]:
        """The commit, and of each of its files the size and the name of its blob."""
        from huggingface_hub import HfApi, constants

        # The client itself asks without a timeout; this first request has one, so
        # that a Hub that never answers is noticed.
        info = HfApi(library_name=LIBRARY).repo_info(
            self.repo_id,
            revision=self.revision,
            files_metadata=True,
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
            **self.access,
        )
        entries = {entry.rfilename: entry for entry in info.siblings or ()}
        found = {name: entries[name] for name in self.names if name in entries}
        sizes = {name: entry.size or 0 for name, entry in found.items()}
        blobs = {
            name: entry.lfs["sha256"] if entry.lfs else entry.blob_id
            for name, entry in found.items()
        }
        return info.sha, sizes, blobs

    def mended(self, folder: Path, blobs: dict[str, str], may_ask: bool) -> Path:
        """The folder, after damaged files were fetched once more."""
        bad = self._damaged(folder, blobs)
        if bad and may_ask:
            # The client takes what is in the cache for good; only force mends it.
            with hub_errors(self.repo_id, self.revision, f"{bad[0]} (damaged)"):
                anew = self.snapshot(force_download=True)
            bad = self._damaged(anew, blobs if anew == folder else {})
            folder = anew
            for name in bad:
                forget(folder / name)
        if bad:
            raise self.error(
                bad[0],
                "the content is not what its hash says.",
                "It was damaged on the way or in the cache: try again, with "
                "force_download=True.",
            )
        return folder

    def _damaged(self, folder: Path, blobs: dict[str, str]) -> list[str]:
        return [n for n in self.names if not is_intact(folder / n, blobs.get(n))]
