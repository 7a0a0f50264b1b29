"""Freed memory is kept for the next array, instead of being given back to Linux.

GNU's C library maps each large array anew and unmaps it when it is freed. A training on
a processor does that for every activation of every step, and each page of each array
costs a page fault on its first use; `recipes/benchmarks/freed_memory.py` shows how much
of a step that is.
"""

from __future__ import annotations

import ctypes
import os
import sys

# mallopt(3), malloc.h: what is set and to which value.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_SETTINGS = {
    _M_MMAP_MAX: 0,  # no array is mapped on its own
    _M_TRIM_THRESHOLD: -1,  # what is free at the heap's end stays there
    _M_TOP_PAD: 1 << 26,  # bytes by which the heap grows
    _M_ARENA_MAX: 1,  # only the main heap can grow past 64 MiB
}
# Whoever sets one of these knows what they want.
_VARIABLES = ("GLIBC_TUNABLES", "LD_PRELOAD")


def keep_freed_memory() -> bool:
    """Tells the C library to keep freed memory; for a process that only trains.

    The process then holds its largest use of memory until it ends. Does nothing where
    the C library is not GNU's, or where `MALLOC_*`, `GLIBC_TUNABLES` or `LD_PRELOAD` is
    set in the environment. Call it before the backend has started its threads.

    Returns:
        Whether all settings were taken.
    """
    if sys.platform != "linux":
        return False
    if any(name in _VARIABLES or name.startswith("MALLOC_") for name in os.environ):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return all([library.mallopt(*setting) == 1 for setting in _SETTINGS.items()])
