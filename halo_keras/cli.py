"""The command line: `halo-keras list, info, swap, generate, forecast, sample, ...`.

This file holds the arguments, their help and the errors; `cli_commands.py` holds what
the commands do, each a short call into the library, which they import when they run.
`cli_zoo.py`, `cli_data.py` and `cli_speech.py` hold both for presets as a whole, for
datasets and for recordings.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

import numpy as np

from halo_keras import cli_commands as commands
from halo_keras import cli_data, cli_hub, cli_speech, cli_zoo
from halo_keras.freed_memory import keep_freed_memory

MAX_TIMES = 10_000
CLIP = "a GIF, a PNG strip of square frames, a folder of frames or an .npz"
TIMES = (
    "real times in frames, where 0 is the clip's first frame: 0:64 (up to 63), "
    "0:8:0.5 (in half frames), -8,0.5,1,400 (any, backward too)"
)
EXAMPLES = """\
examples:
  halo-keras list                                    the presets that are here
  halo-keras swap halo-sprites -o swap.gif           with clips of the preset's own
  halo-keras swap halo-sprites a.gif b.gif -o c.gif  a's character does what b does
  halo-keras generate halo-sprites a.png --action walk/front --times 0:64
  halo-keras forecast halo-sprites a.gif --times -8:16 -o longer.gif
  halo-keras evaluate halo-sprites --data-dir DIR    numbers beside published ones
  halo-keras doctor                                  versions, backend and devices

'halo-keras COMMAND --help' says more. KERAS_BACKEND=jax (or torch, tensorflow) in
the environment chooses the backend."""


def main(argv=None) -> int:
    """Runs one command and returns the exit status.

    0 on success, 2 after one line on standard error that says what to change, 130 if
    interrupted. `halo-keras --debug COMMAND ...` shows the traceback of an error.

    Args:
        argv: the words after the program's name; None for those of this process.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow loads
    keep_freed_memory()
    argv = list(sys.argv[1:] if argv is None else argv)
    args = _parser().parse_args(_join_negative_times(argv))
    try:
        if args.command != "doctor":  # which also tells why this import fails
            from halo_keras import _public  # noqa: F401
        return args.run(args) or 0
    except (ValueError, OSError, ImportError) as error:
        if args.debug:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"halo-keras {args.command}: error: {reason}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"halo-keras {args.command}: stopped.", file=sys.stderr)
        return 130


def parse_times(text) -> np.ndarray:
    """`"0:64"`, `"0:8:0.5"`, `"-8,0.5,1,400"` or a mixture, as real times in frames.

    `start:stop` counts up by 1 (or by the third number, which may be negative) and
    leaves out `stop`, as Python's `range` does.
    """
    times = []
    try:
        for part in text.split(","):
            numbers = [float(number) for number in part.split(":")]
            if not np.isfinite(numbers).all() or len(numbers) > 3:
                raise ValueError(part)
            if len(numbers) == 1:
                times += numbers
                continue
            start, stop, step = numbers if len(numbers) == 3 else (*numbers, 1.0)
            # A stop that is reached up to rounding, as in 0:1:0.1, is left out.
            count = max(0.0, np.ceil((stop - start) / step - 1e-9))
            if len(times) + count > MAX_TIMES:
                raise argparse.ArgumentTypeError(
                    f"{text!r} asks for more than {MAX_TIMES} times."
                )
            times += [start + step * index for index in range(int(count))]
    except (ValueError, ZeroDivisionError):
        times = []
    if not times:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of times; expected for instance 0:64, 0:8:0.5 or "
            "-8,0.5,1,400."
        )
    return np.asarray(times)


class _Parser(argparse.ArgumentParser):
    """Its errors are one line, as all others of this program."""

    def error(self, message):
        text = f"{self.prog}: error: {message.rstrip('.')}. See: {self.prog} --help\n"
        self.exit(2, text)


def _join_negative_times(argv):
    """`--times -8,1` as `--times=-8,1`: argparse takes the former for an option."""
    joined = []
    for word in argv:
        if joined and joined[-1] == "--times" and re.match(r"-[\d.]", word):
            joined[-1] = f"--times={word}"
        else:
            joined.append(word)
    return joined


