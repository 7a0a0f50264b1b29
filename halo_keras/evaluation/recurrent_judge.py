"""The field's published clip judge, to show how much a number owes to its judge."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from halo_keras.evaluation.judge_base import Judge
from halo_keras.schema import Int


@keras.saving.register_keras_serializable("halo_keras")
class RecurrentJudge(Judge):
    """Classifier of whole clips: convolutions, then an LSTM in both directions.

    The architecture that S3VAE, C-DSVAE, SPYL, DBSE and DiffSDA are scored with
    (public code of C-DSVAE), with widths of one's own:

        v_t = tanh(BN(project(conv_4(.. conv_1(x_t))))),
        logits_k = head_k([forward LSTM state at T - 1, backward LSTM state at 0])

    with 4 x 4 convolutions of stride 2, each followed by batch normalisation and
    LeakyReLU(0.2), and the projection a convolution over all that is left of the
    frame (4 x 4 of 64 x 64). Published: channels (64, 128, 256, 512), features 128,
    lstm 256. At use the batch normalisation takes its stored averages, so that a
    clip's verdict does not depend on its neighbours.
    `tests/evaluation/test_recurrent_judge.py` recomputes the logits with NumPy.

    Args:
        frame_shape: `(height, width, channels)` of a frame.
        num_frames: number T of frames of a clip.
        head_names: one name a head, the names of the dataset's labels.
        head_sizes: the number of classes of each head, in the same order.
        channels: widths of the convolutions.
        features: size of a frame's feature vector.
        lstm: units in each direction, and size of each head's hidden layer.

    Call arguments, returns, raises: see `Judge`.
    """

    config_fields = {
        **Judge.shared_fields,
        "num_frames": Int(1, 4096),
        "lstm": Int(1, 1024),  # an orthogonal start of twice that takes 8 s
    }

    def __init__(
        self,
        frame_shape: Sequence[int],
        num_frames: int,
        head_names: Sequence[str],
        head_sizes: Sequence[int],
        channels: Sequence[int] = (16, 32, 64, 96),
        features: int = 64,
        lstm: int = 64,
        name: str | None = None,
    ):
        super().__init__(
            {
                "frame_shape": list(frame_shape),
                "num_frames": num_frames,
                "head_names": list(head_names),
                "head_sizes": list(head_sizes),
                "channels": list(channels),
                "features": features,
                "lstm": lstm,
            },
            kernels=[(4, 2)] * len(channels),
            make_norm=_batch_norm,
            activation=_leaky_relu,
            hidden=lstm,
            name=name,
        )
        self.feature_norm = _batch_norm(features, "feature_norm")
        self.forwards = layers.LSTM(lstm, name="forwards")
        self.backwards = layers.LSTM(lstm, go_backwards=True, name="backwards")

    def build_summary(self) -> int:
        shape = (None, self.num_frames, self.features)
        for layer in (self.feature_norm, self.forwards, self.backwards):
            layer.build(shape)
        return 2 * self.lstm

    def summarise(self, vectors, training=None):
        x = ops.tanh(self.feature_norm(vectors, training=training))
        return ops.concatenate([self.forwards(x), self.backwards(x)], axis=-1)


def _batch_norm(width: int, name: str) -> keras.layers.Layer:
    # Momentum and epsilon of the published judge (PyTorch's defaults).
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)


def _leaky_relu(x):
    return ops.leaky_relu(x, negative_slope=0.2)
