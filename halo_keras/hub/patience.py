"""A Hub that takes a request and then says nothing more.

The client asks some things without any timeout and repeats others for minutes. Work
that makes no progress for a while is given up here, so that the user gets an error
instead of a program that stands still, also not at its end.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import thread as pools
from pathlib import Path
from typing import Any

# The client's own waits between retries sum up to 23 seconds; they shall end.
PATIENCE_SECONDS = 27.0
THREAD_NAME = "halo-keras-hub"
_LOOK_SECONDS = 0.2


def patiently(
    work: Callable[[], Any],
    progress: Callable[[], Any] = lambda: None,
    extra_seconds: float = 0.0,
) -> Any:
    """What `work()` returns or raises, unless it stands still.

    Args:
        work: runs in a thread of its own; nothing can end it from outside, so that it
            is left alone when it stands still, or when the wait for it is interrupted,
            and keeps the program from its end no longer.
        progress: looked at several times a second; as long as what it returns
            changes, `work` is given more time. Without, there is one span for all.
        extra_seconds: in addition to `PATIENCE_SECONDS`.

    Raises:
        TimeoutError: `progress()` did not change for that long.
    """
    patience = PATIENCE_SECONDS + extra_seconds
    outcome: dict[str, Any] = {}
    done = threading.Event()
    others = set(_pool_threads())

    def run() -> None:
        try:
            outcome["result"] = work()
        except BaseException as error:
            outcome["error"] = error
        done.set()

    threading.Thread(target=run, daemon=True, name=THREAD_NAME).start()
    try:
        seen, still = progress(), 0.0
        while not done.wait(_LOOK_SECONDS):
            now = progress()
            still = still + _LOOK_SECONDS if now == seen else 0.0
            seen = now
            if still >= patience:
                raise TimeoutError(f"nothing came for {patience:g} seconds")
    except BaseException:
        _leave_alone(others)
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


def _pool_threads() -> list[threading.Thread]:
    """The threads of thread pools that Python waits for when a program ends."""
    try:
        with pools._global_shutdown_lock:
            return list(pools._threads_queues)
    except AttributeError:  # a Python that keeps them elsewhere
        return []


def _leave_alone(others: set[threading.Thread]) -> None:
    """Lets the program end while pools that were begun after `others` still work.

    The client downloads in a pool, whose threads repeat a request that stands still
    for minutes. Begun by a daemon, they are daemons too; but Python's pools wait for
    their threads even so, by a list of their own, from which they are taken here.
    """
    for thread in _pool_threads():
        if thread.daemon and thread not in others:
            pools._threads_queues.pop(thread, None)


def bytes_below(folder: Path) -> int:
    """The bytes of all files below a folder, also of those that are being written."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # moved meanwhile
                continue
    return total
