"""From a recipe to a preset folder: fit, fit the prior, measure, save."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras

from halo_keras.hub.card import PICTURE
from halo_keras.hub.presets import from_pretrained
from halo_keras.hub.saving import check_target, save_preset
from halo_keras.training.fitting import fit_recipe
from halo_keras.training.provenance import describe_run
from halo_keras.training.recipe import Recipe
from halo_keras.training.swap_picture import draw_swaps

# What the Hub calls that which a model of each kind of clip does.
TASKS = {"video": "image-to-video", "spectrogram": "audio-to-audio"}


def train(
    recipe: Recipe,
    *,
    data_dir: str | os.PathLike | None = None,
    output: str | os.PathLike,
    resume: bool = False,
    strategy: str = "auto",
    epochs: int | None = None,
    log_dir: str | os.PathLike | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: str | int = "auto",
) -> Path:
    """Trains, measures and saves one preset.

    The same recipe, machine and backend give the same weights, bit for bit, also if
    the training was killed and resumed in between (tests/training/test_resume.py).

    Args:
        recipe: what to train.
        data_dir: folder with the raw files of the dataset, or clips as parquet (a
            folder or `hf://owner/name[@revision]`); None for the dataset's own source.
        output: folder of the preset.
        resume: continue from the last checkpoint in `log_dir`; without one, start.
        strategy: `"auto"`, `"none"` or `"mirrored"`, see `strategies.scope`.
        epochs: instead of the recipe's number.
        log_dir: folder of checkpoints, `log.csv`, strips and TensorBoard events;
            None is `<output>.training` beside the preset.
        callbacks: further Keras callbacks, called before the checkpoint is written.
        verbose: of the progress bar, as in `keras.Model.fit`.

    Returns:
        `output`, with config.json, model.weights.h5, metadata.json, metrics.json and
        README.md.
    Raises:
        FileExistsError: `log_dir` holds a started training and `resume` is False.
        ConfigError: batch size against replicas, checkpoint against recipe, unknown
            dataset or strategy.
        PresetError: the recipe's judge is missing, or `output` holds something else
            than an older version of this preset.
        NonFiniteLoss: a loss became NaN; the message names the batch.
    """
    if epochs is not None:
        recipe = recipe.override(epochs=epochs)
    output = Path(output)
    # First, so that hours of training do not end in an error that was there before.
    check_target(output, recipe.preset, recipe.version)
    judge = None if recipe.judge is None else from_pretrained(recipe.judge)
    fitted = fit_recipe(
        recipe,
        log_dir or output.with_name(output.name + ".training"),
        data_dir=data_dir,
        resume=resume,
        strategy=strategy,
        callbacks=callbacks,
        verbose=verbose,
    )
    model, dataset = fitted.model, fitted.dataset
    if hasattr(model, "fit_prior"):
        model.fit_prior(dataset)
    measured = {}
    if recipe.evaluate is not None:
        measured = recipe.evaluate(model, recipe, fitted.load, judge)
    run = describe_run(recipe.seed, fitted.steps, fitted.seconds, fitted.replicas)
    if (dataset.origin or "").startswith("hf://"):
        run["dataset_source"] = dataset.origin  # with the commit
    with tempfile.TemporaryDirectory() as drawn:
        pictures = []
        swaps = hasattr(model, "example_clips") and getattr(model, "has_content", True)
        if swaps and dataset.kind == "video":
            pictures.append(Path(drawn) / PICTURE)
            draw_swaps(model, pictures[0])
        save_preset(
            model,
            output,
            name=recipe.preset,
            metadata={
                "version": recipe.version,
                "description": recipe.description,
                "pipeline_tag": TASKS[dataset.kind],
                "recipe": recipe.to_dict(),
                "dataset": recipe.dataset,
                "license": dataset.license,
                "attribution": dataset.attribution,
            },
            metrics={**measured, "run": run},
            extra_files=pictures,
        )
    return output
