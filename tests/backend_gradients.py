"""Gradients of the backend in use, for tests against finite differences."""

import keras
import numpy as np


def gradients(function, *values):
    """Gradients of a scalar function of tensors, on the backend in use."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        tensors = [tf.constant(value) for value in values]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            result = function(*tensors)
        return [gradient.numpy() for gradient in tape.gradient(result, tensors)]
    if backend == "jax":
        import jax

        found = jax.grad(function, argnums=tuple(range(len(values))))(*values)
        return [np.asarray(gradient) for gradient in found]
    import torch

    tensors = [torch.tensor(value, requires_grad=True) for value in values]
    function(*tensors).backward()
    return [tensor.grad.numpy() for tensor in tensors]
