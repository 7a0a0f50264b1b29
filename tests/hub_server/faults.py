"""Faults: what goes wrong with the requests that match.

After "status", "stall" and "drop" nothing has been done; with the other kinds the
request is carried out and its answer is damaged: a commit whose answer is lost.
"""

import dataclasses
import threading
from dataclasses import dataclass, field

from hub_server.replies import Reply, error

KINDS = {
    "status": "answers with an error status, with or without X-Error-Code",
    "stall": "never answers",
    "stall_body": "sends half of the body, then nothing more",
    "truncate": "announces the whole body, sends half of it and closes",
    "drop": "closes without an answer",
    "corrupt": "changes bytes in the middle of the body; the length stays",
    "short": "half of the body, announced as such",
    "drop_headers": "no X-Repo-Commit, no ETag, no X-Linked-...",
    "wrong_revision": "another commit than the one that was asked for",
}
# Faults of the connection, carried out by the transport.
CONNECTION_KINDS = ("stall", "stall_body", "truncate", "drop")
OTHER_COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOST_HEADERS = ("x-repo-commit", "etag", "x-linked-etag", "x-linked-size")


@dataclass
class Fault:
    """One fault; `times` counts down, None is for ever."""

    kind: str
    path_contains: str = ""
    method: str | None = None
    times: int | None = None
    status: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    met: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Expected one of {sorted(KINDS)}, received {self.kind!r}")
        if (self.kind == "status") != (self.status is not None):
            raise ValueError("`status` belongs to the kind 'status', and only there.")

    def matches(self, method: str, path: str) -> bool:
        return (
            self.times != 0
            and self.path_contains in path
            and self.method in (None, method)
        )

    def use(self) -> None:
        self.met += 1
        if self.times is not None:
            self.times -= 1

    def replacement(self) -> Reply:
        """The answer of a fault of kind `status`."""
        return error(
            self.status,
            self.error_message or "The test server was told to fail.",
            code=self.error_code,
        )

    def change(self, reply: Reply) -> Reply:
        """The reply, damaged as the kind says."""
        if self.kind == "corrupt":
            return dataclasses.replace(reply, body=_corrupt(reply.body))
        if self.kind == "short":
            return dataclasses.replace(reply, body=reply.body[: len(reply.body) // 2])
        if self.kind == "drop_headers":
            kept = {
                name: value
                for name, value in reply.headers.items()
                if name.lower() not in LOST_HEADERS
            }
            return dataclasses.replace(reply, headers=kept)
        if self.kind == "wrong_revision":
            return _of_another_commit(reply)
        return reply


def _corrupt(body: bytes) -> bytes:
    middle = len(body) // 2
    end = middle + 16
    changed = bytes(byte ^ 0x55 for byte in body[middle:end])
    return body[:middle] + changed + body[end:]


def _of_another_commit(reply: Reply) -> Reply:
    commit = reply.headers.get("X-Repo-Commit")
    if commit is None:
        return reply
    headers = {**reply.headers, "X-Repo-Commit": OTHER_COMMIT}
    body = reply.body
    if reply.headers.get("Content-Type") == "application/json":
        body = body.replace(commit.encode(), OTHER_COMMIT.encode())
    return dataclasses.replace(reply, headers=headers, body=body)
