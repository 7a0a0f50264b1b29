"""The leakage study: what keeps action out of the content, and identity out of motion.

Question: swaps and samples can look right while each latent still knows what belongs
    to the other. Which choices of the loss make swaps, drawn motion, long rollouts and
    both leakage probes right at once?
What is equal for all: the data (200 training characters, 100 test characters, 9
    actions), small networks, the normal form trained on the clip as a loop, steps. What
    differs is one line of `SETTINGS`, a change of the preset halo-sprites; those that
    begin with "unlabelled" have one operator for all motion and know no action, and
    "partners" are other clips of the same colours, from which content is read.
Command: python recipes/study_leakage.py --data-dir FOLDER
    A run takes 10 to 16 minutes of one core. It can be stopped and started
    again: finished runs are rows of zoo/studies/leakage.csv. --table writes
    zoo/studies/leakage.md.
Probes: networks trained on posterior samples of the training characters, scored on the
    test characters; `evaluation/probes.py`.

Art: CC-BY-SA 3.0 / GPL 3.0, LPC artists; see zoo/CREDITS.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from studies.command_line import limit_threads, open_rows, run_missing, study_parser
from studies.leakage_columns import COLUMNS, KEY, SETTINGS
from studies.rows import RowFile

ROWS = Path("zoo/studies/leakage.csv")


def parse(arguments=None):
    lines = {}
    for name, changes in SETTINGS.items():
        given = ", ".join(f"{key}={value}" for key, value in changes.items())
        lines[name] = given or "the preset"
    parser = study_parser(__doc__, "settings", lines)
    parser.add_argument(
        "--rows", type=Path, default=ROWS, metavar="FILE", help=f"default: {ROWS}"
    )
    return parser.parse_args(arguments)


def main(arguments=None) -> list[dict[str, str]]:
    """Runs what is missing, or reports what is there; returns all rows."""
    options = parse(arguments)
    limit_threads(options.threads)
    rows = open_rows(options.rows, KEY, COLUMNS)
    if options.table:
        report(rows)
        return rows.read()
    runs = [
        {"setting": name, "seed": seed}
        for seed in range(options.seeds)
        for name in options.settings
    ]
    run_missing(
        rows, runs, options, lambda run: execute(**run, data_dir=options.data_dir)
    )
    return rows.read()


def report(rows: RowFile) -> None:
    from studies.leakage_report import write_table

    if not rows.read():
        sys.exit(f"error: {rows.path} holds no run yet. Run the study first.")
    print(write_table(rows.read(), rows.path.with_suffix(".md")))


def recipe_of(name: str, seed: int):
    """halo-sprites with small networks, 200 characters, and the setting's change."""
    from studies.operator_plan import FULL
    from train_sprites import RECIPES

    changes = dict(SETTINGS[name])
    partners = changes.pop("content_partners", 0)
    unlabelled = name.startswith("unlabelled")
    kind = "halo-sprites-unconditional" if unlabelled else "halo-sprites"
    base = RECIPES[f"{kind}-base"]
    sizes = {key: FULL.model[key] for key in FULL.model if key in base.model}
    del sizes["position_dim"]
    if "framewise_ramp_steps" not in changes:
        sizes |= {"framewise_weight": 0.0, "consistency_weight": 0.0}
    plain = {"motion_kl_weight": 2.0, "motion_kl_start": 2.0, "motion_kl_ramp_steps": 0}
    return replace(
        base,
        data=FULL.train,
        model={**base.model, **plain, **sizes, **changes},
        content_partners=partners,
        epochs=FULL.epochs,
        batch_size=FULL.batch_size,
        ema_momentum=0.995,
        precision="float32",
        seed=seed,
        strip_every=0,
    )


def execute(setting: str, seed: int, data_dir) -> dict:
    """Trains and measures one run; returns its row."""
    import keras
    from studies.leakage_measures import measure

    from halo_keras import data
    from halo_keras.hub.presets import from_pretrained
    from halo_keras.training.fitting import fit_recipe
    from halo_keras.training.provenance import commit

    keras.backend.clear_session()
    recipe = recipe_of(setting, seed)
    begun, worked = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as log_dir:
        fitted = fit_recipe(
            recipe, log_dir, data_dir=data_dir, strategy="none", verbose=0
        )
    test = data.load("sprites", "test", source=data_dir, num_characters=100)
    train = data.load("sprites", "train", source=data_dir, **recipe.data)
    judge = from_pretrained("judge-sprites")
    return {
        "setting": setting,
        "seed": seed,
        "epochs": recipe.epochs,
        "steps": fitted.steps,
        "commit": commit(),
        **measure(fitted.model, fitted.dataset, train, test, judge, seed),
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - worked,
    }


if __name__ == "__main__":
    main()
