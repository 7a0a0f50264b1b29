"""Work that stands still is given up; work that goes on is not."""

import itertools
import threading

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
