"""A feature vector to the mean and log-variance of a diagonal Gaussian."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.ops.gaussian import DiagonalGaussian

LOG_VAR_RANGE = (-14.0, 4.0)  # standard deviations from 1e-3 to 7.4


@keras.saving.register_keras_serializable("halo_keras")
class GaussianHead(keras.layers.Layer):
    """Two linear maps: `mean` and `log_var`, the latter clipped to a safe range.

    A log-variance below -14 costs more than 14 / 2 nats a dimension against N(0, 1)
    and its exponential loses float32 accuracy beside 1; above 4 the posterior is
    seven times wider than the prior, which no bound rewards.

    Args:
        dim: size of the Gaussian vector.
        initial_log_var: bias of the log-variance; a confident start lets the mean
            carry information before the KL term prunes it.
    Returns: `DiagonalGaussian` over `(..., dim)`, in float32.
    """

    def __init__(self, dim, initial_log_var=-4.0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.dim = dim
        self.mean = keras.layers.Dense(dim, name="mean", dtype="float32")
        self.log_var = keras.layers.Dense(
            dim,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=keras.initializers.Constant(initial_log_var),
            name="log_var",
            dtype="float32",
        )

    def build(self, input_shape):
        self.mean.build(input_shape)
        self.log_var.build(input_shape)
        self.built = True

    def call(self, features):
        features = ops.cast(features, "float32")
        log_var = ops.clip(self.log_var(features), *LOG_VAR_RANGE)
        return DiagonalGaussian(self.mean(features), log_var)
