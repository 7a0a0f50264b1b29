"""Latent vectors to frames, one frame at a time."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras import schema
from halo_keras.layers.frame_encoder import FRAME_SHAPE, check_frame_shape


def pixel_shuffle(x, channels: int):
    """`(batch, h, w, 4 c)` to `(batch, 2h, 2w, c)`: each cell becomes a 2 x 2 block."""
    height, width = x.shape[1], x.shape[2]
    x = ops.reshape(x, (-1, height, width, 2, 2, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, 2 * height, 2 * width, channels))


def leaky_clip(x, outside_slope: float):
    """x within [0, 1], and of that slope outside, where `clip` would have none."""
    return outside_slope * x + (1.0 - outside_slope) * ops.clip(x, 0.0, 1.0)


@keras.saving.register_keras_serializable("halo_keras")
class FrameDecoder(keras.layers.Layer):
    """A vector to a frame: a dense map to a coarse grid, then upsampling stages.

    Every stage is scaled and shifted, channel by channel, by the latent vector
    (feature-wise linear modulation, Perez et al. 2018) and adds a residual 3 x 3
    convolution. The last upsampling is a pixel shuffle of a half-resolution
    convolution, so no convolution runs at full resolution, where most of the
    arithmetic of a decoder would be. Normalisation is on vectors only
    (LayerNorm of the latent code), never over the batch.

    Args:
        frame_shape: `(height, width, channels)`; sizes are multiples of 4.
        channels: channels of each stage, coarse to fine; the grid of the last stage
            is half the frame's size, so a frame needs sizes divisible by
            `2 ** len(channels)`.
        base_channels: channels of the coarse grid that the dense map gives.
        hidden: width of the latent code that modulates the stages.
        outside_slope: None: pixels are a linear map of the last features. A number s:
            they are a "leaky clip" of it, `s x + (1 - s) clip(x, 0, 1)`, which lets
            the network push what is black (or white) well past the end of the range,
            so that noise there is s times smaller and mostly clipped away.
        content_channels: None: nothing of the latent vector is a map. A number c: it
            begins with a map of the coarse grid's size, of c channels, flattened row by
            row (`ContentMapNetwork`), which joins the coarse grid in its place.
    Call arguments:
        latent: `(batch, latent_dim)`.
    Returns: `(batch, height, width, channels)`: the mean of the pixels, which may lie
        outside of [0, 1]; the verbs clip it.
    """

    part_kind = "decoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "channels": schema.ListOf(schema.Int(1, 512), 1, 6),
        "base_channels": schema.Int(1, 512),
        "hidden": schema.Int(1, 4096),
        "outside_slope": schema.Float(0.001, 1.0, optional=True),
        "content_channels": schema.Int(1, 256, optional=True),
    }

    def __init__(
        self,
        frame_shape,
        channels=None,
        base_channels=48,
        hidden=192,
        outside_slope=None,
        content_channels=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "FrameDecoder")
        height, width, pixels = self.frame_shape
        if channels is None:
            channels = (128, 96, 48) if height % 8 == width % 8 == 0 else (96, 48)
        self.channels = [int(size) for size in channels]
        self.base_channels = base_channels
        self.hidden = hidden
        self.outside_slope = outside_slope
        self.content_channels = content_channels
        schema.check_config(self.config_fields, self.get_config(), "FrameDecoder")
        factor = 2 ** len(self.channels)
        if height % factor or width % factor:
            raise schema.ConfigError(
                f"FrameDecoder with {len(self.channels)} stages needs frames whose "
                f"height and width are multiples of {factor}, received "
                f"{(height, width)}. Give fewer `channels`."
            )
        self.base_size = (height // factor, width // factor)
        dense, conv = keras.layers.Dense, keras.layers.Conv2D
        self.code_1 = dense(hidden, activation="silu", name="code_1")
        self.normalize = keras.layers.LayerNormalization(name="normalize")
        self.code_2 = dense(hidden, activation="silu", name="code_2")
        self.grid = dense(
            self.base_size[0] * self.base_size[1] * base_channels, name="grid"
        )
        self.upsample, self.modulate, self.residual = [], [], []
        for index, size in enumerate(self.channels):
            if index == 0:
                layer = conv(size, 3, padding="same", name="upsample_0")
            else:
                layer = keras.layers.Conv2DTranspose(
                    size, 4, strides=2, padding="same", name=f"upsample_{index}"
                )
            self.upsample.append(layer)
            self.modulate.append(dense(2 * size, name=f"modulate_{index}"))
            self.residual.append(
                conv(size, 3, padding="same", name=f"residual_{index}")
            )
        self.pixels = conv(4 * pixels, 3, padding="same", name="pixels")

    def build(self, input_shape):
        self.code_1.build((None, input_shape[-1]))
        for layer in (self.normalize, self.code_2, self.grid, *self.modulate):
            layer.build((None, self.hidden))
        height, width = self.base_size
        previous = self.base_channels + (self.content_channels or 0)
        for index, size in enumerate(self.channels):
            self.upsample[index].build((None, height, width, previous))
            if index:
                height, width = 2 * height, 2 * width
            self.residual[index].build((None, height, width, size))
            previous = size
        self.pixels.build((None, height, width, previous))
        self.built = True

    def call(self, latent):
        code = self.code_2(self.normalize(self.code_1(latent)))
        x = ops.reshape(self.grid(code), (-1, *self.base_size, self.base_channels))
        if self.content_channels is not None:
            shape = (*self.base_size, self.content_channels)
            content = ops.reshape(latent[:, : math.prod(shape)], (-1, *shape))
            x = ops.concatenate([ops.cast(content, x.dtype), x], axis=-1)
        for upsample, modulate, residual in zip(
            self.upsample, self.modulate, self.residual, strict=True
        ):
            x = upsample(x)
            scale, shift = ops.split(modulate(code)[:, None, None, :], 2, axis=-1)
            x = x + residual(ops.silu(x * (1.0 + scale) + shift))
        x = pixel_shuffle(self.pixels(ops.silu(x)), self.frame_shape[-1])
        return x if self.outside_slope is None else leaky_clip(x, self.outside_slope)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.frame_shape)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "channels": self.channels,
            "base_channels": self.base_channels,
            "hidden": self.hidden,
            "outside_slope": self.outside_slope,
            "content_channels": self.content_channels,
        }
