"""HGN: a clip is a state that a learned Hamiltonian moves (Toth et al. 2019)."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers import (
    FittedPrior,
    FrameDecoder,
    FrameEncoder,
    GridDecoder,
    GridEncoder,
    StatePrior,
    StateTransformer,
    WindowPosterior,
)
from halo_keras.models.decoded_frames import drawn_frames, take_frames
from halo_keras.models.frame_values import SHAPE, check_frame_values
from halo_keras.models.sequence_model import SequenceModel
from halo_keras.models.state_verbs import StateVerbs
from halo_keras.ops.likelihood import gaussian_log_likelihood

DIRECTIONS = ("forward", "backward", "both")
OBJECTIVES = ("elbo", "geco")
POSTERIORS = ("variational", "deterministic")


@keras.saving.register_keras_serializable("halo_keras")
class HGN(StateVerbs, SequenceModel):
    """k frames give a latent, the latent a state, a flow moves it, positions are seen.

    Generative model (Toth et al. 2019): z ~ N(0, I); s = f_psi(z) = (q, p) at the
    reference frame; s_t = flow(t, s); x_t ~ N(g(q_t), sigma^2 I), each frame from its
    own position alone. Posterior q(z | x of k consecutive frames), the reference frame
    being the last of them.

    Bound, a clip, maximised: sum_t ln p(x_t | q_t) - KL(q(z) || N(0, I)) over the
    frames t that are predicted: from the reference frame to the end of the clip, or,
    for clips that are learned backward (the last k frames are shown), to its start.
    (The paper's mean over t is `motion_kl_weight` = number of those frames.)

    The flow may be any `LatentDynamics` with one operator: `NeuralHamiltonian` is the
    HGN of the paper; `ActionAngleDynamics` and `NormalFormDynamics` are its rivals in
    closed form; `RecurrentDynamics` and `NeuralODE` are baselines. Where a flow cannot
    go back, the reference frame is the first of the k frames.

    Form: vectors by default, as in the authors' later code, where f_psi was dropped;
    dynamics with a `grid` make it the paper's spatial form, for which encoder and
    decoder are `GridEncoder` and `GridDecoder`.

    Args:
        frame_shape: `(height, width, channels)`.
        dynamics: a `LatentDynamics` with one operator.
        num_frames: length of training clips, and the default length of what is made.
        inference_frames: k; None for all `num_frames` ("autoencode", as in the paper's
            formulas: the state at the last frame is rolled back over the clip).
        encoder, decoder: frame networks; None for those of the form.
        hidden: width of the network from the features of k frames to the latent.
        transform_hidden: width of f_psi; None for none, s = z.
        posterior: `"variational"`, or `"deterministic"`: the mean alone, no KL.
        objective: `"elbo"`, or `"geco"` (Rezende & Viola 2018): the KL is minimised
            under the constraint that the squared error is below `tolerance` a pixel
            value; its multiplier exp(v) starts at 1 and v is trained by ascent with
            the same optimiser.
        tolerance: of GECO; the authors' code has .001.
        motion_kl_weight: beta.
        pixel_stddev: sigma, on the [0, 1] scale; None learns one, from 0.1 on.
        direction: which way training clips are learned: `"forward"` from their first
            k frames, `"backward"` from their last k, or `"both"`, one or the other by
            lot. Autoencoding is backward.
        decoded_frames: predicted frames decoded in a training step, drawn at random
            and weighted so that the expected loss is the same; None for all.
        num_components: Gaussians of the prior of states that is fitted after training.
        kl_warmup_steps, seed: see `SequenceModel`.

    `fit` reads `frames` (B, T, H, W, C) from each batch. Clips of uneven length or at
    times of their own raise.

    Raises:
        ConfigError: parts that do not fit, more frames to infer from than there are.
    """

    part_kind = "model"
    family = "hgn"
    bound_terms = ("reconstruction_loss", "motion_kl")
    config_fields = {
        "frame_shape": SHAPE,
        "dynamics": schema.Part("dynamics"),
        "num_frames": schema.Int(2, 1024),
        "inference_frames": schema.Int(1, 1024, optional=True),
        "encoder": schema.Part("encoder"),
        "decoder": schema.Part("decoder"),
        "hidden": schema.Int(1, 4096),
        "transform_hidden": schema.Int(1, 4096, optional=True),
        "posterior": schema.Text(POSTERIORS),
        "objective": schema.Text(OBJECTIVES),
        "tolerance": schema.Float(1e-8, 1.0),
        "motion_kl_weight": schema.Float(0.0, 1e4),
        "pixel_stddev": schema.Float(1e-3, 10.0, optional=True),
        "direction": schema.Text(DIRECTIONS),
        "decoded_frames": schema.Int(1, 1024, optional=True),
        "num_components": schema.Int(1, 64),
        "kl_warmup_steps": schema.Int(0, 10**8),
        "seed": schema.Int(0, 2**31 - 1),
    }

    def __init__(
        self,
        frame_shape,
        dynamics,
        num_frames=30,
        inference_frames=5,
        encoder=None,
        decoder=None,
        hidden=256,
        transform_hidden=None,
        posterior="variational",
        objective="elbo",
        tolerance=0.001,
        motion_kl_weight=1.0,
        pixel_stddev=None,
        direction="both",
        decoded_frames=6,
        num_components=1,
        kl_warmup_steps=0,
        seed=0,
        name="hgn",
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        frame_shape, _ = check_frame_values(frame_shape, None, "HGN")
        schema.Part("dynamics").check(dynamics, "HGN.dynamics")
        self_grid = getattr(dynamics, "grid", None)
        networks = _networks(frame_shape, dynamics, self_grid)
        arguments["encoder"] = encoder or networks[0]()
        arguments["decoder"] = decoder or networks[1]()
        schema.check_config(self.config_fields, arguments, "HGN")
        self._check(arguments)
        variational = posterior == "variational"
        weights = {"reconstruction_loss": 1.0}
        if objective == "geco":
            weights = {"reconstruction_loss": 0.0, "constraint_loss": 1.0}
        if variational:
            weights["motion_kl"] = motion_kl_weight
        super().__init__(frame_shape, weights, kl_warmup_steps, seed=seed, name=name)
        for key, value in arguments.items():
            if key not in ("frame_shape", "kl_warmup_steps", "seed", "posterior"):
                setattr(self, key, value)
        self.posterior_kind = posterior
        self.action_names = ["motion"]
        self.forward_only = not dynamics.goes_back
        self.window = inference_frames or num_frames
        self.reference_in_window = 0 if self.forward_only else self.window - 1
        size = dynamics.state_dim
        self.window_posterior = WindowPosterior(
            size, hidden, self_grid, variational, name="window_posterior"
        )
        if transform_hidden is not None:
            self.transformer = StateTransformer(
                size, transform_hidden, self_grid, name="transformer"
            )
        self.state_prior = StatePrior("standard", 1, size, name="state_prior")
        self.fitted_prior = FittedPrior(1, size, 0, num_components, name="fitted_prior")
        self.build(None)

    @staticmethod
    def _check(arguments):
        dynamics, k = arguments["dynamics"], arguments["inference_frames"]
        if dynamics.num_operators != 1:
            raise schema.ConfigError(
                "HGN has one motion: its dynamics need num_operators=1, received "
                f"{dynamics.num_operators}. For one operator an action use HALO."
            )
        shape = tuple(arguments["frame_shape"])
        for part in (arguments["encoder"], arguments["decoder"]):
            if tuple(part.frame_shape) != shape:
                raise schema.ConfigError(
                    f"HGN has frame_shape {shape}, but its {part.part_kind} has "
                    f"{tuple(part.frame_shape)}. Build both for the same frames."
                )
        if k is not None and k > arguments["num_frames"]:
            raise schema.ConfigError(
                f"HGN.inference_frames must be at most num_frames="
                f"{arguments['num_frames']}, received {k}."
            )
        way = arguments["direction"]
        if k is None and way != "backward" and dynamics.goes_back:
            raise schema.ConfigError(
                "HGN: with inference_frames=None the state is inferred at the last "
                'frame, and nothing is ahead of it: set direction="backward", '
                f"received {way!r}."
            )
        if not dynamics.goes_back and way != "forward":
            raise schema.ConfigError(
                f"HGN: {type(dynamics).__name__} cannot go back: set "
                f'direction="forward", received {way!r}.'
            )
        if arguments["objective"] == "geco":
            if arguments["posterior"] == "deterministic":
                raise schema.ConfigError(
                    'HGN: objective="geco" minimises a KL, and a deterministic '
                    'posterior has none. Use objective="elbo".'
                )

    def build(self, input_shape=None):
        for part, shape in (
            (self.encoder, (None, *self.frame_shape)),
            (self.dynamics, None),
            (self.decoder, (None, self.dynamics.position_dim)),
        ):
            if not part.built:  # Keras builds parts that it reads from a file
                part.build(shape)
        self.window_posterior.build((None, self.window, self.encoder.features))
        if self.transform_hidden is not None:
            self.transformer.build((None, self.dynamics.state_dim))
        self.state_prior.build(None)
        self.fitted_prior.build(None)
        if self.pixel_stddev is None:
            self.log_sigma = self.add_weight(
                name="log_sigma",
                shape=(),
                initializer=keras.initializers.Constant(math.log(0.1)),
            )
        if self.objective == "geco":
            self.log_multiplier = self.add_weight(
                name="log_multiplier", shape=(), initializer="zeros"
            )
        self.built = True

    @property
    def sigma(self):
        """Standard deviation of a pixel given its mean."""
        if self.pixel_stddev is not None:
            return self.pixel_stddev
        return ops.exp(ops.convert_to_tensor(self.log_sigma))

    # ---- the networks, used by training and verbs alike ---------------------------

    def latent_posterior(self, frames):
        """k frames `(B, k, *frame_shape)` in [0, 1] to q(z | x).

        Returns: `DiagonalGaussian` over `(B, state_dim)`, or a tensor where the
            posterior is deterministic.
        """
        frames = ops.convert_to_tensor(frames)
        features = self.encoder(ops.reshape(frames, (-1, *self.frame_shape)))
        shape = (-1, self.window, self.encoder.features)
        return self.window_posterior(ops.reshape(features, shape))

    def to_state(self, latent):
        """s = f_psi(z)."""
        return latent if self.transform_hidden is None else self.transformer(latent)

    def infer_state(self, frames):
        """States `(B, state_dim)` at the reference frame: of the posterior's mean."""
        found = self.latent_posterior(frames)
        return self.to_state(found.mean if self._variational else found)

    def decode_states(self, states):
        """States `(n, state_dim)` to frames; only their positions are seen."""
        frames = self.decoder(self.dynamics.position(ops.convert_to_tensor(states)))
        return ops.cast(frames, "float32")

    @property
    def _variational(self) -> bool:
        return self.posterior_kind == "variational"

    # ---- the bound ------------------------------------------------------------------

    def call(self, inputs, training=False):
        """One stochastic pass of the bound; see `loss_terms` for what it is made of."""
        for key in ("times", "target_times", "mask", "content_frames"):
            if inputs.get(key) is not None:
                raise ValueError(
                    f"HGN trains on whole clips of consecutive frames, and the batch "
                    f"has {key!r}. Cut the clips to one length, without augmentation "
                    "in time."
                )
        frames, noise = inputs["frames"], self.seed_generator
        rows, length = ops.shape(frames)[0], frames.shape[1]
        way, ahead = self._ways(rows, length, training)
        first = self.reference_in_window
        start = ops.where(way > 0, first, length - 1)  # the reference frame
        shown = (start - first)[:, None] + ops.arange(self.window)
        shown = self.as_unit(take_frames(frames, shown))
        found = self.latent_posterior(shown)
        latent = found
        if self._variational:
            latent = found.sample(noise) if training else found.mean
        count = self.decoded_frames if training else None
        chosen, weight = drawn_frames(frames[:, : ahead + 1], count, noise)
        chosen = ops.cast(chosen, "int32")
        position = self._positions(self.to_state(latent), way, chosen, ahead)
        truth = take_frames(frames, start[:, None] + way[:, None] * chosen)
        size = self.dynamics.position_dim
        decoded = self.decoder(ops.reshape(position, (-1, size)))
        shape = (-1, chosen.shape[1], *self.frame_shape)
        outputs = {
            "truth": self.as_unit(truth),
            "weight": weight,
            "frames": ops.cast(ops.reshape(decoded, shape), "float32"),
        }
        if self._variational:
            outputs["motion_kl"] = found.kl_standard()
        return outputs

    def _ways(self, rows, length, training):
        """1 or -1 for each clip, forward or backward; how far its last target is."""
        if length < self.window + (self.inference_frames is not None):
            raise ValueError(
                f"HGN infers a state from {self.window} frames and predicts what "
                f"follows, received clips of {length} frames."
            )
        ones = ops.ones((rows,), "int32")
        if self.direction == "backward":
            return -ones, length - 1
        ahead = length - 1 - self.reference_in_window
        if self.direction == "forward" or not training:
            return ones, ahead
        lot = keras.random.uniform((rows,), seed=self.seed_generator)
        return ops.where(lot < 0.5, ones, -ones), ahead

    def _positions(self, state, way, chosen, ahead):
        """Positions `(B, m, d)` of each clip, `chosen` frames away on its own way."""
        if hasattr(self.dynamics, "positions_ahead"):
            path = self.dynamics.positions_ahead(state, way, ahead)
            return take_frames(path, chosen)
        action = ops.zeros_like(way)
        return self.dynamics.active_position(state, action, way[:, None] * chosen)

    def loss_terms(self, outputs):
        """Terms in nats a clip, `(batch,)` each, from what `call` returned."""
        truth, frames, weight = (outputs[k] for k in ("truth", "frames", "weight"))
        log_likelihood = gaussian_log_likelihood(truth, frames, self.sigma)
        terms = {"reconstruction_loss": -weight * ops.sum(log_likelihood, axis=1)}
        if self._variational:
            terms["motion_kl"] = outputs["motion_kl"]
        if self.objective == "geco":
            error = ops.square(truth - frames) - self.tolerance
            error = weight * ops.sum(error, axis=(1, 2, 3, 4))
            multiplier = ops.exp(ops.convert_to_tensor(self.log_multiplier))
            # lambda C, with the gradient in v turned around: v goes up where C > 0.
            fixed = ops.stop_gradient(multiplier)
            ascent = (multiplier - fixed) * ops.stop_gradient(error)
            terms["constraint_loss"] = fixed * error - ascent
        return terms

    # ---- verbs that f_psi changes ---------------------------------------------------

    def _start_states(self, action, generator=None):
        """States at time 0: drawn, or the prior's mode without a generator."""
        state = super()._start_states(action, generator)
        if self.fitted_prior.fitted or self.transform_hidden is None:
            return state
        return ops.convert_to_numpy(self.to_state(state[:, 0]))[:, None]

    def get_config(self):
        config = {
            key: getattr(self, key) for key in self.config_fields if key != "posterior"
        }
        config["posterior"] = self.posterior_kind
        for key in ("dynamics", "encoder", "decoder"):
            config[key] = keras.saving.serialize_keras_object(config[key])
        config["frame_shape"] = list(self.frame_shape)
        return {"name": self.name, **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for key in ("dynamics", "encoder", "decoder"):
            if isinstance(config[key], dict):
                config[key] = keras.saving.deserialize_keras_object(
                    config[key], custom_objects=custom_objects
                )
        return cls(**config)


def _networks(frame_shape, dynamics, grid):
    """Makers of the encoder and the decoder of the form."""
    if grid is None:
        return (
            lambda: FrameEncoder(frame_shape, name="encoder"),
            lambda: FrameDecoder(frame_shape, name="decoder"),
        )
    channels = dynamics.channels
    return (
        lambda: GridEncoder(frame_shape, grid=grid, name="encoder"),
        lambda: GridDecoder(frame_shape, grid=grid, inputs=channels, name="decoder"),
    )
