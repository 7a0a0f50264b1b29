"""The pitch of an utterance, heard in the sound that its spectra make."""

from __future__ import annotations

import warnings

import numpy as np

from halo_keras.data.griffin_lim import to_wave
from halo_keras.data.spectrogram import HOP, SAMPLE_RATE

LOWEST, HIGHEST = 60.0, 400.0  # Hz: voices of adults
FRAME_LENGTH = 1024  # 64 ms: nearly four periods of the lowest voice
ITERATIONS = 32


def median_f0(spectra: np.ndarray) -> float:
    """Median fundamental frequency of the voiced frames of an utterance, in Hz.

    Spectra become sound by Griffin & Lim's algorithm, in which librosa's probabilistic
    YIN (Mauch & Dixon 2014) finds the pitch. Real and converted spectra go the same
    way, so that what the way does to them is in both.

    Args:
        spectra: `(num_segments, time, 200)` log magnitudes of one utterance.

    Returns: NaN where no frame is voiced.

    Raises:
        ImportError: without the extra `speech`.
    """
    try:
        import librosa
    except ImportError as error:
        raise ImportError(
            "pitch is found with librosa: pip install 'halo-keras[speech]'"
        ) from error
    wave = to_wave(spectra, iterations=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of frames without sound
        f0, voiced, _ = librosa.pyin(
            wave,
            fmin=LOWEST,
            fmax=HIGHEST,
            sr=SAMPLE_RATE,
            frame_length=FRAME_LENGTH,
            hop_length=2 * HOP,
        )
    f0 = f0[voiced & np.isfinite(f0)]
    return float(np.median(f0)) if len(f0) else float("nan")
