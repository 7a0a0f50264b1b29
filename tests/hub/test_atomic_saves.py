"""A save that fails leaves the old preset; saves and pulls at once do no harm."""

import errno
import itertools
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from halo_keras import hub

WRITES = (
    (pathlib.Path, "write_text"),
    (pathlib.Path, "write_bytes"),
    (pathlib.Path, "mkdir"),
    (shutil, "copyfile"),
    (os, "replace"),
    (os, "fsync"),
)


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_no_space_at_any_write(save, tmp_path, monkeypatch):
    (tmp_path / "extra.txt").write_text("more")
    save(tmp_path / "p", seed=0)
    before = content(tmp_path / "p")
    failed = []

    def failing(original, number, count):
        def write(*args, **kwargs):
            if next(count) == number:
                failed.append(original.__name__)
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(*args, **kwargs)

        return write

    for number in itertools.count():
        known, count = len(failed), itertools.count()
        with monkeypatch.context() as patch:
            for owner, name in WRITES:
                patch.setattr(owner, name, failing(getattr(owner, name), number, count))
            try:
                save(
                    tmp_path / "p",
                    seed=1,
                    version=2,
                    extra_files=[tmp_path / "extra.txt"],
                )
                error = None
            except Exception as raised:
                error = raised
        after = content(tmp_path / "p")
        if error is None:
            assert after != before and hub.verify(tmp_path / "p").version == 2
        else:
            assert after == before, failed[-1]
            assert "No space left" in str(error)
        names = {path.name for path in tmp_path.iterdir()} - {"p", "extra.txt"}
        assert all(name.startswith(".p.") and ".partial-" in name for name in names)
        if len(failed) == known:
            break
        shutil.rmtree(tmp_path / "p")
        (tmp_path / "p").mkdir()
        for name, data in before.items():
            (tmp_path / "p" / name).write_bytes(data)
    assert error is None
    assert set(failed) == {name for _, name in WRITES}


def test_a_disk_that_is_full_in_earnest(save, tmp_path):
    """The system refuses to let files grow beyond a size, also to HDF5's C library."""
    resource = pytest.importorskip("resource")
    save(tmp_path / "p", seed=0)
    before = content(tmp_path / "p")
    largest = max(map(len, before.values()))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in [0, 1, 512, 1000, 2000, 4000, largest // 2, largest - 1]:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            with pytest.raises((OSError, hub.PresetError)):
                save(tmp_path / "p", seed=1, version=2)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert content(tmp_path / "p") == before
        assert [path.name for path in tmp_path.iterdir()] == ["p"]
    save(tmp_path / "p", seed=1, version=2)
    assert hub.verify(tmp_path / "p").version == 2


def test_processes_pull_and_save_at_once(repository, tmp_path, hub_server, file_bytes):
    """Two processes pull one preset into one cache and save it to one folder, while a
    third reads; one of them is killed."""
    fixture = repository / "tests" / "hub" / "fixtures" / "v1"
    hub_server.add_repo("someone/halo-fixture", file_bytes(fixture))
    handle, cache, folder = "hf://someone/halo-fixture", tmp_path / "c", tmp_path / "p"
    program = [sys.executable, repository / "tests" / "hub" / "save_often.py"]
    endless, brief = (
        subprocess.Popen(
            [*map(str, program), handle, str(cache), str(folder), times],
            stdout=subprocess.PIPE,
            text=True,
        )
        for times in ("100000", "6")
    )
    try:
        for process in (endless, brief):
            assert process.stdout.readline() == "pulled\n"
        assert endless.stdout.readline() == "saved\n"
        expected = hub.from_pretrained(fixture).get_weights()
        for _ in range(8):
            for ours, theirs in zip(
                hub.from_pretrained(folder).get_weights(), expected, strict=True
            ):
                np.testing.assert_array_equal(ours, theirs)
        assert endless.poll() is None  # it saved all the time
        endless.kill()
        # Not `communicate`, which does not see what `readline` has read ahead.
        assert brief.stdout.read() == "saved\n" * 6
        assert brief.wait(timeout=300) == 0
    finally:
        for process in (endless, brief):
            process.kill()
            process.communicate()
    hub.verify(folder)
    hub.from_pretrained(handle, cache_dir=cache, local_files_only=True)
    assert not [path for path in cache.rglob("*.incomplete")]
