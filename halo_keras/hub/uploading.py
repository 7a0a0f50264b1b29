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

LIBRARY = "halo-keras"  # told to the Hub, which counts downloads by it
SLOWEST_BYTES_PER_SECOND = 20_000  # of a connection that is waited for


@dataclass(frozen=True)
class Uploaded:
    """Where a commit, or a pull request with it, can be seen, and its 40 digits."""

    url: str
    commit: str


@dataclass(frozen=True)
class Head:
    """Where a branch stands: its newest commit, and the names of the files in it."""

    commit: str | None
    files: frozenset[str]


def make_ready(
    repo_id: str,
    *,
    repo_type: str = "model",
    private: bool | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    token: str | bool | None = None,
) -> Head:
    """Creates the repository and the branch if they are not there; gives the branch.

    Arguments and errors are those of `upload`. Nothing is committed.
    """
    check_repo_id(repo_id)
    if is_commit(check_revision(revision)):
        raise PresetError(
            f"Expected the name of a branch to upload to, received the commit "
            f"{revision}."
        )
    where = {"repo_type": repo_type}

    def ask() -> Head:
        from huggingface_hub import HfApi, constants

        api = HfApi(token=token, library_name=LIBRARY)
        if not create_pr:
            api.create_repo(repo_id, private=private, exist_ok=True, **where)
            if revision not in (None, "main"):
                api.create_branch(repo_id, branch=revision, exist_ok=True, **where)
        info = api.repo_info(
            repo_id, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT, **where
        )
        if private is not None and not create_pr:
            _check_visibility(info, private, repo_id)
        names = frozenset(entry.rfilename for entry in info.siblings or ())
        return Head(info.sha, names)

    with hub_errors(repo_id, revision):
        return patiently(ask)


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
    parent: str | None = None,
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
        parent: the commit of `make_ready`, if the files depend on what it holds: they
            are refused if another one has come since. None: they do not.

    Raises:
        HubError: nothing was committed, except if only the reply was lost or late.
        PresetError: `repo_id`, `revision` or a name is not well formed.
    """
    names = check_file_names(files)
    if parent is None:
        make_ready(
            repo_id,
            repo_type=repo_type,
            private=private,
            revision=revision,
            create_pr=create_pr,
            token=token,
        )

    def send():
        from huggingface_hub import CommitOperationAdd, HfApi

        # A path and not an open file: the client then reads it as often as needed.
        sources = {
            name: files[name] if isinstance(files[name], bytes) else str(files[name])
            for name in names
        }
        return HfApi(token=token, library_name=LIBRARY).create_commit(
            repo_id,
            [
                CommitOperationAdd(path_in_repo=name, path_or_fileobj=source)
                for name, source in sources.items()
            ],
            commit_message=message,
            repo_type=repo_type,
            revision=revision,
            create_pr=create_pr,
            parent_commit=parent,
        )

    with hub_errors(repo_id, revision):
        # The client sends without a timeout, and does not tell how far it is.
        total = sum(map(_size, files.values()))
        done = patiently(send, extra_seconds=total / SLOWEST_BYTES_PER_SECOND)
    return Uploaded(str(done.pr_url or done.commit_url), str(done.oid))


def check_writer(repo_id: str, token: str | bool | None = None) -> None:
    """Asks the Hub whether a token may write to `repo_id`, and changes nothing.

    What it tells before is checked: that it knows the token, that this is not one for
    reading only, and, of a token without finer rights, that the owner is its user or
    an organisation where the user may write.

    Raises: HubError if it may not, or the Hub cannot be asked.
    """
    owner = check_repo_id(repo_id).partition("/")[0]
    with hub_errors(repo_id):
        from huggingface_hub import HfApi

        who = patiently(lambda: HfApi(library_name=LIBRARY).whoami(token=token))
    role = ((who.get("auth") or {}).get("accessToken") or {}).get("role")
    orgs = [org for org in who.get("orgs") or () if org.get("roleInOrg") != "read"]
    names = [str(entry.get("name")) for entry in (who, *orgs)]
    known = {name.lower() for name in names}
    if role == "read":
        reason = "the token may only read."
    elif role == "write" and owner.lower() not in known:
        reason = f"the token may write for {', '.join(names)}, and not for {owner}."
    else:
        return
    raise HubError(
        f"{repo_id}: {reason}",
        repository=repo_id,
        hint="Use a token with the right to write there (set HF_TOKEN, or run "
        "'hf auth login'), or another owner.",
    )


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
