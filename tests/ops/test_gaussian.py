"""Gaussians against TensorFlow Probability's NumPy substrate and Monte Carlo."""

import keras
import numpy as np
import pytest
import scipy.linalg
from keras import ops
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from halo_keras.ops.gaussian import (
    DiagonalGaussian,
    FullGaussian,
    GaussianMixture,
    transported_kl,
)

pytestmark = pytest.mark.backend


def numpy(x):
    return ops.convert_to_numpy(x)


def single(x):
    return np.asarray(x, dtype="float32")


@pytest.fixture
def tfd():
    tfp = pytest.importorskip("tensorflow_probability.substrates.numpy")
    return tfp.distributions


@pytest.fixture
def pair(rng):
    """Two diagonal Gaussians, (7, 5), as NumPy means and log-variances."""
    return [
        (single(rng.normal(size=(7, 5))), single(rng.normal(size=(7, 5)))) for _ in "ab"
    ]


def oracle(tfd, mean, log_var):
    return tfd.MultivariateNormalDiag(mean.astype("float64"), np.exp(log_var / 2.0))


def test_diagonal_gaussian_says_what_tfp_says(tfd, pair, rng):
    q, p = (DiagonalGaussian(*parameters) for parameters in pair)
    q_oracle, p_oracle = (oracle(tfd, *parameters) for parameters in pair)
    x = single(rng.normal(size=(7, 5)))
    standard = tfd.MultivariateNormalDiag(np.zeros((7, 5)), np.ones((7, 5)))
    for found, expected in (
        (q.log_prob(x), q_oracle.log_prob(x.astype("float64"))),
        (q.entropy(), q_oracle.entropy()),
        (q.kl(p), q_oracle.kl_divergence(p_oracle)),
        (q.kl_standard(), q_oracle.kl_divergence(standard)),
        (q.stddev, q_oracle.stddev()),
        (q.mode(), q_oracle.mode()),
    ):
        np.testing.assert_allclose(numpy(found), expected, rtol=2e-5, atol=1e-5)


def test_log_prob_says_what_scipy_says(pair, rng):
    mean, log_var = pair[0]
    x = single(rng.normal(size=(7, 5)))
    expected = [
        multivariate_normal(m, np.diag(np.exp(v))).logpdf(row)
        for m, v, row in zip(mean, log_var, x, strict=True)
    ]
    found = numpy(DiagonalGaussian(mean, log_var).log_prob(x))
    np.testing.assert_allclose(found, expected, rtol=2e-5)


def test_samples_have_the_mean_and_the_spread():
    mean = np.tile(single([1.0, -2.0, 0.0]), (20_000, 1))
    log_var = single(np.log([0.25, 4.0, 1.0]))
    draw = numpy(DiagonalGaussian(mean, log_var).sample(seed=3))
    np.testing.assert_allclose(draw.mean(0), [1, -2, 0], atol=0.05)
    np.testing.assert_allclose(draw.std(0), [0.5, 2, 1], rtol=0.03)
    again = numpy(DiagonalGaussian(mean, log_var).sample(seed=3))
    np.testing.assert_array_equal(draw, again)


def test_a_seed_generator_advances():
    seeds = keras.random.SeedGenerator(5)
    gaussian = DiagonalGaussian(np.zeros((2, 3), "float32"), np.zeros(3, "float32"))
    first, second = (numpy(gaussian.sample(seeds)) for _ in range(2))
    assert np.abs(first - second).max() > 0.1


def tril(rng, *leading, size=3):
    factor = np.tril(rng.normal(size=(*leading, size, size)))
    index = np.arange(size)
    factor[..., index, index] = 0.5 + np.abs(factor[..., index, index])
    return single(factor)


