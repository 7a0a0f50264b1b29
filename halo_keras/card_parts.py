"""What the cards of presets and of datasets have in common."""

from __future__ import annotations

import json
import re
from typing import Any

_IDENTIFIER = re.compile(r"[A-Za-z0-9.-]+")


def license_lines(name: str) -> list[str]:
    """A licence as lines of YAML: the Hub knows identifiers, one or a choice of them
    ("A or B"); anything else is told as a licence of its own."""
    choices = name.split(" or ")
    if all(map(_IDENTIFIER.fullmatch, choices)):
        known = [json.dumps(choice.lower()) for choice in choices]
        if len(known) == 1:
            return [f"license: {known[0]}"]
        return ["license:", *[f"- {choice}" for choice in known]]
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    return ["license: other", f"license_name: {json.dumps(slug)}"]


def with_credits_beside(attribution: str) -> str:
    """An attribution as it stands in a repository, where the credits lie beside it."""
    return attribution.replace("zoo/CREDITS.md", "[CREDITS.md](CREDITS.md)")


def table(title: str, head: tuple[str, str], rows: dict[str, Any]) -> list[str]:
    """A section of Markdown with a table of two columns; nothing without rows."""
    if not rows:
        return []
    return [f"## {title}", "", *table_lines(head, rows), ""]


def table_lines(head: tuple[str, str], rows: dict[str, Any]) -> list[str]:
    """The table alone."""
    body = [f"| {cell(name)} | {cell(value)} |" for name, value in rows.items()]
    return [f"| {head[0]} | {head[1]} |", "|---|---|", *body]


def labels(title: str, named: dict[str, list[str]]) -> list[str]:
    """A section with the names of the classes of each label; nothing without any."""
    if not named:
        return []
    lines = [
        f"- {cell(k)}: {', '.join(map(cell, names))}" for k, names in named.items()
    ]
    return [f"## {title}", "", *lines, ""]


def cell(value: Any) -> str:
    """A value as text that stays within a cell of a table, and is no HTML."""
    if isinstance(value, float):
        value = f"{value:.6g}"
    elif isinstance(value, (list, dict)):
        value = json.dumps(value)
    return str(value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
