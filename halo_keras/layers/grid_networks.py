"""Frames to small grids of features and back, by convolutions alone.

The paper's spatial form of HGN keeps the state a grid: what is where in a frame stays
where it is in the state. Like the vector networks, nothing here is normalised over the
batch, and no convolution runs at full resolution.
"""

from __future__ import annotations

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers.frame_decoder import pixel_shuffle
from halo_keras.layers.frame_encoder import FRAME_SHAPE, check_frame_shape

GRID = schema.ListOf(schema.Int(1, 64), 2, 2)


def _halvings(frame_shape, grid, where: str) -> int:
    """How many times a frame is halved to the grid."""
    GRID.check(grid, f"{where}.grid")
    height, width, _ = frame_shape
    count = (height // grid[0]).bit_length() - 1
    if count < 2 or (grid[0] << count, grid[1] << count) != (height, width):
        raise schema.ConfigError(
            f"{where} needs a grid that is the frame halved twice or more, received "
            f"grid {tuple(grid)} for frames of {(height, width)}."
        )
    return count


@keras.saving.register_keras_serializable("halo_keras")
class GridEncoder(keras.layers.Layer):
    """A patch embedding and strided convolutions, down to a grid of features.

    Args:
        frame_shape: `(height, width, channels)`.
        grid: `(height, width)` of the result: the frame halved n times, n >= 2.
        channels: of every convolution, and of the result.
    Call arguments:
        frames: `(batch, height, width, channels)`, floats in [0, 1].
    Returns: `(batch, features)`, a flattened grid.
    """

    part_kind = "encoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "grid": GRID,
        "channels": schema.Int(1, 512),
    }

    def __init__(self, frame_shape, grid=(4, 4), channels=32, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "GridEncoder")
        self.grid, self.channels = tuple(grid), channels
        schema.check_config(self.config_fields, self.get_config(), "GridEncoder")
        count = _halvings(self.frame_shape, self.grid, "GridEncoder")
        self.features = self.grid[0] * self.grid[1] * channels
        self.convolutions = [
            keras.layers.Conv2D(
                channels,
                kernel_size=4 if index == 0 else 3,
                strides=4 if index == 0 else 2,
                padding="same",
                activation="silu",
                name=f"convolution_{index}",
            )
            for index in range(count - 1)
        ]

    def build(self, input_shape=None):
        shape = (None, *self.frame_shape)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        self.built = True

    def call(self, frames):
        x = frames - 0.5
        for convolution in self.convolutions:
            x = convolution(x)
        return ops.reshape(x, (-1, self.features))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.features)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "grid": list(self.grid),
            "channels": self.channels,
        }


@keras.saving.register_keras_serializable("halo_keras")
class GridDecoder(keras.layers.Layer):
    """A grid to a frame: residual convolutions and pixel shuffles.

    Args:
        frame_shape: `(height, width, channels)`.
        grid: `(height, width)` of what is decoded: the frame halved n times, n >= 2.
        inputs: channels of what is decoded.
        channels: of every convolution.
    Call arguments:
        latent: `(batch, height * width * inputs)`, a flattened grid.
    Returns: `(batch, height, width, channels)`: the mean of the pixels, which may lie
        outside of [0, 1]; the verbs clip it.
    """

    part_kind = "decoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "grid": GRID,
        "inputs": schema.Int(1, 512),
        "channels": schema.Int(1, 512),
    }

    def __init__(self, frame_shape, grid=(4, 4), inputs=16, channels=48, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "GridDecoder")
        self.grid, self.inputs, self.channels = tuple(grid), inputs, channels
        schema.check_config(self.config_fields, self.get_config(), "GridDecoder")
        count = _halvings(self.frame_shape, self.grid, "GridDecoder")

        def conv(size, name):
            return keras.layers.Conv2D(size, 3, padding="same", name=name)

        self.first = conv(channels, "first")
        self.residual = [conv(channels, f"residual_{i}") for i in range(count)]
        self.upsample = [conv(4 * channels, f"upsample_{i}") for i in range(count - 1)]
        self.pixels = conv(4 * self.frame_shape[-1], "pixels")

    def build(self, input_shape=None):
        height, width = self.grid
        self.first.build((None, height, width, self.inputs))
        for index, residual in enumerate(self.residual):
            shape = (None, height << index, width << index, self.channels)
            residual.build(shape)
            if index < len(self.upsample):
                self.upsample[index].build(shape)
        self.pixels.build(shape)
        self.built = True

    def call(self, latent):
        x = self.first(ops.reshape(latent, (-1, *self.grid, self.inputs)))
        for index, residual in enumerate(self.residual):
            x = x + residual(ops.silu(x))
            if index < len(self.upsample):
                x = pixel_shuffle(self.upsample[index](ops.silu(x)), self.channels)
        return pixel_shuffle(self.pixels(ops.silu(x)), self.frame_shape[-1])

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.frame_shape)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "grid": list(self.grid),
            "inputs": self.inputs,
            "channels": self.channels,
        }
