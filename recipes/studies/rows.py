"""Rows of a study in one CSV file: appended, never rewritten, safe to interrupt."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path


class RowFile:
    """A CSV file with fixed columns, one row a finished run.

    A row is added by one `write` in append mode, so that an interrupted study loses no
    row and two processes may write to one file. A line that a crash cut off is no row:
    `read` leaves it out, and the next row starts on a line of its own.

    Args:
        path: of the file; it need not exist.
        key: names of the columns that tell one run from another.
        columns: names of all columns, the key's first.

    Raises:
        ValueError: the file holds other columns; a key or value has no column.
    """

    def __init__(self, path, key: Sequence[str], columns: Sequence[str]):
        self.path = Path(path)
        self.key, self.columns = tuple(key), tuple(columns)
        if self.path.exists() and self.path.stat().st_size:
            with open(self.path, newline="", encoding="utf-8") as file:
                found = tuple(next(csv.reader(file)))
            if found != self.columns:
                different = set(found) ^ set(self.columns) or "their order"
                raise ValueError(
                    f"{self.path} holds rows with other columns ({different}): it is "
                    "of another version of the study. Move it away, or write to "
                    "another file."
                )

    def read(self) -> list[dict[str, str]]:
        """All complete rows, as text; an empty cell is a number that is missing."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        return [
            dict(zip(self.columns, cells, strict=True))
            for cells in csv.reader(io.StringIO(whole))
            if len(cells) == len(self.columns) and tuple(cells) != self.columns
        ]

    def __contains__(self, key: dict) -> bool:
        wanted = [_text(key[name]) for name in self.key]
        return any([row[name] for name in self.key] == wanted for row in self.read())

    def append(self, row: dict) -> None:
        """Adds a row; None becomes an empty cell, a column not given too."""
        unknown = sorted(set(row) - set(self.columns))
        if unknown:
            raise ValueError(f"{self.path} has no columns {unknown}.")
        line = io.StringIO()
        writer = csv.writer(line, lineterminator="\n")
        writer.writerow([_text(row.get(name)) for name in self.columns])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._start()
        with open(self.path, "ab", buffering=0) as file:
            # A line that was cut off gets too many cells, whatever it held.
            cut = not _ends_a_line(self.path)
            mend = "," * len(self.columns) + "\n" if cut else ""
            file.write((mend + line.getvalue()).encode("utf-8"))
            os.fsync(file.fileno())

    def _start(self) -> None:
        """The line of the columns' names, once, whoever comes first."""
        try:
            with open(self.path, "x", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerow(self.columns)
        except FileExistsError:
            pass


def number(cell: str) -> float | None:
    """A cell as a number; None where it is missing."""
    return float(cell) if cell else None


def groups(rows: list[dict], *names: str) -> Iterator[tuple[tuple, list[dict]]]:
    """Rows with equal values of these columns, in the order in which they come."""
    found: dict[tuple, list[dict]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    yield from found.items()


def _text(value) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _ends_a_line(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
