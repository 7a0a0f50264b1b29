"""`hf://owner/name[@revision]`: which repository on the Hub, and which state of it.

A handle chooses a repository and nothing else: the address of the Hub comes from the
environment (`HF_ENDPOINT`), never from a handle or from a file.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from halo_keras.hub.errors import PresetError

PREFIX = "hf://"
MAX_LENGTH = 96

# Letters, digits, "-", "_" and "."; as the Hub has it, plus a first and last character
# that can be neither an option nor a hidden or nameless folder.
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
_REPOSITORY = re.compile(rf"{_WORD}/{_WORD}")
_REVISION = re.compile(rf"{_WORD}(?:/{_WORD})*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubHandle:
    """A repository, and the branch, tag or commit; None for the default branch."""

    repo_id: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo_id}" + (
            f"@{self.revision}" if self.revision else ""
        )


def is_handle(text) -> bool:
    """Whether `text` is meant as a handle: a string that begins with `hf://`."""
    return isinstance(text, str) and text.startswith(PREFIX)


def parse(text: str) -> HubHandle:
    """`"hf://owner/name@v1"` -> `HubHandle("owner/name", "v1")`.

    Raises:
        PresetError: for everything that is not exactly of this form.
    """
    if not is_handle(text):
        raise PresetError(
            f"Expected {PREFIX}owner/name or {PREFIX}owner/name@revision, "
            f"received {_short(text)}."
        )
    repo_id, at, revision = text.removeprefix(PREFIX).partition("@")
    return HubHandle(check_repo_id(repo_id), check_revision(revision) if at else None)


def check_repo_id(repo_id: str) -> str:
    """Returns `"owner/name"` as it is, or raises `PresetError`."""
    if (
        not isinstance(repo_id, str)
        or len(repo_id) > MAX_LENGTH
        or not _REPOSITORY.fullmatch(repo_id)
        or "--" in repo_id
        or ".." in repo_id
        or repo_id.endswith(".git")
    ):
        raise PresetError(
            "A repository on the Hub is written owner/name, with letters, digits, "
            f"'-', '_' and '.', received {_short(repo_id)}."
        )
    return repo_id


def check_revision(revision: str | None) -> str | None:
    """Returns a branch, tag, commit or None as it is, or raises `PresetError`."""
    if revision is None:
        return None
    if (
        not isinstance(revision, str)
        or len(revision) > MAX_LENGTH
        or not _REVISION.fullmatch(revision)
        or ".." in revision
    ):
        raise PresetError(
            "A revision is the name of a branch or tag, or a commit of 40 digits, "
            f"received {_short(revision)}."
        )
    return revision


def check_file_names(files: Iterable[str]) -> list[str]:
    """Names of files in a repository, such as `"data/train.parquet"`, as a list.

    None of them is a pattern, an absolute path or leaves the repository.
    """
    names = list(files)
    for name in names:
        if not isinstance(name, str) or not _FILE.fullmatch(name) or ".." in name:
            raise PresetError(
                f"{_short(name)} is not the name of a file in a repository."
            )
    if not names:
        raise PresetError("Expected the names of files, received none.")
    return names


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a full commit, which always means the same files."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
