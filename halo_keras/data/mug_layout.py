"""The folders of MUG as they come: which takes there are, of whom, doing what.

    SUBJECT / EXPRESSION / TAKE / *.jpg              001/anger/take000/img_0000.jpg
    SUBJECT / SESSION / EXPRESSION / TAKE / *.jpg    002/session0/anger/take000/...
    SUBJECT / EXPRESSION / *.jpg                     003/anger/img_0000.jpg

all of which occur side by side, with `neutral` and other folders in between, text files
and thumbnails beside the pictures, and frame numbers without leading zeros. (HALO's
published script silently leaves out takes of the third kind.)
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from halo_keras.data.frame_sources import FrameSource, is_picture, natural
from halo_keras.data.take_cache import Take
from halo_keras.data.take_report import Skipped
from halo_keras.schema import nearest

# In the order of the class folders 0 to 5 of C-DSVAE, DBSE and DiffSDA.
EXPRESSIONS = ("anger", "disgust", "happiness", "fear", "sadness", "surprise")
# Folders in which the subjects may lie, as unpacked and in HALO's script. They come
# first: `raw/001/anger` would else be expression, session 001 and subject `raw`.
BELOW = ("subjects3", "raw", "")


class MugTake(NamedTuple):
    """A take with its labels."""

    take: Take
    subject: str
    expression: str


class Layout(NamedTuple):
    """What was found below the source."""

    takes: list[MugTake]
    skipped: list[Skipped]
    notes: list[tuple[str, str]]

    @property
    def subjects(self) -> list[str]:
        """In order of their names; also those whose takes are all skipped."""
        return list(dict.fromkeys(item.subject for item in self.takes))


def read_layout(source: Path) -> Layout:
    """All takes of the six expressions, subjects and takes in natural order.

    Args:
        source: the folder of the subjects, or one that holds it as `subjects3` or
            `raw`.

    Raises: FileNotFoundError if there is no such folder; ValueError if nothing in it
        is laid out like MUG.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"the MUG folder {source} does not exist.")
    for below in BELOW:
        found = _read_subjects(source / below)
        if found.takes or found.skipped:
            return found
    raise ValueError(
        f"{source} is not laid out like MUG: expected SUBJECT/EXPRESSION/TAKE/*.jpg "
        f"or SUBJECT/SESSION/EXPRESSION/TAKE/*.jpg with the expressions "
        f"{', '.join(EXPRESSIONS)}; received the folders "
        f"{[folder.name for folder in _folders(source)][:8]}. Pass the folder that "
        "holds the subjects (001, 002, ...)."
    )


def _read_subjects(root: Path) -> Layout:
    found = Layout([], [], [])
    for subject in _folders(root):
        sessions = [subject, *(f for f in _folders(subject) if _is_session(f))]
        before = len(found.takes) + len(found.skipped)
        for session in sessions:
            for folder in _folders(session):
                if folder in sessions:
                    continue
                expression = folder.name.lower()
                if expression in EXPRESSIONS:
                    _read_expression(root, folder, subject.name, expression, found)
                else:
                    name = folder.relative_to(root).as_posix()
                    found.notes.append((name, _left_out(expression)))
        if len(found.takes) + len(found.skipped) == before:
            note = "no folder of the six expressions; this is no subject"
            found.notes.append((subject.name, note))
    return found


def _read_expression(root, folder, subject, expression, found):
    """The takes of one expression folder, and its own pictures as one more take."""
    inner = _folders(folder)
    pictures = _pictures(folder)
    candidates = [(folder, pictures)] if pictures or not inner else []
    candidates += [(take, _pictures(take)) for take in inner]
    for path, files in candidates:
        name = path.relative_to(root).as_posix()
        if files:
            take = Take(name, FrameSource(path, tuple(files)))
            found.takes.append(MugTake(take, subject, expression))
        else:
            found.skipped.append(Skipped(name, "empty", "it holds no picture"))


def _is_session(folder: Path) -> bool:
    """A folder between subject and expression, whatever its name."""
    own = folder.name.lower()
    return own not in EXPRESSIONS and any(
        inner.name.lower() in EXPRESSIONS for inner in _folders(folder)
    )


def _left_out(name: str) -> str:
    hint = nearest(name, EXPRESSIONS)
    return f"left out: not one of the six expressions{hint}"


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    inner = [f for f in folder.iterdir() if f.is_dir() and not f.name.startswith(".")]
    return sorted(inner, key=natural)


def _pictures(folder: Path) -> list[Path]:
    return sorted((f for f in folder.iterdir() if is_picture(f)), key=natural)
