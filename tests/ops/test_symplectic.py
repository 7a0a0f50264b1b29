"""The symplectic form, its residuals, and the return to the group."""

import numpy as np
import pytest
import scipy.linalg
from keras import ops

from halo_keras.ops.symplectic import (
    hamiltonian_residual,
    nearest_symplectic,
    nearest_unitary,
    symplectic_form,
    symplectic_residual,
    times_form,
)

pytestmark = pytest.mark.backend
FORM = np.kron([[0, 1], [-1, 0]], np.eye(3)).astype("float32")


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.fixture
def generator(rng):
    """J M with M definite, of condition below 4."""
    noise = rng.normal(size=(6, 6))
    symmetric = (noise + noise.T) / np.linalg.norm(noise + noise.T, 2)
    return (FORM @ (np.eye(6) + 0.5 * symmetric)).astype("float32")


def test_form_and_product_with_it(rng):
    np.testing.assert_array_equal(numpy(symplectic_form(3)), FORM)
    m = rng.normal(size=(2, 6, 6)).astype("float32")
    np.testing.assert_allclose(numpy(times_form(m)), FORM @ m)


def test_residuals_are_zero_only_in_the_group(generator, rng):
    flow = scipy.linalg.expm(generator).astype("float32")
    other = rng.normal(size=(6, 6)).astype("float32")
    batch = np.stack([flow, other])
    expected = np.abs(np.swapaxes(batch, 1, 2) @ FORM @ batch - FORM).max((1, 2))
    found = numpy(symplectic_residual(ops.convert_to_tensor(batch)))
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)
    assert found[0] < 1e-5 < 0.1 < found[1]
    batch = np.stack([generator, other])
    expected = np.abs(np.swapaxes(batch, 1, 2) @ FORM + FORM @ batch).max((1, 2))
    found = numpy(hamiltonian_residual(ops.convert_to_tensor(batch)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found[0] < 1e-6 < 0.1 < found[1]


def test_a_step_back_to_the_symplectic_group(generator, rng):
    flow = scipy.linalg.expm(generator)
    noisy = (flow + 1e-3 * rng.normal(size=flow.shape)).astype("float32")[None]
    before = numpy(symplectic_residual(ops.convert_to_tensor(noisy)))
    back = ops.convert_to_tensor(noisy)
    for limit in (1e-4, 2e-6):  # each step squares what is left
        back = nearest_symplectic(back)
        assert numpy(symplectic_residual(back)) < limit < before
        assert np.abs(numpy(back) - flow).max() < 3e-3


def test_hyperbolic_matrices_are_left_alone():
    stretch = np.diag([1e5, 1, 1, 1e-5, 1, 1]).astype("float32")[None]
    back = nearest_symplectic(ops.convert_to_tensor(stretch))
    np.testing.assert_array_equal(numpy(back), stretch)


def test_a_step_back_to_the_unitary_group(rng):
    a, b = (rng.normal(size=(3, 3)) for _ in "ab")
    a, b = a + a.T, b - b.T
    flow = scipy.linalg.expm(np.block([[b, a], [-a, b]]))
    noisy = (flow + 1e-3 * rng.normal(size=flow.shape)).astype("float32")[None]
    back = nearest_unitary(nearest_unitary(ops.convert_to_tensor(noisy)))
    back = numpy(back)[0]
    np.testing.assert_allclose(back.T @ back, np.eye(6), atol=2e-6)
    np.testing.assert_allclose(back.T @ FORM @ back, FORM, atol=2e-6)
    assert np.abs(back - flow).max() < 3e-3
