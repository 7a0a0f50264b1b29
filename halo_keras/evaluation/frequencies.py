"""How fast a clip swings, and whether its roll-out swings as fast."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.physics_rollouts import Rollouts

PADDING = 8  # times the signal's length
NEAR = 0.05


def main_frequency(signal: np.ndarray) -> np.ndarray:
    """The strongest frequency of real signals `(N, T)`, `(N,)` in cycles a frame.

    The largest value of the spectrum of the signal less its mean, under Hann's window
    and padded to 8 T, and the vertex of the parabola through the logarithms of it and
    its two neighbours. A signal that does not vary has the frequency 0.
    """
    signal = np.asarray(signal, "float64")
    length = signal.shape[1]
    window = np.hanning(length)
    centred = signal - (signal @ window / window.sum())[:, None]
    size = PADDING * length
    spectrum = np.abs(np.fft.rfft(centred * window, size, axis=1))
    peak = np.clip(spectrum.argmax(axis=1), 1, spectrum.shape[1] - 2)
    rows = np.arange(len(signal))
    below, top, above = (
        np.log(np.maximum(spectrum[rows, peak + step], 1e-300)) for step in (-1, 0, 1)
    )
    curve = below - 2 * top + above
    shift = np.where(curve < 0, (below - above) / np.where(curve < 0, 2 * curve, 1), 0)
    found = (peak + np.clip(shift, -0.5, 0.5)) / size
    return np.where(spectrum.max(axis=1) > 1e-9, found, 0.0)


def frequency_errors(rollouts: Rollouts, groups=None) -> dict[str, float]:
    """Main frequencies of the made frames against those of the true ones.

    Both along the direction in which the true frames of the clip vary most.

    Args:
        groups: bool `(N,)` by name: parts of the clips to be told apart too.

    Returns: `frequency_error`, the median over clips of |f^ - f| / f, and
        `frequency_near_rate`, the share of clips where it is below 5 %; the same with
        `frequency_<group>`.
    """
    true = main_frequency(rollouts.signal)
    made = main_frequency(np.nan_to_num(rollouts.made_signal))
    error = np.abs(made - true) / np.maximum(true, 1e-12)
    found = _numbers(error, "frequency")
    for name, members in (groups or {}).items():
        if members.any():
            found |= _numbers(error[members], f"frequency_{name}")
    return found


def _numbers(error, prefix):
    return {
        f"{prefix}_error": float(np.median(error)),
        f"{prefix}_near_rate": float((error < NEAR).mean()),
    }
