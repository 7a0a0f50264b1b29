"""The matrix exponential against SciPy's, and its gradient against SciPy's Frechet."""

import math

import keras
import numpy as np
import pytest
import scipy.linalg
from backend_gradients import gradients
from keras import ops
from numpy.polynomial import polynomial

from halo_keras.ops.matrix_exponential import _TAYLOR_18, block_matrix, expm

pytestmark = pytest.mark.backend


def matrices(rng, scale, size=6):
    """General and skew-symmetric matrices: (2, 3, size, size)."""
    a = scale * rng.normal(size=(3, size, size)) / size**0.5
    return np.stack([a, a - np.swapaxes(a, -1, -2)])


def relative_error(found, expected):
    norm = np.linalg.norm(expected, axis=(-2, -1))
    return (np.linalg.norm(found - expected, axis=(-2, -1)) / norm).max()


def each(function, *arrays):
    flat = zip(*(a.reshape(-1, *a.shape[-2:]) for a in arrays), strict=True)
    return np.stack([function(*item) for item in flat]).reshape(arrays[0].shape)


def test_the_five_products_are_the_taylor_polynomial():
    power = dict(enumerate(np.eye(7)[[0, 1, 2, 3, 6]]))
    b = [sum(c * power[k] for k, c in enumerate(row)) for row in _TAYLOR_18]
    a_9 = polynomial.polyadd(polynomial.polymul(b[0], b[4]), b[3])
    product = polynomial.polymul(polynomial.polyadd(b[2], a_9), a_9)
    found = polynomial.polyadd(b[1], product)
    expected = [1 / math.factorial(k) for k in range(19)]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_against_scipy(scale, dtype, rng):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX computes in float32 unless it is told otherwise at the start")
    a = matrices(rng, scale).astype(dtype)
    expected = each(scipy.linalg.expm, a.astype("float64"))
    found = ops.convert_to_numpy(expm(ops.convert_to_tensor(a)))
    unit = 2e-7 if dtype == "float32" else 4e-15
    norm = np.abs(a).sum(-2).max()
    assert found.dtype == dtype
    assert relative_error(found, expected) < unit * (1 + norm)


def test_matrices_of_very_different_norms_in_one_batch(rng):
    a = np.array([0.0, 1e-6, 1.0, 50.0])[:, None, None] * matrices(rng, 1.0)[1, :1]
    found = ops.convert_to_numpy(expm(ops.convert_to_tensor(a.astype("float32"))))
    expected = each(scipy.linalg.expm, a.astype("float32").astype("float64"))
    assert relative_error(found, expected) < 3e-5
    np.testing.assert_array_equal(found[0], np.eye(6))


@pytest.mark.parametrize("scale", [0.3, 10.0])
def test_gradient_against_scipys_frechet_derivative(scale, rng):
    """For sum(G * exp(A)) it is L(A', G)."""
    a = matrices(rng, scale, 4)[1].astype("float32")
    cotangent = rng.normal(size=a.shape).astype("float32")
    (found,) = gradients(
        lambda x: ops.sum(expm(x) * ops.convert_to_tensor(cotangent)), a
    )

    def frechet(x, g):
        return scipy.linalg.expm_frechet(
            x.T.astype("float64"), g.astype("float64"), compute_expm=False
        )

    assert relative_error(found, each(frechet, a, cotangent)) < 2e-5


def test_block_matrix(rng):
    blocks = [rng.normal(size=(2, 3, 3)).astype("float32") for _ in range(4)]
    found = ops.convert_to_numpy(block_matrix(*blocks))
    expected = np.block([[blocks[0], blocks[1]], [blocks[2], blocks[3]]])
    np.testing.assert_array_equal(found, expected)
