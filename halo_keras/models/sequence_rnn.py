"""LSTM-f and LSTM-c: deterministic motion from one latent, DSVAE's baselines."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers import ContentNetwork
from halo_keras.models.framewise import FIELDS, FramewiseModel

RECURRENCES = ("lstm-f", "lstm-c")


@keras.saving.register_keras_serializable("halo_keras")
class SequenceRNN(FramewiseModel):
    """A content f and one motion latent z for the whole clip, unrolled by an LSTM.

    Li & Mandt (2018), section 4.3: f ~ N(0, I), z ~ N(0, I), x_t ~ p(x_t | h_t, f), and
    h_t follows from z alone.

    - `"lstm-f"`: z is the LSTM's initial state, h_t = LSTM(h_{t-1}), without an input.
      z is mapped linearly to that state, to its hidden and to its cell part.
    - `"lstm-c"`: h_t = LSTM(h_{t-1}, z), from the state 0 on (the dynamics of FHVAE,
      Hsu et al. 2017, too).

    Posterior: q(f | x) q(z | x), both by a bidirectional recurrent network over the
    frames. Bound: E_q[ sum_t ln p(x_t | h_t, f) ] - KL(z) - KL(f).

    Args:
        frame_shape, num_frames, content_dim, encoder, decoder, content_hidden,
            likelihood, pixel_stddev, content_kl_weight, motion_kl_weight,
            motion_kl_start, motion_kl_ramp_steps, decoded_frames, kl_warmup_steps,
            free_bits, seed, value_range: see `DSVAE`.
        recurrence: `"lstm-f"` or `"lstm-c"`.
        motion_dim: size of z; 64 in the paper.
        motion_hidden: units of the network that reads z.
        lstm_hidden: units of the LSTM; 512 in the paper.
        prefix_rate: share of training clips of which f and z see only the first n
            frames, n uniform on 1 ... T, while all frames are decoded: a posterior that
            never saw half a clip does not know what to make of one.

    `fit` reads the same batches as that of `DSVAE`.
    """

    part_kind = "model"
    family = "sequence-rnn"
    config_fields = {
        **FIELDS,
        "recurrence": schema.Text(RECURRENCES),
        "motion_hidden": schema.Int(1, 1024),
        "lstm_hidden": schema.Int(1, 1024),
    }

    def __init__(
        self,
        frame_shape,
        recurrence="lstm-f",
        num_frames=8,
        content_dim=64,
        motion_dim=64,
        encoder=None,
        decoder=None,
        content_hidden=128,
        motion_hidden=128,
        lstm_hidden=512,
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
        name="sequence_rnn",
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        super().__init__(arguments, name)
        self.motion_network = ContentNetwork(
            motion_dim, motion_hidden, name="motion_network"
        )
        self.lstm = keras.layers.LSTM(
            lstm_hidden, return_sequences=True, dtype="float32", name="lstm"
        )
        if recurrence == "lstm-f":
            self.start = keras.layers.Dense(
                2 * lstm_hidden, dtype="float32", name="start"
            )
        self.build(None)

    @property
    def frame_dim(self) -> int:
        return self.lstm_hidden

    @property
    def state_shape(self) -> tuple[int, ...]:
        return (self.motion_dim,)

    def build(self, input_shape=None):
        self.motion_network.build((None, None, self.encoder.features))
        if self.recurrence == "lstm-f":
            self.start.build((None, self.motion_dim))
            self.lstm.build((None, None, 1))
        else:
            self.lstm.build((None, None, self.motion_dim))
        super().build(input_shape)

    def hidden_states(self, latent, num_steps):
        """h_1 ... h_S `(B, S, lstm_hidden)` from z `(B, motion_dim)`."""
        latent = ops.convert_to_tensor(latent, "float32")
        if self.recurrence == "lstm-c":
            return self.lstm(ops.repeat(latent[:, None], num_steps, axis=1))
        silence = ops.zeros((ops.shape(latent)[0], num_steps, 1))
        start = ops.split(self.start(latent), 2, axis=-1)
        return self.lstm(silence, initial_state=list(start))

    def motion_pass(self, features, content, mask, seen, noise):
        """h_t `(B, T, lstm_hidden)` of z, drawn or the mean, and KL(z) `(B,)`."""
        q = self.motion_network(features, seen)
        latent = q.mean if noise is None else q.sample(noise)
        return self.hidden_states(latent, features.shape[1]), q.kl_standard()

    def motion_posterior(self, features, content, mask):
        """q(z | x) over `(B, motion_dim)`."""
        return self.motion_network(features, mask)

    def observed_state(self, latents, mask, generator):
        """z `(B, motion_dim)`, which is of the whole clip anyway."""
        return latents

    def roll(self, state, num_steps, generator):
        """h_1 ... h_S `(B, S, lstm_hidden)`."""
        return ops.convert_to_numpy(self.hidden_states(state, num_steps))

    def draw_state(self, count, num_steps, generator):
        """z from N(0, I), or 0 without a generator."""
        shape = (count, self.motion_dim)
        if generator is None:
            return ops.convert_to_numpy(ops.zeros(shape))
        return ops.convert_to_numpy(keras.random.normal(shape, seed=generator))
