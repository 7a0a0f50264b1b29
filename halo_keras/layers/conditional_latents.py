"""Latents of single frames given the content: their posterior and their prior."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.layers.gaussian_head import GaussianHead


@keras.saving.register_keras_serializable("halo_keras")
class ConditionalLatents(keras.layers.Layer):
    """N(mean(c), variance(c)) of a vector c, by two hidden layers with ReLU.

    Helminger et al. 2018 (UnorderedVAE), appendix C: both q(z | f, x), with c the
    content and the frame's features, and p(z | f), with c the content.

    Args:
        motion_dim: size of z.
        hidden: units of the hidden layers.
        initial_log_var: see `GaussianHead`.
    Call arguments:
        conditions: one or more tensors `(..., size)`, which are joined.
    Returns: `DiagonalGaussian` over `(..., motion_dim)`.
    """

    def __init__(self, motion_dim, hidden=256, initial_log_var=-4.0, **kwargs):
        super().__init__(**kwargs)
        self.hidden_1 = keras.layers.Dense(hidden, activation="relu", name="hidden_1")
        self.hidden_2 = keras.layers.Dense(hidden, activation="relu", name="hidden_2")
        self.head = GaussianHead(motion_dim, initial_log_var, name="head")

    def build(self, size):
        self.hidden_1.build((None, size))
        self.hidden_2.build((None, self.hidden_1.units))
        self.head.build((None, self.hidden_2.units))
        self.built = True

    def call(self, *conditions):
        joined = ops.concatenate(conditions, axis=-1)
        return self.head(self.hidden_2(self.hidden_1(joined)))
