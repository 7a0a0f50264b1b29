"""Recordings in files: RIFF and SPHERE in, RIFF out, any rate in, 16 kHz out.

Decoding is libsndfile's (package `soundfile`), which knows TIMIT's NIST SPHERE headers
whatever the file is called. What cannot be used is a `RecordingError` that names the
file; what can be used only after a change (channels mixed, rate changed) is a note.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from halo_keras.data.clip_writer import replacing
from halo_keras.data.spectrogram import SAMPLE_RATE, SEGMENT_SAMPLES

# Half a segment: less would be more padding than speech.
MIN_SAMPLES = SEGMENT_SAMPLES // 2
MAX_SECONDS = 3600
RATES = (4_000, 384_000)  # samples a second that are believed
ENDINGS = (".wav", ".sph", ".flac", ".ogg", ".aiff", ".aif")


class RecordingError(ValueError):
    """A recording that cannot be used; `kind` as in `take_report.KINDS`."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class Wave(NamedTuple):
    """A recording, one channel at 16 kHz.

    Attributes:
        samples: `(num_samples,)` float32, [-1, 1] unless the file exceeds it.
        notes: what had to be changed, in words.
    """

    samples: np.ndarray
    notes: tuple[str, ...]


def read_wave(file, name: str | None = None, rate: int = SAMPLE_RATE) -> Wave:
    """Reads a recording; several channels are averaged, other rates resampled.

    Args:
        file: a path, or a binary file.
        name: what errors call it; the path if None.
        rate: samples a second that are expected; another rate is a note.

    Raises: RecordingError, beginning with the name, for a file that is empty, no
        audio, cut short within its header, silent, shorter than 100 ms or longer
        than an hour, or whose rate cannot be true. FileNotFoundError if it is
        missing. ImportError without the extra `speech`.
    """
    soundfile = _soundfile()
    name = str(file) if name is None else name
    if isinstance(file, (str, Path)):
        if not Path(file).is_file():
            raise FileNotFoundError(f"the recording {name} does not exist.")
        if Path(file).stat().st_size == 0:
            raise RecordingError("empty", f"{name}: the file is empty.")
    try:
        with soundfile.SoundFile(file) as stream:
            found, about = stream.samplerate, stream.extra_info
            _check_header(name, found, stream.frames)
            samples = stream.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError, TypeError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(
            "unreadable", f"{name}: no readable recording ({error})."
        ) from error
    notes = []
    if samples.shape[1] > 1:
        notes.append(f"{samples.shape[1]} channels were averaged")
    if found != rate:
        notes.append(f"resampled from {found} Hz to {SAMPLE_RATE} Hz")
    if "data :" in about and "(should be" in about.split("data :")[1].split("\n")[0]:
        notes.append("cut short: its header announces more samples")
    mono = resample(samples.mean(axis=1), found)
    if not np.isfinite(mono).all():
        raise RecordingError("unreadable", f"{name}: holds NaN or infinity.")
    if len(mono) < MIN_SAMPLES:
        raise RecordingError(
            "too short",
            f"{name}: {1000 * len(mono) / SAMPLE_RATE:.0f} ms long, expected at least "
            f"{1000 * MIN_SAMPLES // SAMPLE_RATE} ms.",
        )
    if not mono.any():
        raise RecordingError("empty", f"{name}: silent, all samples are zero.")
    return Wave(mono, tuple(notes))


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    """`(num_samples,)` at `rate` as float32 at 16 kHz, by a polyphase filter."""
    if rate == SAMPLE_RATE:
        return np.asarray(samples, np.float32)
    from scipy.signal import resample_poly

    ratio = Fraction(SAMPLE_RATE, int(rate))
    changed = resample_poly(samples, ratio.numerator, ratio.denominator)
    return changed.astype(np.float32)


def write_wave(path, samples: np.ndarray, file_format: str = "WAV") -> Path:
    """Writes `(num_samples,)` at 16 kHz as 16-bit PCM, under its name when whole.

    Args:
        path: of the file; its folder must exist.
        samples: in [-1, 1]; louder ones are scaled down to a peak of 1.
        file_format: `"WAV"` (RIFF) or `"NIST"` (SPHERE).

    Raises: ValueError for samples of another shape or not finite.
    """
    soundfile = _soundfile()
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError(
            f"samples must be (num_samples,) and finite, received {samples.shape}."
        )
    samples = samples / max(1.0, np.abs(samples).max(initial=0))
    # libsndfile would round down, which adds half a step to every sample.
    whole = np.rint(32_767 * samples).astype(np.int16)
    with replacing(path) as part:
        soundfile.write(part, whole, SAMPLE_RATE, format=file_format, subtype="PCM_16")
    return Path(path)


def _check_header(name: str, rate: int, frames: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise RecordingError(
            "unreadable",
            f"{name}: {rate} samples a second cannot be true, expected "
            f"{RATES[0]} to {RATES[1]}.",
        )
    if frames <= 0:
        raise RecordingError("empty", f"{name}: holds no sample.")
    if frames > MAX_SECONDS * rate:
        raise RecordingError(
            "unreadable",
            f"{name}: {frames / rate:.0f} s long, at most {MAX_SECONDS} s are read.",
        )


def _soundfile():
    try:
        import soundfile
    except ImportError as error:
        raise ImportError(
            "recordings are read with soundfile: pip install 'halo-keras[speech]'"
        ) from error
    return soundfile
