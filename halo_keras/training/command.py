"""The command line of every recipe: `python recipes/train_<dataset>.py ...`."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from halo_keras.freed_memory import keep_freed_memory
from halo_keras.hub.errors import PresetError
from halo_keras.schema import ConfigError, nearest
from halo_keras.training.augmentation import NAMES as AUGMENTATIONS
from halo_keras.training.callbacks import NonFiniteLoss
from halo_keras.training.hub_options import (
    add_hub_options,
    check_hub_options,
    check_licence,
    find_clips,
    push_preset,
    with_their_data,
)
from halo_keras.training.recipe import Recipe, parse_settings
from halo_keras.training.strategies import NAMES
from halo_keras.training.trainer import train


def run(
    recipes: Mapping[str, Recipe],
    note: str,
    arguments: Sequence[str] | None = None,
    adapt: Callable[[Recipe, argparse.Namespace], Recipe] | None = None,
) -> Path:
    """Parses a recipe's command line, trains, and returns the preset folder.

    Args:
        recipes: by the name that `--preset` takes; the first is the default.
        note: the recipe file's docstring, shown by `--help`.
        arguments: instead of `sys.argv[1:]`.
        adapt: `adapt(recipe, options) -> recipe`, for a recipe that depends on the
            data; what the command line sets is set afterwards. `options.clips` is the
            `Repository` that `--source` names, or None.

    Raises:
        SystemExit: code 2 on a wrong command line, before anything is written;
            code 1 with one line of text on an error that the user can mend.
    """
    keep_freed_memory()
    parser = make_parser(recipes, note)
    options = parser.parse_args(arguments)
    try:
        check_hub_options(options)
        find_clips(options)
        recipe = choose(recipes, options, adapt)
    except ConfigError as error:
        parser.error(str(error))
    except (PresetError, OSError, ImportError) as error:
        raise SystemExit(f"error: {error}") from error
    output = Path(options.output or Path("runs") / recipe.preset)
    try:
        train(
            recipe,
            data_dir=options.source or options.data_dir,
            output=output,
            resume=options.resume,
            strategy=options.strategy,
        )
        print(f"Preset in {output}: halo_keras.from_pretrained({str(output)!r})")
        push_preset(output, options)
    except (
        ConfigError,
        PresetError,
        NonFiniteLoss,
        OSError,
        ImportError,  # of an extra, which the message names
    ) as error:
        raise SystemExit(f"error: {error}") from error
    return output


def make_parser(recipes: Mapping[str, Recipe], note: str) -> argparse.ArgumentParser:
    """The options that every recipe has."""
    default = next(iter(recipes))
    parser = argparse.ArgumentParser(
        description=note,
        epilog=_presets_and_settings(recipes),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--preset", default=default, metavar="NAME", help=f"default: {default}")
    add(
        "--data-dir",
        metavar="FOLDER",
        help="raw files of the dataset; default: its own source (computed, or a pinned "
        "download kept in the cache folder)",
    )
    add(
        "--augment",
        choices=AUGMENTATIONS,
        help="small random changes of the training clips, by Keras's layers or "
        "keras-cv's; default: as the recipe says",
    )
    add("--epochs", type=int, metavar="N", help="instead of the recipe's number")
    add(
        "--init",
        metavar="PRESET",
        help="fine-tune: start from the weights of a preset, which may know other "
        "actions",
    )
    add(
        "--freeze-decoder",
        action="store_true",
        help="with --init: train all but the decoder",
    )
    add(
        "--output",
        metavar="FOLDER",
        help="of the preset; default: runs/<preset>. Checkpoints, log.csv and strips "
        "go beside it, to <output>.training",
    )
    add(
        "--resume",
        action="store_true",
        help="continue from the last checkpoint, to the same numbers as a training "
        "that was never stopped; starts anew where there is none",
    )
    add(
        "--strategy",
        choices=NAMES,
        default="auto",
        help="auto: all accelerators of this machine; none: one; mirrored: "
        "tf.distribute.MirroredStrategy. Default: auto",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a setting of the recipe; can be given several times",
    )
    add_hub_options(parser)
    return parser


def choose(
    recipes: Mapping[str, Recipe], options: argparse.Namespace, adapt=None
) -> Recipe:
    """The recipe that the options ask for; `ConfigError` names what is wrong."""
    if options.preset not in recipes:
        raise ConfigError(
            f"there is no preset {options.preset!r} here"
            f"{nearest(options.preset, recipes) or '.'} Known: {', '.join(recipes)}."
        )
    recipe = with_their_data(recipes[options.preset], options)
    if adapt is not None:
        recipe = adapt(recipe, options)
    recipe = recipe.override(**parse_settings(options.set))
    if options.epochs is not None:
        recipe = recipe.override(epochs=options.epochs)
    if options.augment is not None:
        recipe = recipe.override(augment=options.augment)
    if options.init is not None:
        recipe = recipe.override(init=options.init)
    if options.freeze_decoder:
        recipe = recipe.override(freeze="decoder")
    check_licence(recipe, options)
    return recipe


def _presets_and_settings(recipes: Mapping[str, Recipe]) -> str:
    lines = ["presets:"]
    for name, recipe in recipes.items():
        lines += textwrap.wrap(
            f"{name}: {recipe.description}",
            width=88,
            initial_indent="  ",
            subsequent_indent="      ",
            break_on_hyphens=False,
        )
    name, recipe = next(iter(recipes.items()))
    plain = recipe.to_dict()
    lines += ["", f"settings for --set, with the values of {name}:"]
    for key in recipe.keys():
        group, _, inner = key.partition(".")
        value = plain[group][inner] if inner else plain[key]
        if key not in ("preset", "dataset", "description"):
            lines.append(f"  {key}={value}")
    return "\n".join(lines).replace("%", "%%")
