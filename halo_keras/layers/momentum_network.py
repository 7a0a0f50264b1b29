"""Frame features up to a reference frame to features of its momentum."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("halo_keras")
class MomentumNetwork(keras.layers.Layer):
    """A causal temporal convolution: feature i sees the frames up to i only.

    Two causal convolutions of kernel 4 with a residual (HALO's public code), so that
    q(p_i | x_{<=i}) looks back 7 frames; with a dilation D of the second, 4 + 3 D. The
    gap in time to the frame before is an input channel, so that irregularly sampled
    clips can be told from slow ones.

    Args:
        features: channels of the hidden and output features.
        dilation: D, 1 for neighbouring frames. What begins and ends in a clip, and
            does not come back, must be seen whole: 4 for clips of 16 frames.
    Call arguments:
        x: `(batch, time, channels)` frame features.
        gaps: `(batch, time)` time since the frame before, in frames; 0 for the first.
        mask: `(batch, time)`; frames with 0 are blanked.
    Returns: `(batch, time, features)`.
    """

    def __init__(self, features=128, dilation=1, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.features = features
        self.dilation = dilation
        conv = keras.layers.Conv1D
        self.first = conv(features, 4, padding="causal", dtype="float32", name="first")
        self.second = conv(
            features,
            4,
            padding="causal",
            dilation_rate=dilation,
            dtype="float32",
            name="second",
        )
        self.skip = keras.layers.Dense(features, dtype="float32", name="skip")
        self.normalize = keras.layers.LayerNormalization(
            dtype="float32", name="normalize"
        )

    def build(self, input_shape):
        width = input_shape[-1] + 2
        self.first.build((None, None, width))
        self.second.build((None, None, self.features))
        self.skip.build((None, None, width))
        self.normalize.build((None, None, self.features))
        self.built = True

    def call(self, x, gaps, mask):
        mask = ops.cast(mask, "float32")[..., None]
        x = ops.cast(x, "float32") * mask
        # The mask itself is a channel: padding and a blank frame must not look alike.
        x = ops.concatenate([x, gaps[..., None] * mask, mask], axis=-1)
        hidden = self.second(ops.silu(self.first(x)))
        return ops.silu(self.normalize(hidden + self.skip(x)))
