"""Pixel likelihoods against SciPy."""

import numpy as np
import pytest
from keras import ops
from scipy.stats import bernoulli, norm

from halo_keras.ops.likelihood import (
    bernoulli_log_likelihood,
    gaussian_log_likelihood,
)

pytestmark = pytest.mark.backend
SHAPE = (2, 3, 4, 4, 3)


@pytest.mark.parametrize("stddev", [0.1, 1.0])
def test_gaussian_is_scipys_density_with_its_constant(stddev, rng):
    frames, mean = (rng.uniform(size=SHAPE).astype("float32") for _ in "ab")
    expected = norm(mean, stddev).logpdf(frames).sum((-3, -2, -1))
    found = gaussian_log_likelihood(frames, ops.convert_to_tensor(mean), stddev)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


def test_bernoulli_is_scipys_mass_on_binary_frames(rng):
    frames = rng.integers(0, 2, SHAPE)
    logits = rng.normal(size=SHAPE).astype("float32")
    expected = bernoulli(1 / (1 + np.exp(-logits.astype("float64")))).logpmf(frames)
    found = bernoulli_log_likelihood(frames.astype("float32"), logits)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), expected.sum((-3, -2, -1)), rtol=1e-4
    )


def test_bernoulli_survives_certainty():
    frames = np.ones((1, 2, 2, 1), "float32")
    found = ops.convert_to_numpy(bernoulli_log_likelihood(frames, 1000.0 * frames))
    np.testing.assert_allclose(found, 0.0)
