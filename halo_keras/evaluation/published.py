"""Numbers that others published, each with its source, from `published.csv`.

A number that could not be obtained has an empty value there, and stays missing.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

FILE = "published.csv"
COLUMNS = (
    "method",
    "dataset",
    "metric",
    "value",
    "unit",
    "conditional",
    "source",
    "note",
)
# Data that cannot be shipped: what was published on it is shown beside numbers of its
# stand-ins too, and marked as of other data.
OTHER_DATA = {
    "formant_voices": ("timit", "TIMIT"),
    "spoken_digits": ("timit", "TIMIT"),
}


@dataclass(frozen=True)
class Published:
    """One number of one method.

    Attributes:
        method: as the field calls it.
        dataset: as `halo_keras.data` calls it.
        metric: the key of the same measurement in a preset's metrics.
        value: None where it is not known.
        text: the value with its published digits, "" where it is not known.
        unit: `"fraction"`, `"nats"`, `""` for a bare number, ...
        conditional: whether action labels were used in training.
        source: where it stands.
        note: what to know before comparing.
    """

    method: str
    dataset: str
    metric: str
    value: float | None
    text: str
    unit: str
    conditional: bool
    source: str
    note: str

    @property
    def is_recalled(self) -> bool:
        """Whether the number was not checked against its source."""
        return "recalled, unverified" in self.note


@cache
def published_rows() -> tuple[Published, ...]:
    """All rows of the file, in its order."""
    text = resources.files("halo_keras.evaluation").joinpath(FILE).read_text("utf-8")
    return tuple(parse(text))


def published_on(dataset: str) -> list[Published]:
    """The rows of a dataset, in the file's order, and then those of `OTHER_DATA`.

    The methods of the latter say on which data, as in `"DSVAE full (16) on TIMIT"`.
    """
    rows = [row for row in published_rows() if row.dataset == dataset]
    if dataset in OTHER_DATA:
        other, name = OTHER_DATA[dataset]
        rows += [
            replace(row, method=f"{row.method} on {name}")
            for row in published_rows()
            if row.dataset == other
        ]
    return rows


def published_for(dataset: str, metric: str) -> list[Published]:
    """The rows of `published_on` with a value for a metric."""
    return [
        row
        for row in published_on(dataset)
        if row.metric == metric and row.value is not None
    ]


def parse(text: str) -> list[Published]:
    """Rows of the CSV `text`; `ValueError` names the line that is wrong."""
    reader = csv.DictReader(text.splitlines(), strict=True)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(
            f"{FILE} must have the columns {', '.join(COLUMNS)}, has "
            f"{', '.join(reader.fieldnames or ())}."
        )
    rows, seen = [], set()
    for line in reader:
        where = f"{FILE}, line {reader.line_num}"
        if None in line or None in line.values():
            raise ValueError(f"{where}: expected {len(COLUMNS)} cells.")
        if line["conditional"] not in ("yes", "no") or not line["source"]:
            raise ValueError(
                f"{where}: conditional must be yes or no and source must not be empty."
            )
        key = (line["method"], line["dataset"], line["metric"])
        if key in seen:
            raise ValueError(f"{where}: {' / '.join(key)} stands there twice.")
        seen.add(key)
        text = line["value"]
        changed = {
            "value": float(text) if text else None,
            "text": text,
            "conditional": line["conditional"] == "yes",
        }
        rows.append(Published(**{**line, **changed}))
    return rows
