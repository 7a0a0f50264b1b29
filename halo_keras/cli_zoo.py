"""The commands about presets as a whole: `evaluate, figures, leaderboard, ...`.

Their arguments and what they do; as in `cli_commands`, each imports what it needs.
"""

from __future__ import annotations

from pathlib import Path

from halo_keras.cli_options import add_zoo

DATA_DIR = (
    "raw files of the preset's dataset, or its clips as parquet: a folder or "
    "hf://OWNER/NAME (default: its own source)"
)


def add_commands(command) -> None:
    """Adds the commands; `command` is that of `cli.py`."""
    sub = command(
        "evaluate",
        evaluate,
        "Measure a preset on its test clips, beside what others published.",
        "halo-sprites --data-dir sprites",
        "halo-sprites --protocol swap --protocol leakage --json swap.json",
        "halo-balls --num-clips 32",
    )
    sub.add_argument(
        "--protocol",
        action="append",
        metavar="NAME",
        help="only this one; can be given several times. Its numbers replace the old "
        "ones of the same names in the preset's metrics.json; a whole evaluation "
        "replaces all, and takes about an hour of one core on Sprites",
    )
    sub.add_argument("--data-dir", metavar="FOLDER", help=DATA_DIR)
    sub.add_argument(
        "--judge", metavar="PRESET", help="another judge than the dataset's own"
    )
    sub.add_argument(
        "--num-clips",
        type=int,
        metavar="N",
        help="only so many test clips, evenly spaced, for a quick look",
    )
    sub.add_argument("--json", type=Path, metavar="FILE", help="write the numbers too")
    sub.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of pairs, draws and probes (default: %(default)s)",
    )
    sub.add_argument(
        "--sampling-seeds",
        type=int,
        default=5,
        metavar="N",
        help="passes with drawn motion or content (default: %(default)s)",
    )
    sub.add_argument(
        "--no-save", action="store_true", help="leave the preset's folder as it is"
    )
    sub.add_argument("--quiet", action="store_true", help="no progress bars")

    sub = command(
        "figures",
        figures,
        "Draw the papers' figures for a preset.",
        "halo-sprites --data-dir sprites -o figures",
    )
    sub.add_argument("--data-dir", metavar="FOLDER", help=DATA_DIR)
    sub.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where to write them (default: figures/PRESET)",
    )
    sub.add_argument("--seed", type=int, default=0, help="which test clips are shown")

    for name, run, summary in (
        (
            "leaderboard",
            leaderboard,
            "Write results.csv and README.md of a zoo anew, from its presets' metrics.",
        ),
        (
            "cards",
            cards,
            "Write the model cards of a zoo anew, from its presets' own files.",
        ),
        (
            "index",
            index,
            "Verify every preset of a zoo, and write the sums in its index.json anew.",
        ),
    ):
        add_zoo(command(name, run, summary, "zoo", preset=False))


def evaluate(args):
    if args.json is not None:  # known before the minutes are spent
        folder = args.json.absolute().parent
        if args.json.is_dir() or not folder.is_dir():
            raise ValueError(f"--json needs a file name in a folder: {args.json}.")
    from halo_keras.data.clip_writer import replacing
    from halo_keras.evaluation.preset_evaluation import evaluate_preset
    from halo_keras.evaluation.result_table import result_table
    from halo_keras.hub.presets import preset_folder
    from halo_keras.hub.strict_json import to_json, write_text

    done = evaluate_preset(
        args.preset,
        args.protocol,
        data_dir=args.data_dir,
        judge=args.judge,
        num_clips=args.num_clips,
        seed=args.seed,
        num_sampling_seeds=args.sampling_seeds,
        save=not args.no_save,
        verbose=0 if args.quiet else 1,
    )
    labels = "with labels" if done.conditional else "without labels"
    print(f"{done.preset}, version {done.version}, {labels}, on {done.dataset}:")
    print(result_table(done.found, done.dataset))
    if args.json is not None:
        with replacing(args.json) as draft:
            write_text(draft, to_json(done.to_dict()))
        print(f"wrote {args.json}")
    if done.unsaved is not None:
        print(f"The preset's metrics.json was not changed: {done.unsaved}.")
        return
    folder = preset_folder(args.preset)
    print(f"wrote {folder / 'metrics.json'} and the card")
    if (folder.parent / "index.json").is_file():
        from halo_keras.evaluation.leaderboard import write_leaderboard

        for path in write_leaderboard(folder.parent):
            print(f"wrote {path}")


def figures(args):
    from halo_keras.evaluation.figures import draw_figures

    output = args.output or Path("figures") / Path(args.preset).name
    for path in draw_figures(args.preset, output, args.data_dir, args.seed):
        print(f"wrote {path}")


def leaderboard(args):
    from halo_keras.evaluation.leaderboard import write_leaderboard
    from halo_keras.hub.index import zoo_folder

    for path in write_leaderboard(args.zoo or zoo_folder()):
        print(f"wrote {path}")


def cards(args):
    from halo_keras import hub

    for path in hub.update_cards(args.zoo):
        print(f"wrote {path}")


def index(args):
    from halo_keras import hub

    print(f"wrote {hub.update_index(args.zoo)}")
