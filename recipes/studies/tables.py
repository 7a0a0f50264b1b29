"""Tables of a study as markdown: mean and spread over seeds, between two marks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from studies.rows import number

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def numbers(rows: list[dict], key: str) -> np.ndarray:
    """The rows' numbers under a column; missing ones are left out."""
    return np.array([number(row[key]) for row in rows if row[key]], float)


def cell(rows: list[dict], key: str, digits: int) -> str:
    return spread(numbers(rows, key), digits)


def spread(values: np.ndarray, digits: int) -> str:
    """mean ± standard deviation (n - 1 in it); missing numbers stay missing."""
    if not len(values):
        return "-"
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1 and np.isfinite(values).all():
        text += f" ± {np.std(values, ddof=1):.{digits}f}"
    return text


def seeds_of(groups: dict) -> str:
    """How many training seeds the numbers of a table are means of, in a line.

    Args:
        groups: a line's name or key -> its rows, one a seed.
    """
    counts = sorted({len(own) for own in groups.values()})
    if counts == [1]:
        return "One training seed."
    text = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    return f"Mean of {text} training seeds, ± their standard deviation."


def markdown(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def table(groups: dict[str, list[dict]], first: str, columns: dict) -> str:
    """One line a group of rows.

    Args:
        groups: name of a line -> its rows.
        first: heading of the names.
        columns: heading -> (column of the file, digits after the point).
    """
    body = [
        [name, *(cell(own, key, digits) for key, digits in columns.values())]
        for name, own in groups.items()
    ]
    return markdown([first, *columns], body)


def write_between_marks(tables: str, path: Path, start: str) -> None:
    """Puts tables between the marks of a markdown file; the rest of it stays.

    Args:
        start: what the file begins with if it is not there yet.
    """
    text = f"{start}\n\n{BEGIN}\n{END}\n"
    if path.exists():
        text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(
            f"error: {path} must hold the lines {BEGIN} and {END} once each; the "
            "tables go between them."
        )
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")
    os.replace(temporary, path)
