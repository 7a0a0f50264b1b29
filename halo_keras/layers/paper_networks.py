"""The frame networks of HALO's public code, layer for layer, for `--preset paper`."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers.frame_encoder import FRAME_SHAPE, check_frame_shape

STRIDES = (1, 2, 2, 2, 1)


class _Stage(keras.layers.Layer):
    """A linear map, LayerNorm, and leaky ReLU of slope 0.2."""

    def __init__(self, linear, **kwargs):
        super().__init__(**kwargs)
        self.linear = linear
        self.normalize = keras.layers.LayerNormalization(name="normalize")

    def build(self, input_shape):
        self.linear.build(input_shape)
        self.normalize.build(self.linear.compute_output_shape(input_shape))
        self.built = True

    def call(self, x):
        return ops.leaky_relu(self.normalize(self.linear(x)), negative_slope=0.2)

    def compute_output_shape(self, input_shape):
        return self.linear.compute_output_shape(input_shape)


def _conv(width, stride, index, transposed=False):
    layer = keras.layers.Conv2DTranspose if transposed else keras.layers.Conv2D
    conv = layer(width, 5, strides=stride, padding="same", name="convolution")
    return _Stage(conv, name=f"stage_{index}")


def _dense(width, name):
    return _Stage(keras.layers.Dense(width, name="dense"), name=name)


@keras.saving.register_keras_serializable("halo_keras")
class PaperFrameEncoder(keras.layers.Layer):
    """Five 5 x 5 convolutions of 256 channels, strides 1, 2, 2, 2, 1, then 4096, 2048.

    Source: HALO's public code (facts recorded for commit 1195e6a): BatchNorm and leaky
    ReLU 0.2 after each layer. LayerNorm stands in for BatchNorm, whose statistics
    differ between replicas and between a clip and its neighbours; it has the same
    number of trainable parameters.

    Args:
        frame_shape: `(height, width, channels)`, sizes multiples of 8.
        width: channels of the convolutions (256 in the paper).
        hidden: width of the first dense layer (4096).
        features: size of the feature vector (2048).
    """

    part_kind = "encoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "width": schema.Int(1, 512),
        "hidden": schema.Int(1, 8192),
        "features": schema.Int(1, 4096),
    }

    def __init__(self, frame_shape, width=256, hidden=4096, features=2048, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "PaperFrameEncoder")
        self.width, self.hidden, self.features = width, hidden, features
        schema.check_config(self.config_fields, self.get_config(), "PaperFrameEncoder")
        self.stages = [
            _conv(width, stride, index) for index, stride in enumerate(STRIDES)
        ]
        self.flatten = keras.layers.Flatten()
        self.dense = [_dense(hidden, "dense_0"), _dense(features, "dense_1")]

    def build(self, input_shape=None):
        shape = (None, *self.frame_shape)
        for stage in self.stages:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)
        shape = (None, shape[1] * shape[2] * shape[3])
        for stage in self.dense:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)
        self.built = True

    def call(self, frames):
        x = frames
        for stage in self.stages:
            x = stage(x)
        x = self.flatten(x)
        for stage in self.dense:
            x = stage(x)
        return x

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.features)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "width": self.width,
            "hidden": self.hidden,
            "features": self.features,
        }


@keras.saving.register_keras_serializable("halo_keras")
class PaperFrameDecoder(keras.layers.Layer):
    """z and q to 4096, to 8 x 8 x 256, three 5 x 5 transposed convolutions, RGB.

    Source: HALO's public code. The output is (tanh + 1) / 2, in [0, 1].

    Args:
        frame_shape: `(height, width, channels)`, sizes multiples of 8.
        width: channels of the convolutions (256 in the paper).
        hidden: width of the first dense layer (4096).
    """

    part_kind = "decoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "width": schema.Int(1, 512),
        "hidden": schema.Int(1, 8192),
    }

    def __init__(self, frame_shape, width=256, hidden=4096, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "PaperFrameDecoder")
        height, columns, channels = self.frame_shape
        if height % 8 or columns % 8:
            raise schema.ConfigError(
                "PaperFrameDecoder needs height and width that are multiples of 8, "
                f"received {(height, columns)}. Use FrameDecoder."
            )
        self.width, self.hidden = width, hidden
        schema.check_config(self.config_fields, self.get_config(), "PaperFrameDecoder")
        self.grid_size = (height // 8, columns // 8)
        self.dense = [
            _dense(hidden, "dense_0"),
            _dense(self.grid_size[0] * self.grid_size[1] * width, "dense_1"),
        ]
        self.stages = [_conv(width, 2, index, transposed=True) for index in range(3)]
        self.pixels = keras.layers.Conv2D(channels, 5, padding="same", name="pixels")

    def build(self, input_shape):
        shape = (None, input_shape[-1])
        for stage in self.dense:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)
        shape = (None, *self.grid_size, self.width)
        for stage in self.stages:
            stage.build(shape)
            shape = stage.compute_output_shape(shape)
        self.pixels.build(shape)
        self.built = True

    def call(self, latent):
        x = latent
        for stage in self.dense:
            x = stage(x)
        x = ops.reshape(x, (-1, *self.grid_size, self.width))
        for stage in self.stages:
            x = stage(x)
        return (ops.tanh(self.pixels(x)) + 1.0) / 2.0

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.frame_shape)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "width": self.width,
            "hidden": self.hidden,
        }
