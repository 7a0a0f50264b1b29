"""Frames of a window to a Gaussian over a state, and a map of states (HGN's f_psi)."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.layers.gaussian_head import GaussianHead
from halo_keras.ops.gaussian import DiagonalGaussian

GRID_LAYERS = 3


class WindowPosterior(keras.layers.Layer):
    """q(z | features of k frames): a Gaussian, or its mean alone.

    Vectors: the k feature vectors side by side, two dense layers, a head. Grids: the k
    feature maps side by side, a 3 x 3 convolution, a head in every cell.

    Args:
        state_dim: size of z, position then momentum.
        hidden: width of the layers.
        grid: None, or `(height, width)` of the feature maps and of z.
        variational: whether there is a variance; without it the head is a linear map.
    Call arguments:
        features: `(batch, k, features)`; of grids each flattened.
    Returns: `DiagonalGaussian` over `(batch, state_dim)`; without a variance the mean,
        a tensor of that shape.
    """

    def __init__(self, state_dim, hidden, grid=None, variational=True, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.state_dim, self.hidden = state_dim, hidden
        self.grid, self.variational = grid, variational
        cells = 1 if grid is None else grid[0] * grid[1]
        size = state_dim // cells
        self.layers = _stack(hidden, grid, 2 if grid is None else 1, "hidden")
        if variational:
            self.head = GaussianHead(size, name="head")
        else:
            self.head = keras.layers.Dense(size, dtype="float32", name="head")

    def build(self, input_shape):
        _, k, features = input_shape
        shape = (None, k * features)
        if self.grid is not None:
            cells = self.grid[0] * self.grid[1]
            shape = (None, *self.grid, k * (features // cells))
        self.head.build(_build_stack(self.layers, shape))
        self.built = True

    def call(self, features):
        features = ops.cast(features, "float32")
        k, size = int(features.shape[1]), int(features.shape[2])
        if self.grid is None:
            hidden = ops.reshape(features, (-1, k * size))
        else:
            height, width = self.grid
            channels = size // (height * width)
            hidden = ops.reshape(features, (-1, k, height, width, channels))
            hidden = ops.transpose(hidden, (0, 2, 3, 1, 4))
            hidden = ops.reshape(hidden, (-1, height, width, k * channels))
        for layer in self.layers:
            hidden = layer(hidden)
        found = self.head(hidden)
        if not self.variational:
            return flat_state(found)
        mean, log_var = flat_state(found.mean), flat_state(found.log_var)
        return DiagonalGaussian(mean, log_var)


class StateTransformer(keras.layers.Layer):
    """f_psi of HGN (Toth et al. 2019): a latent to a state of the same size.

    Dense layers on vectors; 3 x 3 convolutions on grids.

    Args:
        state_dim, hidden, grid: see `WindowPosterior`.
    Call arguments:
        latent: `(batch, state_dim)`.
    Returns: `(batch, state_dim)`.
    """

    def __init__(self, state_dim, hidden, grid=None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.state_dim, self.grid = state_dim, grid
        cells = 1 if grid is None else grid[0] * grid[1]
        self.size = state_dim // cells
        self.layers = _stack(hidden, grid, 1 if grid is None else GRID_LAYERS, "hidden")
        self.head = keras.layers.Dense(self.size, dtype="float32", name="head")

    def build(self, input_shape=None):
        shape = (None, self.size)
        if self.grid is not None:
            shape = (None, *self.grid, self.size)
        self.head.build(_build_stack(self.layers, shape))
        self.built = True

    def call(self, latent):
        hidden = latent
        if self.grid is not None:
            position, momentum = ops.split(latent, 2, axis=-1)
            shape = (-1, *self.grid, self.size // 2)
            hidden = ops.concatenate(
                [ops.reshape(position, shape), ops.reshape(momentum, shape)], axis=-1
            )
        for layer in self.layers:
            hidden = layer(hidden)
        return flat_state(self.head(hidden))


def flat_state(x):
    """`(batch, height, width, 2 m)` to `(batch, 2 d)`: all positions, then momenta."""
    if len(x.shape) == 2:
        return x
    size = x.shape[1] * x.shape[2] * x.shape[3] // 2
    halves = ops.split(x, 2, axis=-1)
    return ops.concatenate([ops.reshape(h, (-1, size)) for h in halves], axis=-1)


def _stack(width, grid, depth, name):
    if grid is None:
        return [
            keras.layers.Dense(
                width, activation="silu", dtype="float32", name=f"{name}_{index}"
            )
            for index in range(depth)
        ]
    return [
        keras.layers.Conv2D(
            width,
            3,
            padding="same",
            activation="silu",
            dtype="float32",
            name=f"{name}_{index}",
        )
        for index in range(depth)
    ]


def _build_stack(layers, shape):
    for layer in layers:
        layer.build(shape)
        shape = layer.compute_output_shape(shape)
    return shape
