"""Freed memory is kept: large arrays made again cost no page fault."""

import os
import platform
import subprocess
import sys

from halo_keras import freed_memory

GLIBC = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
# 50 arrays of 8 MiB, each freed before the next: how many page faults?
COUNT = """
import runpy, sys
import numpy as np
module = runpy.run_path(sys.argv[2])  # without Keras, which takes seconds
kept = sys.argv[1] == "keep" and module["keep_freed_memory"]()
np.ones(1 << 20)
def faults():
    if sys.platform != "linux":
        return 0
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
before = faults()
for _ in range(50):
    np.ones(1 << 20)
print(kept, faults() - before)
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


def test_arrays_made_again_cost_no_page_faults_where_the_library_is_gnus():
    (_, given_back), (kept, faults) = count("leave"), count("keep")
    assert kept == GLIBC
    if GLIBC:
        assert given_back >= 50  # at least one each; 2,048 pages, or 4 large ones
        assert faults <= 5


def test_what_the_user_has_set_is_left_alone():
    kept, faults = count("keep", MALLOC_ARENA_MAX="4")
    assert not kept
    assert faults >= 50 or not GLIBC


def test_elsewhere_it_does_nothing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert freed_memory.keep_freed_memory() is False
