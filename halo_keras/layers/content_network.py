"""Frame features of a clip to the posterior of its content."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.layers.gaussian_head import GaussianHead


@keras.saving.register_keras_serializable("halo_keras")
class ContentNetwork(keras.layers.Layer):
    """q(z | x): a bidirectional GRU over the frames, then a Gaussian head.

    HALO (Khan & Storkey 2022), section 3; the last forward and the first backward
    state are joined, as in the authors' public code. Frames whose mask is 0 are
    skipped, so one network serves whole clips and single pictures.

    Args:
        content_dim: size of the content z.
        hidden: GRU units in each direction.
    Call arguments:
        features: `(batch, time, features)`.
        mask: `(batch, time)` bool; True where a frame is observed. Each clip needs
            at least one.
    Returns: `DiagonalGaussian` over `(batch, content_dim)`.
    """

    def __init__(self, content_dim, hidden=64, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.content_dim, self.hidden = content_dim, hidden
        self.recurrent = keras.layers.Bidirectional(
            # cuDNN takes right-padded masks only; here any frame may be the only one.
            keras.layers.GRU(hidden, dtype="float32", use_cudnn=False),
            name="recurrent",
        )
        self.head = GaussianHead(content_dim, name="head")

    def build(self, input_shape):
        self.recurrent.build(input_shape)
        self.head.build((None, 2 * self.hidden))
        self.built = True

    def call(self, features, mask):
        features = ops.cast(features, "float32")
        return self.head(self.recurrent(features, mask=ops.cast(mask, "bool")))