def test_full_gaussian(tfd, rng):
    mean, factor = single(rng.normal(size=(4, 3))), tril(rng, 4)
    x = single(rng.normal(size=(4, 3)))
    found = FullGaussian(mean, factor)
    expected = tfd.MultivariateNormalTriL(mean.astype("float64"), factor).log_prob(x)
    np.testing.assert_allclose(numpy(found.log_prob(x)), expected, rtol=2e-5, atol=1e-5)
    # One factor for a batch of means.
    draw = numpy(FullGaussian(np.tile(mean[:1], (20_000, 1)), factor[0]).sample(seed=1))
    covariance = factor[0] @ factor[0].T
    np.testing.assert_allclose(np.cov(draw.T), covariance, atol=0.1)
    np.testing.assert_allclose(draw.mean(0), mean[0], atol=0.05)


def test_mixture(rng):
    logits = single([0.0, 1.0])
    mean, factor = single([[-4, 0, 0], [4, 1, 0]]), tril(rng, 2)
    x = single(rng.normal(size=(6, 3)) * 3)
    weights = np.exp(logits - logsumexp(logits))
    expected = logsumexp(
        [
            np.log(w) + multivariate_normal(m, f @ f.T).logpdf(x)
            for w, m, f in zip(weights, mean, factor, strict=True)
        ],
        axis=0,
    )
    found = numpy(GaussianMixture(logits, mean, factor).log_prob(x))
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)

    many = GaussianMixture(
        *(np.tile(v, (10_000, *([1] * v.ndim))) for v in (logits, mean, factor))
    )
    draw = numpy(many.sample(seed=7))
    assert draw.shape == (10_000, 3)
    np.testing.assert_allclose(draw.mean(0), weights @ mean, atol=0.15)


def test_to_tfp_is_tensorflows():
    gaussian = DiagonalGaussian(np.ones((2, 3), "float32"), np.zeros(3, "float32"))
    if keras.backend.backend() != "tensorflow":
        with pytest.raises(RuntimeError, match="KERAS_BACKEND=tensorflow"):
            gaussian.to_tfp()
        return
    pytest.importorskip("tensorflow_probability")
    x = np.zeros((2, 3), "float32")
    np.testing.assert_allclose(
        numpy(gaussian.log_prob(x)), gaussian.to_tfp().log_prob(x), rtol=1e-5
    )
    full = FullGaussian(x, np.eye(3, dtype="float32"))
    np.testing.assert_allclose(
        numpy(full.log_prob(x)), full.to_tfp().log_prob(x), rtol=1e-5
    )
    mixture = GaussianMixture(
        np.zeros(2, "float32"), x, np.stack([np.eye(3, dtype="float32")] * 2)
    )
    np.testing.assert_allclose(
        numpy(mixture.log_prob(x)), mixture.to_tfp().log_prob(x), rtol=1e-5
    )


def test_transported_kl_is_that_of_the_transported_gaussian(tfd, rng):
    """Against TFP on N(F mu, F Lambda F'), and against Monte Carlo."""
    (m, v), (mu, lam) = (
        (single(rng.normal(size=4)), single(rng.normal(size=4))) for _ in "ab"
    )
    flow = scipy.linalg.expm(0.5 * rng.normal(size=(4, 4)))
    covariance = flow @ np.diag(np.exp(lam)) @ flow.T
    p = tfd.MultivariateNormalTriL(flow @ mu, np.linalg.cholesky(covariance))
    # TFP has no KL between a diagonal and a full Gaussian in every version; as full.
    q = tfd.MultivariateNormalTriL(m.astype("float64"), np.diag(np.exp(v / 2.0)))
    found = transported_kl(
        DiagonalGaussian(m[None], v[None]),
        DiagonalGaussian(mu[None], lam[None]),
        ops.convert_to_tensor(single(flow)[None]),
    )
    np.testing.assert_allclose(numpy(found)[0], q.kl_divergence(p), rtol=1e-4)

    draw = m + np.exp(v / 2.0) * rng.normal(size=(200_000, 4))
    ratio = multivariate_normal(m, np.diag(np.exp(v))).logpdf(
        draw
    ) - multivariate_normal(flow @ mu, covariance).logpdf(draw)
    spread = 4 * ratio.std() / len(ratio) ** 0.5
    np.testing.assert_allclose(numpy(found)[0], ratio.mean(), atol=spread)
