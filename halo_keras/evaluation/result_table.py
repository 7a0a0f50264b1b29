"""Measured numbers as a text table, published ones beside them with their source."""

from __future__ import annotations

import string
from collections.abc import Mapping

from halo_keras.evaluation.published import Published, published_for

STDDEV = "_stddev"


def result_table(found: Mapping[str, float], dataset: str) -> str:
    """One row a metric: our value, its spread, and what others published.

    Args:
        found: metric -> value; `<metric>_stddev` is shown beside `<metric>`.
        dataset: whose published values to show.

    Returns: lines of text, the last ones naming the sources by letter.
    """
    letters: dict[str, str] = {}
    head = ("metric", "measured", "published")
    rows, recalled = [], False
    for key, value in found.items():
        if key.endswith(STDDEV) and key.removesuffix(STDDEV) in found:
            continue
        others = published_for(dataset, key)
        recalled = recalled or any(row.is_recalled for row in others)
        texts = [_published(row, letters) for row in others] or [""]
        rows.append((key, _measured(value, found.get(key + STDDEV)), texts[0]))
        rows += [("", "", text) for text in texts[1:]]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)]
    if letters:
        lines.append("")
        lines += [f"({letter}) {source}" for source, letter in letters.items()]
    if recalled:
        lines.append("* recalled, not checked against the source")
    return "\n".join(lines)


def number(value: float) -> str:
    """A number short enough for a table: three or more digits of it."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) >= 0.01 else f"{value:.3g}"


def _measured(value: float, stddev: float | None) -> str:
    spread = "" if stddev is None else f" ± {number(stddev)}"
    return number(value) + spread


def _published(row: Published, letters: dict[str, str]) -> str:
    letter = letters.setdefault(row.source, _letter(len(letters)))
    labels = " with labels" if row.conditional else ""
    mark = "*" if row.is_recalled else ""
    return f"{row.method}{labels} {row.text}{mark} ({letter})"


def _letter(index: int) -> str:
    alphabet = string.ascii_lowercase
    return alphabet[index] if index < len(alphabet) else str(index)
