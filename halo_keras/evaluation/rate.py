"""What a clip costs: bits of content and of motion, and the error that they buy."""

from __future__ import annotations

import math

import numpy as np
from keras import ops

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.latent_densities import PRIORS, log_carried_prior, priors
from halo_keras.evaluation.progress import chunks
from halo_keras.models.motion_kl import motion_kl
from halo_keras.models.no_gradient import no_gradient
from halo_keras.ops.gaussian import DiagonalGaussian
from halo_keras.schema import Text


def rate(
    model,
    dataset,
    prior: str = "training",
    reference: int | None = None,
    num_draws: int = 16,
    seed: int = 0,
    batch_size: int = 64,
    verbose: int = 0,
) -> dict[str, float]:
    """Rate and distortion of a split.

    The rate is KL(q(z | x) || p(z)) + KL(q(s_i | x, u) || p_i(s_i | u)) in bits a clip:
    what it takes to send the latents, given the model (bits back, Hinton & van Camp
    1993). p_i is the prior at time 0 carried to the reference frame. The distortion is
    that of a clip decoded from a draw of the posterior, as the rate pays for a draw,
    not for the posterior's mean.

    Args:
        model: a `HALO`.
        prior: `"training"`: that of the training, in closed form wherever the carried
            prior is a Gaussian. `"fitted"`: the densities of `fit_prior`, estimated as
            the mean of ln q - ln p over the draws. They are fitted to posterior means,
            so this rate can be the larger one where posteriors are wide beside the
            spread of their means.
        reference: index of the reference frame; None for the last.
        num_draws: of each clip's posterior, where a mean over draws is taken.
        seed: of the draws.

    Returns: `rate_content_bits`, `rate_motion_bits`, their sum `rate_bits`, and
        `rate_distortion_mse`. The action, given to the model, is not counted:
        log2(number of actions) bits more would send it.

    Raises:
        ValueError: an unknown prior, or none fitted.
    """
    Text(PRIORS).check(prior, "prior")
    if num_draws < 1:
        raise ValueError(f"num_draws must be at least 1, received {num_draws}.")
    told, rng = operators_for(model, dataset), np.random.default_rng(seed)
    content, motion, error = [], [], []
    for rows in chunks(len(dataset), batch_size, "rate", verbose):
        extra = [None if x is None else x[rows] for x in (dataset.times, dataset.mask)]
        clips = dataset.frames[rows], told[rows], extra
        found = _batch(model, *clips, prior, reference, num_draws, rng)
        for values, part in zip((content, motion, error), found, strict=True):
            values.append(part)
    bits = [float(np.concatenate(x).mean()) / math.log(2.0) for x in (content, motion)]
    return {
        "rate_content_bits": bits[0],
        "rate_motion_bits": bits[1],
        "rate_bits": sum(bits),
        "rate_distortion_mse": float(np.concatenate(error).mean()),
    }


@no_gradient
def _batch(model, frames, action, extra, prior, reference, num_draws, rng):
    """Nats of content and motion, and mean squared error, `(batch,)` each."""
    q = model.posterior(frames, action, *extra, reference=reference)
    error = _error(model, frames, q, _draw(q.content, rng), _draw(q.state, rng), *extra)
    # All draws at once: `num_draws` copies of the batch, one after the other.
    content, state = (_copies(part, num_draws) for part in (q.content, q.state))
    action, time = np.tile(q.action, num_draws), np.tile(q.time, num_draws)
    s = _draw(state, rng)
    if prior == "training":
        nats = q.content.kl_standard()
        motion = motion_kl(model, state, s, action, time.astype("float32"))
    else:
        z = _draw(content, rng)
        p_content, p_state = priors(model, action, prior)
        nats = content.log_prob(z) - p_content.log_prob(z)
        carried = log_carried_prior(model, p_state.log_prob, s, action, time, prior)
        motion = state.log_prob(s) - carried
    means = (_numpy(x).reshape(-1, len(frames)).mean(axis=0) for x in (nats, motion))
    return *means, error


def _error(model, frames, q, content, state, times, mask):
    """Mean squared error a clip, over the frames that count."""
    frames, _ = model._frames(frames)
    observed = np.broadcast_to(model._observed_times(times, frames), frames.shape[:2])
    position = model.dynamics.active_position(
        state, q.action, observed - q.time[:, None]
    )
    made = _numpy(model.decode_active(content, position, q.action))
    error = ((np.clip(made, 0.0, 1.0) - frames) ** 2).mean(axis=(2, 3, 4))
    weight = np.ones(error.shape) if mask is None else mask
    return (error * weight).sum(axis=1) / np.sum(weight, axis=1)


def _copies(q: DiagonalGaussian, count: int) -> DiagonalGaussian:
    return DiagonalGaussian(*(ops.tile(x, (count, 1)) for x in (q.mean, q.log_var)))


def _draw(q: DiagonalGaussian, rng):
    mean, stddev = _numpy(q.mean), _numpy(q.stddev)
    return (mean + stddev * rng.standard_normal(mean.shape)).astype("float32")


def _numpy(x):
    return ops.convert_to_numpy(x).astype("float64")
