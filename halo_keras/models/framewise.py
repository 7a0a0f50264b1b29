"""What models without labels share that decode a content and one vector a frame."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers import (
    ContentNetwork,
    FittedContent,
    FrameDecoder,
    FrameEncoder,
    SpectrumDecoder,
    SpectrumEncoder,
)
from halo_keras.models.decoded_frames import drawn_frames, take_frames
from halo_keras.models.frame_values import SHAPE, VALUE_RANGE, check_frame_values
from halo_keras.models.framewise_generation import FramewiseGeneration
from halo_keras.models.framewise_inference import FramewiseInference
from halo_keras.models.sequence_model import SequenceModel
from halo_keras.ops.likelihood import (
    bernoulli_log_likelihood,
    gaussian_log_likelihood,
)

LIKELIHOODS = ("gaussian", "bernoulli")
FIELDS = {
    "frame_shape": SHAPE,
    "num_frames": schema.Int(1, 1024),
    "content_dim": schema.Int(1, 1024),
    "motion_dim": schema.Int(1, 1024),
    "encoder": schema.Part("encoder"),
    "decoder": schema.Part("decoder"),
    "content_hidden": schema.Int(1, 1024),
    "likelihood": schema.Text(LIKELIHOODS),
    "pixel_stddev": schema.Float(1e-3, 10.0, optional=True),
    "content_kl_weight": schema.Float(0.0, 1e4),
    "motion_kl_weight": schema.Float(0.0, 1e4),
    "motion_kl_start": schema.Float(0.0, 1e4, optional=True),
    "motion_kl_ramp_steps": schema.Int(0, 10**8, optional=True),
    "prefix_rate": schema.Float(0.0, 1.0),
    "decoded_frames": schema.Int(1, 1024, optional=True),
    "kl_warmup_steps": schema.Int(0, 10**8),
    "free_bits": schema.Float(0.0, 1e4),
    "seed": schema.Int(0, 2**31 - 1),
    "value_range": VALUE_RANGE,
}
_OF_SEQUENCE_MODEL = ("frame_shape", "kl_warmup_steps", "free_bits", "seed")


class FramewiseModel(FramewiseInference, FramewiseGeneration, SequenceModel):
    """x_t ~ p(x_t | f, h_t): a content f and, in every frame, a vector h_t of motion.

    A family gives its motion latent, its posterior and prior, and how it becomes
    h_1 ... h_T: `motion_posterior`, `motion_pass`, `roll`, `draw_state`, and the sizes
    `frame_dim` of h_t and `state_shape` of the latent. It needs no action labels, knows
    a single action, "motion", and steps from frame to frame: times are whole and >= 0.

    The likelihood is Gaussian, with standard deviation `pixel_stddev` on the [0, 1]
    scale, or Bernoulli, where the decoder gives logits: for binary videos, and a score
    rather than a likelihood on grey ones.

    Args:
        arguments: of the family's constructor, by name: its `config_fields`.
        name: of the model.
    """

    forward_only = True
    num_actions = 1
    config_fields = FIELDS
    attributes = {}  # of arguments whose own name is that of a verb

    def __init__(self, arguments, name):
        where, arguments = type(self).__name__, dict(arguments)
        shape, value_range = check_frame_values(
            arguments["frame_shape"], arguments["value_range"], where
        )
        networks = (FrameEncoder, FrameDecoder)
        if value_range is not None:
            networks = (SpectrumEncoder, SpectrumDecoder)
        for part, network in zip(("encoder", "decoder"), networks, strict=True):
            if arguments[part] is None:
                arguments[part] = network(shape, name=part)
        schema.check_config(self.config_fields, arguments, where)
        weights = {
            "reconstruction_loss": 1.0,
            "content_kl": arguments["content_kl_weight"],
            "motion_kl": arguments["motion_kl_weight"],
        }
        ramps = {}
        if arguments["motion_kl_start"] is not None:
            steps = arguments["motion_kl_ramp_steps"] or 0
            ramps["motion_kl"] = (arguments["motion_kl_start"], steps)
        common = {key: arguments[key] for key in _OF_SEQUENCE_MODEL[1:]}
        super().__init__(
            shape, weights, ramps=ramps, name=name, value_range=value_range, **common
        )
        for key, value in arguments.items():
            if key not in (*_OF_SEQUENCE_MODEL, "value_range"):
                setattr(self, self.attributes.get(key, key), value)
        for part in (self.encoder, self.decoder):
            if tuple(part.frame_shape) != self.frame_shape:
                raise schema.ConfigError(
                    f"{where} has frame_shape {self.frame_shape}, but its "
                    f"{part.part_kind} has {tuple(part.frame_shape)}. Build both for "
                    f"the same frames."
                )
        self.action_names = ["motion"]
        self.content_network = self.make_content_network()
        self.fitted_content = FittedContent(
            self.content_dim, self.state_shape, name="fitted_content"
        )

    def make_content_network(self):
        """q(f | x) of features and mask."""
        return ContentNetwork(
            self.content_dim, self.content_hidden, name="content_network"
        )

    def build(self, input_shape=None):
        for part, shape in (
            (self.encoder, (None, *self.frame_shape)),
            (self.decoder, (None, self.content_dim + self.frame_dim)),
        ):
            if not part.built:  # Keras builds parts that it reads from a file
                part.build(shape)
        self.content_network.build((None, None, self.encoder.features))
        self.fitted_content.build(None)
        if self.likelihood == "gaussian" and self.pixel_stddev is None:
            self.log_sigma = self.add_weight(
                name="log_sigma",
                shape=(),
                initializer=keras.initializers.Constant(math.log(0.1)),
            )
        self.built = True

    @property
    def sigma(self):
        """Standard deviation of a Gaussian pixel given its mean."""
        if self.likelihood != "gaussian":
            raise ValueError(f"a {self.likelihood} likelihood has no sigma.")
        if self.pixel_stddev is not None:
            return self.pixel_stddev
        return ops.exp(ops.convert_to_tensor(self.log_sigma))

    # ---- the networks, used by training and verbs alike ---------------------------

    def frame_features(self, frames):
        """`(B, T, *frame_shape)` floats in [0, 1] to `(B, T, features)`."""
        count, length = ops.shape(frames)[0], frames.shape[1]
        features = self.encoder(ops.reshape(frames, (-1, *self.frame_shape)))
        features = ops.reshape(features, (count, length, self.encoder.features))
        return ops.cast(features, "float32")

    def decode_frames(self, content, motion):
        """`(B, C)` and h_t `(B, T, frame_dim)` to means, or logits, of the frames."""
        content = ops.convert_to_tensor(content, "float32")
        motion = ops.convert_to_tensor(motion, "float32")
        count, length = ops.shape(motion)[0], motion.shape[1]
        content = ops.repeat(content[:, None], length, axis=1)
        latent = ops.concatenate([content, motion], axis=-1)
        size = self.content_dim + self.frame_dim
        frames = self.decoder(ops.reshape(latent, (-1, size)))
        frames = ops.reshape(frames, (count, length, *self.frame_shape))
        return ops.cast(frames, "float32")

    def log_likelihood(self, frames, decoded):
        """ln p(x_t | f, h_t) of each frame, `(B, T)`, of what `decode_frames` gave."""
        axes = len(self.frame_shape)
        if self.likelihood == "bernoulli":
            return bernoulli_log_likelihood(frames, decoded, axes)
        return gaussian_log_likelihood(frames, decoded, self.sigma, axes)

    # ---- the bound ------------------------------------------------------------------

    def call(self, inputs, training=False):
        """One stochastic pass of the bound; see `loss_terms` for what it is made of."""
        for key in ("times", "target_times"):
            if inputs.get(key) is not None:
                raise ValueError(
                    f"{type(self).__name__} steps from frame to frame, and the batch "
                    f"has {key!r}. Train on clips of consecutive frames, not as loops."
                )
        frames = self.as_unit(inputs["frames"])
        count, length = ops.shape(frames)[0], frames.shape[1]
        mask = inputs.get("mask")
        mask = ops.ones((count, length)) if mask is None else ops.cast(mask, "float32")
        features = self.frame_features(frames)
        other = inputs.get("content_frames")
        shown = features if other is None else self.frame_features(self.as_unit(other))
        seen = self._seen(mask, length) if training and self.prefix_rate else mask
        noise = self.seed_generator if training else None
        content_q = self.content_network(shown, seen)
        content = content_q.mean if noise is None else content_q.sample(noise)
        motion, divergence = self.motion_pass(features, content, mask, seen, noise)
        decoded = self.decoded_frames if training else None
        chosen, weight = drawn_frames(frames, decoded, self.seed_generator)
        return {
            "truth": take_frames(frames, chosen),
            "weight": weight * take_frames(mask, chosen),
            "decoded": self.decode_frames(content, take_frames(motion, chosen)),
            "content_kl": content_q.kl_standard(),
            "motion_kl": divergence,
        }

    def loss_terms(self, outputs):
        """Terms in nats a clip, `(batch,)` each, from what `call` returned."""
        log_likelihood = self.log_likelihood(outputs["truth"], outputs["decoded"])
        return {
            "reconstruction_loss": -ops.sum(outputs["weight"] * log_likelihood, axis=1),
            "content_kl": outputs["content_kl"],
            "motion_kl": outputs["motion_kl"],
        }

    def _seen(self, mask, length):
        """The mask; of a share `prefix_rate` of the clips only that of n first frames.

        n is uniform on 1 ... T.
        """
        rows, noise = (ops.shape(mask)[0], 1), self.seed_generator
        share = keras.random.uniform(rows, seed=noise)
        last = length * keras.random.uniform(rows, seed=noise)
        early = ops.cast(ops.arange(length), "float32")[None] <= last
        whole = ops.cast(share >= self.prefix_rate, "float32")
        return mask * ops.maximum(whole, ops.cast(early, "float32"))

    def bits_per_dim(self, elbo) -> float:
        """A bound in nats a clip as bits a pixel value, of `num_frames` frames."""
        values = math.prod(self.frame_shape) * self.num_frames
        return -float(elbo) / (values * math.log(2.0))

    def get_config(self):
        config = {
            key: getattr(self, self.attributes.get(key, key))
            for key in self.config_fields
        }
        for key in ("encoder", "decoder"):
            config[key] = keras.saving.serialize_keras_object(config[key])
        config["frame_shape"] = list(self.frame_shape)
        config["value_range"] = self.value_range and list(self.value_range)
        return {"name": self.name, **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for key in ("encoder", "decoder"):
            if isinstance(config[key], dict):
                config[key] = keras.saving.deserialize_keras_object(
                    config[key], custom_objects=custom_objects
                )
        return cls(**config)
