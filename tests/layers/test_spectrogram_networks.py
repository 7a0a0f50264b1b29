"""Networks of spectra against their equations in NumPy, and the density of spectra."""

import numpy as np
import pytest
from keras import ops
from scipy import stats

from halo_keras.layers import SpectrumDecoder, SpectrumEncoder
from halo_keras.ops.likelihood import (
    bernoulli_log_likelihood,
    gaussian_log_likelihood,
)
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def silu(x):
    return x / (1 + np.exp(-x))


def normalized(x, layer):
    scale, shift = (numpy(w) for w in layer.weights)
    variance = x.var(axis=-1, keepdims=True)
    return (
        scale * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(variance + 1e-3) + shift
    )


def dense(x, layer):
    kernel, bias = (numpy(w) for w in layer.weights)
    return x @ kernel + bias


def residual(x, block):
    x = silu(dense(x, block.first))
    for norm, layer in zip(block.norms, block.dense, strict=True):
        x = x + silu(dense(normalized(x, norm), layer))
    return x


@pytest.mark.parametrize("depth", [0, 2])
def test_networks_are_their_equations(depth, rng):
    x = rng.random((5, 20)).astype("float32")
    encoder = SpectrumEncoder((20,), hidden=12, depth=depth, features=7)
    made = numpy(encoder(x))
    hidden = residual(x.astype("float64") - 0.5, encoder.residual)
    expected = silu(normalized(dense(hidden, encoder.project), encoder.normalize))
    np.testing.assert_allclose(made, expected, atol=1e-5)
    decoder = SpectrumDecoder((20,), hidden=12, depth=depth)
    latent = rng.normal(size=(5, 3)).astype("float32")
    made = numpy(decoder(latent))
    hidden = residual(latent.astype("float64"), decoder.residual)
    np.testing.assert_allclose(made, dense(hidden, decoder.bins), atol=1e-5)
    for layer in (encoder, decoder):
        copy = type(layer).from_config(layer.get_config())
        assert copy.get_config() == layer.get_config()


def test_sizes_out_of_bounds_are_refused():
    for shape in ((3,), (20, 1), (20.0,), (True,)):
        with pytest.raises(ConfigError, match="frame_shape"):
            SpectrumEncoder(shape)
    with pytest.raises(ConfigError, match="depth"):
        SpectrumDecoder((20,), depth=99)


def test_densities_of_spectra_sum_over_bins(rng):
    x, mean = rng.random((2, 4, 3, 6)).astype("float32")
    found = numpy(gaussian_log_likelihood(x, mean, 0.3, frame_axes=1))
    expected = stats.norm(mean, 0.3).logpdf(x).sum(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    binary, logits = (x > 0.5).astype("float32"), 4 * mean - 2
    found = numpy(bernoulli_log_likelihood(binary, logits, frame_axes=1))
    expected = stats.bernoulli(1 / (1 + np.exp(-logits))).logpmf(binary).sum(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
