"""A layer's forward pass as one compiled function, where the backend has such a thing.

Verbs call layers operation by operation. A compiled pass fuses the cheap ones, which
wait for memory, and is worth its compilation where many batches are alike.
"""

from __future__ import annotations

import keras


def compiled(layer):
    """The layer without training, as a function of one tensor.

    It follows the layer's weights, also those that are trained or loaded later. A new
    size of the batch is compiled anew on JAX, and no more than twice on TensorFlow.

    Args:
        layer: a built `keras.layers.Layer` that keeps no state in its call.
    Returns: a function of `x`, by `tf.function` or `jax.jit`; on PyTorch as it is.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda x: layer(x), reduce_retracing=True)
    if backend == "jax":
        import jax

        jitted = jax.jit(lambda *arguments: layer.stateless_call(*arguments)[0])

        def call(x):
            trainable = [variable.value for variable in layer.trainable_variables]
            fixed = [variable.value for variable in layer.non_trainable_variables]
            return jitted(trainable, fixed, x)

        return call
    # Not the layer itself: whoever keeps this would have it as a layer twice.
    return lambda x: layer(x)
