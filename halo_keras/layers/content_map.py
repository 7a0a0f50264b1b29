"""The first frame to the posterior of a content that is a map of features."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers.gaussian_head import GaussianHead
from halo_keras.layers.grid_networks import GridEncoder
from halo_keras.ops.gaussian import DiagonalGaussian

CONTENT_MAP = schema.ListOf(schema.Int(1, 256), 3, 3, optional=True)


@keras.saving.register_keras_serializable("halo_keras")
class ContentMapNetwork(keras.layers.Layer):
    """q(z | x_0), z a map: what is where in the frame stays where it is in z.

    A vector must name the place of every edge by numbers that the decoder learns to
    read; a map need not. q is independent Gaussians, cell by cell and channel by
    channel, and z keeps its prior N(0, I). Its parameters are linear maps of the
    features of a `GridEncoder`, after a residual 3 x 3 convolution.

    Args:
        frame_shape: `(height, width, channels)`.
        content_map: `(height, width, channels)` of z: the frame halved n times, n >= 2.
        hidden: channels of every convolution.
    Call arguments:
        frames: `(batch, height, width, channels)`, floats in [0, 1].
    Returns: `DiagonalGaussian` over `(batch, height * width * channels)`, the map
        flattened row by row.

    Raises:
        ConfigError: a map that is not the frame halved twice or more.
    """

    def __init__(self, frame_shape, content_map, hidden=64, **kwargs):
        super().__init__(**kwargs)
        height, width, channels = content_map
        self.content_dim = math.prod(content_map)
        self.grid = GridEncoder(frame_shape, (height, width), hidden, name="grid")
        self.grid_shape = (height, width, hidden)
        self.residual = keras.layers.Conv2D(
            hidden, 3, padding="same", activation="silu", name="residual"
        )
        # Of many numbers each says little at first: less noise than a vector's.
        self.head = GaussianHead(channels, initial_log_var=-6.0, name="head")

    def build(self, input_shape=None):
        self.grid.build()
        self.residual.build((None, *self.grid_shape))
        self.head.build((None, *self.grid_shape))
        self.built = True

    def call(self, frames):
        x = ops.reshape(self.grid(frames), (-1, *self.grid_shape))
        q = self.head(x + self.residual(x))
        flat = (-1, self.content_dim)
        return DiagonalGaussian(ops.reshape(q.mean, flat), ops.reshape(q.log_var, flat))
