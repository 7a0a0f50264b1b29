"""HTTP over a loopback socket: reads requests, records them, sends replies, and
carries out the faults of the connection."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from hub_server.faults import CONNECTION_KINDS, Fault
from hub_server.replies import ApiError, Reply, error

HOST = "127.0.0.1"
# Longer than any client's timeout, shorter than a hanging test.
LONGEST_STALL_SECONDS = 30.0


@dataclass(frozen=True)
class RecordedRequest:
    """One request, recorded before it is answered.

    `path` is as sent, with its query; `headers` can be asked in any case;
    `server` is "hub" or "cdn".
    """

    method: str
    path: str
    headers: Any
    server: str
    body: bytes

    @property
    def token(self) -> str | None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind == "Bearer" else None

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.path.partition("?")[2])

    @property
    def plain_path(self) -> str:
        return self.path.partition("?")[0]


class Listener:
    """One port. It can go away and come back at the same address."""

    def __init__(
        self,
        name: str,
        answer: Callable[[RecordedRequest], Reply],
        record: Callable[[RecordedRequest], Fault | None],
    ):
        self.name, self.answer, self.record = name, answer, record
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"listener": self})
        self._server = _Server((HOST, self.port), handler)
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            daemon=True,
            name=f"hub-server-{self.name}",
        ).start()

    def stop(self) -> None:
        """Refuses connections and cuts the open ones, also those kept alive."""
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that went away in the middle is what the faults are for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    listener: Listener
    # Without it a small answer can wait for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.listener.opened(self.connection)

    def finish(self) -> None:
        self.listener.closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *arguments) -> None:
        """Silence: the record is `HubServer.requests`."""

    def _handle(self) -> None:
        # The body is read whole before any answer, an error too, or the next request
        # on this connection would start in the middle of it.
        request = RecordedRequest(
            self.command, self.path, self.headers, self.listener.name, self._read_body()
        )
        fault = self.listener.record(request)
        if fault is not None and fault.kind == "drop":
            self._cut()
            return
        if fault is not None and fault.kind == "stall":
            self._wait(fault)
            return
        if fault is not None and fault.kind == "status":
            self._send(fault.replacement(), fault)
            return
        reply = self._answer(request)
        self._send(reply if fault is None else fault.change(reply), fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _handle

    def _answer(self, request: RecordedRequest) -> Reply:
        try:
            return self.listener.answer(request)
        except ApiError as failure:
            return failure.reply
        except Exception as failure:
            # A fault of the server itself must not look like one that a test ordered.
            return error(599, f"test server: {type(failure).__name__}: {failure}")

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _read_chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is None or fault.kind not in CONNECTION_KINDS:
            self.wfile.write(reply.body)
            return
        self.wfile.write(reply.body[: len(reply.body) // 2])
        self.wfile.flush()
        if fault.kind == "stall_body":
            self._wait(fault)
        else:
            self._cut()

    def _wait(self, fault: Fault) -> None:
        """Holds the connection until the test ends or the client hangs up."""
        until = time.monotonic() + LONGEST_STALL_SECONDS
        self.connection.settimeout(0.05)
        while time.monotonic() < until and not fault.released.wait(0.05):
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1, socket.MSG_PEEK):
                    break
        self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
