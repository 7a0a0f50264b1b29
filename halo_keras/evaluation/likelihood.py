"""How probable is a clip? The importance-weighted bound of ln p(x)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from keras import ops

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.latent_densities import PRIORS, log_carried_prior, priors
from halo_keras.evaluation.progress import chunks
from halo_keras.models.halo_inference import Posterior
from halo_keras.models.no_gradient import no_gradient
from halo_keras.ops.gaussian import DiagonalGaussian
from halo_keras.schema import Text

FRAMES_A_BATCH = 1024
LOG_TWO_PI = math.log(2.0 * math.pi)


class Evidence(NamedTuple):
    """Bounds of ln p(x) in nats, `(batch,)` float64 each, from the same draws.

    bound: ln (1/k) sum_j w_j, the importance-weighted bound.
    elbo: (1/k) sum_j ln w_j, which estimates the bound of one draw; never above.
    effective_samples: (sum_j w_j)^2 / sum_j w_j^2, from 1 to k. Near 1 the bound hangs
        on a single draw and is loose.
    """

    bound: np.ndarray
    elbo: np.ndarray
    effective_samples: np.ndarray


@no_gradient
def importance_weighted_bound(
    model,
    frames,
    action=None,
    times=None,
    num_samples: int = 1000,
    reference: int | None = None,
    prior: str = "training",
    proposal: Posterior | None = None,
    densities: str = "portable",
    seed: int = 0,
) -> Evidence:
    """Burda et al. 2016 ("Importance weighted autoencoders", Eq. 8), for HALO.

    With k draws (z_j, s_j) of the posterior at the reference frame i,

        w_j = p(x | z_j, s_j) p(z_j) p_i(s_j | u) / (q(z_j | x) q(s_j | x, u))
        E ln (1/k) sum_j w_j <= ln p(x | u),

    and the left side rises to ln p(x | u) with k. p_i is the prior at time 0 carried
    to frame i by the flow (`log_carried_prior`). Densities are summed in float64; the
    draws are NumPy's, so that they are the same on every backend.

    Args:
        model: a `HALO`.
        frames: `(batch, time, height, width, channels)`, or one clip.
        action: name or id, for all clips or one for each; None infers it.
        times: real times of the frames; None for 0, 1, 2, ...
        num_samples: k.
        reference: index of the reference frame; None for the last.
        prior: `"training"`, the model that was trained, or `"fitted"`, the one that
            `sample` draws from after `fit_prior`.
        proposal: q, a `Posterior`; None for the model's own.
        densities: `"portable"`, or `"tfp"`: every density by TensorFlow Probability,
            on TensorFlow only; the two agree to 1e-4, or to a millionth of the bound
            where that is more.
        seed: of the draws.

    Returns: `Evidence`.

    Raises:
        ValueError: an unknown option, `num_samples` < 1, no fitted prior.
        RuntimeError: `densities="tfp"` on another backend than TensorFlow.
    """
    Text(PRIORS).check(prior, "prior")
    Text(("portable", "tfp")).check(densities, "densities")
    if num_samples < 1:
        raise ValueError(f"num_samples must be at least 1, received {num_samples}.")
    frames, _ = model._frames(frames)
    if proposal is None:
        proposal = model.posterior(frames, action, times, reference=reference)
    observed = model._observed_times(times, frames)
    relative = np.broadcast_to(observed, frames.shape[:2]) - proposal.time[:, None]
    step = max(1, FRAMES_A_BATCH // (len(frames) * frames.shape[1]))
    rng = np.random.default_rng(seed)
    parts = []
    for low in range(0, num_samples, step):
        count = min(step, num_samples - low)
        parts.append(
            _log_weights(
                model, frames, relative, proposal, prior, densities, count, rng
            )
        )
    return _evidence(np.concatenate(parts))


def likelihood(
    model,
    dataset,
    num_samples: int = 1000,
    num_clips: int = 64,
    prior: str = "training",
    seed: int = 0,
    batch_size: int = 16,
    verbose: int = 0,
) -> dict[str, float]:
    """Mean bounds over some clips of a split, drawn without replacement.

    Returns: `likelihood_bound` and `likelihood_elbo` in nats a clip,
        `likelihood_bits_per_dim` of the bound, `likelihood_effective_samples` (the
        median), `likelihood_num_clips`, `likelihood_num_samples`.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(dataset))[:num_clips]
    told, parts = operators_for(model, dataset), []
    for rows in chunks(len(chosen), batch_size, "likelihood", verbose):
        clips = chosen[rows]
        parts.append(
            importance_weighted_bound(
                model,
                dataset.frames[clips],
                told[clips],
                None if dataset.times is None else dataset.times[clips],
                num_samples=num_samples,
                prior=prior,
                seed=int(rng.integers(2**31)),
            )
        )
    bound, elbo, effective = (np.concatenate(part) for part in zip(*parts, strict=True))
    values = math.prod(dataset.frames.shape[1:])
    return {
        "likelihood_bound": float(bound.mean()),
        "likelihood_elbo": float(elbo.mean()),
        "likelihood_bits_per_dim": float(-bound.mean() / (values * math.log(2.0))),
        "likelihood_effective_samples": float(np.median(effective)),
        "likelihood_num_clips": len(chosen),
        "likelihood_num_samples": num_samples,
    }


