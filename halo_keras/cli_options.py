"""Options that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_upload_options(parser: argparse.ArgumentParser) -> None:
    """For whom it is: `private`, True, False or None; and `dry_run`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--private",
        action="store_const",
        const=True,
        help="a repository that only its owner sees",
    )
    group.add_argument(
        "--public",
        action="store_const",
        const=False,
        dest="private",
        help="a repository that everybody sees",
    )
    parser.set_defaults(private=None)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="show what would be uploaded, and upload nothing",
    )


def add_branch_options(parser: argparse.ArgumentParser) -> None:
    """Where in a repository it goes: `revision` and `create_pr`."""
    parser.add_argument(
        "--revision",
        metavar="BRANCH",
        help="to commit to (default: the main one); made if it is not there",
    )
    parser.add_argument(
        "--create-pr",
        action="store_true",
        help="propose the commit to a repository of somebody else",
    )


def add_zoo(parser: argparse.ArgumentParser) -> None:
    """The positional `args.zoo`; None for this checkout's."""
    parser.add_argument(
        "zoo", nargs="?", type=Path, help="folder of presets (default: this checkout's)"
    )
