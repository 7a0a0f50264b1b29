"""Slow tests are run by hand; the day of the last time is on record."""

import ast
import datetime
import re
from pathlib import Path

HERE = Path(__file__).parent
LINE = re.compile(r"\| `([\w/.]+::\w+)` \| (\d{4}-\d\d-\d\d) \|")


def is_slow(node) -> bool:
    marks = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any("mark.slow" in mark for mark in marks)


def slow_tests() -> set[str]:
    found = set()
    for path in sorted(HERE.rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        name = path.relative_to(HERE).as_posix()
        found |= {
            f"{name}::{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and is_slow(node)
        }
    return found


def test_every_slow_test_has_the_day_of_its_last_run():
    rows = LINE.findall((HERE / "slow_runs.md").read_text("utf-8"))
    assert {name for name, _ in rows} == slow_tests()
    assert len(rows) == len(slow_tests()) > 0
    for _, day in rows:
        assert datetime.date.fromisoformat(day) >= datetime.date(2026, 11, 1)
