"""Fitting a recipe's model, from its first or its last checkpoint on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np

from halo_keras import data
from halo_keras.data.action_groups import grouped, operator_of
from halo_keras.data.fit_batches import for_fit
from halo_keras.data.frame_sets import FrameSets
from halo_keras.data.partners import (
    partners_across_recordings,
    partners_by_colour,
    partners_in_recording,
)
from halo_keras.hub.presets import from_pretrained
from halo_keras.schema import ConfigError
from halo_keras.training import callbacks as beside
from halo_keras.training.augmentation import augmented, make_augmentation
from halo_keras.training.bfloat16 import warn_of_imitated_bfloat16
from halo_keras.training.checkpoint import CheckpointFolder
from halo_keras.training.clipped_adam import ClippedAdam
from halo_keras.training.loop_batches import loop_targets
from halo_keras.training.recipe import Recipe
from halo_keras.training.sample_strips import draw_strips
from halo_keras.training.seeding import seed_everything
from halo_keras.training.starting import start_from
from halo_keras.training.strategies import check_batch_size, device_names, scope


@dataclass(frozen=True)
class Fitted:
    """A fitted model and what is known of its training.

    Attributes:
        model: with the moving average of its weights, in float32.
        dataset: the training split, with the recipe's operators for actions.
        load: `load(split)` of the same data.
        steps: optimizer steps taken.
        seconds: wall time of the fit, over all resumes.
        replicas: model copies that shared every batch.
    """

    model: keras.Model
    dataset: data.ClipDataset
    load: Callable[[str], data.ClipDataset]
    steps: int
    seconds: float
    replicas: int


def fit_recipe(
    recipe: Recipe,
    log_dir: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    resume: bool = False,
    strategy: str = "auto",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: str | int = "auto",
) -> Fitted:
    """Loads the data, builds the model under a strategy and fits it.

    Arguments and errors are those of `trainer.train`. Writes `checkpoints/`,
    `log.csv`, `strips/` and, on TensorFlow, `tensorboard/` into `log_dir`.
    """
    folder = CheckpointFolder(Path(log_dir) / "checkpoints", recipe.to_dict())
    if folder.files() and not resume:
        raise FileExistsError(
            f"{log_dir} holds a started training. Continue it with resume=True "
            "(--resume), or delete that folder, or choose another output."
        )
    if recipe.freeze and not recipe.init:
        raise ConfigError(
            f"freeze={recipe.freeze} keeps weights as a preset has them: give one with "
            "init=PRESET (--init PRESET)."
        )
    source = None if recipe.init is None else from_pretrained(recipe.init)
    augmentation = make_augmentation(recipe.augment)
    seed_everything(recipe.seed)
    load = partial(_load, recipe, data_dir)
    labelled = load("train")
    dataset = grouped(labelled, recipe.operators)
    transform = None
    if recipe.max_loops is not None:
        ramp = recipe.loop_ramp * recipe.epochs
        transform = loop_targets(
            labelled, recipe.max_loops, recipe.rolled_actions, ramp
        )
    if recipe.operators:
        # Loops are chosen by action, so actions become operators after that.
        ids = operator_of(labelled.action_names, recipe.operators)
        transform = partial(with_operators, transform, ids)
    transform = augmented(augmentation, labelled, before=transform)
    partners = None
    if recipe.content_partners:
        others = _partners(labelled, recipe.content_partners)
        # With the clip itself among them: were it left out, what the others do would
        # tell what it does not do.
        partners = np.column_stack([np.arange(len(others)), others])
    batches = _batches(recipe, labelled, transform, partners)
    warn_of_imitated_bfloat16(recipe.precision, device_names())
    with scope(strategy) as replicas:
        check_batch_size(recipe.batch_size, replicas)
        model = build_with_precision(recipe, dataset)
        frozen = []
        if source is not None:
            frozen, copied, new = start_from(model, source, recipe.freeze)
            if verbose:
                print(
                    f"Weights of {recipe.init}: {', '.join(copied)}; new: "
                    f"{', '.join(new) or 'nothing'}"
                )
        compile_model(model, recipe, steps_per_epoch=len(batches))
        seconds = _fit(model, recipe, batches, dataset, folder, callbacks, verbose)
    for layer in frozen:
        layer.trainable = True
    steps = recipe.epochs * len(batches)
    # A model in float32, and without the optimizer: on JAX its averages share memory
    # with the weights, and `predict` gives that memory away.
    weights, model = model.get_weights(), recipe.build_model(recipe, dataset)
    model.set_weights(weights)
    return Fitted(model, dataset, load, steps, seconds, replicas)


def build_with_precision(recipe: Recipe, dataset: data.ClipDataset) -> keras.Model:
    """`recipe.build_model`, with layers created under the recipe's dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        return recipe.build_model(recipe, dataset)
    finally:
        keras.config.set_dtype_policy(before)


