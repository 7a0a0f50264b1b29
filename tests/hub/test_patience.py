"""Work that stands still is given up; work that goes on is not."""

import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.thread import _threads_queues

import pytest

from halo_keras.hub import patience
from halo_keras.hub.patience import bytes_below, patiently


def test_results_and_errors_come_through():
    assert patiently(lambda: 7, lambda: 0) == 7
    with pytest.raises(KeyError, match="lost"):
        patiently(lambda: {}["lost"], lambda: 0)


def test_standing_still_ends_and_progress_does_not(monkeypatch):
    monkeypatch.setattr(patience, "_LOOK_SECONDS", 0.005)
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.02)
    never = threading.Event()
    with pytest.raises(TimeoutError, match="0.02 seconds"):
        patiently(never.wait, lambda: 0)
    # Twenty looks are five times the patience, and something comes at each.
    counter, finished = itertools.count(), threading.Event()

    def progress():
        seen = next(counter)
        if seen == 20:
            finished.set()
        return seen

    assert patiently(finished.wait, progress) is True
    never.set()


def test_bytes_below_counts_files(tmp_path):
    assert bytes_below(tmp_path / "absent") == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.incomplete").write_bytes(b"12345")
    (tmp_path / "two").write_bytes(b"123")
    assert bytes_below(tmp_path) == 8


@pytest.mark.parametrize("fault", [TimeoutError, KeyboardInterrupt])
def test_a_program_does_not_wait_for_pools_that_were_given_up(fault, monkeypatch):
    monkeypatch.setattr(patience, "_LOOK_SECONDS", 0.005)
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.05)
    never, begun, inner = threading.Event(), threading.Event(), []

    def work():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: (inner.append(threading.current_thread()), begun.set()))
            pool.submit(never.wait)
            pool.shutdown()

    def progress():
        if begun.is_set() and fault is KeyboardInterrupt:
            raise fault
        return begun.is_set()

    with ThreadPoolExecutor(1) as mine:
        (own,) = mine.submit(lambda: {threading.current_thread()}).result()
        with pytest.raises(fault):
            patiently(work, progress)
        waited_for = set(_threads_queues)
        never.set()
    assert own in waited_for and inner[0] not in waited_for


STALLED = """
import atexit
import sys

sys.argv = ["halo-keras"]  # as the command: nothing imports Keras yet
from halo_keras.hub import HubError, client, patience

atexit.register(print, "ended", flush=True)  # when Python has waited for threads
patience.PATIENCE_SECONDS = 1.5
try:
    client.fetch("someone/thing", files=["model.weights.h5"], cache_dir="cache")
except HubError as error:
    print(error, flush=True)
"""


@pytest.mark.hub_client
def test_a_script_ends_soon_after_a_stalled_download(hub_server, tmp_path):
    """The client's own threads would go on for six times nine seconds."""
    hub_server.add_repo("someone/thing", {"model.weights.h5": bytes(range(256)) * 99})
    hub_server.fault("stall_body", path_contains="/large/")
    script = subprocess.Popen(
        [sys.executable, "-c", STALLED],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "could not be reached" in script.stdout.readline()
        started = time.monotonic()
        assert script.stdout.readline() == "ended\n"
        assert time.monotonic() - started < 5.0
    finally:
        script.kill()
        script.communicate()
