"""A folder is replaced as a whole: by several processes, on a full disk, if killed."""

import contextlib
import errno
import itertools
import os
import signal
import traceback

import pytest

from halo_keras.hub import swapping
from halo_keras.hub.errors import PresetError

NAMES = ("a", "b", "c")

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def fill(folder, token):
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        (folder / name).write_text(token)


def swap(folder, token):
    with swapping.draft_of(folder) as draft:
        fill(draft, token)
        swapping.put_in_place(draft, folder)


def content(folder):
    """The one token that all files of the folder hold."""

    def read():
        return {(folder / name).read_text() for name in NAMES}

    (token,) = swapping.read_steadily(folder, read)
    return token


def in_child(act):
    """Starts a process that runs `act`; gives its number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def ended(child):
    """0, or minus the number of the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


CALLS = ("replace", "fsync", "unlink", "rmdir", "mkdir")


def at_call(number, act):
    """Replaces the calls that change a disk: `act` runs in place of the given one."""
    count = itertools.count()

    def wrap(original):
        def call(*args, **kwargs):
            if next(count) == number:
                act()
            return original(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(os, name, wrap(getattr(os, name)))


@forks
@pytest.mark.parametrize("before", ["old", None])
def test_killed_at_any_step(tmp_path, before):
    seen = set()
    for number in itertools.count():
        folder = tmp_path / f"p{number}"
        if before:
            fill(folder, before)

        def killed(folder=folder, number=number):
            at_call(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
            swap(folder, "new")

        code = ended(in_child(killed))
        assert code in (0, -signal.SIGKILL)
        swapping.restore(folder)
        seen.add(content(folder) if before or folder.exists() else None)
        swap(folder, "next")  # what was left behind disturbs nobody
        assert content(folder) == "next"
        if code == 0:
            break
    assert seen == {before, "new"} and number > 5


def test_no_space_at_any_step(tmp_path, monkeypatch):
    fill(tmp_path / "p", "old")
    refused = []

    def full():
        refused.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    for number in itertools.count():
        refused.clear()

        with monkeypatch.context() as patch:
            for name in CALLS:  # so that they are put back afterwards
                patch.setattr(os, name, getattr(os, name))
            at_call(number, full)
            try:
                swap(tmp_path / "p", "new")
            except OSError as error:
                assert error.errno == errno.ENOSPC
        if not refused:
            break
        assert content(tmp_path / "p") in ("old", "new")
    assert content(tmp_path / "p") == "new" and number > 10
    left = {path.name for path in tmp_path.iterdir()} - {"p"}
    assert all(".partial-" in name for name in left)  # nobody reads those


@forks
def test_many_processes_replace_one_folder(tmp_path):
    folder = tmp_path / "p"
    fill(folder, "first")

    def replace_often(own):
        for turn in range(30):
            swap(folder, f"{own}/{turn}")

    children = [in_child(lambda own=own: replace_often(own)) for own in range(3)]
    seen, codes = set(), []
    while children:
        seen.add(content(folder))
        child, status = os.waitpid(children[0], os.WNOHANG)
        if child:
            children.remove(child)
            codes.append(os.waitstatus_to_exitcode(status))
    assert codes == [0, 0, 0]
    assert content(folder) in {"0/29", "1/29", "2/29"}
    assert len(seen) > 1
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_loser_judges_what_is_there_now(tmp_path, monkeypatch):
    """Another process puts its folder there between the two renames of this one."""
    folder = tmp_path / "p"
    fill(folder, "old")
    replace, judged = os.replace, []

    def overtaken(source, target):
        replace(source, target)
        if source == folder and len(judged) == 1:
            fill(folder, "theirs")

    monkeypatch.setattr(os, "replace", overtaken)

    def check():
        judged.append(content(folder))
        if judged[-1] == "theirs":
            raise PresetError("theirs is newer")

    with pytest.raises(PresetError, match="newer"):
        with swapping.draft_of(folder) as draft:
            fill(draft, "mine")
            swapping.put_in_place(draft, folder, check)
    assert judged == ["old", "theirs"] and content(folder) == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_what_must_succeed_too(tmp_path):
    fill(tmp_path / "p", "old")

    def fail():
        assert content(tmp_path / "p") == "new"
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        with swapping.draft_of(tmp_path / "p") as draft:
            fill(draft, "new")
            swapping.put_in_place(draft, tmp_path / "p", then=fail)
    assert content(tmp_path / "p") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_files_of_two_folders_are_read_again(tmp_path):
    folder = tmp_path / "p"
    fill(folder, "old")
    tokens = []

    def read():
        tokens.append((folder / "a").read_text())
        if len(tokens) == 1:
            swap(folder, "new")
        tokens.append((folder / "b").read_text())
        return tokens[-2:]

    assert swapping.read_steadily(folder, read) == ["new", "new"]
    assert tokens == ["old", "new", "new", "new"]


def test_an_error_of_an_unchanged_folder_stays(tmp_path):
    fill(tmp_path / "p", "old")
    calls = []

    def read():
        calls.append(1)
        raise PresetError("damaged")

    with pytest.raises(PresetError, match="damaged"):
        swapping.read_steadily(tmp_path / "p", read)
    assert len(calls) == 1


def test_only_what_lies_aside_is_put_back(tmp_path):
    fill(tmp_path / ".p.replaced-00000000", "aside")
    fill(tmp_path / ".other.replaced-00000000", "other")
    fill(tmp_path / ".p.partial-00000000", "partial")
    swapping.restore(tmp_path / "p")
    assert content(tmp_path / "p") == "aside"
    fill(tmp_path / ".p.replaced-11111111", "older")
    swapping.restore(tmp_path / "p")
    assert content(tmp_path / "p") == "aside"
    for odd in ("*", "[p]", "q"):
        swapping.restore(tmp_path / odd)
        assert not (tmp_path / odd).exists()