def compile_model(model: keras.Model, recipe: Recipe, steps_per_epoch: int) -> None:
    """Compiles with Adam under the recipe's schedule, clipping and moving average.

    Step n of N, with W = warmup_fraction * N: the learning rate is `lr n / W` up to
    W, then `lr (a + (1 - a) (1 + cos(pi (n - W) / (N - W))) / 2)` with
    a = final_learning_rate_fraction.
    """
    if not model.built:
        raise ValueError(
            f"build_model returned a {type(model).__name__} without weights; a "
            "checkpoint needs them before the first batch. Call model.build(...) in "
            "build_model."
        )
    steps = recipe.epochs * steps_per_epoch
    warmup = int(recipe.warmup_fraction * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else recipe.learning_rate,
        decay_steps=steps - warmup,
        alpha=recipe.final_learning_rate_fraction,
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    model.compile(
        optimizer=ClippedAdam(
            schedule,
            global_clipnorm=recipe.clip_norm,
            use_ema=True,
            ema_momentum=recipe.ema_momentum,
        )
    )
    # A checkpoint holds the optimizer's variables, so they must be there before fit.
    model.optimizer.build(model.trainable_variables)


def _batches(recipe: Recipe, dataset, transform, partners):
    """Batches of clips, or of sets of frames."""
    if recipe.frame_set is None:
        return dataset.batches(
            recipe.batch_size,
            seed=recipe.seed,
            transform=transform,
            partners=partners,
            max_batches=recipe.steps_per_epoch,
        )
    if transform is not None or partners is not None:
        raise ConfigError(
            "sets of frames (frame_set) are drawn from the clips as they are: leave "
            "out max_loops, operators, content_partners and augment."
        )
    try:
        return FrameSets(
            dataset,
            recipe.batch_size,
            recipe.frame_set,
            recipe.content_set,
            seed=recipe.seed,
            max_batches=recipe.steps_per_epoch,
            sets_per_clip=recipe.sets_per_clip,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _partners(dataset, count: int) -> np.ndarray:
    """Other clips with the content of each, by a label of that only for film strips."""
    if "utterance" in dataset.labels:
        return partners_in_recording(dataset.labels["utterance"], count)
    if "strip" in dataset.labels:
        person, copy = dataset.labels["person"], dataset.labels["copy"]
        seen = person * (copy.max() + 1) + copy
        return partners_across_recordings(dataset.labels["strip"], seen, count)
    return partners_by_colour(dataset.frames, count)


def _load(recipe: Recipe, data_dir, split: str) -> data.ClipDataset:
    try:
        return data.load(recipe.dataset, split, source=data_dir, **recipe.data)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def with_operators(transform, ids, batch, rng):
    """A batch, transformed if need be, with `ids[action]` for the action."""
    batch = batch if transform is None else transform(batch, rng)
    return {**batch, "action": ids[batch["action"]]}


def _fit(model, recipe, batches, dataset, folder, callbacks, verbose) -> float:
    """Fits the epochs that are left; the model ends with its averaged weights."""
    log_dir = folder.folder.parent
    log_dir.mkdir(parents=True, exist_ok=True)
    first_epoch, seconds = folder.restore(model)
    if first_epoch >= recipe.epochs:
        # Killed after its last checkpoint: only what `fit` does at its end is left.
        model.optimizer.finalize_variable_values(model.trainable_variables)
        return seconds
    checkpoint = beside.Checkpoint(folder, seconds)
    active = [
        beside.EpochOrder(batches),
        beside.NaNGuard(batches),
        *callbacks,
        beside.EpochLog(log_dir / "log.csv", first_epoch),
        checkpoint,
    ]
    if recipe.strip_every:
        draw = partial(draw_strips, dataset)
        active.append(beside.SampleStrips(draw, log_dir / "strips", recipe.strip_every))
    if keras.backend.backend() == "tensorflow":
        active.append(beside.TensorBoardScalars(log_dir / "tensorboard"))
    model.fit(
        for_fit(batches),
        initial_epoch=first_epoch,
        epochs=recipe.epochs,
        shuffle=False,  # ClipBatches orders the clips itself, by (seed, epoch)
        callbacks=active,
        verbose=verbose,
    )
    return checkpoint.seconds
