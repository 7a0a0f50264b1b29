"""PixelHNN: a Hamiltonian of the code of two frames (Greydanus et al. 2019)."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras import schema
from halo_keras.dynamics import HamiltonianNetwork
from halo_keras.layers import FittedPrior, StatePrior
from halo_keras.models.frame_values import SHAPE, check_frame_values
from halo_keras.models.sequence_model import SequenceModel
from halo_keras.models.state_verbs import StateVerbs


@keras.saving.register_keras_serializable("halo_keras")
class PixelHNN(StateVerbs, SequenceModel):
    """An autoencoder of pairs of frames, whose code obeys a learned Hamiltonian.

    Greydanus et al. (2019), "Hamiltonian Neural Networks", section 5. Two consecutive
    frames x_t, x_{t+1} give a code s_t = (q_t, p_t), of which a decoder makes both
    frames again. All is learned from three frames in a row, without a roll-out:

    - autoencoding: |x_t - x^_t|^2 + |x_{t+1} - x^_{t+1}|^2, mean over values;
    - canonical coordinates: |p_t - (q_{t+1} - q_t)|^2: the momentum is the velocity;
    - dynamics: |s_{t+1} - s_t - J dH/ds(s_t)|^2, H any network of the whole state.

    Encoder and decoder are the paper's: residual layers of the width `hidden`. The
    paper's one degree of freedom is `position_dim=1`. The decoder sees the whole state.
    A state is rolled out by the classical Runge-Kutta method, as in the paper's
    evaluation, and so forward and backward.

    Args:
        frame_shape: `(height, width, channels)`.
        num_frames: default length of what is made.
        position_dim: size d of the position.
        hidden: width of the layers of encoder and decoder; 200 in the paper.
        dynamics: a `HamiltonianNetwork` of that `position_dim`; None for one of the
            paper's size.
        canonical_weight, dynamics_weight: of the last two terms; 1 and .1 in the paper.
        num_components: Gaussians of the prior of states that is fitted after training.
        seed: see `SequenceModel`.

    `fit` reads `frames` (B, T, H, W, C), T >= 3, and takes three frames of each clip at
    random.
    """

    part_kind = "model"
    family = "pixel-hnn"
    bound_terms = ()
    window = 2
    reference_in_window = 0
    config_fields = {
        "frame_shape": SHAPE,
        "num_frames": schema.Int(3, 1024),
        "position_dim": schema.Int(1, 512),
        "hidden": schema.Int(1, 4096),
        "dynamics": schema.Part("dynamics"),
        "canonical_weight": schema.Float(0.0, 1e4),
        "dynamics_weight": schema.Float(0.0, 1e4),
        "num_components": schema.Int(1, 64),
        "seed": schema.Int(0, 2**31 - 1),
    }

    def __init__(
        self,
        frame_shape,
        num_frames=30,
        position_dim=1,
        hidden=200,
        dynamics=None,
        canonical_weight=1.0,
        dynamics_weight=0.1,
        num_components=1,
        seed=0,
        name="pixel_hnn",
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        frame_shape, _ = check_frame_values(frame_shape, None, "PixelHNN")
        if dynamics is None:
            dynamics = HamiltonianNetwork(
                position_dim, hidden=(200, 200), num_frames=num_frames, name="dynamics"
            )
        arguments["dynamics"] = dynamics
        schema.check_config(self.config_fields, arguments, "PixelHNN")
        if (dynamics.position_dim, dynamics.num_operators) != (position_dim, 1):
            raise schema.ConfigError(
                f"PixelHNN with position_dim={position_dim} needs dynamics of that "
                f"size and one operator, received {dynamics.position_dim} and "
                f"{dynamics.num_operators}."
            )
        weights = {
            "reconstruction_loss": 1.0,
            "canonical_loss": canonical_weight,
            "dynamics_loss": dynamics_weight,
        }
        super().__init__(frame_shape, weights, seed=seed, name=name)
        for key, value in arguments.items():
            if key not in ("frame_shape", "seed"):
                setattr(self, key, value)
        self.action_names = ["motion"]
        self.pair_size = 2 * frame_shape[0] * frame_shape[1] * frame_shape[2]
        self.encoder_layers = _layers(hidden, dynamics.state_dim, "encoder")
        self.decoder_layers = _layers(hidden, self.pair_size, "decoder")
        size = dynamics.state_dim
        self.state_prior = StatePrior("standard", 1, size, name="state_prior")
        self.fitted_prior = FittedPrior(1, size, 0, num_components, name="fitted_prior")
        self.build(None)

    def build(self, input_shape=None):
        if not self.dynamics.built:
            self.dynamics.build(None)
        for layers, size in (
            (self.encoder_layers, self.pair_size),
            (self.decoder_layers, self.dynamics.state_dim),
        ):
            for layer in layers:
                layer.build((None, size))
                size = layer.units
        self.state_prior.build(None)
        self.fitted_prior.build(None)
        self.built = True

    def infer_state(self, frames):
        """Pairs `(n, 2, *frame_shape)` in [0, 1] to the states at the first of them."""
        flat = ops.reshape(ops.convert_to_tensor(frames), (-1, self.pair_size))
        return _residual(self.encoder_layers, flat - 0.5)

    def decode_pairs(self, states):
        """States `(n, state_dim)` to pairs `(n, 2, *frame_shape)`."""
        pairs = _residual(self.decoder_layers, states) + 0.5
        return ops.reshape(pairs, (-1, 2, *self.frame_shape))

    def decode_states(self, states):
        """States `(n, state_dim)` to frames, the first of each pair."""
        return self.decode_pairs(states)[:, 0]

    def call(self, inputs, training=False):
        """Three frames of each clip, at random in training; see `loss_terms`."""
        frames = inputs["frames"]
        rows, length = ops.shape(frames)[0], frames.shape[1]
        if length < 3:
            raise ValueError(
                f"PixelHNN learns from three frames in a row, received clips of "
                f"{length}."
            )
        first = ops.zeros((rows,), "int32")
        if training:
            lot = keras.random.uniform((rows,), seed=self.seed_generator)
            first = ops.minimum(ops.cast(lot * (length - 2), "int32"), length - 3)
        at = first[:, None] + ops.arange(3)
        three = ops.take_along_axis(frames, ops.reshape(at, (-1, 3, 1, 1, 1)), axis=1)
        three = self.as_unit(three)
        pairs = ops.stack([three[:, :2], three[:, 1:]], axis=1)
        states = self.infer_state(pairs)
        states = ops.reshape(states, (-1, 2, self.dynamics.state_dim))
        return {
            "pair": three[:, :2],
            "decoded": self.decode_pairs(states[:, 0]),
            "now": states[:, 0],
            "next": states[:, 1],
            "field": self.dynamics.field(states[:, :1])[:, 0],
        }

    def loss_terms(self, outputs):
        """The three terms, `(batch,)` each, from what `call` returned."""
        size = self.dynamics.position_dim
        now, change = outputs["now"], outputs["next"] - outputs["now"]
        wrong = ops.square(outputs["pair"] - outputs["decoded"])
        canonical = ops.square(now[:, size:] - change[:, :size])
        dynamics = ops.square(change - outputs["field"])
        return {
            "reconstruction_loss": ops.mean(wrong, axis=(1, 2, 3, 4)),
            "canonical_loss": ops.mean(canonical, axis=-1),
            "dynamics_loss": ops.mean(dynamics, axis=-1),
        }

    def get_config(self):
        config = {key: getattr(self, key) for key in self.config_fields}
        config["dynamics"] = keras.saving.serialize_keras_object(self.dynamics)
        config["frame_shape"] = list(self.frame_shape)
        return {"name": self.name, **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        if isinstance(config["dynamics"], dict):
            config["dynamics"] = keras.saving.deserialize_keras_object(
                config["dynamics"], custom_objects=custom_objects
            )
        return cls(**config)


def _layers(hidden, outputs, name):
    return [
        keras.layers.Dense(
            size,
            kernel_initializer="orthogonal",
            dtype="float32",
            name=f"{name}_{index}",
        )
        for index, size in enumerate((hidden, hidden, hidden, outputs))
    ]


def _residual(layers, x):
    """ReLU layers, the inner ones with a residual, and a linear map."""
    first, *inner, last = layers
    x = ops.relu(first(x))
    for layer in inner:
        x = x + ops.relu(layer(x))
    return last(x)
