"""The ablation of HGN: f_psi, integrator and posterior, on a spring and a pendulum.

Question: the paper (Toth et al. 2020) says that a deterministic HGN reconstructs best,
    and the re-evaluation report (zenodo 4835278) that leapfrog does not beat Euler by
    much. Both compare on 30 frames, where the last decimals are the noise's. What holds
    on clean pictures, and 192 frames beyond the clips that were trained on?
What is compared: f_psi on or off x symplectic Euler or leapfrog x deterministic or
    variational posterior, 3 seeds each; everything else is the preset hgn-<system>,
    but for a learned sigma.
Command: python recipes/study_physics.py
    A run is a training of that preset. It can be stopped at any time and started again:
    finished runs are rows of the CSV file, which several processes may share by system:
        ... --systems pendulum
    --report uses the report's pictures and noise; rows of both kinds stand in one file.
    --quick tries the program in a minute or two; its numbers mean nothing.
After it: --table (writes zoo/studies/physics.md).
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from studies.command_line import limit_threads, open_rows, run_missing
from studies.tables import table, write_between_marks

ROWS = Path("zoo/studies/physics.csv")
QUICK_ROWS = Path("runs/study-quick/physics.csv")
SYSTEMS = ("mass_spring", "pendulum")
CHOICES = {
    "f_psi": ("none", "on"),
    "integrator": ("euler", "leapfrog"),
    "posterior": ("deterministic", "variational"),
}
KEY = ("system", "rendering", *CHOICES, "seed")
MEASURES = (
    "five_frame_mse",
    "five_frame_excess",
    "vpt_forward_median",
    "vpt_forward_full_rate",
    "vpt_backward_median",
    "energy_spearman",
)
COLUMNS = (*KEY, "status", "steps", "fit_seconds", "seconds", "commit", *MEASURES)
PROTOCOLS = {
    "suite": ["columns", "forward", "backward", "energy"],
    "report": ["columns", "energy"],
}
SHOWN = {
    "MSE, 30 frames": ("five_frame_mse", 5),
    "excess": ("five_frame_excess", 3),
    "VPT forward": ("vpt_forward_median", 0),
    "all 192": ("vpt_forward_full_rate", 2),
    "VPT backward": ("vpt_backward_median", 0),
    "Spearman of energies": ("energy_spearman", 3),
}
TITLE = (
    "## The ablation of HGN\n\nWhat is compared, and how: `recipes/study_physics.py`."
)


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    add("--seeds", type=int, default=3, help="runs of each; default: 3")
    add("--rows", type=Path, metavar="FILE", help=f"default: {ROWS}")
    add(
        "--report",
        action="store_const",
        dest="rendering",
        const="report",
        default="suite",
        help="the report's pictures and noise",
    )
    add("--threads", type=int, metavar="N", help="of this process; default: all cores")
    add("--quick", action="store_true", help="try the program; no numbers of it count")
    add("--list", action="store_true", help="list the runs and what is done, no more")
    add("--max-runs", type=int, metavar="N", help="stop after so many runs")
    add("--table", action="store_true", help="print and write the tables, no more")
    return parser.parse_args(arguments)


def planned(options):
    """The first cells of every row, seed by seed."""
    for seed in range(options.seeds):
        for system in options.systems:
            for choice in itertools.product(*CHOICES.values()):
                yield dict(
                    zip(KEY, (system, options.rendering, *choice, seed), strict=True)
                )


def main(arguments=None) -> list[dict[str, str]]:
    """Runs what is missing, or reports what is there; returns all rows."""
    options = parse(arguments)
    limit_threads(options.threads)
    path = options.rows or (QUICK_ROWS if options.quick else ROWS)
    rows = open_rows(path, KEY, COLUMNS)
    if options.table:
        print(report(rows))
        return rows.read()
    run_missing(
        rows, planned(options), options, lambda run: execute(run, options.quick)
    )
    return rows.read()


def execute(run: dict, quick: bool) -> dict:
    """Trains and measures one run; a training that diverges is a result too."""
    import keras

    from halo_keras import data
    from halo_keras.evaluation.physics import beyond_training, evaluate_physics
    from halo_keras.training.callbacks import NonFiniteLoss
    from halo_keras.training.fitting import fit_recipe
    from halo_keras.training.provenance import commit

    keras.backend.clear_session()
    recipe = recipe_of(run, quick)
    row, begun = {**run, "commit": commit()}, time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as log_dir:
            fitted = fit_recipe(recipe, log_dir, strategy="none", verbose=0)
    except NonFiniteLoss:
        return row | {"status": "diverged", "seconds": time.perf_counter() - begun}
    options = beyond_training(recipe.data) | ({"num_clips": 4} if quick else {})
    found = evaluate_physics(
        fitted.model,
        fitted.load,
        data.load(recipe.dataset, "test", **options),
        recipe.seed,
        names=PROTOCOLS[run["rendering"]],
        verbose=0,
    )
    found = {key.removeprefix("report_"): value for key, value in found.items()}
    return row | {
        "status": "finished",
        "steps": fitted.steps,
        "fit_seconds": fitted.seconds,
        "seconds": time.perf_counter() - begun,
        **{key: found.get(key) for key in MEASURES},
    }


def recipe_of(run: dict, quick: bool = False):
    """The preset of the system with the choices of this run."""
    from train_physics import RECIPES

    middle = "report-" if run["rendering"] == "report" else ""
    recipe = RECIPES[f"hgn-{middle}{run['system'].replace('_', '-')}"]
    changes = {
        "seed": run["seed"],
        "strip_every": 0,
        "model.dynamics_integrator": run["integrator"],
        "model.posterior": run["posterior"],
        "model.transform_hidden": 128 if run["f_psi"] == "on" else None,
    }
    if quick:
        changes |= {
            "data.num_clips": 32,
            "epochs": 1,
            "model.decoder_channels": [8, 8, 8],
            "model.encoder_channels": [8, 8],
        }
    recipe = recipe.override(**changes)
    # Learned, so that the KL is weighed as in the bound.
    return replace(recipe, model={**recipe.model, "pixel_stddev": None})


def report(rows) -> str:
    """The tables as markdown, also written between the marks of the file beside."""
    found = [row for row in rows.read() if row["status"]]
    if not found:
        sys.exit(f"error: {rows.path} holds no run yet. Run the study first.")
    parts = []
    for rendering, system in itertools.product(PROTOCOLS, SYSTEMS):
        chosen = [
            row
            for row in found
            if (row["rendering"], row["system"]) == (rendering, system)
        ]
        groups = {
            ", ".join(choice): [
                row for row in chosen if tuple(row[key] for key in CHOICES) == choice
            ]
            for choice in itertools.product(*CHOICES.values())
        }
        groups = {name: own for name, own in groups.items() if own}
        if groups:
            head = "f_psi, integrator, posterior"
            title = f"### {system.replace('_', ' ')}, {rendering}'s pictures"
            parts.append(f"{title}\n\n{table(groups, head, SHOWN)}")
    tables = "\n\n".join(parts)
    write_between_marks(tables, rows.path.with_suffix(".md"), TITLE)
    return tables


if __name__ == "__main__":
    main()
