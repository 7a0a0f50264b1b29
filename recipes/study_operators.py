"""The operator study: the same small HALO on Sprites with every kind of dynamics.

Question: which operator swaps motion, continues it past the clip, and why? The paper
    (Khan & Storkey 2022) says that its symplectic operator beats its skew one ("H beats
    skew-H"), that symplecticity prevents divergence, that only HALO makes a sequence
    from an image, and that the motion of linear and recurrent operators dies. The
    numbers of its table 1 are not in its public text.
What is equal for all: data (200 training characters, 33 test characters, 9 actions),
    networks, steps, targets, d = 8, the prior N(0, I) at the reference frame (as in the
    paper's code), and the choice among 4 settings (learning rate, weights of the KL
    terms), by the MSE of swaps on 33 held-out training characters after half as
    many epochs. No start knows the period. Then 3 seeds at the chosen setting, on the
    test characters.
Command: python recipes/study_operators.py --data-dir FOLDER
    To try a setting takes 1.5 minutes of one core, a measured run about 4 (estimated):
    all in some 2.5 hours of one idle core. It can be stopped at any time and started
    again: finished runs are rows of the CSV file, which several processes may share by
    operator:
        ... --threads 1 --operators symplectic orthogonal linear recurrent
    --loop trains on the clip as a loop (targets up to frame 64) instead of its 8
    frames; rows of both kinds stand in one file. --quick tries the program on
    generated balls in a minute; its numbers mean nothing.
After it: --table (writes zoo/studies/operators.md), --plot (operators-<targets>.png).
Columns: recipes/studies/operator_measures.py says how each number is measured.

Art: CC-BY-SA 3.0 / GPL 3.0, LPC artists; see zoo/CREDITS.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

from studies.command_line import limit_threads, open_rows, study_parser
from studies.operator_columns import COLUMNS, KEY
from studies.operator_plan import (
    FULL,
    OPERATORS,
    QUICK,
    SETTINGS,
    runs_to_choose,
    runs_to_measure,
)
from studies.rows import RowFile

ROWS = Path("zoo/studies/operators.csv")
QUICK_ROWS = Path("runs/study-quick/operators.csv")


def parse(arguments=None):
    lines = {}
    for name, (kind, options) in OPERATORS.items():
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        lines[name] = f"{kind}({given})"
    settings = [", ".join(f"{value:g}" for value in row) for row in SETTINGS]
    title = "settings (learning rate, content KL weight, motion KL weight)"
    parser = study_parser(__doc__, "operators", lines, **{title: settings})
    add = parser.add_argument
    add(
        "--rows",
        type=Path,
        metavar="FILE",
        help=f"CSV file, one row a run; default: {ROWS}, with --quick {QUICK_ROWS}",
    )
    add(
        "--loop",
        action="store_const",
        dest="targets",
        const="loop",
        default="clip",
        help="train on the clip as a loop, with targets up to frame 64",
    )
    add("--quick", action="store_true", help="try the program on balls, in a minute")
    add("--plot", action="store_true", help="draw the figure, no more")
    return parser.parse_args(arguments)


def main(arguments=None) -> list[dict[str, str]]:
    """Runs what is missing, or reports what is there; returns all rows."""
    options = parse(arguments)
    limit_threads(options.threads)
    path = options.rows or (QUICK_ROWS if options.quick else ROWS)
    rows = open_rows(path, KEY, COLUMNS)
    if options.table or options.plot:
        report(rows, options)
    elif options.list:
        for run, done in planned(rows, options):
            print("done   " if done else "missing", *run.columns.values())
    else:
        work(rows, options)
    return rows.read()


def planned(rows: RowFile, options):
    """(run, whether its row is there), in the order of the study."""
    chosen = options.operators, options.targets
    for run in runs_to_choose(*chosen):
        yield run, run.columns in rows
    for run in runs_to_measure(*chosen, options.seeds, rows.read):
        yield run, run.columns in rows


def work(rows: RowFile, options) -> None:
    """Executes the missing runs, and adds each one's row as soon as it is done."""
    from studies.operator_runs import execute, load_judge

    scale = QUICK if options.quick else FULL
    judge, done = load_judge(scale, options.data_dir), 0
    for run, finished in planned(rows, options):
        if finished:
            continue
        if done == options.max_runs:
            return
        row = execute(run, scale, options.data_dir, judge)
        rows.append(row)
        done += 1
        print(*(f"{key}={_short(row.get(key))}" for key in SHOWN), flush=True)


SHOWN = (*KEY, "status", "swap_mse", "frames16_mse", "window993_action", "seconds")


def _short(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def report(rows: RowFile, options) -> None:
    from studies.operator_report import draw, write_tables

    found = rows.read()
    if not any(row["phase"] == "measure" for row in found):
        sys.exit(f"error: {rows.path} holds no measured run yet. Run the study first.")
    if options.table:
        print(write_tables(found, rows.path.with_suffix(".md")))
    if options.plot:
        print(draw(found, options.targets, rows.path.parent))


if __name__ == "__main__":
    main()
