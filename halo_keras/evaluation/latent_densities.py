"""Densities of HALO's latents under a prior: at time 0, and carried from there."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.ops.gaussian import DiagonalGaussian

PRIORS = ("training", "fitted")


def priors(model, action, prior: str):
    """p(z) `(1, content_dim)` and p(s_0 | u) of each clip, as distributions."""
    if prior == "fitted":
        if not model.fitted_prior.fitted:
            raise ValueError(
                "prior='fitted' needs a fitted prior: call model.fit_prior(dataset)."
            )
        return (
            model.fitted_prior.content_distribution(),
            model.fitted_prior.state_distribution(action),
        )
    zeros = ops.zeros((1, model.content_dim))
    return DiagonalGaussian(zeros, zeros), model.state_prior.distribution(action)


def log_carried_prior(model, log_prob, state, action, time, prior: str):
    """ln p_i(s_i | u) of states at each clip's own time i, in nats, `(batch,)`.

    By the change of variables s_0 = flow(-i, s_i): ln p(s_0) + ln |det ds_0 / ds_i|.
    The determinant is 1 for symplectic flows and exp(-i tr K) for linear ones. A model
    with `prior_at="reference"` was trained with the prior at frame i itself.

    Args:
        log_prob: of p(s_0 | u), a function of states `(batch, state_dim)`.
        time: `(batch,)`, the i of each clip.
    """
    own = prior == "training" and model.prior_at == "reference"
    if own or not np.any(time):
        return log_prob(state)
    dynamics = model.dynamics
    back = dynamics.active_trajectory(state, action, -np.asarray(time)[:, None])[:, 0]
    density = log_prob(back)
    if dynamics.is_symplectic:
        return density
    if not hasattr(dynamics, "generator"):
        raise ValueError(
            f"{type(dynamics).__name__} has no way back from a later frame: use "
            "reference=0."
        )
    trace = ops.trace(dynamics.generator(), axis1=-2, axis2=-1)
    return density - ops.take(trace, action) * np.asarray(time, "float32")
