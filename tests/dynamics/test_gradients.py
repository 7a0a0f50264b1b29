"""Gradients in every weight and in the state against finite differences."""

import keras
import numpy as np
import pytest
from backend_gradients import gradients
from dynamics_cases import BATCH, CASES, make, numpy
from keras import ops

pytestmark = pytest.mark.backend
ACTION = np.array([2, 0, 1, 1, 2], dtype="int32")
TIMES = {
    "grid": np.arange(5.0),
    "free": np.array([0.5, -1.0, 3.0]),
    "clip": np.arange(3.0)[None] + np.array([0, 1, 2, 0, 1])[:, None],
}


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("name", CASES)
def test_gradients(name, times, rng):
    if name == "recurrent" and times == "free":
        pytest.skip("a recurrent unit has no such times")
    # float64 where there is one; float32 differences are good to some 1e-3.
    single = keras.backend.backend() == "jax"
    dtype, step, tolerance = (
        ("float32", 1e-2, 2e-2) if single else ("float64", 1e-5, 1e-6)
    )
    dynamics = make(name, dtype=dtype)
    asked = TIMES[times]
    if times == "clip":  # as in training: a tensor that nobody can look at
        asked = ops.convert_to_tensor(asked, dtype=dtype)
    weights = dynamics.trainable_variables
    num_times = TIMES[times].shape[-1]
    cotangent = rng.normal(size=(BATCH, num_times, dynamics.state_dim))
    cotangent = ops.convert_to_tensor(cotangent, dtype=dtype)

    def loss(state, *values):
        with keras.StatelessScope(
            state_mapping=list(zip(weights, values, strict=True))
        ):
            y = dynamics.active_trajectory(state, ACTION, asked)
            return ops.sum(y * cotangent)

    point = [rng.normal(size=(BATCH, dynamics.state_dim)).astype(dtype)]
    point += [numpy(weight.value).astype(dtype) for weight in weights]
    found = gradients(loss, *point)
    for index, gradient in enumerate(found):
        way = rng.normal(size=point[index].shape).astype(dtype)
        way /= np.linalg.norm(way)

        def value(amount, index=index, way=way):
            moved = list(point)
            moved[index] = (point[index] + amount * way).astype(dtype)
            tensors = [ops.convert_to_tensor(x, dtype=dtype) for x in moved]
            return float(numpy(loss(*tensors)))

        slope = (value(step) - value(-step)) / (2 * step)
        norm = np.linalg.norm(gradient)
        error = abs(np.sum(gradient * way) - slope)
        assert norm > 0
        assert error < tolerance * (norm + 1e-3)
