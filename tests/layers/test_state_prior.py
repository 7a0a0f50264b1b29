"""Priors of the state, and densities fitted after training."""

import numpy as np
import pytest
from keras import ops

from halo_keras.layers import FittedPrior, StatePrior
from halo_keras.layers.state_prior import fit_mixture
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def numpy(x):
    return ops.convert_to_numpy(x)


def test_one_component_is_the_sample_mean_and_covariance(rng):
    rows = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) + 3.0
    _, mean, scale = fit_mixture(rows, 1, seed=0, jitter=0.0)
    np.testing.assert_allclose(mean[0], rows.mean(0), atol=1e-9)
    cov = np.cov(rows.T, bias=True)
    np.testing.assert_allclose(scale[0] @ scale[0].T, cov, atol=1e-9)


def test_mixture_finds_separate_clusters(rng):
    """Against the generating density: the fit's likelihood is no lower."""
    from scipy.special import logsumexp
    from scipy.stats import multivariate_normal

    centres = np.array([[6.0, 0.0], [0.0, 6.0], [-6.0, 0.0]])
    rows = centres[rng.integers(3, size=900)] + rng.normal(size=(900, 2))
    logits, mean, scale = fit_mixture(rows, 3, seed=1)

    def likelihood(weights, means, covs):
        parts = [
            w + multivariate_normal(m, c).logpdf(rows)
            for w, m, c in zip(weights, means, covs, strict=True)
        ]
        return logsumexp(parts, axis=0).mean()

    fitted = likelihood(logits, mean, scale @ scale.transpose(0, 2, 1))
    true = likelihood(np.log(np.full(3, 1 / 3)), centres, [np.eye(2)] * 3)
    assert fitted >= true - 1e-6
    nearest = np.sqrt(((mean[:, None] - centres) ** 2).sum(-1)).min(0)
    assert nearest.max() < 0.2


def test_mixture_of_fewer_points_than_components_stays_finite():
    logits, mean, scale = fit_mixture(np.array([[1.0, 2.0], [3.0, 4.0]]), 5, seed=0)
    assert np.isfinite(logits).all() and np.isfinite(mean).all()
    assert np.exp(logits).sum() == pytest.approx(1.0, abs=1e-6)


def test_fitted_prior_keeps_each_operators_states(rng):
    prior = FittedPrior(3, 4, 2)
    prior.build(None)
    assert not prior.fitted
    action = np.repeat([0, 2], 300)
    state = rng.normal(size=(600, 4)) + 10.0 * action[:, None]
    content = rng.normal(size=(600, 2)) - 4.0
    prior.fit(content, state, action)
    assert prior.fitted
    q = prior.state_distribution(np.array([0, 1, 2]))
    expected = [state[:300].mean(0), np.zeros(4), state[300:].mean(0)]
    np.testing.assert_allclose(numpy(q.mean), expected, atol=1e-4)
    np.testing.assert_allclose(numpy(q.scale_tril)[1], np.eye(4), atol=1e-6)
    density = numpy(prior.content_distribution().mean)
    np.testing.assert_allclose(density, content.mean(0), atol=1e-4)
    # Examples are rows of what was given, from every action in turn.
    kept = numpy(prior.example_action)
    assert set(kept[:2]) == {0, 2} and (kept == 0).sum() == (kept == 2).sum()
    distance = np.abs(numpy(prior.example_state)[:, None] - state[None]).max(-1)
    assert distance.min(1).max() < 1e-4


def test_learned_prior_ties_the_variances_of_position_and_momentum():
    prior = StatePrior("learned", 2, 6)
    prior.build(None)
    prior.log_var.assign(np.arange(6).reshape(2, 1, 3))
    log_var = numpy(prior.distribution(np.array([1])).log_var)
    np.testing.assert_array_equal(log_var[0, :3], log_var[0, 3:])


def test_unknown_kind_lists_the_known_ones():
    with pytest.raises(ConfigError, match="did you mean 'standard'"):
        StatePrior("standart", 1, 2)
