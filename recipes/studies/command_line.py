"""What the command lines of the studies have in common: data, rows, seeds, threads."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from studies.rows import RowFile

from halo_keras.freed_memory import keep_freed_memory

COMPARED_HELP = "only these; default: all"


def study_parser(note: str, compared: str, lines: dict[str, str], **epilog: list[str]):
    """A parser with the options of every study.

    Args:
        note: the study's docstring, shown by `--help`.
        compared: what `--<compared>` chooses from, for instance "operators".
        lines: name to what it stands for, of everything that can be compared.
        **epilog: further lists that `--help` shows, by their titles.
    """
    shown = [f"{compared}:", *(f"  {name}: {text}" for name, text in lines.items())]
    for title, rows in epilog.items():
        shown += ["", f"{title}:", *(f"  {row}" for row in rows)]
    parser = argparse.ArgumentParser(
        description=note,
        epilog="\n".join(shown),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--data-dir",
        metavar="FOLDER",
        help="the 25 sheets of Sprites; default: a pinned download, kept in the cache",
    )
    add(
        f"--{compared}",
        nargs="+",
        choices=list(lines),
        default=list(lines),
        metavar="NAME",
        help=COMPARED_HELP,
    )
    add("--seeds", type=int, default=3, help="runs of each; default: 3")
    add("--threads", type=int, metavar="N", help="of this process; default: all cores")
    add("--list", action="store_true", help="list the runs and what is done, no more")
    add("--max-runs", type=int, metavar="N", help="stop after so many runs")
    add("--table", action="store_true", help="print and write the tables, no more")
    return parser


def open_rows(path: Path, key, columns) -> RowFile:
    """The study's file; one line of text and the exit if it is of another study."""
    try:
        return RowFile(path, key, columns)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


def run_missing(rows: RowFile, runs, options, execute) -> None:
    """Executes runs whose row is missing, or with `--list` says which are.

    Args:
        rows: of the study; a run's row is added as soon as it is done.
        runs: dicts, each the cells of a row's key.
        options: of `study_parser`.
        execute: `execute(run) -> row`.
    """
    done = 0
    for run in runs:
        finished = run in rows
        if options.list:
            print("done   " if finished else "missing", *run.values())
        elif not finished and done != options.max_runs:
            row = execute(run)
            rows.append(row)
            done += 1
            print(*(f"{key}={value}" for key, value in row.items()), flush=True)


def limit_threads(threads: int | None) -> None:
    """Sets how many threads this process uses, and that it keeps its memory.

    Before a backend is imported.
    """
    if threads:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ[name] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keep_freed_memory()
