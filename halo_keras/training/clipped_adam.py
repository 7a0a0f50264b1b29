"""Adam whose gradient clipping means the same on one device and on several."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.training.strategies import sum_over_replicas


@keras.saving.register_keras_serializable("halo_keras")
class ClippedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` that clips the gradient of the whole batch.

    With g the gradient of the whole batch and c = `global_clipnorm`, the step is taken
    along g min(1, c / |g|). Under `tf.distribute`, Keras 3.15 clips the gradient of
    each replica's share before it adds them up, which gives another direction and,
    with N replicas, a norm up to N c. Here the shares are added first. On one device
    this is Keras's Adam, bit for bit.

    A test trains one HALO on one and on two devices (tests/training/
    test_strategies.py).
    """

    def apply(self, grads, trainable_variables=None):
        grads = list(grads)
        if self.global_clipnorm is not None:
            grads, replicas = sum_over_replicas(grads)
            if replicas > 1:
                # Keras sums over the replicas once more: hand each its share.
                scale = clip_factor(grads, self.global_clipnorm) / replicas
                grads = [g if g is None else g * scale for g in grads]
        return super().apply(grads, trainable_variables)


def clip_factor(tensors: list, limit: float):
    """min(1, limit / |t|) for the norm |t| of all tensors together."""
    squares = [ops.sum(ops.square(tensor)) for tensor in tensors if tensor is not None]
    norm = ops.sqrt(sum(squares[1:], squares[0]))
    return limit / ops.maximum(norm, limit)
