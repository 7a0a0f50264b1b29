"""A formant synthesiser: speech from a source, noise and resonators (Klatt 1980).

    voice  = band-limited pulses at F0 -> two poles (the folds' spectral tilt)
    speech = (voice + breath) -> cascade of resonators at F1 ... F7 (the vocal tract)
             + noise -> band-pass (a constriction)

Targets of phones are held, then smoothed over time, which gives the glides between
phones that carry much of speech. A resonator is y[n] = A x[n] + B y[n-1] + C y[n-2]
with C = -exp(-2 pi w / fs), B = 2 exp(-pi w / fs) cos(2 pi f / fs), A = 1 - B - C for a
formant of f Hz, w Hz wide. Resonators change every 5 ms; each stretch of the source
goes through those of its time, and stretches overlap, so that no change is heard as a
click.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from halo_keras.data.formant_phones import STEPS
from halo_keras.data.formant_sentences import Sentence
from halo_keras.data.formant_speakers import EXCURSION, Voice
from halo_keras.data.spectrogram import SAMPLE_RATE
from halo_keras.data.timit_phones import PHONES

BLOCK = 80  # samples: 5 ms
PEAK = 0.9
_HIGHEST = 7600.0  # Hz, of harmonics and formants
_WIDTHS = np.array([70.0, 90.0, 130.0, 200.0, 250.0, 300.0, 350.0])  # Hz
_SIZE = 1280  # samples in which an impulse response has died away
_DELAY = np.exp(-2j * np.pi * np.fft.rfftfreq(_SIZE)).astype(np.complex64)  # z^-1
_FORMANT_BLOCKS, _LEVEL_BLOCKS = 11, 3  # over which targets are smoothed
_TILT_HZ = 200.0
_BREATH, _NOISE = 0.4, 2.5  # levels beside a voice of unit power
_DECLINATION, _JITTER = 0.035, 0.004  # of F0, relative


class Utterance(NamedTuple):
    """A sentence said by a voice.

    Attributes:
        samples: `(num_samples,)` float32 at 16 kHz, peak .9.
        phones: (first sample, sample behind the last, index into `PHONES`) each.
        f0: `(num_samples,)` frequency of the folds in Hz, 0 where they are still.
    """

    samples: np.ndarray
    phones: tuple[tuple[int, int, int], ...]
    f0: np.ndarray


def say(voice: Voice, sentence: Sentence) -> Utterance:
    """The voice says the sentence; the same for the same arguments.

    Two voices of equal `rate` say a sentence at exactly the same times.
    """
    rng = np.random.default_rng([voice.seed, int(sentence.name[2:])])
    ends = np.cumsum(sentence.seconds) / voice.rate * SAMPLE_RATE / BLOCK
    ends = np.rint(ends).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    steps, accents = _held(sentence, starts, ends)
    formants = _smooth(steps[:, :3], _FORMANT_BLOCKS)
    voicing, breath, noise = _smooth(steps[:, 3:6], _LEVEL_BLOCKS).T
    f0 = _contour(voice, accents, rng)

    loud = _samples(voicing)
    source = loud * _pulses(voice, _samples(f0))
    hush = _samples(breath) + voice.breathiness * loud
    source += _BREATH * hush * rng.standard_normal(len(loud))
    speech = _filtered(source, _formants(voice, formants))
    hiss = _NOISE * _samples(noise) * rng.standard_normal(len(loud))
    speech += _filtered(hiss, _bands(voice.constriction(steps[:, 6]), steps[:, 7]))

    spans = tuple(
        (int(start) * BLOCK, int(end) * BLOCK, PHONES.index(phone))
        for start, end, phone in zip(starts, ends, sentence.phones, strict=True)
    )
    speech *= PEAK / np.abs(speech).max()
    sounding = np.where(loud > 0.05, _samples(f0), 0.0)
    return Utterance(speech.astype(np.float32), spans, sounding)


def _held(sentence, starts, ends):
    """Targets `(num_blocks, 8)` and accents `(num_blocks,)`, held for each step."""
    targets = np.empty((ends[-1], 8))
    accents = np.empty(ends[-1])
    for index, phone in enumerate(sentence.phones):
        start, end = starts[index], ends[index]
        accents[start:end] = sentence.accents[index]
        at = float(start)
        for step in STEPS[phone]:
            stop = at + step.share * (end - start)
            targets[round(at) : end] = (*step.formants, *step[1:6])
            at = stop
    return targets, accents


def _contour(voice, accents, rng):
    """F0 of each block: it falls slowly, rises at accents and trembles a little."""
    count = len(accents)
    fall = _DECLINATION * np.linspace(1, -1, count)
    tremble = _JITTER * _smooth(rng.standard_normal((count, 1)), 5)[:, 0]
    relative = fall + voice.liveliness * _smooth(accents[:, None], 31)[:, 0] + tremble
    return voice.f0 * (1 + np.clip(relative, -EXCURSION, EXCURSION))


def _pulses(voice, f0):
    """The folds: cos(p) + ... + cos(H p) in closed form, tilted, of unit power."""
    from scipy.signal import lfilter

    half = np.pi * np.cumsum(f0) / SAMPLE_RATE
    order = int(_HIGHEST / f0.max())
    below = np.sin(half)
    near = np.abs(below) < 1e-6
    ratio = np.sin((2 * order + 1) * half) / np.where(near, 1.0, below)
    pulses = np.where(near, 2 * order + 1, ratio) - 1
    for corner in (_TILT_HZ, voice.brightness):
        pole = np.exp(-2 * np.pi * corner / SAMPLE_RATE)
        pulses = lfilter([1 - pole], [1, -pole], pulses)
    return pulses / pulses.std()


def _formants(voice, targets):
    """The tract's frequency response at each block, `(num_blocks, 641)`."""
    frequency = voice.tract(targets)
    width = voice.bandwidth * np.broadcast_to(_WIDTHS, frequency.shape)
    # A short tract's highest formants lie beyond: flat there, they change little.
    width = np.where(frequency > _HIGHEST, 2000.0, width)
    frequency = np.minimum(frequency, _HIGHEST)
    response = 1.0
    for b, c in zip(*(poles.T for poles in _poles(frequency, width)), strict=True):
        response = response * (1 - b - c)[:, None] / _denominator(b, c)
    return response


