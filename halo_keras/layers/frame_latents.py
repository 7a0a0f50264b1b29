"""One latent vector a frame: posteriors that see frames, a prior that remembers."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.layers.gaussian_head import GaussianHead


class FactorisedPosterior(keras.layers.Layer):
    """prod_t q(z_t | x_t): each frame's latent is read from that frame alone.

    DSVAE (Li & Mandt 2018), Eq. 3.

    Args:
        dim: size of z_t.
        hidden: width of the layer before the Gaussian heads.
    Call arguments:
        features: of the frames, `(batch, time, features)`.
        content, mask: not looked at.
    Returns: `DiagonalGaussian` over `(batch, time, dim)`.
    """

    def __init__(self, dim, hidden, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.hidden = hidden
        self.dense = keras.layers.Dense(
            hidden, activation="silu", dtype="float32", name="dense"
        )
        self.head = GaussianHead(dim, name="head")

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.head.build((None, None, self.hidden))
        self.built = True

    def call(self, features, content, mask):
        return self.head(self.dense(features))


class FullPosterior(keras.layers.Layer):
    """q(z_{1:T} | f, x_{1:T}): every frame's latent is read from all frames and f.

    DSVAE (Li & Mandt 2018), Eq. 4: a bidirectional LSTM over [h_t, f], then a recurrent
    network over its outputs. Given f the z_t are independent Gaussians.

    Args:
        dim: size of z_t.
        content_dim: size of f.
        hidden: units of the LSTM in each direction, and of the recurrent network.
    Call arguments:
        features: of the frames, `(batch, time, features)`.
        content: f, `(batch, content_dim)`.
        mask: `(batch, time)`, 0 where a frame is padding.
    Returns: `DiagonalGaussian` over `(batch, time, dim)`.
    """

    def __init__(self, dim, content_dim, hidden, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.content_dim, self.hidden = content_dim, hidden
        self.both_ways = keras.layers.Bidirectional(
            # cuDNN takes right-padded masks only; here any frame may be missing.
            keras.layers.LSTM(
                hidden, return_sequences=True, dtype="float32", use_cudnn=False
            ),
            name="both_ways",
        )
        self.recurrent = keras.layers.SimpleRNN(
            hidden, return_sequences=True, dtype="float32", name="recurrent"
        )
        self.head = GaussianHead(dim, name="head")

    def build(self, input_shape):
        self.both_ways.build((None, None, input_shape[-1] + self.content_dim))
        self.recurrent.build((None, None, 2 * self.hidden))
        self.head.build((None, None, self.hidden))
        self.built = True

    def call(self, features, content, mask):
        length = features.shape[1]
        wide = ops.repeat(content[:, None], length, axis=1)
        x = ops.concatenate([features, wide], axis=-1)
        mask = ops.cast(mask, "bool")
        x = self.both_ways(x, mask=mask)
        x = self.recurrent(x, mask=mask)
        # A new tensor: Keras hangs the mask on the old one, and layers would warn.
        return self.head(1.0 * x)


class LatentPrior(keras.layers.Layer):
    """p(z_t | z_{<t}) = N(mu(h_t), diag var(h_t)), h_t = LSTM(h_{t-1}, z_{t-1}).

    DSVAE (Li & Mandt 2018), Eq. 1, with z before the first frame 0.

    Args:
        dim: size of z_t.
        hidden: units of the LSTM.
    Call arguments:
        latents: z_1 ... z_T, `(batch, time, dim)`.
    Returns: `DiagonalGaussian` over `(batch, time, dim)`: at t, given those before t.
    """

    def __init__(self, dim, hidden, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.dim, self.hidden = dim, hidden
        self.lstm = keras.layers.LSTM(
            hidden, return_sequences=True, dtype="float32", name="lstm"
        )
        self.head = GaussianHead(dim, initial_log_var=0.0, name="head")

    def build(self, input_shape=None):
        self.lstm.build((None, None, self.dim))
        self.head.build((None, None, self.hidden))
        self.built = True

    def call(self, latents):
        # All latents are known, so the LSTM runs over the whole clip in one call.
        before = ops.concatenate(
            [ops.zeros_like(latents[:, :1]), latents[:, :-1]], axis=1
        )
        return self.head(self.lstm(before))

    def complete(self, latents, known, generator=None) -> np.ndarray:
        """Latents where some frames have none yet, filled in frame by frame.

        Args:
            latents: `(batch, time, dim)` array.
            known: `(batch, time)`, 0 where the prior is to go on by itself.
            generator: seeds a draw of each such z_t; None takes the prior's mean.
        Returns: `(batch, time, dim)` float32.
        """
        latents = np.asarray(latents, "float32")
        known = np.asarray(known) > 0
        count, length, _ = latents.shape
        states = [ops.zeros((count, self.hidden)) for _ in range(2)]
        current = ops.zeros((count, self.dim))
        filled = []
        for time in range(length):
            hidden, states = self.lstm.cell(current, states)
            step = self.head(hidden)
            free = step.mean if generator is None else step.sample(generator)
            current = ops.where(known[:, time, None], latents[:, time], free)
            filled.append(ops.convert_to_numpy(current))
        return np.stack(filled, axis=1)
