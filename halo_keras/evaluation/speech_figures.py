"""Voice conversion to be looked at and listened to: DSVAE's figure 6, and its sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.data.griffin_lim import to_wave
from halo_keras.data.spectrogram import BIN_HZ, HOP, SAMPLE_RATE
from halo_keras.data.wav_files import write_wave
from halo_keras.evaluation.voice_conversion import conversion_pairs, converted
from halo_keras.evaluation.voices import utterances_of

SECONDS = 2.0  # as in the paper's figure
HIGHEST = 4000  # Hz, of the picture; harmonics are below
DPI = 100


def draw_speech(
    model, dataset, output, seed: int = 0, num_pairs: int = 2
) -> list[Path]:
    """Utterances in each other's voice, as spectrograms and as sound.

    Pairs of speakers, of different gender where genders are known, change voices, one
    way and the other. All sounds are made from spectra by Griffin & Lim's algorithm,
    the real ones too, so that what it does to them is heard in all.

    Args:
        model: a `SequenceModel` of spectrograms.
        dataset: test segments of utterances.
        output: a folder, which is there.
        seed: of the choice of pairs.
        num_pairs: of speakers.

    Returns: the paths: a `conversion-<k>.png` and `.wav` files for each pair.

    Raises:
        ImportError: without the extra `speech`.
    """
    utterances = utterances_of(dataset)
    firsts = np.array([rows[0] for rows in utterances.rows])
    gender = dataset.labels.get("gender")
    gender = None if gender is None else np.asarray(gender)[firsts]
    partners = conversion_pairs(utterances, gender, seed)
    rng = np.random.default_rng(seed)
    count = min(num_pairs, len(utterances))
    paths = []
    for number, one in enumerate(rng.choice(len(utterances), count, replace=False), 1):
        first, second = (
            dataset.frames[utterances.rows[index]] for index in (one, partners[one])
        )
        shown = {
            "a": first,
            "a-in-the-voice-of-b": converted(model, first, second),
            "b": second,
            "b-in-the-voice-of-a": converted(model, second, first),
        }
        picture = Path(output) / f"conversion-{number}.png"
        spectrogram_figure(shown, picture, dataset.value_range)
        paths.append(picture)
        for name, spectra in shown.items():
            path = Path(output) / f"conversion-{number}-{name}.wav"
            paths.append(write_wave(path, to_wave(spectra)))
    return paths


def spectrogram_figure(shown: dict[str, np.ndarray], path, value_range) -> None:
    """Log-magnitude spectrograms in a grid of two columns, low frequencies below.

    Args:
        shown: title -> `(num_segments, time, bins)`; the first two seconds are drawn.
        path: a `.png`.
        value_range: (black, white).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(-(-len(shown) // 2), 2, squeeze=False).flat
    for axes, (title, spectra) in zip(panels, shown.items(), strict=False):
        frames = spectra.reshape(-1, spectra.shape[-1])
        frames = frames[: int(SECONDS * SAMPLE_RATE / HOP), : int(HIGHEST / BIN_HZ)]
        seconds = len(frames) * HOP / SAMPLE_RATE
        low, high = value_range
        axes.imshow(
            frames.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=low,
            vmax=high,
            extent=(0, seconds, 0, frames.shape[1] * BIN_HZ),
        )
        axes.set_title(title.replace("-", " "), fontsize="small")
        axes.set_xlabel("seconds", fontsize="small")
        axes.set_ylabel("Hz", fontsize="small")
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Comment": COMMENT})
