"""Answers, before they go over the wire."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A whole answer. `size` overrides Content-Length where a HEAD has no body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class ApiError(Exception):
    """An answer with an error status; raised by the routes."""

    def __init__(self, reply: Reply):
        super().__init__(reply.status)
        self.reply = reply


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status,
        {"Content-Type": "application/json", **headers},
        json.dumps(value).encode(),
    )


def error(status: int, message: str, code: str | None = None) -> Reply:
    """An error as the Hub words it: two headers, and the message as JSON."""
    headers = {"X-Error-Message": message}
    if code is not None:
        headers["X-Error-Code"] = code
    headers["Content-Type"] = "application/json"
    return Reply(status, headers, json.dumps({"error": message}).encode())


def fail(status: int, message: str, code: str | None = None) -> ApiError:
    return ApiError(error(status, message, code))


def ranged(reply: Reply, asked: str | None) -> Reply:
    """The part of a body that a `Range: bytes=a-b` header asks for."""
    if asked is None or reply.status != 200:
        return reply
    size = len(reply.body)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= size:
        return Reply(416, {"Content-Range": f"bytes */{size}"})
    headers = {**reply.headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return Reply(206, headers, reply.body[start:end])
