"""UnorderedVAE: content and motion from frames without an order (Helminger et al.)."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers import FrameMapEncoder
from halo_keras.layers.conditional_latents import ConditionalLatents
from halo_keras.layers.pair_content import CONCATENATED, POOLINGS, PairContentNetwork
from halo_keras.models.framewise import FIELDS, FramewiseModel
from halo_keras.models.unordered_verbs import MAX_PAIRED, TRANSFERS, UnorderedVerbs

LOWEST = math.pi / 4.0  # radians a unit of z: a period of 8, wider than N(0, 1)


@keras.saving.register_keras_serializable("halo_keras")
class UnorderedVAE(UnorderedVerbs, FramewiseModel):
    """f for what all frames of a set have in common, z for what is one frame's own.

    Generative model (Helminger et al. 2018, section 2): f ~ N(0, I); for every frame
    z ~ p(z | f) = N(mu(f), diag sigma^2(f)), learned; x ~ p(x | f, z), Bernoulli (on
    grey or coloured values a score, not a likelihood) or Gaussian. Frames are
    exchangeable given f: there is no time, forward or backward.

    Posterior: q(f | x_S) compares the frames of the set S in pairs
    (`PairContentNetwork`); q(z | f, x) reads one frame and f.

    Bound, a set, maximised: E_{q(f)}[ sum_{x in S} ( E ln p(x | f, z) -
    KL(q(z | f, x) || p(z | f)) ) ] - KL(q(f) || p(f)), with one draw of f for both
    terms and no gradient stopped. It holds for any q(f): also for one that reads other
    frames of the same clip (`content_frames` in the batches of `fit`), which cannot
    tell what these frames show; the paper names that as future work.

    Args:
        frame_shape: `(height, width, channels)`, divisible as the networks ask.
        pair_pooling: `"mean"`, any number of frames, in any order; or `"concat"`, the
            paper's table, 3 frames, whose order matters.
        num_frames: default length of what is generated; at most 20.
        content_dim, motion_dim: sizes of f and z.
        encoder: a `FrameMapEncoder`, or None for one; decoder: None for `FrameDecoder`.
        pair_channels, content_hidden: of the content network.
        motion_hidden: hidden units of q(z | f, x) and p(z | f).
        motion_octaves: the decoder sees z and sin(2^k pi z / 4), cos(2^k pi z / 4) for
            k below this number, which lets it tell near values of z apart.
        content_frames: frames from which verbs read the content of a clip of more than
            20, evenly spaced; None: such clips are refused.
        transfer: what verbs take over from another clip: `"direct"`, z itself, or
            `"standardised"`, (z - mu(f)) / sigma(f) of p(z | f).
        likelihood, pixel_stddev, content_kl_weight, motion_kl_weight, motion_kl_start,
            motion_kl_ramp_steps, decoded_frames: see `DSVAE`.
        kl_warmup_steps, free_bits, seed: see `SequenceModel`.
        value_range: None: frames are pictures.

    `fit` reads from each batch: `frames` (B, N, ...), drawn from clips
    (`ClipBatches(frame_set=N)`); optionally `mask` (not for "concat") and
    `content_frames`, as many others. Times and labels are not read.
    """

    part_kind = "model"
    family = "unordered"
    config_fields = {
        **{key: field for key, field in FIELDS.items() if key != "prefix_rate"},
        "num_frames": schema.Int(1, MAX_PAIRED),
        "pair_pooling": schema.Text(POOLINGS),
        "pair_channels": schema.Int(1, 1024),
        "motion_hidden": schema.Int(1, 1024),
        "motion_octaves": schema.Int(0, 8),
        "content_frames": schema.Int(2, MAX_PAIRED, optional=True),
        "transfer": schema.Text(TRANSFERS),
    }
    prefix_rate = 0.0

    def __init__(
        self,
        frame_shape,
        pair_pooling="mean",
        num_frames=8,
        content_dim=64,
        motion_dim=2,
        encoder=None,
        decoder=None,
        pair_channels=128,
        content_hidden=256,
        motion_hidden=256,
        motion_octaves=0,
        content_frames=None,
        transfer="direct",
        likelihood="bernoulli",
        pixel_stddev=0.1,
        content_kl_weight=1.0,
        motion_kl_weight=1.0,
        motion_kl_start=None,
        motion_kl_ramp_steps=None,
        decoded_frames=None,
        kl_warmup_steps=0,
        free_bits=0.0,
        seed=0,
        value_range=None,
        name="unordered_vae",
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        if value_range is not None:
            raise schema.ConfigError(
                "UnorderedVAE compares places of pictures, and value_range is that of "
                "spectra. Use DSVAE."
            )
        if encoder is None:
            arguments["encoder"] = FrameMapEncoder(frame_shape, name="encoder")
        super().__init__(arguments, name)
        self.motion_network = ConditionalLatents(
            motion_dim, motion_hidden, name="motion_network"
        )
        self.motion_prior = ConditionalLatents(
            motion_dim, motion_hidden, initial_log_var=0.0, name="motion_prior"
        )
        self.build(None)

    def make_content_network(self):
        if not hasattr(self.encoder, "map_shape"):
            raise schema.ConfigError(
                "UnorderedVAE.encoder must give maps, as FrameMapEncoder does, "
                f"received {type(self.encoder).__name__}."
            )
        return PairContentNetwork(
            self.content_dim,
            self.encoder.map_shape,
            self.pair_pooling,
            self.pair_channels,
            self.content_hidden,
            name="content_network",
        )

    @property
    def frame_dim(self) -> int:
        return self.motion_dim * (1 + 2 * self.motion_octaves)

    @property
    def state_shape(self) -> tuple[int, ...]:
        return (self.num_frames, self.motion_dim)

    def build(self, input_shape=None):
        self.motion_network.build(self.content_dim + self.encoder.features)
        self.motion_prior.build(self.content_dim)
        super().build(input_shape)

    def call(self, inputs, training=False):
        for key in ("frames", "content_frames"):
            frames = inputs.get(key)
            if frames is not None:
                self.check_set(frames.shape[1], key)
        if self.pair_pooling == "concat" and inputs.get("mask") is not None:
            raise ValueError(
                'pair_pooling="concat" reads three frames and no mask. Draw frames '
                'from those that count, or use "mean".'
            )
        return super().call(inputs, training)

    def check_set(self, count: int, what: str = "frames") -> None:
        """Raises a `ValueError` unless so many frames can be compared in pairs."""
        if count < 2:
            raise ValueError(
                f"{what}: the content is what frames have in common, which takes at "
                f"least 2 of them, received {count}."
            )
        if self.pair_pooling == "concat" and count != CONCATENATED:
            raise ValueError(
                f'{what}: pair_pooling="concat" reads {CONCATENATED} frames, received '
                f'{count}. Use pair_pooling="mean" for any number.'
            )

    def motion_posterior(self, features, content, mask):
        """q(z | f, x) of every frame, over `(B, T, motion_dim)`."""
        features = ops.convert_to_tensor(features)
        content = ops.convert_to_tensor(content, "float32")
        content = ops.repeat(content[:, None], features.shape[1], axis=1)
        return self.motion_network(content, features)

    def motion_pass(self, features, content, mask, seen, noise):
        """z `(B, N, motion_dim)`, drawn or the mean, and the frames' KL `(B,)`."""
        q = self.motion_posterior(features, content, mask)
        prior = self.motion_prior(content[:, None])
        latents = q.mean if noise is None else q.sample(noise)
        return latents, ops.sum(mask * q.kl(prior), axis=1)

    def decode_frames(self, content, motion):
        """`(B, C)` and z `(B, T, motion_dim)` to means, or logits, of the frames."""
        motion = ops.convert_to_tensor(motion, "float32")
        angles = [LOWEST * 2.0**k * motion for k in range(self.motion_octaves)]
        waves = [wave(angle) for angle in angles for wave in (ops.sin, ops.cos)]
        return super().decode_frames(content, ops.concatenate([motion, *waves], -1))
