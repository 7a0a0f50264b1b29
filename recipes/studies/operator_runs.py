"""One run of the operator study: train, measure, give the cells of its row."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from functools import partial

from studies.operator_measures import measure, validation_score
from studies.operator_plan import MAX_LOOPS, OPERATORS, Run, Scale

from halo_keras.training.recipe import Recipe


def execute(run: Run, scale: Scale, data_dir, judge) -> dict:
    """Trains and measures one run; a training that diverges is a result too.

    Args:
        data_dir: folder of the raw files, or None for the dataset's own source.
        judge: see `load_judge`.

    Returns: the row, by column.
    """
    import keras

    from halo_keras import data
    from halo_keras.training.callbacks import NonFiniteLoss
    from halo_keras.training.fitting import fit_recipe
    from halo_keras.training.provenance import commit

    keras.backend.clear_session()
    load = partial(data.load, scale.dataset, source=data_dir)
    recipe = recipe_of(run, scale)
    row = {**run.columns, "epochs": recipe.epochs, "commit": commit()}
    begun, worked = time.perf_counter(), time.process_time()
    try:
        with tempfile.TemporaryDirectory() as log_dir:
            fitted = fit_recipe(
                recipe, log_dir, data_dir=data_dir, strategy="none", verbose=0
            )
    except NonFiniteLoss:
        return row | {"status": "diverged", **_cost(begun, worked)}
    row |= {"status": "finished", "steps": fitted.steps, "fit_seconds": fitted.seconds}
    if run.phase == "choose":
        row |= validation_score(
            fitted.model, scale.held_out(load), judge, scale.identity
        )
    else:
        row |= measure(
            fitted.model,
            fitted.dataset,
            load("test", **scale.test),
            judge,
            scale.identity,
        )
    return row | _cost(begun, worked)


def _cost(begun: float, worked: float) -> dict:
    """Wall time, and the processor's, which a busy machine does not stretch."""
    return {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - worked,
    }


def load_judge(scale: Scale, data_dir):
    """The scale's judge; for a trial without one, a judge that was never trained."""
    from halo_keras import data
    from halo_keras.evaluation import ClipJudge
    from halo_keras.hub.presets import from_pretrained

    if scale.judge is not None:
        return from_pretrained(scale.judge)
    test = data.load(scale.dataset, "test", source=data_dir, **scale.test)
    sizes = {name: len(names) for name, names in test.label_names.items()}
    judge = ClipJudge(
        test.frame_shape, test.num_frames, list(sizes), list(sizes.values()), (8,), 8
    )
    judge.build(None)
    return judge


def recipe_of(run: Run, scale: Scale) -> Recipe:
    """The run as a `Recipe`; targets, steps and networks are the same for all."""
    rate, content, motion = run.setting
    return Recipe(
        preset=f"halo-study-{scale.dataset}",
        dataset=scale.dataset,
        build_model=build_model,
        data=scale.train,
        model={
            **scale.model,
            "operator": run.operator,
            "content_kl_weight": content,
            "motion_kl_weight": motion,
            # How far a recurrent operator must be able to step while it trains.
            "farthest": 8 * (1 + MAX_LOOPS) if run.targets == "loop" else 8,
        },
        epochs=scale.choose_epochs if run.phase == "choose" else scale.epochs,
        batch_size=scale.batch_size,
        learning_rate=rate,
        ema_momentum=0.995,
        precision="mixed_bfloat16",
        seed=run.seed,
        max_loops=MAX_LOOPS if run.targets == "loop" else None,
        rolled_actions=scale.rolled_actions,
        strip_every=0,
    )


def build_model(recipe, dataset):
    """HALO with the recipe's operator and small networks.

    N(0, I) is the state's prior at the reference frame itself, as in the paper's code:
    the one choice that every operator can take (a prior carried along a hyperbolic
    flow overflows), and the same as at frame 0 where the flow leaves N(0, I) alone.
    """
    from halo_keras import dynamics
    from halo_keras.training.build_halo import build_halo

    sizes = {**recipe.model, "prior_at": "reference"}
    (kind, options), farthest = OPERATORS[sizes.pop("operator")], sizes.pop("farthest")
    if kind == "RecurrentDynamics":
        options = {**options, "num_frames": farthest}
    operators = getattr(dynamics, kind)(
        sizes.pop("position_dim"), dataset.num_actions, name="dynamics", **options
    )
    return build_halo(replace(recipe, model=sizes), dataset, operators)
