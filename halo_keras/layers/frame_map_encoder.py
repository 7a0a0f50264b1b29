"""Frames to feature maps, one frame at a time, for what compares places of frames."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers.frame_encoder import FRAME_SHAPE, check_frame_shape


@keras.saving.register_keras_serializable("halo_keras")
class FrameMapEncoder(keras.layers.Layer):
    """4 x 4 convolutions of stride 2 with leaky ReLU, and nothing after them.

    Helminger et al. 2018 (UnorderedVAE), appendix C, "Conv": four of them, of 256
    channels each, so that 64 x 64 pixels become a map of 4 x 4. Its features are the
    map's values in one vector; `map_shape` says how to fold it back.

    Args:
        frame_shape: `(height, width, channels)`; sizes divisible by
            `2 ** len(channels)`.
        channels: channels after each convolution.
    Call arguments:
        frames: `(batch, height, width, channels)`, floats in [0, 1].
    Returns: `(batch, features)`.
    """

    part_kind = "encoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "channels": schema.ListOf(schema.Int(1, 512), 1, 6),
    }

    def __init__(self, frame_shape, channels=(32, 64, 96, 128), **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "FrameMapEncoder")
        self.channels = [int(size) for size in channels]
        schema.check_config(self.config_fields, self.get_config(), "FrameMapEncoder")
        height, width, _ = self.frame_shape
        factor = 2 ** len(self.channels)
        if height % factor or width % factor:
            raise schema.ConfigError(
                f"FrameMapEncoder with {len(self.channels)} convolutions needs frames "
                f"whose height and width are multiples of {factor}, received "
                f"{(height, width)}. Give fewer `channels`."
            )
        self.map_shape = (height // factor, width // factor, self.channels[-1])
        self.features = math.prod(self.map_shape)
        self.convolutions = [
            keras.layers.Conv2D(
                size, 4, strides=2, padding="same", name=f"convolution_{index}"
            )
            for index, size in enumerate(self.channels)
        ]

    def build(self, input_shape=None):
        shape = (None, *self.frame_shape)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        self.built = True

    def call(self, frames):
        x = frames - 0.5  # centred, so that a black border is not "no signal"
        for convolution in self.convolutions:
            x = ops.leaky_relu(convolution(x), negative_slope=0.2)
        return ops.reshape(x, (-1, self.features))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.features)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "channels": self.channels,
        }