def _bands(centre, width):
    """Band-passes with a peak of about 1, `(num_blocks, 641)`."""
    b, c = _poles(np.minimum(centre, _HIGHEST), width)
    return (1 + c)[:, None] / 2 * (1 - _DELAY**2) / _denominator(b, c)


def _poles(frequency, width):
    """B and C of resonators, in single precision: half of the synthesis's time."""
    c = -np.exp(-2 * np.pi * width / SAMPLE_RATE)
    b = 2 * np.sqrt(-c) * np.cos(2 * np.pi * frequency / SAMPLE_RATE)
    return b.astype(np.float32), c.astype(np.float32)


def _denominator(b, c):
    return 1 - b[:, None] * _DELAY - c[:, None] * _DELAY**2


def _filtered(signal, responses):
    """The signal through a filter that changes from block to block.

    Overlapping windows around each block, which sum to 1, are filtered by convolution
    with that block's impulse response and added up.
    """
    count = len(responses)
    window = 0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * BLOCK) + 0.5) / BLOCK)
    padded = np.pad(signal, BLOCK // 2)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * BLOCK)[::BLOCK]
    filtered = np.fft.irfft(np.fft.rfft(window * pieces, _SIZE) * responses, _SIZE)
    parts = filtered.reshape(count, _SIZE // BLOCK, BLOCK)
    result = np.zeros((count + parts.shape[1], BLOCK))
    for later in range(parts.shape[1]):
        result[later : later + count] += parts[:, later]
    return result.ravel()[BLOCK // 2 :][: len(signal)]


def _smooth(tracks, width):
    """Means over `width` blocks weighted by a Hann window; ends are held."""
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(tracks, ((width // 2, width // 2), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    return windows @ (window / window.sum())


def _samples(track):
    """A track of blocks at every sample, linear between the middles of blocks."""
    middles = (np.arange(len(track)) + 0.5) * BLOCK
    return np.interp(np.arange(len(track) * BLOCK), middles, track)