def _log_weights(model, frames, relative, q, prior, densities, count, rng):
    """ln w of `count` draws of every clip: `(count, batch)` float64."""
    clips, size = len(frames), (count, len(frames))
    content = _draw(q.content, count, rng)  # (count * batch, content_dim)
    state = _draw(q.state, count, rng)
    action, time = np.tile(q.action, count), np.tile(q.time, count)
    if (relative == relative[:1]).all():
        times = relative[0]  # one known grid for all: dynamics have a quick way
    else:
        times = np.tile(relative, (count, 1))
    position = model.dynamics.active_position(state, action, times)
    made = ops.convert_to_numpy(model.decode_active(content, position, action))
    made = made.reshape(*size, *frames.shape[1:])
    sigma = float(ops.convert_to_numpy(model.sigma))
    pixels, density = (_tfp if densities == "tfp" else _portable)(sigma)
    prior_content, prior_state = priors(model, action, prior)
    carried = log_carried_prior(model, density(prior_state), state, action, time, prior)
    terms = [
        density(prior_content)(content),
        carried,
        -_repeated(density, q.content, count)(content),
        -_repeated(density, q.state, count)(state),
    ]
    total = pixels(frames, made)
    for term in terms:
        total = total + ops.convert_to_numpy(term).astype("float64").reshape(
            count, clips
        )
    return total


def _draw(q: DiagonalGaussian, count, rng):
    """`count` draws of every clip's Gaussian, `(count * batch, dim)` float32."""
    mean, stddev = (
        ops.convert_to_numpy(value).astype("float64") for value in (q.mean, q.stddev)
    )
    draws = mean + stddev * rng.standard_normal((count, *mean.shape))
    return draws.reshape(-1, mean.shape[-1]).astype("float32")


def _repeated(density, q: DiagonalGaussian, count):
    """The density of each draw's own Gaussian."""
    mean, log_var = (ops.tile(value, (count, 1)) for value in (q.mean, q.log_var))
    return density(DiagonalGaussian(mean, log_var))


def _portable(sigma):
    """ln N(x; mean, sigma^2 I) of clips, and the log-density of a distribution."""

    def pixels(frames, made):
        # ln N summed over all pixels of a clip; float32 has not the digits for it.
        squares = np.stack(
            [((frames.astype("float64") - one) ** 2).sum((1, 2, 3, 4)) for one in made]
        )
        values = math.prod(frames.shape[1:])
        return -0.5 * (squares / sigma**2 + values * (LOG_TWO_PI + 2 * math.log(sigma)))

    return pixels, lambda distribution: distribution.log_prob


def _tfp(sigma):
    """The same by TensorFlow Probability."""
    DiagonalGaussian([0.0], [0.0]).to_tfp()  # says what is missing, if anything is
    import tensorflow_probability as tfp

    def pixels(frames, made):
        each = tfp.distributions.Normal(made.astype("float64"), np.float64(sigma))
        clip = tfp.distributions.Independent(each, reinterpreted_batch_ndims=4)
        return clip.log_prob(frames.astype("float64")).numpy()

    return pixels, lambda distribution: distribution.to_tfp().log_prob


def _evidence(log_weights) -> Evidence:
    """From ln w, `(k, batch)`, without overflow."""
    peak = log_weights.max(axis=0)
    weights = np.exp(log_weights - peak)
    total = weights.sum(axis=0)
    return Evidence(
        peak + np.log(total / len(log_weights)),
        log_weights.mean(axis=0),
        total**2 / (weights**2).sum(axis=0),
    )
