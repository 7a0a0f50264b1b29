"""Files up to a repository on the Hub: an explicit list, in one commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from halo_keras.hub.client_errors import hub_errors
from halo_keras.hub.errors import HubError, PresetError
from halo_keras.hub.handles import (
    check_file_names,
    check_repo_id,
    check_revision,
    is_commit,
)
from halo_keras.hub.patience import patiently

SLOWEST_BYTES_PER_SECOND = 20_000  # of a connection that is waited for


@dataclass(frozen=True)
class Uploaded:
    """Where a commit, or a pull request with it, can be seen, and its 40 digits."""

    url: str
    commit: str


def upload(
    repo_id: str,
    files: Mapping[str, Path | bytes],
    *,
    message: str,
    repo_type: str = "model",
    private: bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    token: str | bool | None = None,
) -> Uploaded:
    """Uploads exactly the given files in one commit; other files there stay.

    The repository, and the branch `revision`, are created if they are not there.

    Args:
        repo_id: `"owner/name"`.
        files: name in the repository -> a path or the content.
        message: of the commit.
        repo_type: `"model"` or `"dataset"`.
        private: True or False for a new repository; an old one must be so already.
        revision: the branch; None for the default one.
        create_pr: propose the commit to the repository, which must exist, instead.
        token: with the right to write; None for the one of the client's login.

    Raises:
        HubError: nothing was committed, except if only the reply was lost or late.
        PresetError: `repo_id`, `revision` or a name is not well formed.
    """
    check_repo_id(repo_id)
    if is_commit(check_revision(revision)):
        raise PresetError(
            f"Expected the name of a branch to upload to, received the commit "
            f"{revision}."
        )
    names = check_file_names(files)
    where = {"repo_type": repo_type}

    def send():
        from huggingface_hub import CommitOperationAdd, HfApi

        api = HfApi(token=token, library_name="halo-keras")
        if not create_pr:
            api.create_repo(repo_id, private=private, exist_ok=True, **where)
            if private is not None:
                _check_visibility(api.repo_info(repo_id, **where), private, repo_id)
            if revision not in (None, "main"):
                api.create_branch(repo_id, branch=revision, exist_ok=True, **where)
        return api.create_commit(
            repo_id,
            # A path and not an open file: the client then reads it as often as needed.
            [
                CommitOperationAdd(
                    path_in_repo=name,
                    path_or_fileobj=source
                    if isinstance(source, bytes)
                    else str(source),
                )
                for name, source in ((name, files[name]) for name in names)
            ],
            commit_message=message,
            revision=revision,
            create_pr=create_pr,
            **where,
        )

    with hub_errors(repo_id, revision):
        # The client sends without a timeout, and does not tell how far it is.
        total = sum(map(_size, files.values()))
        done = patiently(send, extra_seconds=total / SLOWEST_BYTES_PER_SECOND)
    return Uploaded(str(done.pr_url or done.commit_url), str(done.oid))


def _size(source: Path | bytes) -> int:
    return len(source) if isinstance(source, bytes) else Path(source).stat().st_size


def _check_visibility(info, private: bool, repo_id: str) -> None:
    if bool(info.private) != private:
        is_now, wanted = (
            ("private", "public") if info.private else ("public", "private")
        )
        raise HubError(
            f"{repo_id} exists and is {is_now}; {wanted} was asked for.",
            repository=repo_id,
            hint="Change it in its settings on the Hub, or leave out private.",
        )
