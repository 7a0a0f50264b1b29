"""What judges say of clips: probabilities, classes, embeddings and accuracies."""

from __future__ import annotations

import numpy as np
from keras import ops


class JudgeVerbs:
    """Verbs of a Keras model that gives logits by the names of its heads.

    It has `head_names`, `hidden` (the last hidden layer of each head, in the same
    order) and `summary_of(frames, training)`, which those layers read.
    """

    def predict_probabilities(
        self, frames: np.ndarray, batch_size: int = 256
    ) -> dict[str, np.ndarray]:
        """Softmax of the logits of every head.

        Args:
            frames: `(num_clips, num_frames, height, width, channels)`, uint8 or
                float in [0, 1].
            batch_size: clips judged at once; the verdicts do not depend on it.

        Returns: a dict from head name to probabilities `(num_clips, head_size)`, of a
            judge of frames `(num_clips, time, head_size)`; float64.
        """
        if len(frames) == 0:
            raise ValueError(
                f"{type(self).__name__} needs at least one clip, received none."
            )
        parts = {name: [] for name in self.head_names}
        for start in range(0, len(frames), batch_size):
            logits = self.predict_on_batch(frames[start : start + batch_size])
            for name, values in logits.items():
                values = np.asarray(values, "float64")
                shifted = values - values.max(axis=-1, keepdims=True)
                exponentials = np.exp(shifted)
                parts[name].append(exponentials / exponentials.sum(-1, keepdims=True))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def embed(self, frames: np.ndarray, head: str, batch_size: int = 64) -> np.ndarray:
        """The hidden layer of a head, relu(U_k s): what its classes are told by.

        It places clips of classes that the head was never trained on, too.

        Args:
            frames: as of `predict_probabilities`.
            head: one of `head_names`.

        Returns: `(num_clips, [time,] size)` float32.
        """
        hidden = self.hidden[self.head_names.index(head)]
        parts = []
        for start in range(0, len(frames), batch_size):
            x = self.summary_of(frames[start : start + batch_size], training=False)
            parts.append(ops.convert_to_numpy(ops.stop_gradient(hidden(x))))
        return np.concatenate(parts)

    def predict_labels(
        self, frames: np.ndarray, batch_size: int = 256
    ) -> dict[str, np.ndarray]:
        """The most probable class of every head, `(num_clips,)` or, of a judge of
        frames, `(num_clips, time)` int64 each."""
        probabilities = self.predict_probabilities(frames, batch_size)
        return {name: values.argmax(axis=-1) for name, values in probabilities.items()}

    def accuracy(self, dataset, batch_size: int = 256) -> dict[str, float]:
        """Fraction of a dataset's clips (or of their frames) that each head names
        rightly.

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
            name: float(np.mean(agrees(predicted[name], dataset.labels[name])))
            for name in self.head_names
        }


def agrees(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where verdicts `(num_clips,)` or `(num_clips, time)` are the clips' labels."""
    labels = np.asarray(labels)
    return predicted == labels.reshape(-1, *[1] * (predicted.ndim - 1))
