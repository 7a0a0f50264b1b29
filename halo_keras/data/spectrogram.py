"""Speech as log-magnitude spectra: the frames of every speech dataset.

Li & Mandt 2018 (DSVAE), section 4.2: segments of 200 ms, each of T = 20 spectra of 200
numbers, one every 10 ms. The window is not given there; here, as in most work on
TIMIT, it is 25 ms long:

    X[k, m] = sum_n w[n] x[160 k + n - 200] exp(-2 pi i m n / 400),  n = 0 ... 399
    s[k, m] = log max(|X[k, m]|, FLOOR),                             m = 0 ... 199

with w the periodic Hann window and x = 0 outside of the recording. Bin m is at 40 m Hz
(the last of `rfft`, at 8 kHz, is left out) and frame k is centred on sample 160 k, so
that the segments of a recording, put one after another, are its spectrogram without a
seam. The last segment is filled with zeros.

Recordings are scaled to a peak of 1 before, so that the level of a recording tells
nothing of its speaker; a floor 80 dB below a sine of that level cuts off what is
inaudible, where logarithms of noise would cost a model most of its capacity.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 16_000  # samples a second
WINDOW = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
NUM_BINS = 200
BIN_HZ = SAMPLE_RATE / WINDOW
SEGMENT_FRAMES = 20
SEGMENT_SAMPLES = SEGMENT_FRAMES * HOP  # 200 ms
FLOOR = 1e-2
# A Hann window sums to half its length, which bounds |X| for |x| <= 1.
VALUE_RANGE = (float(np.log(FLOOR)), float(np.log(WINDOW / 2)))

_FRAMES_AT_ONCE = 4096


def hann() -> np.ndarray:
    """The periodic Hann window w, `(400,)`."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


def num_segments(num_samples: int) -> int:
    """How many segments a recording gives, the last one filled with zeros."""
    return -(-num_samples // SEGMENT_SAMPLES)


def scaled(samples: np.ndarray) -> np.ndarray:
    """The recording with a peak of 1, float32.

    Raises: ValueError if it is silent throughout.
    """
    samples = _check(samples)
    peak = np.abs(samples).max()
    if peak == 0:
        raise ValueError("the recording is silent: all its samples are zero.")
    return samples / peak


def log_spectra(samples: np.ndarray) -> np.ndarray:
    """s of a recording: `(20 * num_segments, 200)` float32 in `VALUE_RANGE`.

    Args:
        samples: `(num_samples,)` in [-1, 1] at 16 kHz, one channel; see `scaled`.

    Raises: ValueError on another shape, no sample, or one that is not finite.
    """
    samples = _check(samples)
    count = SEGMENT_FRAMES * num_segments(len(samples))
    padded = np.zeros(count * HOP + WINDOW, np.float32)
    padded[WINDOW // 2 : WINDOW // 2 + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: count * HOP]
    windows, window = windows[::HOP], hann().astype(np.float32)
    spectra = np.empty((count, NUM_BINS), np.float32)
    for low in range(0, count, _FRAMES_AT_ONCE):
        some = slice(low, low + _FRAMES_AT_ONCE)
        magnitude = np.abs(np.fft.rfft(windows[some] * window)[:, :NUM_BINS])
        spectra[some] = np.log(np.maximum(magnitude, FLOOR))
    return np.clip(spectra, *np.float32(VALUE_RANGE))


def segments(samples: np.ndarray) -> np.ndarray:
    """`log_spectra` cut every 200 ms: `(num_segments, 20, 200)` float32."""
    return log_spectra(samples).reshape(-1, SEGMENT_FRAMES, NUM_BINS)


def at_frames(spans, count: int, fill: int = -1) -> np.ndarray:
    """Which span holds the centre of each frame: `(count,)` int64.

    Args:
        spans: (first sample, sample behind the last, value) each, in order of time.
        count: number of frames.
        fill: value of frames in no span.
    """
    values = np.full(count, fill, np.int64)
    for start, stop, value in spans:
        values[-(-start // HOP) : max(-(-stop // HOP), 0)] = value
    return values


def _check(samples) -> np.ndarray:
    samples = np.asarray(samples, np.float32)
    if samples.ndim != 1 or samples.size == 0 or not np.isfinite(samples).all():
        raise ValueError(
            "samples must be (num_samples,), one channel, finite and not empty, "
            f"received shape {samples.shape}"
            + ("." if np.isfinite(samples).all() else " with NaN or infinity.")
        )
    return samples
