"""The commands about datasets: `halo-keras data build | push | describe`.

Their arguments and what they do; as in `cli_commands`, each imports what it needs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from halo_keras.cli_options import add_branch_options, add_upload_options

SOURCE = "name of a dataset, a folder that `data build` wrote, or hf://OWNER/NAME"


def add_commands(command) -> None:
    """Adds `data` with its own commands; `command` is that of `cli.py`."""
    parser = command(
        "data",
        None,
        "Build, push and describe datasets of clips.",
        "build balls -o clips --set num_frames=16",
        "push clips me/balls --private",
        "describe hf://me/balls",
        preset=False,
    )
    commands = parser.add_subparsers(
        dest="data_command", required=True, metavar="COMMAND"
    )

    def add(name, run, summary):
        sub = commands.add_parser(
            name, help=summary[0].lower() + summary[1:].rstrip("."), description=summary
        )
        sub.set_defaults(run=run)
        return sub

    sub = add("build", build, "Write a dataset as parquet files with a card.")
    sub.add_argument("name", help="of the dataset")
    sub.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="absent, empty, or with other splits of the same dataset",
    )
    _add_options(sub)
    sub.add_argument(
        "--shards",
        type=int,
        metavar="N",
        help="files a split (default: one for every 500 clips, at most 8)",
    )

    sub = add("push", push, "Upload a built dataset to the Hugging Face Hub.")
    sub.add_argument("folder", type=Path, help="that `data build` wrote")
    sub.add_argument("repository", metavar="OWNER/NAME", help="made if it is not there")
    add_upload_options(sub)
    add_branch_options(sub)

    sub = add("describe", describe, "Show counts, labels, licence and attribution.")
    sub.add_argument("source", help=SOURCE)
    _add_options(sub)


def build(args):
    from halo_keras.data.clip_folder import build_folder

    datasets = _loaded(args)
    about = build_folder(datasets, args.output, args.shards)
    for name, split in about.splits.items():
        size = sum((args.output / file).stat().st_size for file in split.files)
        print(
            f"{name}: {split.num_clips:,} clips in {_files(split)}, "
            f"{size / 1e6:.1f} MB, sha256 of the content {split.sha256[:16]}..."
        )
    print(f"wrote {args.output}: {_loading(about, str(args.output))}")


def push(args):
    from halo_keras.data.description_file import read_description
    from halo_keras.hub.dataset_pushing import plan_folder, push_folder

    access = {"revision": args.revision, "private": args.private}
    if args.dry_run:
        files, card = plan_folder(args.folder, args.repository, private=args.private)
        for name, size in files.items():
            print(f"{size:>12,}  {name}")
        print(f"\nREADME.md:\n\n{card}")
        print("Nothing was uploaded (--dry-run).")
        return
    done = push_folder(args.folder, args.repository, create_pr=args.create_pr, **access)
    print(f"pushed: {done.url}")
    handle = f"hf://{args.repository}@{done.commit}"
    print(f"read it with: {_loading(read_description(args.folder), handle)}")


def describe(args):
    from halo_keras.data.registry import is_repository

    if not is_repository(args.source):
        args.name = args.source
        for dataset in _loaded(args):
            print(dataset.describe())
        return
    from halo_keras.hub.dataset_repository import open_repository

    if args.set or args.data_dir is not None:
        raise ValueError("--set and --data-dir are for datasets that are made anew.")
    found = open_repository(args.source)
    wanted = args.split or list(found.description.splits)
    for name in wanted:
        split = found.description.split(name, found.where)
        shape = " x ".join(map(str, split.clip_shape))
        print(f"{found.description.name}, split {name}: {split.num_clips:,} clips of")
        print(f"  {shape} ({found.description.kind}), in {_files(split)}")
        if split.options:
            given = {k: v for k, v in split.options.items() if v is not None}
            made = ", ".join(f"{k}={v!r}" for k, v in given.items())
            print(f"  made with: {made}")
        print(f"  sha256 of the content: {split.sha256}")
    for label, names in found.description.labels.items():
        text = f"{len(names):,} classes" if names else "whole numbers"
        few = f" ({', '.join(names)})" if names and len(names) <= 12 else ""
        print(f"  {label}: {text}{few}")
    print(f"  licence: {found.description.license}")
    print(f"  attribution: {found.description.attribution}")
    print(f"  read from: {found.where}")


def _loading(about, source: str) -> str:
    split = next(iter(about.splits))
    return f"halo_keras.data.load({about.name!r}, {split!r}, source={source!r})"


def _files(split) -> str:
    return f"{len(split.files)} file{'' if len(split.files) == 1 else 's'}"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--split",
        action="append",
        metavar="NAME",
        help="only this one; can be given several times (default: all)",
    )
    parser.add_argument(
        "--data-dir", metavar="FOLDER", help="raw files (default: its own source)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of the dataset's loader; can be given several times",
    )


def _loaded(args):
    """The splits that the arguments ask for, each loaded when it is its turn."""
    from halo_keras import data

    options = dict(_option(text) for text in args.set)
    for split in args.split or data.splits(args.name):
        yield data.load(args.name, split, source=args.data_dir, **options)


def _option(text: str):
    """`"num_frames=8"` -> `("num_frames", 8)`; what is no JSON is a text."""
    key, found, value = text.partition("=")
    if not found or not key:
        raise ValueError(f"--set takes key=value, received {text!r}.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
