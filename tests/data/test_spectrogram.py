"""Spectra against a plain discrete Fourier sum, and their way back to sound."""

import numpy as np
import pytest

from halo_keras.data import spectrogram
from halo_keras.data.griffin_lim import to_wave


@pytest.fixture
def noise():
    return np.random.default_rng(0).uniform(-1, 1, 7001).astype(np.float32)


def test_spectra_are_the_sum_that_is_written_down(noise):
    found = spectrogram.log_spectra(noise)
    assert found.shape == (60, 200) and found.dtype == np.float32
    n = np.arange(400)
    window = np.sin(np.pi * n / 400) ** 2
    for k, m in [(0, 0), (0, 7), (3, 25), (19, 199), (20, 1), (43, 60), (45, 3)]:
        total = 0j
        for i in n:
            at = 160 * k + i - 200
            x = noise[at] if 0 <= at < len(noise) else 0.0
            total += window[i] * x * np.exp(-2j * np.pi * i * m / 400)
        expected = np.log(max(abs(total), 0.01))
        np.testing.assert_allclose(found[k, m], expected, atol=1e-4)


def test_a_sine_stands_in_its_bin_and_silence_on_the_floor():
    time = np.arange(3200 * 2) / 16_000
    sine = np.sin(2 * np.pi * 1000 * time)
    spectra = spectrogram.log_spectra(np.concatenate([sine, np.zeros(100)]))
    assert (spectra[2:-22].argmax(axis=1) == 25).all()  # 1000 Hz / 40 Hz
    np.testing.assert_allclose(spectra[5, 25], np.log(100), atol=1e-3)
    assert (spectra[-18:] == np.float32(np.log(0.01))).all()
    low, high = spectrogram.VALUE_RANGE
    assert low - 1e-6 <= spectra.min() and spectra.max() <= high


def test_segments_follow_each_other_without_a_seam(noise):
    cut = spectrogram.segments(noise)
    assert cut.shape == (3, 20, 200) and spectrogram.num_segments(len(noise)) == 3
    np.testing.assert_array_equal(cut.reshape(60, 200), spectrogram.log_spectra(noise))
    assert spectrogram.num_segments(3200) == 1 and spectrogram.num_segments(3201) == 2


def test_scaling_takes_the_level_out(noise):
    quiet = spectrogram.segments(spectrogram.scaled(0.01 * noise))
    loud = spectrogram.segments(spectrogram.scaled(noise))
    np.testing.assert_allclose(quiet, loud, atol=1e-3)
    assert np.abs(spectrogram.scaled(noise)).max() == 1
    with pytest.raises(ValueError, match="silent"):
        spectrogram.scaled(np.zeros(4000))


@pytest.mark.parametrize(
    "samples", [np.zeros((100, 2)), np.zeros(0), np.array([0.0, np.nan])]
)
def test_samples_are_one_finite_channel(samples):
    with pytest.raises(ValueError, match="one channel, finite and not empty"):
        spectrogram.log_spectra(samples)


def test_spans_at_frames():
    spans = [(0, 161, 5), (161, 480, 2)]  # centres at 0, 160, 320, 480, 640
    np.testing.assert_array_equal(spectrogram.at_frames(spans, 5), [5, 5, 2, -1, -1])


def test_griffin_lim_gives_a_sound_with_these_spectra():
    pytest.importorskip("librosa")
    time = np.arange(16_000) / 16_000
    # A buzz of 150 Hz, swelling and fading, as a vowel is.
    wave = sum(np.sin(2 * np.pi * 150 * h * time) / h for h in range(1, 30))
    wave = spectrogram.scaled(wave * np.sin(np.pi * time) ** 2)
    spectra = spectrogram.segments(wave)
    again = to_wave(spectra, num_samples=len(wave))
    assert again.shape == wave.shape and again.dtype == np.float32
    found = np.exp(spectrogram.segments(np.clip(again, -1, 1)))
    wanted = np.exp(spectra)
    # Spectral convergence, as Griffin and Lim measure it; random phases give > .5.
    error = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
    assert error < 0.1
    rough = to_wave(spectra, num_samples=len(wave), iterations=0)
    rough = np.exp(spectrogram.segments(np.clip(rough, -1, 1)))
    assert np.linalg.norm(rough - wanted) / np.linalg.norm(wanted) > 3 * error
    np.testing.assert_array_equal(again, to_wave(spectra, num_samples=len(wave)))


@pytest.mark.parametrize("shape", [(200,), (20, 80), (1, 200)])
def test_griffin_lim_says_what_it_takes(shape):
    with pytest.raises(ValueError, match="received"):
        to_wave(np.zeros(shape))
