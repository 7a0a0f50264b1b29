"""Whatever the Hub's client throws leaves as one `HubError`.

The client raises its own errors, those of its HTTP library (another one in each of its
major versions), `OSError`, `ValueError` and more, and often wraps one in another. They
are told apart here by the names of their classes, which have stayed.
"""

import contextlib
import errno
import os
from collections.abc import Iterator

from halo_keras.hub.errors import HubError, PresetError

_LOGIN = "pass token=..., set HF_TOKEN or run 'hf auth login'"

# Class name -> what happened, what to do; the first that occurs in the chain counts.
_BY_CLASS = (
    (
        "GatedRepoError",
        "is gated",
        f"Ask for access on its page, then {_LOGIN}.",
    ),
    (
        ("RepositoryNotFoundError", "DatasetNotFoundError"),
        "does not exist, or is private",
        f"Check owner and name; for a private repository {_LOGIN}.",
    ),
    (
        "RevisionNotFoundError",
        "has no such revision",
        "Pass a branch, a tag or a full commit that the repository has.",
    ),
    (
        ("RemoteEntryNotFoundError", "DataFilesNotFoundError"),
        "has no such file",
        "Check that the repository holds what was asked for, or pass the revision "
        "that does.",
    ),
    (
        ("OfflineModeIsEnabled", "OfflineModeIsEnabledError"),
        "is not in the cache, and HF_HUB_OFFLINE forbids to ask the Hub",
        "Unset HF_HUB_OFFLINE once, while there is a network, or pass the cache_dir "
        "that has it.",
    ),
    ("LocalTokenNotFoundError", "needs a token", f"Please {_LOGIN}."),
)
_BY_STATUS = {
    401: ("refused the token, or is private", f"Please {_LOGIN}."),
    403: (
        "may not be accessed with this token",
        "Use a token with the right to do this, or another owner.",
    ),
    404: ("was not found", "Check owner, name and revision."),
    409: ("is being changed by somebody else", "Try again."),
    412: (
        "was changed by somebody else meanwhile, and nothing was committed",
        "Try again: it then starts from what is there now.",
    ),
    429: ("was asked too often", "Wait some minutes and try again."),
}
_CONNECTION = ("TransportError", "RequestException", "ConnectionError", "TimeoutError")
_DISK = {
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is full",
    errno.EACCES: "cannot be written",
    errno.EPERM: "cannot be written",
    errno.EROFS: "cannot be written",
}


@contextlib.contextmanager
def hub_errors(
    repo_id: str, revision: str | None = None, file: str | None = None
) -> Iterator[None]:
    """Within this block every error of the client, of its HTTP library and of the disk
    becomes a `HubError` that names the repository, the revision and the file.

    `HubError` and `PresetError` pass as they are.
    """
    try:
        yield
    except (HubError, PresetError):
        raise
    except Exception as error:
        reason, hint = _explain(error)
        where = repo_id if revision is None else f"{repo_id} at {revision!r}"
        raise HubError(
            f"{where} {reason}." if file is None else f"{where}, {file}: {reason}.",
            repository=repo_id,
            revision=revision,
            file=file,
            hint=hint,
        ) from error


def _explain(error: Exception) -> tuple[str, str]:
    """What happened, to be read after the repository's name, and what to do."""
    chain = list(_chain(error))
    classes = {cls.__name__ for item in chain for cls in type(item).__mro__}
    for names, reason, hint in _BY_CLASS:
        if not classes.isdisjoint((names,) if isinstance(names, str) else names):
            return reason, hint
    status = next(filter(None, map(_status, chain)), None)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status is not None and status >= 500:
        return (
            f"could not be served by {_endpoint()} (status {status})",
            "This passes by itself as a rule: try again later.",
        )
    if status is not None:
        return f"was refused (status {status}: {_first_line(error)})", "Mend that."
    if not classes.isdisjoint(_CONNECTION):
        return (
            f"could not be reached at {_endpoint()} ({_first_line(chain[-1])})",
            "Check the connection and HF_ENDPOINT, and try again; without a network, "
            "local_files_only=True reads what is in the cache.",
        )
    if "LocalEntryNotFoundError" in classes:
        return (
            "is not, or not completely, in the cache",
            "Leave out local_files_only once, while there is a network, or pass the "
            "cache_dir that has it.",
        )
    for item in chain:
        if isinstance(item, OSError) and item.errno in _DISK:
            place = item.filename or "the disk"
            return (
                f"could not be stored: {place} {_DISK[item.errno]}",
                "Make room or pass another cache_dir (or set HF_HOME).",
            )
    return f"could not be used: {_first_line(error)}", "Try again."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    # Not __context__: it may be an error of the caller's that has nothing to do with
    # this one.
    while error is not None:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT") or "the Hub"


def _first_line(error: BaseException) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= 200 else text[:197] + "..."
