"""Freed memory is kept: large arrays made again cost no page fault."""

import os
import platform
import subprocess
import sys

import pytest

from halo_keras import freed_memory

# 50 arrays of 8 MiB, each freed before the next: how many page faults?
COUNT = """
import resource, runpy, sys
import numpy as np
module = runpy.run_path(sys.argv[2])  # without Keras, which takes seconds
kept = sys.argv[1] == "keep" and module["keep_freed_memory"]()
np.ones(1 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.ones(1 << 20)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def count(word, **variables):
    clean = {key: value for key, value in os.environ.items() if "MALLOC" not in key}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, word, freed_memory.__file__],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    kept, faults = done.stdout.split()
    return kept == "True", int(faults)


needs_glibc = pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc",
    reason="the C library is not GNU's",
)


@needs_glibc
def test_arrays_made_again_cost_no_page_faults():
    (_, given_back), (kept, faults) = count("leave"), count("keep")
    assert kept
    assert given_back >= 50  # at least one each; 2,048 pages, or 4 large ones
    assert faults <= 5


@needs_glibc
def test_what_the_user_has_set_is_left_alone():
    kept, faults = count("keep", MALLOC_ARENA_MAX="4")
    assert not kept and faults >= 50


def test_elsewhere_it_does_nothing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert freed_memory.keep_freed_memory() is False
