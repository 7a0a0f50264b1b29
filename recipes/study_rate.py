"""The rate study: what it saves, in bits, to know that a clip is one thing that moves.

Question: a model of clips pays for the content once and for the motion once. One of
    single frames, the plain variational autoencoder (Kingma & Welling 2014), pays for
    the whole picture in each frame. At what rate do they reach which error?
What is equal for both: the data (200 training characters, 100 test characters, 9
    actions), the small networks of the leakage study, the decoder and its 40 inputs
    (32 of content, 8 of a position), frames decoded in each step, and all but equal
    numbers of steps (1,344 and 1,350). The model of single frames is the same HALO on
    clips of one frame, without actions: nothing moves in them, so that it is such an
    autoencoder. The model of clips is told the action, as one of 9 places for the
    position; log2(9) = 3.2 bits more would send it.
    Both are trained with several weights of the KL terms, which trace a curve.
Command: python recipes/study_rate.py --data-dir FOLDER
    A run takes 5 to 6 minutes of one core. It can be stopped and started again:
    finished runs are rows of zoo/studies/rate.csv. --table writes zoo/studies/rate.md,
    --plot rate.png.
Rate: KL(q || p) of the latents in bits a clip of 8 frames; distortion: MSE of clips
    decoded from a draw of the posterior; `halo_keras/evaluation/rate.py`.

Art: CC-BY-SA 3.0 / GPL 3.0, LPC artists; see zoo/CREDITS.md.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from studies.command_line import limit_threads, open_rows, run_missing, study_parser
from studies.rate_columns import COLUMNS, KEY, KL_WEIGHTS, MODELS
from studies.rows import RowFile

ROWS = Path("zoo/studies/rate.csv")
NUM_TEST = 100  # characters
EPOCHS = 12


def parse(arguments=None):
    parser = study_parser(__doc__, "models", MODELS)
    add = parser.add_argument
    add("--rows", type=Path, default=ROWS, metavar="FILE", help=f"default: {ROWS}")
    add("--plot", action="store_true", help="draw the figure, no more")
    return parser.parse_args(arguments)


def main(arguments=None) -> list[dict[str, str]]:
    """Runs what is missing, or reports what is there; returns all rows."""
    options = parse(arguments)
    limit_threads(options.threads)
    rows = open_rows(options.rows, KEY, COLUMNS)
    if options.table or options.plot:
        report(rows, options)
        return rows.read()
    runs = [
        {"model": model, "kl_weight": weight, "seed": seed}
        for seed, weight, model in itertools.product(
            range(options.seeds), KL_WEIGHTS, options.models
        )
    ]
    run_missing(
        rows, runs, options, lambda run: execute(**run, data_dir=options.data_dir)
    )
    return rows.read()


def report(rows: RowFile, options) -> None:
    from studies.rate_report import draw, write_table

    found = rows.read()
    if not found:
        sys.exit(f"error: {rows.path} holds no run yet. Run the study first.")
    if options.table:
        print(write_table(found, rows.path.with_suffix(".md")))
    if options.plot:
        print(draw(found, rows.path.with_suffix(".png")))


def recipe_of(model: str, kl_weight: float, seed: int):
    """The leakage study's small HALO, with one weight for both KL terms."""
    from studies.single_frames import NAME
    from study_leakage import recipe_of as small_halo

    recipe = small_halo("bound", seed)
    weights = ("content_kl_weight", "motion_kl_weight", "motion_kl_start")
    sizes = {**recipe.model, **dict.fromkeys(weights, kl_weight)}
    recipe = replace(recipe, model=sizes, epochs=EPOCHS)
    if model == "clips":
        return recipe
    # A position at its own time has no speed, and a clip of one frame no loop. Equal
    # steps with equally many decoded frames.
    del sizes["harmonics"]
    decoded = sizes.pop("decoded_frames")
    return replace(
        recipe,
        dataset=NAME,
        operators=("none",),
        model={**sizes, "decoded_frames": 1},
        max_loops=None,
        rolled_actions=(),
        batch_size=recipe.batch_size * decoded,
        epochs=EPOCHS * decoded // 8,
    )


def execute(model: str, kl_weight: float, seed: int, data_dir) -> dict:
    """Trains and measures one run; returns its row."""
    import keras
    from studies.single_frames import frames_a_clip

    from halo_keras import data
    from halo_keras.evaluation.rate import rate
    from halo_keras.training.fitting import fit_recipe
    from halo_keras.training.provenance import commit

    keras.backend.clear_session()
    recipe = recipe_of(model, kl_weight, seed)
    begun, worked = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as log_dir:
        fitted = fit_recipe(
            recipe, log_dir, data_dir=data_dir, strategy="none", verbose=0
        )
    test = data.load(recipe.dataset, "test", source=data_dir, num_characters=NUM_TEST)
    found = rate(fitted.model, test, seed=seed)
    clip = frames_a_clip(recipe.dataset)
    parts = ("rate_content_bits", "rate_motion_bits", "rate_bits")
    return {
        "model": model,
        "kl_weight": kl_weight,
        "seed": seed,
        "epochs": recipe.epochs,
        "steps": fitted.steps,
        "commit": commit(),
        **{key: clip * found[key] for key in parts},
        "distortion_mse": found["rate_distortion_mse"],
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - worked,
    }


if __name__ == "__main__":
    main()
