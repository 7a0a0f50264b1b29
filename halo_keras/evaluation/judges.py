"""The clip judge: one clip in, the class of every label out."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from halo_keras.evaluation.judge_base import Judge, group_norm
from halo_keras.schema import Int, Text


@keras.saving.register_keras_serializable("halo_keras")
class ClipJudge(Judge):
    """Classifier of whole clips, with one head for each label of a dataset.

    A patch convolution and stride-2 convolutions read each frame, two residual
    convolutions over time mix the frame features (a direction can be seen in one
    frame, an action only in several), and the mean and the maximum over time feed a
    small network per head:

        v_t = encoder(x_t),  h = mix(v_0 .. v_{T-1}),
        logits_k = head_k([mean_t h_t, max_t h_t])

    The published judges of this field (`RecurrentJudge`) use batch normalisation and
    a bidirectional LSTM; this one uses group normalisation, so that even in training
    a clip's verdict does not depend on its neighbours. Logits are never scaled.
    `tests/evaluation/test_judges.py` recomputes these claims.

    Args:
        frame_shape: `(height, width, channels)` of a frame.
        num_frames: number T of frames of a clip.
        head_names: one name a head, the names of the dataset's labels.
        head_sizes: the number of classes of each head, in the same order.
        reference: None, or `"first-frame"`: the convolutions read each frame and its
            difference from the first, [x_t, x_t - x_0]. What little an expression
            moves is then not hidden by whose face it is, and is known on new faces.
        channels: widths of the convolutions; the first has stride 4, the others 2.
        features: size of a frame's feature vector, and of each head's hidden layer.

    Call arguments, returns, raises: see `Judge`.
    """

    config_fields = {
        **Judge.shared_fields,
        "num_frames": Int(1, 4096),
        "reference": Text(("first-frame",), optional=True),
    }

    def __init__(
        self,
        frame_shape: Sequence[int],
        num_frames: int,
        head_names: Sequence[str],
        head_sizes: Sequence[int],
        channels: Sequence[int] = (32, 64, 128),
        features: int = 128,
        reference: str | None = None,
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
                "reference": reference,
            },
            kernels=[(4, 4)] + [(3, 2)] * (len(channels) - 1),
            make_norm=group_norm,
            activation=ops.silu,
            hidden=features,
            name=name,
        )
        self.mixers = [
            layers.Conv1D(
                features, 3, padding="same", activation="silu", name=f"mix_{depth}"
            )
            for depth in range(2)
        ]

    @property
    def views(self) -> int:
        return 1 if self.reference is None else 2

    def views_of(self, frames):
        if self.reference is None:
            return frames
        return ops.concatenate([frames, frames - frames[:, :1]], axis=-1)

    def build_summary(self) -> int:
        for mixer in self.mixers:
            mixer.build((None, self.num_frames, self.features))
        return 2 * self.features

    def summarise(self, vectors, training=None):
        x = ops.silu(vectors)
        for mixer in self.mixers:
            x = x + mixer(x)
        return ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=-1)
