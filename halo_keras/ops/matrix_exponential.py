"""Batched matrix exponential on every backend, with gradients.

PyTorch has its own. Elsewhere: the Taylor polynomial of degree 18 in five products
(Bader, Blanes & Casas 2019, "Computing the matrix exponential with an optimized
Taylor polynomial approximation", Eq. 20), after scaling by 2^-s, and s squarings.
The degree is fixed, because one chosen by the norm would make the shape of the
computation depend on data; s is chosen by the norm of each matrix.

Squaring is a while loop, which JAX cannot differentiate backward, so the derivative
is given: the gradient for a cotangent G is L(A', G), L(A, E) = d/de exp(A + e E) being
the Frechet derivative (Higham 2008, "Functions of Matrices", 3.2). It runs through the
same polynomial and squarings, on pairs (value, derivative).
"""

from __future__ import annotations

import contextlib
import functools
import operator

import keras
import numpy as np
from keras import ops

# b_0 ... b_4, each a combination of I, A, A^2, A^3, A^6. The test multiplies them out
# and finds 1 / k! for k = 0 ... 18.
_TAYLOR_18 = (
    (
        0.0,
        -1.00365581030144618291e-01,
        -8.02924648241156932449e-03,
        -8.92138498045729985177e-04,
        0.0,
    ),
    (
        0.0,
        3.97849749499645077844e-01,
        1.36783778460411720168e00,
        4.98289622525382669416e-01,
        -6.37898194594723280150e-04,
    ),
    (
        -1.09676396052962061844e01,
        1.68015813878906206114e00,
        5.71779846478865511061e-02,
        -6.98210122488052056106e-03,
        3.34975017086070470649e-05,
    ),
    (
        -9.04316832390810593223e-02,
        -6.76404519071381882256e-02,
        6.75961301770459654925e-02,
        2.95552570429315521194e-02,
        -1.39180257516060693404e-05,
    ),
    (
        0.0,
        0.0,
        -9.23364619367118555360e-02,
        -1.69364939002081722752e-02,
        -1.40086798182036094347e-05,
    ),
)

# The largest 1-norm for which the truncation error is below the unit roundoff (their
# Table 1).
_LARGEST_NORM = {"float32": 3.010066362817634, "float64": 1.090863719290036}
_MOST_SQUARINGS = 30


def expm(a):
    """exp(a) of each matrix.

    Args:
        a: `(..., n, n)`, float32 or float64.

    Returns:
        `(..., n, n)`. Relative error below 2e-7 (1 + |a|) in float32 and 4e-15
        (1 + |a|) in float64 (`tests/ops/test_matrix_exponential.py`, against SciPy),
        |a| being the 1-norm. From |a| = 1e9 on, the result is wrong. Overflows where
        exp(a) does. Differentiable once.
    """
    a = ops.convert_to_tensor(a)
    if keras.backend.backend() == "torch":
        import torch

        return torch.linalg.matrix_exp(a)
    return _with_gradient()(a)


@functools.cache
def _with_gradient():
    exponential, derivative = _exponential, _derivative
    if keras.backend.backend() == "jax":
        import jax

        # Outside a compiled step, JAX would compile the loop anew at every call.
        exponential, derivative = jax.jit(_exponential), jax.jit(_derivative)

    @ops.custom_gradient
    def with_gradient(a):
        def gradient(*args, upstream=None):
            (upstream,) = args if upstream is None else (upstream,)
            return derivative(ops.swapaxes(a, -1, -2), upstream)

        return exponential(a), gradient

    return with_gradient


def _exponential(a):
    eye = ops.eye(a.shape[-1], dtype=a.dtype)
    with exact_matmul():
        return _squared_taylor(a, eye, *_scaling(a), operator.matmul)


def _derivative(a, direction):
    """L(a, direction), the derivative of exp at a in a direction."""
    pair = ops.stack([a, direction])
    eye = ops.eye(a.shape[-1], dtype=a.dtype)
    one = ops.stack([eye, ops.zeros_like(eye)])
    one = ops.reshape(one, (2, *(1,) * (len(a.shape) - 2), *eye.shape))

    def product(x, y):
        """(x + e x')(y + e y') = x y + e (x y' + x' y)"""
        return ops.stack([x[0] @ y[0], x[0] @ y[1] + x[1] @ y[0]])

    with exact_matmul():
        return _squared_taylor(pair, one, *_scaling(a), product)[1]


def _scaling(a):
    """(s, 2^-s) of each matrix, with |a| 2^-s below the largest norm."""
    dtype = keras.backend.standardize_dtype(a.dtype)
    largest = _LARGEST_NORM["float64" if dtype == "float64" else "float32"]
    norm = ops.max(ops.sum(ops.abs(a), axis=-2), axis=-1)
    # s = the number of i >= 0 with norm > largest * 2^i, so no logarithm is rounded.
    limits = ops.convert_to_tensor(largest * 2.0 ** np.arange(_MOST_SQUARINGS), dtype)
    count = ops.sum(ops.cast(norm[..., None] > limits, "int32"), axis=-1)
    scales = ops.convert_to_tensor(2.0 ** -np.arange(_MOST_SQUARINGS + 1), dtype)
    return count[..., None, None], ops.take(scales, count)[..., None, None]


def _squared_taylor(a, one, count, scale, product):
    """The polynomial of 2^-s a, squared s times, with a given product."""
    most = ops.max(count)

    def square(index, x):
        return index + 1, ops.where(index < count, product(x, x), x)

    _, result = ops.while_loop(
        lambda index, x: index < most, square, (0, _taylor(scale * a, one, product))
    )
    return result


def _taylor(a, one, product):
    """sum_{k <= 18} a^k / k! in five products."""
    a_2 = product(a, a)
    a_3 = product(a_2, a)
    a_6 = product(a_3, a_3)
    powers = (one, a, a_2, a_3, a_6)
    b = [
        sum(c * power for c, power in zip(row, powers, strict=True) if c != 0.0)
        for row in _TAYLOR_18
    ]
    a_9 = product(b[0], b[4]) + b[3]
    return b[1] + product(b[2] + a_9, a_9)


def exact_matmul():
    """A context in which JAX multiplies matrices in full float32 on any device.

    GPUs round the factors to 10 bits by default on JAX and on TensorFlow. On
    TensorFlow this is a global switch, which is the user's to set:
    `tf.config.experimental.enable_tensor_float_32_execution(False)`. (Products here
    are written `a @ b`: `keras.ops.matmul` rounds float64 to float32 on PyTorch.)
    """
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_matmul_precision("highest")
    return contextlib.nullcontext()


def block_matrix(top_left, top_right, bottom_left, bottom_right):
    """[[a, b], [c, d]] of four `(..., d, d)` blocks: `(..., 2 d, 2 d)`."""
    top = ops.concatenate([top_left, top_right], axis=-1)
    bottom = ops.concatenate([bottom_left, bottom_right], axis=-1)
    return ops.concatenate([top, bottom], axis=-2)
