"""Loss scale and noise that stay right when a batch is split over replicas.

Under `tf.distribute` Keras sums gradients over replicas, so a loss that is a plain
mean of each replica's clips counts N times; and a `SeedGenerator` gives every replica
the same noise. Both faults are silent. A test compares two replicas with one.
"""

from __future__ import annotations

import keras


class BatchMean(keras.losses.Loss):
    """The mean of a `(batch,)` tensor, weighted, divided by the number of replicas.

    `keras.losses.Loss` applies `sample_weight` and the replica factor itself.
    """

    def call(self, y_true, y_pred):
        return y_pred


@keras.saving.register_keras_serializable("halo_keras")
class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """A `SeedGenerator` whose draws differ between the replicas of a strategy."""

    def next(self, ordered=True):
        seed = super().next(ordered)
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            context = tf.distribute.get_replica_context()
            if context is not None and context.num_replicas_in_sync > 1:
                shift = tf.stack([context.replica_id_in_sync_group * 1000003, 0])
                seed = seed + tf.cast(shift, seed.dtype)
        return seed
