"""Folders that are replaced as a whole, while other processes read and replace them.

No system renames a folder onto a full one. So the old folder is renamed aside, to
`.NAME.replaced-TOKEN`, and the complete draft takes its name. What can go wrong in
between is undone by whoever comes next: a process that finds no folder of that name,
but one aside, puts it back. There are no locks, so none can be left behind; each
rename either happens or not, and only one of two processes can win it.

Left behind by a killed process: a `.NAME.partial-TOKEN`, which nobody reads.
"""

import contextlib
import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from halo_keras.hub.errors import PresetError

# Others who swap the same folder at the same time delay a process by a turn each.
MAX_TURNS = 50

Result = TypeVar("Result")


@contextlib.contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """A new, empty, hidden folder beside `folder`, removed at the end of the block."""
    draft = _beside(folder, "partial")
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(
    draft: Path,
    folder: Path,
    check: Callable[[], None] = lambda: None,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Renames the complete `draft` to `folder`; a folder that is there goes.

    Args:
        draft: a folder beside `folder`.
        folder: absent, or a folder.
        check: raises if what lies there now may not be replaced.
        then: what must succeed too; if it raises, the old folder comes back.

    Raises:
        OSError, or what `check` and `then` raise: the old folder is in its place.
    """
    _write_through(draft)
    old = _beside(folder, "replaced")
    for _ in range(MAX_TURNS):
        restore(folder)
        check()
        with contextlib.suppress(FileNotFoundError):  # there may be none yet
            os.replace(folder, old)
        try:
            os.replace(draft, folder)
        except BaseException as error:
            if isinstance(error, OSError) and draft.is_dir() and folder.is_dir():
                # Another process put a complete folder there: judge that one anew.
                _discard(old)
                continue
            _put_back(old, folder)
            raise
        try:
            then()
        except BaseException:
            os.replace(folder, draft)
            _put_back(old, folder)
            raise
        _discard(old)
        return
    raise PresetError(f"{folder} is being replaced by others all the time: try again.")


def restore(folder: Path) -> None:
    """Puts back what a process that was killed while it replaced `folder` left aside.

    Does nothing if `folder` exists, or nothing lies aside.
    """
    if folder.exists() or folder.is_symlink() or not folder.name:
        return
    pattern = f".{glob.escape(folder.name)}.replaced-*"
    for aside in sorted(folder.parent.glob(pattern)):
        _put_back(aside, folder)


def read_steadily(folder: Path, read: Callable[[], Result]) -> Result:
    """What `read()` gives of one and the same content of `folder`.

    A preset is several files. If another process replaces the folder while they are
    read, they would be of two presets: then all of them are read again.
    """
    for _ in range(MAX_TURNS):
        restore(folder)
        before = _identity(folder)
        try:
            result = read()
        except Exception:
            if _identity(folder) == before:
                raise
            continue
        if _identity(folder) == before:
            return result
    raise PresetError(f"{folder} is being replaced all the time: try again.")


def _beside(folder: Path, what: str) -> Path:
    return folder.parent / f".{folder.name}.{what}-{secrets.token_hex(4)}"


def _identity(folder: Path) -> tuple[int, ...] | None:
    """Changes if another folder gets that name, also one with a reused number."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _put_back(old: Path, folder: Path) -> None:
    """Renames `old` to `folder`, unless it is gone or something is there."""
    with contextlib.suppress(OSError):
        os.replace(old, folder)


def _discard(old: Path) -> None:
    """Removes a folder, which at once gets a name that `restore` does not look for."""
    trash = _beside(old, "partial")
    try:
        os.replace(old, trash)
    except OSError:
        trash = old
    shutil.rmtree(trash, ignore_errors=True)


def _write_through(draft: Path) -> None:
    """Has the system write the files to the disk before their folder gets its name:
    otherwise a power failure could leave the name with empty files."""
    mode = "rb" if os.name == "posix" else "r+b"  # Windows flushes its own writes only
    for path in draft.iterdir():
        if path.is_file():
            with path.open(mode) as file:
                os.fsync(file.fileno())
