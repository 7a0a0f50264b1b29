"""An attack is refused in words, and cheaply: what every row of the tables proves."""

import contextlib
import time
from pathlib import Path

import pytest

from halo_keras import hub

MAX_SECONDS = 5.0
MAX_BYTES = 500 * 1000 * 1000

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@contextlib.contextmanager
def affordable():
    """Fails if the block computes for more than 5 s, or the process grows by more than
    500 MB at any moment of it (measured on Linux only)."""
    before = _memory("VmRSS") if _reset_peak() else None
    started = time.process_time()
    yield
    seconds = time.process_time() - started
    assert seconds < MAX_SECONDS, f"took {seconds:.1f} s"
    if before is not None:
        grown = _memory("VmHWM") - before
        assert grown < MAX_BYTES, f"took {grown / 1e6:.0f} MB"


def refuse(folder, resum, match, file, **options):
    """Asserts that the preset in `folder`, its sums made to fit, is refused.

    The error must match `match`, name `file`, and be text that any terminal shows.
    """
    resum(folder)
    with affordable(), pytest.raises(hub.PresetError, match=match) as caught:
        hub.from_pretrained(folder, **options)
    message = str(caught.value)
    assert file in message
    assert message.isprintable() and len(message) < 2000
    message.encode("utf-8")


def _reset_peak() -> bool:
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True


def _memory(key: str) -> int:
    """Bytes, from a line such as `VmHWM:   1234 kB`."""
    lines = _STATUS.read_text().splitlines()
    return 1024 * int(next(row for row in lines if row.startswith(key)).split()[1])
