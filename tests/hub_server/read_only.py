"""A folder on a read-only file system, for the superuser too."""

import contextlib
import errno
import os
import sys

WRITING = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link")
_protected: list[tuple[str, int]] = []
_hooks: list = []


@contextlib.contextmanager
def read_only(folder, code=errno.EROFS):
    """Inside, whatever would change `folder` in this process raises `OSError`, unlike
    with permissions also for the superuser. With `errno.ENOSPC` its disk is full."""
    if not _hooks:
        # It cannot be taken away again; it does nothing while no folder is named.
        _hooks.append(_refuse)
        sys.addaudithook(_refuse)
    _protected.append((str(folder), code))
    try:
        yield
    finally:
        _protected.remove((str(folder), code))


def _refuse(event, arguments):
    if not _protected or event not in ("open", *WRITING):
        return
    if event == "open":
        names, writes = arguments[:1], arguments[2] & (os.O_WRONLY | os.O_RDWR)
    else:
        names, writes = arguments[:2], True
    texts = [os.fspath(name) for name in names if isinstance(name, str | os.PathLike)]
    for text in texts if writes else ():
        for folder, code in _protected:
            if str(text).startswith(folder):
                raise OSError(code, os.strerror(code), text)
