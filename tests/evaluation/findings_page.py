"""A study's prose and rows, as its tests of findings read them."""

import csv
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "recipes"))

from studies.tables import BEGIN  # noqa: E402

STUDIES = REPOSITORY / "zoo" / "studies"


def prose_of(name):
    """What stands above the tables of `zoo/studies/<name>.md`, on one line."""
    text = (STUDIES / f"{name}.md").read_text("utf-8").split(BEGIN)[0]
    return " ".join(text.split())


def rows_of(name):
    with open(STUDIES / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
