"""HALO: content, and motion by Hamiltonian latent operators (Khan & Storkey 2022)."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers import (
    ContentMapNetwork,
    ContentNetwork,
    FittedPrior,
    FrameDecoder,
    FrameEncoder,
    GaussianHead,
    MomentumNetwork,
    SpectrumDecoder,
    SpectrumEncoder,
    StatePrior,
)
from halo_keras.layers.content_map import CONTENT_MAP
from halo_keras.layers.state_prior import KINDS
from halo_keras.models.decoded_frames import drawn_frames, take_frames
from halo_keras.models.frame_values import SHAPE, VALUE_RANGE, check_frame_values
from halo_keras.models.halo_actions import HaloActions
from halo_keras.models.halo_generation import HaloGeneration
from halo_keras.models.halo_inference import Encoding, HaloInference
from halo_keras.models.motion_kl import motion_kl
from halo_keras.models.sequence_model import SequenceModel
from halo_keras.ops.gaussian import DiagonalGaussian
from halo_keras.ops.likelihood import gaussian_log_likelihood

__all__ = ["HALO", "Encoding"]

CONTENT_FROM = ("clip", "first-frame", "nothing")
REFERENCES = ("random", "last")


@keras.saving.register_keras_serializable("halo_keras")
class HALO(HaloInference, HaloActions, HaloGeneration, SequenceModel):
    """A clip is a content z and a state s that a Hamiltonian operator moves.

    Generative model (HALO, Eqs. 1-5): z ~ N(0, I); the state (q_0, p_0) of the active
    action's operator has a prior p(s_0 | u), other operators' states are 0;
    s_t = flow(t, s_0); x_t ~ N(g(z, q_t), sigma^2 I). The decoder g sees positions
    only. States are measured from an equilibrium: what g sees of an active operator k
    is c_k + q_t^k, with a learned c_k (the Hamiltonian of the shifted state is the
    same). A pose then tells its action by where it is, linearly; with all orbits around
    0 it tells it only by which block is not 0, and training lets the content tell it
    instead.

    Posterior (Eq. 6): q(z | x) q(q_i | x_i, u) q(p_i | x_{<=i}, u) at a reference frame
    i: random in training (see `training_reference`), the last observed frame in use.
    With `position_from="history"` it is q(q_i | x_{<=i}, u), with the mean
    f(x_i, u) + W h_i and h_i what the momentum network makes of the frames up to i.

    Bound, a clip, maximised:
    E[sum_t ln p(x_t | z, q_t)] - KL(q(z) || p(z)) - KL(q(s_i) || p(s_i)), with the
    prior at frame i the one at time 0, carried by the flow (`models/motion_kl.py`).

    Args:
        frame_shape: `(height, width, channels)`, sizes multiples of 4; or `(bins,)` for
            spectrograms, see `SequenceModel`.
        dynamics: a `LatentDynamics`, with one operator an action.
        action_names: names of the actions, one an operator; None for "0", "1", ...
        num_frames: length of training clips, the default length of what is generated.
        content_dim: size of z.
        encoder, decoder: frame networks; None for `FrameEncoder`, `FrameDecoder`, or
            `SpectrumEncoder`, `SpectrumDecoder`.
        content_hidden, motion_features: widths of the content and momentum networks.
        momentum_dilation: D: the momentum is inferred from 4 + 3 D frames up to the
            reference frame; None for 1, the paper's code.
        position_from: `"history"` or None, which is the paper's `"frame"`: whether the
            position depends on earlier frames too. Two frames that look the same have
            the same position of the paper, and in a flow of period T then the same one
            half a period later, q_{i + T/2} = -q_i in planes of odd and q_i in those of
            even harmonics: a slash that begins and ends standing shows one wrong frame.
        content_from: None for `"clip"`: content is read from all observed frames; or
            `"first-frame"`, from the first of them alone. Where a motion begins at rest
            (an expression, a gesture) that frame cannot tell what the motion will be,
            and a model without labels has to leave it to the state. Or `"nothing"`: a
            model without content, whose state alone is decoded (z is 0, and its KL).
        content_map: None for a vector z; or `(height, width, channels)`, whose product
            is `content_dim`: z is a map, read off the first frame by a
            `ContentMapNetwork` (only with `content_from="first-frame"`), and the
            decoder has as many `content_channels`.
        training_reference: None for `"random"`: in training the reference frame is any
            of the observed ones; or `"last"`: the last of them, as in use. Frames
            before a motion that begins and ends cannot tell it.
        prior_kind: `"standard"`, `"learned"` or `"mixture"`, see `StatePrior`.
        prior_at: `"start"`: the prior holds at time 0 and the flow carries it to the
            reference frame: the bound above. `"reference"`: N(0, I) at the reference
            frame itself, as in the paper's code; the same thing where the flow leaves
            N(0, I) alone, and not a bound of the model above where it does not.
        num_components: Gaussians of a mixture, in training and in the fitted prior.
        pixel_stddev: sigma, on the [0, 1] scale of pixels; None learns one, from 0.1
            on, which at its best is the root mean squared error of the frames.
        content_kl_weight, motion_kl_weight: weights of the KL terms; 1 is the bound.
        framewise_weight, consistency_weight, difference_weight: weights of the terms
            that the paper's code adds: each frame decoded from its own posterior
            position; squared distance of rolled-out and inferred states; squared error
            of differences of successive frames. 0 (the bound alone) by default.
        framewise_ramp_steps: the first two of these fall linearly to 0 in so many
            training steps: they help motion off the ground, but tempt it to say what
            the content says. None keeps them.
        one_frame_rate: share of training clips whose content sees one random frame, and
            (drawn anew) whose state is inferred at frame 0, from that frame alone.
        decoded_frames: frames of each clip decoded in a training step, drawn at random
            and weighted so that the expected loss is the same; None for all.
        motion_kl_start, motion_kl_ramp_steps: the motion's KL weight at the first
            step, and the steps in which it moves from there to `motion_kl_weight`; None
            for no such ramp. Motion that is cheap at first takes up the action, which
            is then not in the content; motion that is dear at last gives up what the
            content says too.
        kl_warmup_steps, free_bits, seed, value_range: see `SequenceModel`.

    `fit` reads from each batch: `frames` (B, T, H, W, C); `action` (B,) ids, absent for
    one operator; optionally `times` (B, T) real times of the frames; `mask` (B, T), 0
    where a frame is padding; `target_times` (B, T), times at which the same frames are
    the truth too, on which the decoder is trained in place of `times` (a looping clip);
    `content_frames`, clips of the same shape and mask, from which content is read in
    place of `frames`: other clips of the same content (`ClipBatches`), which cannot
    tell what this one does.
    """

    part_kind = "model"
    family = "halo"
    config_fields = {
        "frame_shape": SHAPE,
        "dynamics": schema.Part("dynamics"),
        "action_names": schema.ListOf(schema.Text(max_length=48), 1, 256),
        "num_frames": schema.Int(1, 1024),
        "content_dim": schema.Int(1, 1024),
        "encoder": schema.Part("encoder"),
        "decoder": schema.Part("decoder"),
        "content_hidden": schema.Int(1, 1024),
        "motion_features": schema.Int(1, 1024),
        "momentum_dilation": schema.Int(1, 256, optional=True),
        "position_from": schema.Text(("frame", "history"), optional=True),
        "content_from": schema.Text(CONTENT_FROM, optional=True),
        "content_map": CONTENT_MAP,
        "training_reference": schema.Text(REFERENCES, optional=True),
        "prior_kind": schema.Text(KINDS),
        "prior_at": schema.Text(("start", "reference")),
        "num_components": schema.Int(1, 64),
        "pixel_stddev": schema.Float(1e-3, 10.0, optional=True),
        "content_kl_weight": schema.Float(0.0, 1e4),
        "motion_kl_weight": schema.Float(0.0, 1e4),
        "motion_kl_start": schema.Float(0.0, 1e4, optional=True),
        "motion_kl_ramp_steps": schema.Int(0, 10**8, optional=True),
        "framewise_weight": schema.Float(0.0, 1e4),
        "consistency_weight": schema.Float(0.0, 1e4),
        "framewise_ramp_steps": schema.Int(1, 10**8, optional=True),
        "difference_weight": schema.Float(0.0, 1e4),
        "one_frame_rate": schema.Float(0.0, 1.0),
        "decoded_frames": schema.Int(1, 1024, optional=True),
        "kl_warmup_steps": schema.Int(0, 10**8),
        "free_bits": schema.Float(0.0, 1e4),
        "seed": schema.Int(0, 2**31 - 1),
        "value_range": VALUE_RANGE,
    }

    def __init__(
        self,
        frame_shape,
        dynamics,
        action_names=None,
        num_frames=8,
        content_dim=32,
        encoder=None,
        decoder=None,
        content_hidden=64,
        motion_features=128,
        momentum_dilation=None,
        position_from=None,
        content_from=None,
        content_map=None,
        training_reference=None,
        prior_kind="standard",
        prior_at="start",
        num_components=1,
        pixel_stddev=0.1,
        content_kl_weight=1.0,
        motion_kl_weight=1.0,
        motion_kl_start=None,
        motion_kl_ramp_steps=None,
        framewise_weight=0.0,
        consistency_weight=0.0,
        framewise_ramp_steps=None,
        difference_weight=0.0,
        one_frame_rate=0.25,
        decoded_frames=None,
        kl_warmup_steps=0,
        free_bits=0.0,
        seed=0,
        value_range=None,
        name="halo",
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        frame_shape, value_range = check_frame_values(frame_shape, value_range, "HALO")
        networks = (FrameEncoder, FrameDecoder)
        if value_range is not None:
            networks = (SpectrumEncoder, SpectrumDecoder)
        arguments["encoder"] = encoder or networks[0](frame_shape, name="encoder")
        arguments["decoder"] = decoder or networks[1](frame_shape, name="decoder")
        schema.Part("dynamics").check(dynamics, "HALO.dynamics")
        if action_names is None:
            action_names = [str(index) for index in range(dynamics.num_operators)]
        arguments["action_names"] = list(action_names)
        schema.check_config(self.config_fields, arguments, "HALO")
        if difference_weight and decoded_frames is not None:
            raise schema.ConfigError(
                "HALO: difference_weight needs successive frames, and decoded_frames="
                f"{decoded_frames} decodes frames drawn at random. Set one of the two."
            )
        weights = {
            "reconstruction_loss": 1.0,
            "content_kl": content_kl_weight,
            "motion_kl": motion_kl_weight,
        }
        extra = {
            "framewise_loss": framewise_weight,
            "consistency_loss": consistency_weight,
            "difference_loss": difference_weight,
        }
        weights.update({term: weight for term, weight in extra.items() if weight})
        ramps = {}
        if motion_kl_start is not None:
            ramps["motion_kl"] = (motion_kl_start, motion_kl_ramp_steps or 0)
        if framewise_ramp_steps is not None:
            for term in ("framewise_loss", "consistency_loss"):
                if weights.get(term):
                    ramps[term] = (weights[term], framewise_ramp_steps)
                    weights[term] = 0.0
        common = (weights, kl_warmup_steps, free_bits, ramps, seed, name, value_range)
        super().__init__(frame_shape, *common)
        known = ("frame_shape", "kl_warmup_steps", "free_bits", "seed", "value_range")
        for key, value in arguments.items():
            if key not in known:
                setattr(self, key, value)
        self._check_parts()
        self.num_actions = dynamics.num_operators
        size = dynamics.position_dim
        self.position_head = GaussianHead(size, name="position_head")
        self.position_features = keras.layers.Dense(
            motion_features,
            activation="silu",
            dtype="float32",
            name="position_features",
        )
        if dynamics.has_momentum:
            self.momentum_network = MomentumNetwork(
                motion_features, momentum_dilation or 1, name="momentum"
            )
            self.momentum_head = GaussianHead(size, name="momentum_head")
        if self.position_from == "history":
            # Zero at first, so that a trained model may be given it afterwards.
            self.position_shift = keras.layers.Dense(
                size,
                use_bias=False,
                kernel_initializer="zeros",
                dtype="float32",
                name="position_shift",
            )
        if self.content_map is None:
            self.content_network = ContentNetwork(
                content_dim, content_hidden, name="content_network"
            )
        else:
            self.content_network = ContentMapNetwork(
                self.frame_shape,
                self.content_map,
                content_hidden,
                name="content_network",
            )
        self.state_prior = StatePrior(
            prior_kind,
            self.num_actions,
            dynamics.state_dim,
            dynamics.has_momentum,
            num_components,
            name="state_prior",
        )
        self.fitted_prior = FittedPrior(
            self.num_actions,
            dynamics.state_dim,
            content_dim,
            num_components,
            name="fitted_prior",
        )
        self.build(None)

    def _check_parts(self):
        for part in (self.encoder, self.decoder):
            if tuple(part.frame_shape) != self.frame_shape:
                raise schema.ConfigError(
                    f"HALO has frame_shape {self.frame_shape}, but its "
                    f"{part.part_kind} has {tuple(part.frame_shape)}. Build both for "
                    f"the same frames."
                )
        if self.content_map is not None:
            self._check_content_map()
        if len(self.action_names) != self.dynamics.num_operators:
            raise schema.ConfigError(
                f"HALO needs one action name for each of the "
                f"{self.dynamics.num_operators} operators of its dynamics, received "
                f"{len(self.action_names)}."
            )
        if len(set(self.action_names)) != len(self.action_names):
            raise schema.ConfigError("HALO.action_names must differ from each other.")
        if self.position_from == "history" and not self.dynamics.has_momentum:
            raise schema.ConfigError(
                'HALO: position_from="history" reads what the momentum network makes '
                f"of the frames, and {type(self.dynamics).__name__} has no momentum. "
                "Leave it out."
            )

    def _check_content_map(self):
        height, width, channels = self.content_map
        if self.content_from != "first-frame" or self.value_range is not None:
            raise schema.ConfigError(
                "HALO: a content_map is read off the first frame of pictures: set "
                'content_from="first-frame", or leave content_map out.'
            )
        if self.content_dim != height * width * channels:
            raise schema.ConfigError(
                f"HALO: a content_map of {height} x {width} x {channels} needs "
                f"content_dim={height * width * channels}, received "
                f"{self.content_dim}."
            )
        size = getattr(self.decoder, "base_size", None)
        theirs = getattr(self.decoder, "content_channels", None)
        if (size, theirs) != ((height, width), channels):
            raise schema.ConfigError(
                f"HALO: a content_map of {height} x {width} x {channels} needs a "
                f"FrameDecoder with content_channels={channels} and a coarse grid of "
                f"{height} x {width}, received {type(self.decoder).__name__} with "
                f"content_channels={theirs} and a grid of {size}."
            )

    def build(self, input_shape=None):
        features, actions = self.encoder.features, self.dynamics.num_operators
        latent = self.content_dim + actions * self.dynamics.position_dim
        for part, shape in (
            (self.encoder, (None, *self.frame_shape)),
            (self.dynamics, None),
            (self.decoder, (None, latent)),
        ):
            if not part.built:  # Keras builds parts that it reads from a file
                part.build(shape)
        self.position_features.build((None, features + actions))
        self.position_head.build((None, self.motion_features))
        if self.dynamics.has_momentum:
            self.momentum_network.build((None, None, features))
            self.momentum_head.build((None, self.motion_features + actions))
        if self.position_from == "history":
            self.position_shift.build((None, self.motion_features + actions))
        if self.content_map is None:
            self.content_network.build((None, None, features))
        else:
            self.content_network.build((None, *self.frame_shape))
        self.state_prior.build(None)
        self.fitted_prior.build(None)
        self.equilibrium = self.add_weight(
            name="equilibrium",
            shape=(actions, self.dynamics.position_dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0, seed=self.seed),
        )
        if self.pixel_stddev is None:
            self.log_sigma = self.add_weight(
                name="log_sigma",
                shape=(),
                initializer=keras.initializers.Constant(math.log(0.1)),
            )
        self.built = True

    @property
    def sigma(self):
        """Standard deviation of a pixel given its mean."""
        if self.pixel_stddev is not None:
            return self.pixel_stddev
        return ops.exp(ops.convert_to_tensor(self.log_sigma))

    # ---- the networks, used by training and verbs alike ---------------------------

    def frame_features(self, frames):
        """`(B, T, *frame_shape)` floats in [0, 1] to `(B, T, features)`."""
        count, length = ops.shape(frames)[0], ops.shape(frames)[1]
        features = self.encoder(ops.reshape(frames, (-1, *self.frame_shape)))
        features = ops.reshape(features, (count, length, self.encoder.features))
        return ops.cast(features, "float32")

    def state_posterior(self, features, action, times, mask, at):
        """The posterior of position and momentum, one Gaussian over the state.

        Args:
            features: `(B, T, features)`; action: `(B,)`; times, mask: `(B, T)`.
            at: one-hot of each clip's reference frame i, `(B, T)`; or of several at
                once, `(B, M, T)`.
        Returns: `DiagonalGaussian` over `(B, state_dim)` or `(B, M, state_dim)`.
        """
        label = ops.one_hot(action, self.num_actions)
        pick = "bt,btf->bf"
        if len(at.shape) == 3:
            pick = "bmt,btf->bmf"
            label = ops.repeat(label[:, None], at.shape[1], axis=1)
        now = ops.einsum(pick, at, features)
        hidden = self.position_features(ops.concatenate([now, label], axis=-1))
        position = self.position_head(hidden)
        if not self.dynamics.has_momentum:
            return position
        gaps = ops.concatenate(
            [ops.zeros_like(times[:, :1]), times[:, 1:] - times[:, :-1]], axis=1
        )
        history = ops.einsum(pick, at, self.momentum_network(features, gaps, mask))
        told = ops.concatenate([history, label], axis=-1)
        momentum, place = self.momentum_head(told), position.mean
        if self.position_from == "history":
            place = place + self.position_shift(told)
        return DiagonalGaussian(
            ops.concatenate([place, momentum.mean], axis=-1),
            ops.concatenate([position.log_var, momentum.log_var], axis=-1),
        )

    def decode_positions(self, content, positions, active, decoder=None):
        """g(z, q_t^1..q_t^K): `(B, C)` and `(B, T, K, d)` to `(B, T, H, W, C)`.

        `active` is `(B, K)`, 1 for the operators whose motion is in the clip; `decoder`
        is `compiled(self.decoder)`, or None for the decoder itself.
        """
        decoder = decoder or self.decoder
        content = ops.convert_to_tensor(content, "float32")
        if self.content_from == "nothing":
            content = ops.zeros_like(content)  # whoever it comes from
        positions = ops.convert_to_tensor(positions, "float32")
        centred = positions + ops.convert_to_tensor(self.equilibrium)
        positions = centred * ops.cast(active, "float32")[:, None, :, None]
        count, length = ops.shape(positions)[0], ops.shape(positions)[1]
        width = self.num_actions * self.dynamics.position_dim
        positions = ops.reshape(positions, (count, length, width))
        content = ops.repeat(content[:, None], length, axis=1)
        latent = ops.concatenate([content, positions], axis=-1)
        frames = decoder(ops.reshape(latent, (-1, self.content_dim + width)))
        frames = ops.reshape(frames, (count, length, *self.frame_shape))
        return ops.cast(frames, "float32")

    def decode_active(self, content, position, action):
        """`decode_positions` for one active operator a clip, `position` `(B, T, d)`."""
        active = ops.one_hot(action, self.num_actions)
        return self.decode_positions(content, position[:, :, None, :], active)

    # ---- the bound ------------------------------------------------------------------

    def call(self, inputs, training=False):
        """One stochastic pass of the bound; see `loss_terms` for what it is made of."""
        frames = self.as_unit(inputs["frames"])
        count, length = ops.shape(frames)[0], frames.shape[1]
        action = inputs.get("action")
        if action is None or self.num_actions == 1:
            # Keras fills a batch with ones to learn its shapes; 0 is the only operator.
            action = ops.zeros((count,), "int32")
        action = ops.cast(action, "int32")
        times = self._row_input(inputs, "times", frames, ops.arange(length))
        mask = self._row_input(inputs, "mask", frames, ops.ones((length,)))
        targets = ops.cast(inputs.get("target_times", times), "float32")
        features = self.frame_features(frames)
        other = inputs.get("content_frames")
        shown = features
        if other is not None and self.content_map is None:
            shown = self.frame_features(self.as_unit(other))

        seen, at = self._observation(mask, length, training)
        content_q = self.content_posterior(
            frames if other is None else self.as_unit(other), shown, seen
        )
        state_q = self.state_posterior(features, action, times, mask, at)
        noise = self.seed_generator
        content = content_q.sample(noise) if training else content_q.mean
        state = state_q.sample(noise) if training else state_q.mean
        start = ops.sum(at * times, axis=1)  # the reference frame's time

        count = self.decoded_frames if training else None
        chosen, scale = drawn_frames(frames, count, self.seed_generator)
        truth, targets = take_frames(frames, chosen), take_frames(targets, chosen)
        position = self.dynamics.active_position(
            state, action, targets - start[:, None]
        )
        outputs = {
            "truth": truth,
            "weight": scale * take_frames(mask, chosen),
            "frames": self.decode_active(content, position, action),
            "content_kl": content_q.kl_standard(),
            "motion_kl": motion_kl(self, state_q, state, action, start),
        }
        if self.framewise_weight or self.consistency_weight:
            inferred = self.state_posterior(
                features, action, times, mask, ops.one_hot(chosen, length)
            ).mean
            outputs["framewise"] = self.decode_active(
                content, self.dynamics.position(inferred), action
            )
            own = take_frames(times, chosen) - start[:, None]
            rolled = self.dynamics.active_trajectory(state, action, own)
            outputs["distance"] = ops.sum(ops.square(rolled - inferred), axis=-1)
        return outputs

    def loss_terms(self, outputs):
        """Terms in nats a clip, `(batch,)` each, from what `call` returned."""

        def error(frames):
            log_likelihood = gaussian_log_likelihood(
                outputs["truth"], outputs[frames], self.sigma, len(self.frame_shape)
            )
            return -ops.sum(outputs["weight"] * log_likelihood, axis=1)

        terms = {
            "reconstruction_loss": error("frames"),
            "content_kl": outputs["content_kl"],
            "motion_kl": outputs["motion_kl"],
        }
        if "framewise" in outputs:
            terms["framewise_loss"] = error("framewise")
            distance = outputs["weight"] * outputs["distance"]
            terms["consistency_loss"] = ops.sum(distance, axis=1)
        if self.difference_weight:
            wrong = outputs["truth"] - outputs["frames"]
            change = ops.square(wrong[:, 1:] - wrong[:, :-1])
            change = ops.sum(change, axis=tuple(range(2, len(change.shape))))
            both = outputs["weight"][:, 1:] * outputs["weight"][:, :-1]
            terms["difference_loss"] = ops.sum(both * change, axis=1)
        return terms

    def _row_input(self, inputs, name, frames, default):
        value = inputs.get(name)
        if value is None:
            value = ops.broadcast_to(
                ops.cast(default, "float32"), (ops.shape(frames)[0], frames.shape[1])
            )
        return ops.cast(value, "float32")

    def content_posterior(self, frames, features, mask):
        """q(z | x) of observed frames `(B, T, ...)`, or N(0, I) of nothing.

        It is made from their features `(B, T, F)`, or from frames in [0, 1] where the
        content is a map.
        """
        seen = self.content_mask(mask)
        if self.content_map is not None:
            return self.content_network(ops.einsum("bt,bthwc->bhwc", seen, frames))
        q = self.content_network(features, seen)
        if self.content_from != "nothing":
            return q
        # Times 0, so that its weights have a gradient, which is 0.
        return DiagonalGaussian(0.0 * q.mean, 0.0 * q.log_var)

    def content_mask(self, mask):
        """Which of the observed frames `(B, T)` the content is read from."""
        if self.content_from != "first-frame":
            return mask
        return ops.one_hot(ops.argmax(mask, axis=1), mask.shape[1])

    def _observation(self, mask, length, training):
        """Which frames the content sees, and the one-hot reference frame."""
        first = ops.one_hot(ops.argmax(mask, axis=1), length)
        last = ops.cast(ops.arange(length), "float32") * mask
        last = ops.one_hot(ops.argmax(last, axis=1), length)
        if not self.dynamics.is_reversible:
            last = first  # no way back from a later frame
        if not training or length == 1:
            return mask, last
        noise, shape = self.seed_generator, ops.shape(mask)
        # The largest of independent uniforms over observed frames is a fair draw.
        draw = lambda: ops.one_hot(  # noqa: E731
            ops.argmax(mask * (0.01 + keras.random.uniform(shape, seed=noise)), axis=1),
            length,
        )
        rare = lambda: ops.cast(  # noqa: E731
            keras.random.uniform((shape[0], 1), seed=noise) < self.one_frame_rate,
            "float32",
        )
        single = rare() if self.content_from != "first-frame" else 0.0
        seen = single * draw() + (1.0 - single) * mask
        if not self.dynamics.is_reversible:
            return seen, first
        single = rare()
        other = last if self.training_reference == "last" else draw()
        return seen, single * first + (1.0 - single) * other

    def bits_per_dim(self, elbo) -> float:
        """A bound in nats a clip as bits a pixel value, of `num_frames` frames."""
        return -float(elbo) / (
            math.prod(self.frame_shape) * self.num_frames * math.log(2.0)
        )

    def get_config(self):
        config = {key: getattr(self, key) for key in self.config_fields}
        for key in ("dynamics", "encoder", "decoder"):
            config[key] = keras.saving.serialize_keras_object(config[key])
        config["frame_shape"] = list(self.frame_shape)
        config["value_range"] = self.value_range and list(self.value_range)
        config["action_names"] = list(self.action_names)
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
