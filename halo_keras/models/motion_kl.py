"""KL of the motion's posterior at a reference frame from the prior at time 0."""

from __future__ import annotations

from halo_keras.ops.gaussian import DiagonalGaussian


def motion_kl(model, posterior: DiagonalGaussian, sample, action, start):
    """KL(q(s_i | x, u) || p_i(s_i | u)), where p_i is p(s_0 | u) carried by the flow.

    MODELS.md section 1 (HALO's Eq. 6 with the prior at time 0). Closed form wherever
    the carried prior is a Gaussian; else its one-draw estimate
    ln q(s_i) - ln p(flow(-i, s_i)), unbiased and, for one clip, of either sign.

    Args:
        model: a `HALO`.
        posterior: q over `(batch, state_dim)` at each clip's reference frame.
        sample: the draw of it that is decoded, `(batch, state_dim)`.
        action: `(batch,)` ids.
        start: `(batch,)` times of the reference frames.
    Returns: `(batch,)` nats.
    """
    if model.prior_at == "reference":
        start = start * 0.0
    dynamics, prior = model.dynamics, model.state_prior
    if prior.kind == "standard":
        if model.prior_at == "reference":
            return posterior.kl_standard()
        return dynamics.prior_kl(posterior, None, action, start, sample)
    distribution = prior.distribution(action)
    if prior.kind == "learned":
        return dynamics.prior_kl(posterior, distribution, action, start, sample)
    back = dynamics.active_trajectory(sample, action, -start[:, None])[:, 0]
    # A symplectic flow keeps volumes, so densities need no determinant.
    return posterior.log_prob(sample) - distribution.log_prob(back)
