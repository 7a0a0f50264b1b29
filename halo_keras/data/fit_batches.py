"""Batches as `fit` takes them: on TensorFlow, in iterators that end when told to."""

from __future__ import annotations

from typing import Any

import keras

AHEAD = 2  # batches made while a step runs


def for_fit(batches: keras.utils.PyDataset) -> Any:
    """The same batches in the same order; on TensorFlow as a `tf.data.Dataset`.

    Keras makes such a dataset of a `PyDataset` too, and leaves its tuning on. The
    tuner's thread sleeps for longer and longer, and the end of an epoch, which ends its
    iterator, was seen to wait for it (TensorFlow 2.21, one core). Here there is nothing
    to tune: one generator and a queue of two.

    The batches are read as the epoch begins, from `batches` as it then is: a callback
    that sets `batches.epoch` there sets their order.

    Args:
        batches: a `ClipBatches` or another `PyDataset` whose batches, dicts or tuples
            of arrays, differ in their arrays' first dimension at most.

    Returns: `batches` itself on other backends.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    def one_epoch():
        for index in range(len(batches)):
            yield batches[index]

    signature = keras.tree.map_structure(
        lambda value: tf.TensorSpec((None, *value.shape[1:]), value.dtype), batches[0]
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    made = tf.data.Dataset.from_generator(one_epoch, output_signature=signature)
    made = made.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return made.prefetch(AHEAD).with_options(options)
