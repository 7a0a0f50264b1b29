"""Frames to feature vectors, one frame at a time."""

from __future__ import annotations

import keras

from halo_keras import schema

FRAME_SHAPE = schema.ListOf(schema.Int(1, 256), 3, 3)


def check_frame_shape(frame_shape, where: str) -> tuple[int, int, int]:
    """`(height, width, channels)`: sizes multiples of 4, 1 or 3 channels."""
    FRAME_SHAPE.check(frame_shape, f"{where}.frame_shape")
    height, width, channels = (int(size) for size in frame_shape)
    if height % 4 or width % 4 or channels not in (1, 3):
        raise schema.ConfigError(
            f"{where}.frame_shape must be (height, width, channels) with height and "
            f"width multiples of 4 and 1 or 3 channels, received "
            f"{(height, width, channels)}. Pad or resize the frames "
            f"(halo_keras.data.fit_frames)."
        )
    return height, width, channels


@keras.saving.register_keras_serializable("halo_keras")
class FrameEncoder(keras.layers.Layer):
    """A patch embedding and strided convolutions, then one feature vector a frame.

    The first convolution has kernel and stride 4 (so that no work is done at full
    resolution), the others 3 x 3 with stride 2. There is no normalisation over the
    batch, so a clip's features do not depend on its neighbours; the feature vector
    itself is layer-normalised.

    Args:
        frame_shape: `(height, width, channels)`; sizes are multiples of 4.
        channels: channels after each convolution.
        features: size of the feature vector.
    Call arguments:
        frames: `(batch, height, width, channels)`, floats in [0, 1].
    Returns: `(batch, features)`.
    """

    part_kind = "encoder"
    config_fields = {
        "frame_shape": FRAME_SHAPE,
        "channels": schema.ListOf(schema.Int(1, 512), 1, 6),
        "features": schema.Int(1, 4096),
    }

    def __init__(self, frame_shape, channels=(48, 96, 128), features=128, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_frame_shape(frame_shape, "FrameEncoder")
        self.channels = [int(size) for size in channels]
        self.features = features
        schema.check_config(self.config_fields, self.get_config(), "FrameEncoder")
        self.convolutions = [
            keras.layers.Conv2D(
                size,
                kernel_size=4 if index == 0 else 3,
                strides=4 if index == 0 else 2,
                padding="same",
                activation="silu",
                name=f"convolution_{index}",
            )
            for index, size in enumerate(self.channels)
        ]
        self.flatten = keras.layers.Flatten(name="flatten")
        self.project = keras.layers.Dense(features, name="project")
        self.normalize = keras.layers.LayerNormalization(name="normalize")

    def build(self, input_shape=None):
        shape = (None, *self.frame_shape)
        for convolution in self.convolutions:
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        shape = (None, shape[1] * shape[2] * shape[3])
        self.project.build(shape)
        self.normalize.build((None, self.features))
        self.built = True

    def call(self, frames):
        x = frames - 0.5  # centred, so that a black border is not "no signal"
        for convolution in self.convolutions:
            x = convolution(x)
        x = self.project(self.flatten(x))
        return keras.ops.silu(self.normalize(x))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.features)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "channels": self.channels,
            "features": self.features,
        }
