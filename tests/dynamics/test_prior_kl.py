"""The KL to a prior at time 0 that the flow has carried to the posterior's time."""

import numpy as np
import pytest
from dynamics_cases import CASES, OPERATORS, make, numpy
from keras import ops
from scipy.stats import multivariate_normal

from halo_keras.ops.gaussian import DiagonalGaussian

pytestmark = pytest.mark.backend
LINEAR = ["symplectic", "definite", "orthogonal", "normal_form", "periodic", "linear"]
BATCH = 4
ACTION = np.array([0, 2, 1, 2], dtype="int32")
TIME = np.array([0.0, 1.0, 2.5, -3.0], dtype="float32")


def gaussian(rng, size, spread=0.5):
    mean, log_var = (rng.normal(size=(BATCH, size)).astype("float32") for _ in "ab")
    return DiagonalGaussian(mean, spread * log_var)


def affine(dynamics, time):
    """The flow's matrix and offset at one time, (K, n, n) and (K, n), from states."""
    size = dynamics.state_dim
    base = np.concatenate([np.zeros((1, size)), np.eye(size)])
    state = np.repeat(base[:, None], OPERATORS, axis=1).astype("float32")
    y = numpy(dynamics.trajectory(state, [time]))[:, 0].astype("float64")
    return (y[1:] - y[0]).transpose(1, 2, 0), y[0]


def full_kl(mean, covariance, other_mean, other_covariance):
    """KL between Gaussians with any covariances, in float64."""
    inverse = np.linalg.inv(other_covariance)
    difference = mean - other_mean
    log_dets = [np.linalg.slogdet(c)[1] for c in (covariance, other_covariance)]
    return 0.5 * (
        np.trace(inverse @ covariance)
        + difference @ inverse @ difference
        - len(mean)
        + log_dets[1]
        - log_dets[0]
    )


@pytest.mark.parametrize("standard", [True, False])
@pytest.mark.parametrize("name", [*LINEAR, "positional"])
def test_against_the_textbook_formula(name, standard, rng):
    dynamics = make(name)
    q = gaussian(rng, dynamics.state_dim)
    p = None if standard else gaussian(rng, dynamics.state_dim)
    found = numpy(dynamics.prior_kl(q, p, ACTION, TIME))
    zeros = np.zeros((BATCH, dynamics.state_dim))
    mu, log_lambda = (zeros, zeros) if standard else (numpy(p.mean), numpy(p.log_var))
    for clip in range(BATCH):
        flow, offset = (x[ACTION[clip]] for x in affine(dynamics, TIME[clip]))
        expected = full_kl(
            numpy(q.mean)[clip].astype("float64"),
            np.diag(np.exp(numpy(q.log_var)[clip].astype("float64"))),
            flow @ mu[clip] + offset,
            flow @ np.diag(np.exp(log_lambda[clip])) @ flow.T,
        )
        np.testing.assert_allclose(found[clip], expected, rtol=2e-3)


def test_a_nonlinear_flow_is_estimated_from_a_sample(rng):
    """ActionAngle with a learned prior: the mean over samples, against an integral."""
    dynamics = make("action_angle")
    size = dynamics.state_dim
    mean, log_var = 0.5 * np.ones(size), np.full(size, -1.0)
    count = 20_000
    q = DiagonalGaussian(
        np.tile(mean, (count, 1)).astype("float32"),
        np.tile(log_var, (count, 1)).astype("float32"),
    )
    p = DiagonalGaussian(np.full(size, 0.2, "float32"), np.full(size, -0.5, "float32"))
    action = np.ones(count, "int32")
    with pytest.raises(ValueError, match="sample"):
        dynamics.prior_kl(q, p, action, 2.0)
    found = numpy(dynamics.prior_kl(q, p, action, 2.0, sample=q.sample(seed=3)))
    # Dumber: own draws, moved back by the flow, densities by SciPy.
    draw = mean + np.exp(log_var / 2) * rng.normal(size=(count, size))
    back = numpy(dynamics.active_trajectory(draw.astype("float32"), action, [-2.0]))[
        :, 0
    ]
    expected = multivariate_normal(mean, np.diag(np.exp(log_var))).logpdf(
        draw
    ) - multivariate_normal(np.full(size, 0.2), np.exp(-0.5) * np.eye(size)).logpdf(
        back
    )
    spread = 5 * expected.std() / count**0.5
    np.testing.assert_allclose(found.mean(), expected.mean(), atol=spread)
    # With N(0, I) it is exact and needs no sample.
    exact = numpy(dynamics.prior_kl(q, None, action, 2.0))
    np.testing.assert_allclose(exact, numpy(q.kl_standard()), rtol=1e-6)


def test_nothing_is_carried_to_time_zero(rng):
    for name in CASES:
        dynamics = make(name)
        if name == "action_angle":
            continue  # an estimate
        q, p = (gaussian(rng, dynamics.state_dim) for _ in "ab")
        found = numpy(dynamics.prior_kl(q, p, ACTION, ops.zeros(BATCH)))
        np.testing.assert_allclose(found, numpy(q.kl(p)), rtol=1e-4)
