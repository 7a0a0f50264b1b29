"""Judges: classifiers of clips that score what a generative model made."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from halo_keras.schema import Int, ListOf, Text, check_config


@keras.saving.register_keras_serializable("halo_keras")
class ClipJudge(keras.Model):
    """Classifier of whole clips, with one head for each label of a dataset.

    A patch convolution and stride-2 convolutions read each frame, two residual
    convolutions over time mix the frame features (a direction can be seen in one
    frame, an action only in several), and the mean and the maximum over time feed a
    small network per head:

        v_t = encoder(x_t),  h = mix(v_0 .. v_{T-1}),
        logits_k = head_k([mean_t h_t, max_t h_t])

    The published judges of this field (a convolutional network and a bidirectional
    LSTM, facts of S3VAE and C-DSVAE) use batch normalisation; this one uses group
    normalisation, so that a clip's verdict does not depend on its neighbours. Logits
    are never scaled. `tests/evaluation/test_judges.py` recomputes these claims.

    Args:
        frame_shape: `(height, width, channels)` of a frame.
        num_frames: number T of frames of a clip.
        head_names: one name a head, the names of the dataset's labels.
        head_sizes: the number of classes of each head, in the same order.
        channels: widths of the convolutions; the first has stride 4, the others 2.
        features: size of a frame's feature vector, and of each head's hidden layer.

    Call arguments:
        frames: `(batch, num_frames, height, width, channels)`, uint8 in [0, 255] or
            float in [0, 1].

    Returns: a dict from head name to logits `(batch, head_size)`.

    Raises:
        ValueError: if a size is out of bounds, names and sizes do not pair up, or
            the frames have another shape.
    """

    part_kind = "judge"
    family = "judge"
    config_fields = {
        "frame_shape": ListOf(Int(1, 1024), 3, 3),
        "num_frames": Int(1, 4096),
        "head_names": ListOf(Text(), 1, 16),
        "head_sizes": ListOf(Int(2, 10_000), 1, 16),
        "channels": ListOf(Int(1, 1024), 1, 6),
        "features": Int(1, 4096),
    }

    def __init__(
        self,
        frame_shape: Sequence[int],
        num_frames: int,
        head_names: Sequence[str],
        head_sizes: Sequence[int],
        channels: Sequence[int] = (32, 64, 128),
        features: int = 128,
        name: str | None = None,
    ):
        config = {
            "frame_shape": list(frame_shape),
            "num_frames": num_frames,
            "head_names": list(head_names),
            "head_sizes": list(head_sizes),
            "channels": list(channels),
            "features": features,
        }
        check_config(self.config_fields, config, "ClipJudge")
        if len(head_names) != len(head_sizes) or len(set(head_names)) < len(head_names):
            raise ValueError(
                "ClipJudge needs one size for each of its distinct head names, "
                f"received head_names={list(head_names)}, "
                f"head_sizes={list(head_sizes)}."
            )
        super().__init__(name=name)
        self.frame_shape = tuple(frame_shape)
        self.num_frames = num_frames
        self.head_names = tuple(head_names)
        self.head_sizes = tuple(head_sizes)
        self.channels = tuple(channels)
        self.features = features

        self.convolutions, self.norms = [], []
        for depth, width in enumerate(channels):
            self.convolutions.append(
                layers.Conv2D(
                    width,
                    4 if depth == 0 else 3,
                    strides=4 if depth == 0 else 2,
                    padding="same",
                    name=f"conv_{depth}",
                )
            )
            self.norms.append(
                layers.GroupNormalization(
                    groups=_groups(width), epsilon=1e-5, name=f"norm_{depth}"
                )
            )
        self.project = layers.Dense(features, activation="silu", name="project")
        self.mixers = [
            layers.Conv1D(
                features, 3, padding="same", activation="silu", name=f"mix_{depth}"
            )
            for depth in range(2)
        ]
        self.hidden = [
            layers.Dense(features, activation="relu", name=f"hidden_{head}")
            for head in head_names
        ]
        self.logits = [
            layers.Dense(size, name=f"logits_{head}")
            for head, size in zip(head_names, head_sizes, strict=True)
        ]

    def get_config(self) -> dict:
        return {
            "name": self.name,
            "frame_shape": list(self.frame_shape),
            "num_frames": self.num_frames,
            "head_names": list(self.head_names),
            "head_sizes": list(self.head_sizes),
            "channels": list(self.channels),
            "features": self.features,
        }

    def build(self, input_shape=None) -> None:
        """Creates all weights. The frame shape is known, so `build(None)` works."""
        shape = (None, *self.frame_shape)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            norm.build(shape)
        self.project.build((None, int(np.prod(shape[1:]))))
        for mixer in self.mixers:
            mixer.build((None, self.num_frames, self.features))
        for hidden, logits in zip(self.hidden, self.logits, strict=True):
            hidden.build((None, 2 * self.features))
            logits.build((None, self.features))
        self.built = True

    def call(self, frames):
        frames = ops.convert_to_tensor(frames)
        expected = (self.num_frames, *self.frame_shape)
        if tuple(frames.shape[1:]) != expected:
            raise ValueError(
                f"ClipJudge expects clips of shape (batch, {_join(expected)}), "
                f"received ({_join(frames.shape)}). Cut or resize the clips first."
            )
        if not keras.backend.is_float_dtype(frames.dtype):
            frames = ops.cast(frames, self.compute_dtype) / 255.0
        x = ops.reshape(frames, (-1, *self.frame_shape))  # (B T, H, W, C)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = ops.silu(norm(convolution(x)))
        x = self.project(ops.reshape(x, (-1, int(np.prod(x.shape[1:])))))
        x = ops.reshape(x, (-1, self.num_frames, self.features))  # (B, T, features)
        for mixer in self.mixers:
            x = x + mixer(x)
        x = ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=-1)
        return {
            name: logits(hidden(x))
            for name, hidden, logits in zip(
                self.head_names, self.hidden, self.logits, strict=True
            )
        }

    def predict_probabilities(
        self, frames: np.ndarray, batch_size: int = 256
    ) -> dict[str, np.ndarray]:
        """Softmax of the logits of every head.

        Args:
            frames: `(num_clips, num_frames, height, width, channels)`, uint8 or
                float in [0, 1].
            batch_size: clips judged at once; the verdicts do not depend on it.

        Returns: a dict from head name to probabilities `(num_clips, head_size)`.
        """
        if len(frames) == 0:
            raise ValueError("ClipJudge needs at least one clip, received none.")
        parts = {name: [] for name in self.head_names}
        for start in range(0, len(frames), batch_size):
            logits = self.predict_on_batch(frames[start : start + batch_size])
            for name, values in logits.items():
                values = np.asarray(values, "float64")
                shifted = values - values.max(axis=-1, keepdims=True)
                exponentials = np.exp(shifted)
                parts[name].append(exponentials / exponentials.sum(-1, keepdims=True))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def predict_labels(
        self, frames: np.ndarray, batch_size: int = 256
    ) -> dict[str, np.ndarray]:
        """The most probable class of every head, `(num_clips,)` int64 each."""
        probabilities = self.predict_probabilities(frames, batch_size)
        return {name: values.argmax(axis=-1) for name, values in probabilities.items()}

    def accuracy(self, dataset, batch_size: int = 256) -> dict[str, float]:
        """Fraction of a dataset's clips that each head names rightly.

        Args:
            dataset: a `ClipDataset` whose labels include every head.

        Returns: a dict from head name to a number in [0, 1].
        """
        missing = [name for name in self.head_names if name not in dataset.labels]
        if missing:
            raise ValueError(
                f"The judge has heads {list(self.head_names)}, but the dataset has no "
                f"labels {missing}; it has {sorted(dataset.labels)}."
            )
        predicted = self.predict_labels(dataset.frames, batch_size)
        return {
            name: float(np.mean(predicted[name] == np.asarray(dataset.labels[name])))
            for name in self.head_names
        }


def _groups(width: int) -> int:
    """The largest of 8, 4, 2, 1 groups that divides the width."""
    return next(groups for groups in (8, 4, 2, 1) if width % groups == 0)


def _join(shape) -> str:
    return ", ".join("batch" if size is None else str(size) for size in shape)
