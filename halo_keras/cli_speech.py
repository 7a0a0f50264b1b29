"""The command about speech: `halo-keras convert-voice`.

Its arguments and what it does; as in `cli_commands`, it imports what it needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

DATASETS = ("formant_voices", "spoken_digits", "timit")
MAX_SECONDS = 600


def add_commands(command) -> None:
    """Adds the command to a parser.

    Args:
        command: `command(name, run, summary, *examples, preset=True)` -> parser.
    """
    sub = command(
        "convert-voice",
        convert_voice,
        "Say what one recording says in the voice of another.",
        "a.wav b.wav -o out.wav",
        "a.wav b.wav --preset folder/of/a/preset -o out.wav",
        preset=False,
    )
    sub.add_argument("speech", type=Path, help="a recording: what is said, and when")
    sub.add_argument("voice", type=Path, help="a recording of the voice to say it in")
    sub.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("converted.wav"),
        help="a .wav, one channel of 16 bits at 16 kHz (default: converted.wav)",
    )
    sub.add_argument(
        "--preset",
        help="name of a preset of speech, a preset folder, or hf://owner/name "
        "(default: one that is here)",
    )
    sub.add_argument(
        "--iterations",
        type=int,
        default=60,
        help="of Griffin and Lim's algorithm, which finds the phases (default: 60)",
    )
    sub.add_argument(
        "--seed", type=int, default=0, help="of its first phases (default: 0)"
    )


def convert_voice(args):
    from halo_keras.data import spectrogram
    from halo_keras.data.griffin_lim import to_wave
    from halo_keras.data.wav_files import write_wave
    from halo_keras.evaluation.voice_conversion import converted

    _check_output(args.output)
    if not 0 <= args.iterations <= 10_000:
        raise ValueError(f"--iterations must lie in [0, 10000]: {args.iterations}.")
    speech, voice = _recording(args.speech), _recording(args.voice)
    model = _model(args.preset)
    segments = (spectrogram.segments(spectrogram.scaled(w)) for w in (speech, voice))
    spectra = converted(model, *segments)
    result = to_wave(spectra, len(speech), args.iterations, args.seed)
    write_wave(args.output, _at_level_of(result, speech))
    seconds = len(result) / spectrogram.SAMPLE_RATE
    print(
        f"wrote {args.output}: {seconds:.2f} s, what {args.speech.name} says in the "
        f"voice of {args.voice.name}"
    )


def _check_output(path: Path) -> None:
    """Known before the work is done."""
    if path.suffix.lower() != ".wav":
        raise ValueError(f"the output must end in .wav, received {path}.")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ValueError(f"the output needs a file name in a folder that is: {path}.")


def _recording(path: Path):
    from halo_keras.data.spectrogram import SAMPLE_RATE
    from halo_keras.data.wav_files import read_wave

    wave = read_wave(path)
    if len(wave.samples) > MAX_SECONDS * SAMPLE_RATE:
        raise ValueError(
            f"{path} is {len(wave.samples) / SAMPLE_RATE:.0f} s long, at most "
            f"{MAX_SECONDS} s are converted at once; cut it."
        )
    for note in wave.notes:
        print(f"{path}: {note}.", file=sys.stderr)
    return wave.samples


def _model(handle):
    """The model, which must be one of spectra as `spectrogram` makes them."""
    import halo_keras
    from halo_keras.data.spectrogram import NUM_BINS, VALUE_RANGE

    model = halo_keras.from_pretrained(handle or _own_preset())
    shape = tuple(getattr(model, "frame_shape", ()))
    value_range = getattr(model, "value_range", None)
    suited = shape == (NUM_BINS,) and value_range is not None
    if not suited or any(
        abs(a - b) > 1e-3 for a, b in zip(value_range, VALUE_RANGE, strict=True)
    ):
        raise ValueError(
            f"{handle} is a model of frames of shape {shape}; voices are converted by "
            f"one of {NUM_BINS} log-magnitudes between {VALUE_RANGE[0]:.3f} and "
            f"{VALUE_RANGE[1]:.3f}, as train_speech.py makes."
        )
    return model


def _own_preset() -> str:
    import halo_keras

    found = [
        preset.name
        for preset in halo_keras.list_presets()
        if preset.data in DATASETS and not preset.name.startswith("judge-")
    ]
    if not found:
        raise ValueError(
            "this installation holds no preset of speech; train one with "
            "recipes/train_speech.py and give its folder with --preset."
        )
    chosen = min(found, key=lambda name: (len(name), name))  # the plain variant
    if len(found) > 1:
        print(f"with {chosen}, one of: {', '.join(found)}.", file=sys.stderr)
    return chosen


def _at_level_of(result, speech):
    """As loud as the recording that says it, but not beyond full scale."""
    import numpy as np

    power = np.sqrt(np.mean(np.square(result))) or 1.0
    return result * (np.sqrt(np.mean(np.square(speech))) / power)