def _parser():
    parser = _Parser(
        prog="halo-keras",
        description="Split clips into content and motion, and recombine them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--debug", action="store_true", help="show a traceback of errors"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, summary, *examples, preset=True):
        text = "\n".join(f"  halo-keras {name} {example}" for example in examples)
        sub = subparsers.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=summary,
            epilog=f"examples:\n{text}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        if preset:
            sub.add_argument(
                "preset", help="name of a preset, a preset folder, or hf://owner/name"
            )
        return sub

    command(
        "list", commands.list_presets, "List the presets that are here.", preset=False
    )
    command(
        "info",
        commands.info,
        "Show what a preset is: data, licence, actions, measured results.",
        "halo-sprites",
    )
    swap = command(
        "swap",
        commands.swap,
        "Give the content of one clip the motion of another.",
        "halo-sprites",
        "halo-sprites --action walk/left --side-by-side",
        "halo-sprites a.gif b.gif --times 0:64 -o out.gif",
        "halo-sprites a.gif b.gif --tempo 2 -o fast.gif",
    )
    swap.add_argument("content", nargs="?", help=f"whose looks to keep: {CLIP}")
    swap.add_argument("motion", nargs="?", help="whose motion to take: the same kinds")
    _add_action(swap, "the motion clip's action; inferred if left out")
    swap.add_argument(
        "--tempo",
        type=float,
        default=1.0,
        help="2: twice as fast, 0.5: half as fast, -1: backward from the first frame "
        "(default: 1)",
    )
    swap.add_argument(
        "--side-by-side",
        action="store_true",
        help="show content, motion and result side by side",
    )
    _add_output(swap, "swap.gif", times="the motion clip's own frames")
    _add_seed(swap, "chooses which of the preset's own clips stand in for missing ones")

    generate = command(
        "generate",
        commands.generate,
        "Make one picture move.",
        "halo-sprites --action walk/front",
        "halo-sprites a.png --action slash/left --times 0:64 -o moving.gif",
    )
    generate.add_argument("image", nargs="?", help="a picture, or a clip's first frame")
    _add_action(generate, "the motion to make; needed if the preset knows several")
    generate.add_argument(
        "--start",
        choices=("prior", "image"),
        default="prior",
        help="where the motion starts: from the fitted prior, or read off the picture, "
        "which fits only the picture's own action (default: prior)",
    )
    _add_output(generate, "generate.gif", times="as many frames as a training clip")
    _add_seed(generate, "draws the motion's start; its mean is taken without")

    forecast = command(
        "forecast",
        commands.forecast,
        "Show a clip before, between and after its frames.",
        "halo-sprites a.gif --times 0:64",
        "halo-sprites a.gif --times -8,0.5,1,400 -o four.png",
    )
    forecast.add_argument("clip", nargs="?", help=CLIP)
    _add_action(forecast, "the clip's action; inferred if left out")
    _add_output(forecast, "forecast.gif", times="0:64")
    _add_seed(
        forecast, "chooses which of the preset's own clips stands in for a missing"
    )

    sample = command(
        "sample",
        commands.sample,
        "Draw new clips.",
        "halo-sprites --num-clips 6",
        "halo-sprites --action walk/front --seed 7 -o walk.png",
    )
    sample.add_argument(
        "--num-clips", type=int, default=4, help="how many, side by side (default: 4)"
    )
    _add_action(sample, "what they do; drawn for each if left out")
    _add_output(sample, "sample.gif", times="as many frames as a training clip")
    _add_seed(sample, "of the draw; a new one is made up and printed if left out")

    energy = command(
        "plot-energy",
        commands.plot_energy,
        "Plot the energy of a clip's motion against time.",
        "halo-sprites a.gif -o energy.png",
    )
    energy.add_argument("clip", nargs="?", help=CLIP)
    _add_action(energy, "the clip's action; inferred if left out")
    energy.add_argument("--times", type=parse_times, metavar="TIMES", help=TIMES)
    energy.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("energy.png"),
        help="a .png (default: energy.png)",
    )
    _add_seed(
        energy, "chooses which of the preset's own clips stands in for a missing one"
    )

    cli_zoo.add_commands(command)
    cli_hub.add_commands(command)
    cli_data.add_commands(command)
    cli_speech.add_commands(command)
    command(
        "doctor",
        commands.doctor,
        "Show versions, backend, devices and presets, for bug reports.",
        preset=False,
    )
    return parser


def _add_action(parser, text):
    parser.add_argument("--action", help=f"{text} (a name or a number)")


def _add_seed(parser, text):
    parser.add_argument("--seed", type=int, help=text)


def _add_output(parser, default, times):
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path(default),
        help="a .gif, a .png (strip), an .npz, or a name without ending for a folder "
        f"of frames (default: {default})",
    )
    parser.add_argument(
        "--times",
        type=parse_times,
        metavar="TIMES",
        help=f"{TIMES}; default: {times}",
    )
    parser.add_argument("--fps", type=float, default=8, help="of a GIF (default: 8)")
    parser.add_argument(
        "--scale",
        type=int,
        help="enlarge each pixel so many times (default: 4 in a GIF, else 1)",
    )


if __name__ == "__main__":
    sys.exit(main())
