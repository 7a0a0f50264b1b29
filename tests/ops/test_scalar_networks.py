"""Energies against NumPy, and their written gradients against the backend's own."""

import keras
import numpy as np
import pytest
from backend_gradients import gradients
from keras import ops

from halo_keras.ops.scalar_networks import (
    ACTIVATIONS,
    dense_energy,
    dense_gradient,
    grid_energy,
    grid_gradient,
)

pytestmark = pytest.mark.backend
FUNCTIONS = {
    "softplus": lambda x: np.log1p(np.exp(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def tensors(arrays):
    return [ops.convert_to_tensor(array) for array in arrays]


def dense_weights(rng, groups, size, widths):
    weights, before = [rng.normal(size=(groups, size))], size
    for width in widths:
        weights += [
            rng.normal(size=(groups, before, width)),
            rng.normal(size=(groups, width)),
        ]
        before = width
    weights.append(rng.normal(size=(groups, before)))
    return [weight.astype("float32") for weight in weights]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense_networks(name, rng):
    weights, x = dense_weights(rng, 2, 3, (5, 4)), rng.normal(size=(2, 6, 3))
    x, activation = x.astype("float32"), ACTIVATIONS[name]
    made = tensors(weights)
    found = ops.convert_to_numpy(dense_energy(made, *tensors([x]), activation))
    k, w1, b1, w2, b2, c = weights
    for group in range(2):
        hidden = FUNCTIONS[name](x[group] @ w1[group] + b1[group])
        hidden = FUNCTIONS[name](hidden @ w2[group] + b2[group])
        expected = hidden @ c[group] + 0.5 * x[group] ** 2 @ k[group]
        np.testing.assert_allclose(found[group], expected, rtol=2e-5, atol=1e-5)
    written = ops.convert_to_numpy(dense_gradient(made, *tensors([x]), activation))
    (own,) = gradients(lambda x: ops.sum(dense_energy(made, x, activation)), x)
    np.testing.assert_allclose(written, own, rtol=1e-4, atol=1e-5)


def test_grids(rng):
    weights = [
        rng.normal(size=shape).astype("float32")
        for shape in ((1, 2), (1, 3, 3, 2, 4), (1, 4), (1, 3, 3, 4, 3), (1, 3), (1, 3))
    ]
    x = rng.normal(size=(1, 3, 4, 5, 2)).astype("float32")
    made, (at,) = tensors(weights), tensors([x])
    for name, activation in ACTIVATIONS.items():
        written = ops.convert_to_numpy(grid_gradient(made, at, activation))
        (own,) = gradients(lambda x, f=activation: ops.sum(grid_energy(made, x, f)), x)
        np.testing.assert_allclose(written, own, rtol=1e-4, atol=1e-4, err_msg=name)
    # And the value, of one layer, cell by cell.
    one = [*weights[:3], weights[-1][:, :1] * np.ones((1, 4), "float32")]
    found = grid_energy(tensors(one), at, ACTIVATIONS["tanh"])
    found = ops.convert_to_numpy(found)[0]
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1), (0, 0)))
    total = 0.5 * np.sum(one[0][0] * x[0] ** 2, axis=(1, 2, 3))
    for row in range(4):
        for column in range(5):
            patch = padded[:, row : row + 3, column : column + 3]
            hidden = np.einsum("nijc,ijch->nh", patch, one[1][0]) + one[2][0]
            total = total + np.tanh(hidden) @ one[3][0]
    np.testing.assert_allclose(found, total, rtol=1e-4, atol=1e-4)


def test_training_differentiates_the_written_gradient(rng):
    """d |dE/dx|^2 / dW, the second derivative that training takes, by differences."""
    weights, x = dense_weights(rng, 1, 3, (5,)), rng.normal(size=(1, 4, 3))
    made, (at,) = tensors(weights), tensors([x.astype("float32")])
    single = keras.backend.backend() == "jax"

    def loss(kernel):
        changed = [made[0], kernel, *made[2:]]
        return ops.sum(dense_gradient(changed, at, ACTIVATIONS["softplus"]) ** 2)

    (found,) = gradients(loss, weights[1])
    way = rng.normal(size=weights[1].shape).astype("float32")
    values = [
        float(ops.convert_to_numpy(loss(ops.convert_to_tensor(weights[1] + s * way))))
        for s in (1e-2, -1e-2)
    ]
    slope = (values[0] - values[1]) / 2e-2
    assert abs(np.sum(found * way) - slope) < (2e-2 if single else 1e-2) * abs(slope)
