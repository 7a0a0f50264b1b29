"""The content of a set of frames, by comparing them in pairs."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.layers.gaussian_head import GaussianHead

POOLINGS = ("mean", "concat")
CONCATENATED = 3  # frames that "concat" reads


@keras.saving.register_keras_serializable("halo_keras")
class PairContentNetwork(keras.layers.Layer):
    """q(f | x_S): one convolution over every two frames' maps, then a Gaussian head.

    Helminger et al. 2018 (UnorderedVAE), section 2 and appendix C. With h_i the map of
    frame i and conv a 3 x 3 convolution of two maps side by side, with ReLU,

        h_ij = [conv(h_i, h_j) + conv(h_j, h_i)] / 2
        "mean":    v = mean of h_ij over all pairs i < j
        "concat":  v = [conv(h_1, h_2), conv(h_1, h_3), conv(h_2, h_3)], of 3 frames
        f ~ N(mean, variance), by a 3 x 3 convolution and a dense layer on v

    "mean" takes any number of frames from 2 on and does not depend on their order;
    "concat" is the paper's table, which does. A convolution of two maps side by side is
    the sum of one of each, so that each frame is convolved twice, however many pairs it
    is in. `tests/models/test_unordered_vae.py` recomputes both pair by pair.

    Args:
        content_dim: size of f.
        map_shape: `(height, width, channels)` of a frame's map.
        pooling: `"mean"` or `"concat"`.
        pair_channels: channels of both convolutions.
        hidden: units of the dense layer.
    Call arguments:
        features: `(batch, N, height * width * channels)`.
        mask: `(batch, N)`, 0 where a frame does not count; at least two must. Not
            read by "concat".
    Returns: `DiagonalGaussian` over `(batch, content_dim)`.
    """

    def __init__(
        self,
        content_dim,
        map_shape,
        pooling="mean",
        pair_channels=128,
        hidden=256,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.map_shape, self.pooling = tuple(map_shape), pooling
        self.pair_channels = pair_channels

        def conv(name, **options):
            return keras.layers.Conv2D(
                pair_channels, 3, padding="same", name=name, **options
            )

        self.first, self.second = conv("first"), conv("second", use_bias=False)
        self.common = conv("common", activation="relu")
        self.dense = keras.layers.Dense(hidden, activation="relu", name="dense")
        self.head = GaussianHead(content_dim, name="head")

    def build(self, input_shape=None):
        height, width, channels = self.map_shape
        for layer in (self.first, self.second):
            layer.build((None, height, width, channels))
        pairs = 1 if self.pooling == "mean" else CONCATENATED
        self.common.build((None, height, width, pairs * self.pair_channels))
        self.dense.build((None, height * width * self.pair_channels))
        self.head.build((None, self.dense.units))
        self.built = True

    def call(self, features, mask):
        count = features.shape[1]
        maps = ops.reshape(features, (-1, *self.map_shape))
        shape = (-1, count, *self.map_shape[:2], self.pair_channels)
        first = ops.reshape(self.first(maps), shape)  # (B, N, h, w, C)
        second = ops.reshape(self.second(maps), shape)
        if self.pooling == "concat":
            common = self._concatenated(first, second)
        else:
            common = self._mean(first, second, mask)
        common = self.common(common)
        size = common.shape[1] * common.shape[2] * common.shape[3]
        return self.head(self.dense(ops.reshape(common, (-1, size))))

    def _mean(self, first, second, mask):
        # Both orders of all pairs: frame i with the frame k places on, for every k. All
        # pairs at once would take N times the memory.
        mask = ops.cast(mask, first.dtype)
        total, weight = 0.0, 0.0
        for step in range(1, first.shape[1]):
            other = ops.roll(second, -step, axis=1)
            both = mask * ops.roll(mask, -step, axis=1)
            pairs = ops.relu(first + other) * both[:, :, None, None, None]
            total = total + ops.sum(pairs, axis=1)
            weight = weight + ops.sum(both, axis=1)
        return total / weight[:, None, None, None]

    def _concatenated(self, first, second):
        return ops.concatenate(
            [ops.relu(first[:, i] + second[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))],
            axis=-1,
        )
