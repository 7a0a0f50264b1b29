"""DSVAE: a content, and a stochastic latent in every frame (Li & Mandt 2018)."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras import schema
from halo_keras.layers import FactorisedPosterior, FullPosterior, LatentPrior
from halo_keras.models.framewise import FIELDS, FramewiseModel

POSTERIORS = ("factorised", "full")


@keras.saving.register_keras_serializable("halo_keras")
class DSVAE(FramewiseModel):
    """The disentangled sequential autoencoder: f for what stays, z_t for what moves.

    Generative model (DSVAE, Eq. 1): f ~ N(0, I); z_t ~ p(z_t | z_{<t}), a Gaussian
    whose mean and variance an LSTM gives from z_{<t}, with z before the first frame 0;
    x_t ~ p(x_t | z_t, f).

    Posterior: `"factorised"`, q(f | x) prod_t q(z_t | x_t) (Eq. 3), or `"full"`,
    q(f | x) q(z_{1:T} | f, x) by a bidirectional LSTM over the frames and f, and a
    recurrent network over that (Eq. 4).

    Bound, a clip, maximised:
    E_q[ sum_t ln p(x_t | z_t, f) - sum_t KL(q(z_t | .) || p(z_t | z_{<t})) ]
    - KL(q(f | x) || N(0, I)). The prior is fed the posterior's draws, and each step's
    KL is in closed form given them.

    Args:
        frame_shape: `(height, width, channels)`, sizes multiples of 4; or `(bins,)` for
            spectrograms, with `value_range`: see `SequenceModel`.
        posterior: `"factorised"` or `"full"`.
        num_frames: length of training clips, the default length of what is generated.
        content_dim, motion_dim: sizes of f and z_t.
        encoder, decoder: frame networks; None for `FrameEncoder` and `FrameDecoder`, or
            `SpectrumEncoder` and `SpectrumDecoder`.
        content_hidden, motion_hidden, prior_hidden: units of the content network, of
            the posterior of z and of the prior's LSTM.
        likelihood: `"gaussian"` or `"bernoulli"`, see `FramewiseModel`.
        pixel_stddev: sigma of the Gaussian, on the [0, 1] scale; None learns one, from
            0.1 on.
        content_kl_weight, motion_kl_weight: weights of the KL terms; 1 is the bound.
        motion_kl_start, motion_kl_ramp_steps: the motion's KL weight at the first step,
            and the steps in which it moves from there to `motion_kl_weight`; None for
            no such ramp.
        prefix_rate: share of training clips whose content is read from their first n
            frames only, n uniform on 1 ... T, so that content of a picture or of the
            beginning of a clip is in distribution.
        decoded_frames: frames of each clip decoded in a training step, drawn at random
            and weighted so that the expected loss is the same; None for all.
        kl_warmup_steps, free_bits, seed, value_range: see `SequenceModel`.

    What is constant in a clip may be told by f as well as by z_t, and f also sees the
    whole clip. What f must not know can be kept from it only by what it is shown:
    `content_frames`, other clips of the same content, in the batches of `fit`.

    `fit` reads from each batch: `frames` (B, T, ...); optionally `mask` (B, T), 0 where
    a frame is padding; `content_frames`, clips of the same shape and mask, from which
    content is read in place of `frames`. Labels are not read.
    """

    part_kind = "model"
    family = "dsvae"
    config_fields = {
        **FIELDS,
        "posterior": schema.Text(POSTERIORS),
        "motion_hidden": schema.Int(1, 1024),
        "prior_hidden": schema.Int(1, 1024),
    }

    attributes = {"posterior": "posterior_kind"}

    def __init__(
        self,
        frame_shape,
        posterior="factorised",
        num_frames=8,
        content_dim=256,
        motion_dim=32,
        encoder=None,
        decoder=None,
        content_hidden=128,
        motion_hidden=128,
        prior_hidden=256,
        likelihood="gaussian",
        pixel_stddev=0.1,
        content_kl_weight=1.0,
        motion_kl_weight=1.0,
        motion_kl_start=None,
        motion_kl_ramp_steps=None,
        prefix_rate=0.0,
        decoded_frames=None,
        kl_warmup_steps=0,
        free_bits=0.0,
        seed=0,
        value_range=None,
        name="dsvae",
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        super().__init__(arguments, name)
        options = {"dim": motion_dim, "hidden": motion_hidden, "name": "motion_network"}
        if posterior == "full":
            self.motion_network = FullPosterior(content_dim=content_dim, **options)
        else:
            self.motion_network = FactorisedPosterior(**options)
        self.motion_prior = LatentPrior(motion_dim, prior_hidden, name="motion_prior")
        self.build(None)

    @property
    def frame_dim(self) -> int:
        return self.motion_dim

    @property
    def state_shape(self) -> tuple[int, ...]:
        return (self.num_frames, self.motion_dim)

    def build(self, input_shape=None):
        self.motion_network.build((None, None, self.encoder.features))
        self.motion_prior.build(None)
        super().build(input_shape)

    def motion_pass(self, features, content, mask, seen, noise):
        """z_t `(B, T, motion_dim)`, drawn or the mean, and its KL `(B,)` in nats."""
        q = self.motion_network(features, content, mask)
        latents = q.mean if noise is None else q.sample(noise)
        each = q.kl(self.motion_prior(latents))
        return latents, ops.sum(mask * each, axis=1)

    def motion_posterior(self, features, content, mask):
        """q(z_{1:T} | x), of the full posterior given f, over `(B, T, motion_dim)`."""
        return self.motion_network(features, content, mask)

    def observed_state(self, latents, mask, generator):
        """Latents `(B, T, motion_dim)` with those of frames that were not seen."""
        if mask.all():
            return latents
        return self.motion_prior.complete(latents, mask, generator)

    def roll(self, state, num_steps, generator):
        """z_1 ... z_S from those of the first frames; further ones by the prior."""
        given = state.shape[1]
        if num_steps <= given:
            return state
        known = (np.arange(num_steps) < given).astype("float32")
        padding = ((0, 0), (0, num_steps - given), (0, 0))
        return self.motion_prior.complete(
            np.pad(state, padding),
            np.broadcast_to(known, (len(state), num_steps)),
            generator,
        )

    def draw_state(self, count, num_steps, generator):
        """z_1 ... z_S from the prior: drawn, or its means without a generator."""
        nothing = np.zeros((count, num_steps, self.motion_dim), "float32")
        known = np.zeros((count, num_steps), "float32")
        return self.motion_prior.complete(nothing, known, generator)
