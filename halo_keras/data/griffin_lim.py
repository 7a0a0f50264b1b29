"""From spectra back to sound: phases by Griffin & Lim's algorithm.

A log-magnitude spectrogram has no phases. Griffin & Lim 1984 look for a signal whose
spectrogram is nearest: transform back with the phases so far, forth again, keep the new
phases and the wanted magnitudes. librosa's implementation (with the momentum of
Perraudin et al. 2013) does it; this file maps `spectrogram`'s conventions onto it.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.spectrogram import HOP, NUM_BINS, WINDOW

ITERATIONS = 60


def to_wave(
    spectra,
    num_samples: int | None = None,
    iterations: int = ITERATIONS,
    seed: int = 0,
) -> np.ndarray:
    """A sound with these log-magnitude spectra: `(num_samples,)` float32.

    Args:
        spectra: `(num_frames, 200)`, or segments `(num_segments, 20, 200)` that
            follow each other, as in `spectrogram.log_spectra`.
        num_samples: length of the result; 160 a frame if None.
        iterations: of the algorithm.
        seed: of the phases that it starts from.

    Returns: float32 at 16 kHz. The level is what the spectra say, so that the peak may
        exceed 1.
    Raises: ValueError for spectra of another shape or not finite. ImportError without
        the extra `speech`.
    """
    spectra = np.asarray(spectra, np.float32)
    if spectra.ndim not in (2, 3) or spectra.shape[-1] != NUM_BINS:
        raise ValueError(
            f"spectra must be (num_frames, {NUM_BINS}) or (num_segments, num_frames, "
            f"{NUM_BINS}), received {spectra.shape}."
        )
    spectra = spectra.reshape(-1, NUM_BINS)
    if len(spectra) < 2 or not np.isfinite(spectra).all():
        raise ValueError(
            f"spectra must be finite and at least 2 frames, received {len(spectra)}."
        )
    try:
        import librosa
    except ImportError as error:
        raise ImportError(
            "sound is made with librosa: pip install 'halo-keras[speech]'"
        ) from error

    magnitude = np.zeros((NUM_BINS + 1, len(spectra)), np.float32)
    magnitude[:NUM_BINS] = np.exp(spectra.T)  # the bin at 8 kHz is not known
    samples = librosa.griffinlim(
        magnitude,
        n_iter=iterations,
        hop_length=HOP,
        win_length=WINDOW,
        n_fft=WINDOW,
        window="hann",
        center=True,
        pad_mode="constant",
        random_state=np.random.RandomState(seed),
    )
    # The last frame's second half lies behind what overlapping windows determine.
    wanted = HOP * len(spectra) if num_samples is None else num_samples
    result = np.zeros(wanted, np.float32)
    result[: len(samples)] = samples[:wanted]
    return result
