"""The frame judge: names what a single frame shows, as DSVAE's own test does."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from halo_keras.evaluation.judge_base import Judge, group_norm


@keras.saving.register_keras_serializable("halo_keras")
class FrameJudge(Judge):
    """Classifier of single frames, called on clips of any length.

        logits_kt = head_k(silu(encoder(x_t)))

    Li & Mandt 2018 (DSVAE), section 4.1, train a classifier on labelled frames. A
    single frame does not tell every action: some poses belong to several (on Sprites
    the first frame, not the others). Its accuracy on real frames is the ceiling of what
    a model can score, and stands beside every number.
    `tests/evaluation/test_frame_judge.py` shows that frames do not see each other.

    Args:
        frame_shape: `(height, width, channels)` of a frame.
        head_names: one name a head, the names of the dataset's labels.
        head_sizes: the number of classes of each head, in the same order.
        channels: widths of the convolutions; the first has stride 4, the others 2.
        features: size of a frame's feature vector, and of each head's hidden layer.

    Call arguments:
        frames: `(batch, time, height, width, channels)`, uint8 in [0, 255] or float
            in [0, 1].

    Returns: a dict from head name to logits `(batch, time, head_size)`. Likewise
        `predict_probabilities` and `predict_labels` keep the time axis, and
        `accuracy` counts frames. `num_frames` is None: any length will do.
    """

    config_fields = Judge.shared_fields

    def __init__(
        self,
        frame_shape: Sequence[int],
        head_names: Sequence[str],
        head_sizes: Sequence[int],
        channels: Sequence[int] = (32, 64, 96),
        features: int = 96,
        name: str | None = None,
    ):
        super().__init__(
            {
                "frame_shape": list(frame_shape),
                "head_names": list(head_names),
                "head_sizes": list(head_sizes),
                "channels": list(channels),
                "features": features,
            },
            kernels=[(4, 4)] + [(3, 2)] * (len(channels) - 1),
            make_norm=group_norm,
            activation=ops.silu,
            hidden=features,
            name=name,
        )

    def build_summary(self) -> int:
        return self.features

    def summarise(self, vectors, training=None):
        return ops.silu(vectors)
