"""Spectra to feature vectors and latent vectors to spectra, one spectrum at a time."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras import schema

BINS = schema.ListOf(schema.Int(4, 4096), 1, 1)


def check_bins(frame_shape, where: str) -> tuple[int]:
    """`(bins,)`. Raises: ConfigError."""
    BINS.check(frame_shape, f"{where}.frame_shape")
    return (int(frame_shape[0]),)


@keras.saving.register_keras_serializable("halo_keras")
class SpectrumEncoder(keras.layers.Layer):
    """Dense layers, the deeper of them residual, then one feature vector a spectrum.

    A bin of a spectrum is a frequency, so there is nothing to be equivariant to: no
    convolutions. The feature vector is layer-normalised, as that of `FrameEncoder`,
    whose place it takes where frames are spectra.

    Args:
        frame_shape: `(bins,)`.
        hidden: width of the dense layers.
        depth: number of residual layers.
        features: size of the feature vector.
    Call arguments:
        frames: `(batch, bins)`, floats in [0, 1].
    Returns: `(batch, features)`.
    """

    part_kind = "encoder"
    config_fields = {
        "frame_shape": BINS,
        "hidden": schema.Int(1, 4096),
        "depth": schema.Int(0, 8),
        "features": schema.Int(1, 4096),
    }

    def __init__(self, frame_shape, hidden=256, depth=1, features=128, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_bins(frame_shape, "SpectrumEncoder")
        self.hidden, self.depth, self.features = hidden, depth, features
        schema.check_config(self.config_fields, self.get_config(), "SpectrumEncoder")
        self.residual = _Residual(hidden, depth, name="residual")
        self.project = keras.layers.Dense(features, name="project")
        self.normalize = keras.layers.LayerNormalization(name="normalize")

    def build(self, input_shape=None):
        self.residual.build((None, *self.frame_shape))
        self.project.build((None, self.hidden))
        self.normalize.build((None, self.features))
        self.built = True

    def call(self, frames):
        x = self.residual(frames - 0.5)
        return ops.silu(self.normalize(self.project(x)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.features)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "hidden": self.hidden,
            "depth": self.depth,
            "features": self.features,
        }


@keras.saving.register_keras_serializable("halo_keras")
class SpectrumDecoder(keras.layers.Layer):
    """Dense layers, the deeper of them residual, then a linear map to the bins.

    It takes the place of `FrameDecoder` where frames are spectra.

    Args:
        frame_shape: `(bins,)`.
        hidden: width of the dense layers.
        depth: number of residual layers.
    Call arguments:
        latent: `(batch, latent_dim)`.
    Returns: `(batch, bins)`: the mean of the spectrum, which may lie outside of
        [0, 1]; the verbs clip it.
    """

    part_kind = "decoder"
    config_fields = {
        "frame_shape": BINS,
        "hidden": schema.Int(1, 4096),
        "depth": schema.Int(0, 8),
    }

    def __init__(self, frame_shape, hidden=256, depth=1, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = check_bins(frame_shape, "SpectrumDecoder")
        self.hidden, self.depth = hidden, depth
        schema.check_config(self.config_fields, self.get_config(), "SpectrumDecoder")
        self.residual = _Residual(hidden, depth, name="residual")
        self.bins = keras.layers.Dense(
            self.frame_shape[0],
            # A spectrum's values lie about the middle of their range.
            bias_initializer=keras.initializers.Constant(0.5),
            name="bins",
        )

    def build(self, input_shape):
        self.residual.build(input_shape)
        self.bins.build((None, self.hidden))
        self.built = True

    def call(self, latent):
        return self.bins(self.residual(latent))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.frame_shape)

    def get_config(self):
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "hidden": self.hidden,
            "depth": self.depth,
        }


class _Residual(keras.layers.Layer):
    """h_0 = silu(W x + b), h_{k+1} = h_k + silu(W_k LayerNorm(h_k) + b_k)."""

    def __init__(self, hidden, depth, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden
        self.first = keras.layers.Dense(hidden, activation="silu", name="first")
        self.norms = [
            keras.layers.LayerNormalization(name=f"normalize_{i}") for i in range(depth)
        ]
        self.dense = [
            keras.layers.Dense(hidden, activation="silu", name=f"dense_{i}")
            for i in range(depth)
        ]

    def build(self, input_shape):
        self.first.build(input_shape)
        for layer in (*self.norms, *self.dense):
            layer.build((None, self.hidden))
        self.built = True

    def call(self, x):
        x = self.first(x)
        for normalize, dense in zip(self.norms, self.dense, strict=True):
            x = x + dense(normalize(x))
        return x
