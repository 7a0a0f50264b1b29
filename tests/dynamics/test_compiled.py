"""The same states inside compiled functions, with times that nobody can look at."""

import keras
import numpy as np
import pytest
from dynamics_cases import BATCH, CASES, make, numpy
from keras import ops

pytestmark = pytest.mark.backend
ACTION = np.array([2, 0, 1, 1, 2], dtype="int32")


def compiled(function, xla=False):
    """By the backend's own compiler; PyTorch runs as it is."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return [tf.function(function, jit_compile=jit) for jit in {False, xla}]
    if backend == "jax":
        import jax

        return [jax.jit(function)]
    return [function]


@pytest.mark.parametrize("name", CASES)
def test_compiled_training_path(name, rng):
    dynamics = make(name)
    state = rng.normal(size=(BATCH, dynamics.state_dim)).astype("float32")
    times = (np.arange(4.0)[None] + np.arange(BATCH)[:, None]).astype("float32")
    expected = numpy(dynamics.active_position(state, ACTION, times))
    arguments = [ops.convert_to_tensor(x) for x in (state, ACTION, times)]
    for function in compiled(
        lambda s, u, t: dynamics.active_position(s, u, t),
        xla=name in ("symplectic", "normal_form"),
    ):
        found = numpy(function(*arguments))
        np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["symplectic", "normal_form"])
def test_compiled_grid_of_all_operators(name, rng):
    dynamics = make(name)
    state = rng.normal(size=(BATCH, 3, dynamics.state_dim)).astype("float32")
    expected = numpy(dynamics.trajectory(state, range(6)))
    for function in compiled(lambda s: dynamics.trajectory(s, range(6))):
        found = numpy(function(ops.convert_to_tensor(state)))
        np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-4)


def test_a_batch_of_unknown_size_on_tensorflow(rng):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("shapes are always known on the other backends")
    import tensorflow as tf

    for name in ("symplectic", "normal_form", "linear", "recurrent"):
        dynamics = make(name)
        size = dynamics.state_dim
        signature = [
            tf.TensorSpec((None, size)),
            tf.TensorSpec((None,), "int32"),
            tf.TensorSpec((None, 3)),
        ]

        @tf.function(input_signature=signature)
        def move(state, action, times, dynamics=dynamics):
            return (
                dynamics.active_position(state, action, times),
                dynamics.active_position(state, action, range(3)),
            )

        state = rng.normal(size=(BATCH, size)).astype("float32")
        times = np.tile(np.arange(3.0, dtype="float32"), (BATCH, 1))
        free, grid = move(state, ACTION, times)
        np.testing.assert_allclose(free, grid, atol=1e-5, rtol=1e-4)
