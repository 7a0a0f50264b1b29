"""A recipe's `--source` and `--push-to-hub`: clips from parquet, the preset to the Hub.

What can fail without the training is asked before it: the source, the name of the
repository, the token and its rights, the licence of the data.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from halo_keras.schema import ConfigError
from halo_keras.training.recipe import Recipe


def add_hub_options(parser: argparse.ArgumentParser) -> None:
    """Adds both options; `options.clips` is None until `find_clips`."""
    parser.add_argument(
        "--source",
        metavar="hf://OWNER/NAME[@REVISION]|FOLDER",
        help="read the dataset from the Hugging Face Hub, from a folder of parquet "
        "files (halo-keras data build), or from its raw files as --data-dir does; "
        "options of the dataset are then as they are there",
    )
    parser.add_argument(
        "--push-to-hub",
        metavar="OWNER/NAME",
        help="publish the preset in this repository when it is done",
    )
    parser.set_defaults(clips=None)


def check_hub_options(options: argparse.Namespace) -> None:
    """Raises ConfigError for options that cannot work; asks nothing."""
    from halo_keras.hub import handles

    if options.source is not None and options.data_dir is not None:
        raise ConfigError("pass --source or --data-dir, not both.")
    try:
        if handles.is_handle(options.source):
            handles.parse(options.source)
        if options.push_to_hub is not None:
            handles.check_repo_id(options.push_to_hub)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def find_clips(options: argparse.Namespace) -> None:
    """Asks for what `--source` names, and whether `--push-to-hub` may write there.

    Afterwards `options.clips` is the `Repository` if the source is one, and
    `options.source` names its commit; raw files become `options.data_dir`.

    Raises: ConfigError, HubError or FileNotFoundError.
    """
    from halo_keras.data.registry import is_repository

    if options.push_to_hub is not None:
        from huggingface_hub import get_token

        if not get_token():
            raise ConfigError(
                "--push-to-hub needs a token that may write: set HF_TOKEN or run "
                "'hf auth login'."
            )
        from halo_keras.hub.uploading import check_writer

        check_writer(options.push_to_hub)
    if options.source is None:
        return
    if not is_repository(options.source):
        options.data_dir, options.source = options.source, None
        return
    from halo_keras.hub.dataset_repository import open_repository

    try:
        clips = open_repository(options.source)
        for split in ("train", "test"):  # known before the hours, not after
            clips.description.split(split, clips.where)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    options.clips, options.source = clips, clips.where


def with_their_data(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    """The recipe with the data options that all splits of `options.clips` share."""
    if options.clips is None:
        return recipe
    splits = list(options.clips.description.splits.values())
    first = splits[0].options or {}
    shared = {
        key: value
        for key, value in first.items()
        if all((split.options or {}).get(key, ...) == value for split in splits)
    }
    print(f"Training on {options.clips.where}.")
    return replace(recipe, data=shared)


def check_licence(recipe: Recipe, options: argparse.Namespace) -> None:
    """Raises ConfigError if `--push-to-hub` was given and the licence of the recipe's
    data forbids that everybody gets a model of them."""
    from halo_keras.data.registry import licence
    from halo_keras.hub.licences import why_no_model

    if options.push_to_hub is None:
        return
    if options.clips is not None:
        text = options.clips.description.license
    else:
        try:
            text = licence(recipe.dataset, recipe.data)
        except ValueError as error:
            raise ConfigError(str(error)) from error
    reason = why_no_model(recipe.dataset, text or "")
    if reason is not None:
        raise ConfigError(
            f"--push-to-hub makes a model public, but {reason}. Leave it out; the "
            "preset can be published afterwards, with: halo-keras publish FOLDER "
            f"{options.push_to_hub} --private"
        )


def push_preset(output: Path, options: argparse.Namespace) -> None:
    """Publishes the preset if `--push-to-hub` was given.

    Raises: HubError that says how to publish the folder later.
    """
    if options.push_to_hub is None:
        return
    from halo_keras.hub.errors import HubError, PresetError
    from halo_keras.hub.publishing import publish

    repo_id = options.push_to_hub
    try:
        done = publish(output, repo_id)
    except (HubError, PresetError) as error:
        raise HubError(
            f"{error} The preset is complete in {output}; publish it with: "
            f"halo-keras publish {output} {repo_id}",
            repository=repo_id,
        ) from error
    print(f"Published: {done.url}")
