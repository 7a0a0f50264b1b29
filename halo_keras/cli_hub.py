"""The commands about the Hugging Face Hub: `pull, verify, publish, publish-zoo`.

Their arguments and what they do; as in `cli_commands`, each imports what it needs. A
token is never an argument, where others could read it: the Hub's client takes it from
`HF_TOKEN` or from `hf auth login`.
"""

from __future__ import annotations

from pathlib import Path

from halo_keras.cli_options import add_branch_options, add_upload_options

HANDLE = "hf://owner/name[@revision], or the name of a preset that is on the Hub"


def add_commands(command) -> None:
    """Adds the commands; `command` is that of `cli.py`."""
    sub = command(
        "pull",
        pull,
        "Fetch a preset from the Hugging Face Hub, and verify it.",
        "hf://owner/halo-sprites",
        "hf://owner/halo-sprites@v1 -o my-sprites",
        preset=False,
    )
    sub.add_argument("preset", help=HANDLE)
    sub.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="put a copy there (default: the cache alone)",
    )
    sub.add_argument(
        "--revision", help="branch, tag or commit; of a name, a version such as v1"
    )
    sub.add_argument(
        "--cache-dir", metavar="FOLDER", help="instead of the Hub client's own"
    )
    sub.add_argument(
        "--force-download", action="store_true", help="fetch what is in the cache too"
    )
    sub.add_argument(
        "--local-files-only", action="store_true", help="use no network, only the cache"
    )

    command(
        "verify",
        verify,
        "Recompute every sha256 of a preset, check every file and load the model.",
        "halo-sprites",
        "hf://owner/halo-sprites",
    )

    sub = command(
        "publish",
        publish,
        "Upload a preset to the Hugging Face Hub, in one commit.",
        "zoo/halo-sprites you/halo-sprites --dry-run",
        "runs/my-preset you/my-preset --private",
        preset=False,
    )
    sub.add_argument("preset", help="a preset folder, or the name of a preset")
    sub.add_argument("repository", metavar="OWNER/NAME", help="made if it is not there")
    add_upload_options(sub)
    add_branch_options(sub)

    sub = command(
        "publish-zoo",
        publish_zoo,
        "Upload every preset of a zoo to OWNER, and pin the commits in its index.json.",
        "you --dry-run",
        preset=False,
    )
    sub.add_argument("owner", metavar="OWNER", help="user or organisation on the Hub")
    sub.add_argument(
        "--zoo",
        type=Path,
        metavar="FOLDER",
        help="of presets, with an index.json (default: this checkout's)",
    )
    add_upload_options(sub)


def pull(args):
    from halo_keras import hub

    folder = hub.pull(
        args.preset,
        args.output,
        revision=args.revision,
        cache_dir=args.cache_dir,
        force_download=args.force_download,
        local_files_only=args.local_files_only,
    )
    info = hub.preset_info(folder)
    print(f"{info.name}, version {info.version}: every file is as published, {folder}")


def verify(args):
    from halo_keras import hub

    info = hub.verify(args.preset)
    print(
        f"{info.name}, version {info.version}: every sha256 is right, and the model "
        f"loads ({info.parameters:,} parameters, {info.size_bytes:,} bytes)."
    )


def publish(args):
    from halo_keras import hub

    done = hub.publish(
        args.preset,
        args.repository,
        private=args.private,
        revision=args.revision,
        create_pr=args.create_pr,
        dry_run=args.dry_run,
    )
    print(done)
    if args.dry_run:
        print(f"\nREADME.md:\n\n{done.card}", end="")


def publish_zoo(args):
    from halo_keras import hub

    done = hub.publish_zoo(
        args.owner, zoo=args.zoo, private=args.private, dry_run=args.dry_run
    )
    print("\n\n".join(map(str, done)))
    if not args.dry_run:
        print("\nThe commits are in index.json: commit it.")
