"""Configurations, shapes and errors of every dynamics."""

import keras
import numpy as np
import pytest
from dynamics_cases import CASES, DIM, OPERATORS, make, numpy, states
from keras import ops

from halo_keras.dynamics import NormalFormDynamics, SymplecticDynamics
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("name", CASES)
def test_a_configuration_makes_an_equal_twin(name, rng):
    dynamics = make(name)
    config = dynamics.get_config()
    assert set(config) == {*type(dynamics).config_fields, "name"}
    data = keras.saving.serialize_keras_object(dynamics)
    twin = keras.saving.deserialize_keras_object(data)
    assert type(twin) is type(dynamics)
    assert twin.get_config() == config
    twin.build(None)
    twin.set_weights(dynamics.get_weights())
    state = states(dynamics, rng)
    np.testing.assert_array_equal(
        numpy(twin.trajectory(state, range(3))),
        numpy(dynamics.trajectory(state, range(3))),
    )


@pytest.mark.parametrize("name", CASES)
def test_wrong_sizes_are_refused_before_anything_is_made(name):
    kind, arguments = CASES[name]
    for position_dim in (0, -1, 10**9, 2.5, "4", True):
        with pytest.raises(ConfigError, match="position_dim"):
            kind(position_dim, **arguments)
    with pytest.raises(ConfigError, match="num_operators"):
        kind(2, 10**9, **arguments)
    with pytest.raises(ConfigError, match="dtype"):
        kind(2, dtype="float16", **arguments)
    with pytest.raises(TypeError, match="frequncies"):
        kind(2, frequncies=[1.0], **arguments)


def test_large_matrices_are_refused():
    with pytest.raises(ConfigError, match="NormalFormDynamics"):
        SymplecticDynamics(512, 512)


@pytest.mark.parametrize("name", CASES)
def test_wrong_shapes_are_named(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    with pytest.raises(ValueError, match=rf"expected a state of shape .*{OPERATORS}"):
        dynamics.trajectory(state[:, :1], [0])
    with pytest.raises(ValueError, match="expected a state of shape"):
        dynamics.active_trajectory(state, np.zeros(len(state), int), [0])
    with pytest.raises(ValueError, match="expected a state of shape"):
        dynamics.trajectory(state[..., :-1], [0])
    with pytest.raises(ValueError, match=r"One time is \[t\]"):
        dynamics.trajectory(state, 3)


@pytest.mark.parametrize("name", CASES)
def test_positions_are_the_first_half(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    np.testing.assert_array_equal(dynamics.position(state), state[..., :DIM])
    assert dynamics.state_dim == (2 if dynamics.has_momentum else 1) * DIM


@pytest.mark.parametrize("name", CASES)
def test_mixed_precision_computes_in_float32(name, rng):
    before = keras.config.dtype_policy()
    expected_dynamics = make(name)
    state = states(expected_dynamics, rng)
    expected = numpy(expected_dynamics.trajectory(state, [0, 1, 40]))
    keras.config.set_dtype_policy("mixed_float16")
    try:
        dynamics = make(name)
        with keras.src.backend.AutocastScope("float16"):
            found = dynamics.trajectory(state, [0, 1, 40])
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(numpy(found), expected, atol=1e-5, rtol=1e-4)


def test_a_layer_called_as_a_layer(rng):
    dynamics = NormalFormDynamics(DIM, OPERATORS)
    state = states(dynamics, rng)
    y = dynamics(ops.convert_to_tensor(state), ops.convert_to_tensor([0.0, 1.0]))
    assert tuple(y.shape) == (len(state), 2, OPERATORS, 2 * DIM)


def test_recurrent_steps_are_kerass_gru_without_input(rng):
    dynamics = make("recurrent")
    dynamics.bias.assign(0.3 * rng.normal(size=dynamics.bias.shape))
    state = states(dynamics, rng)
    found = numpy(dynamics.trajectory(state, [3, 0, 1]))
    for operator in range(OPERATORS):
        cell = keras.layers.GRUCell(2 * DIM, reset_after=False)
        cell.build((None, 1))
        cell.recurrent_kernel.assign(dynamics.kernel[operator])
        cell.bias.assign(dynamics.bias[operator])
        steps = [state[:, operator]]
        for _ in range(3):
            steps.append(
                numpy(cell(np.zeros((len(state), 1), "float32"), steps[-1])[0])
            )
        expected = np.stack([steps[3], steps[0], steps[1]], axis=1)
        np.testing.assert_allclose(found[:, :, operator], expected, atol=1e-5)


def test_recurrent_times_that_do_not_exist(rng):
    dynamics = make("recurrent", num_frames=4)
    state = states(dynamics, rng)
    for times in ([0, 0.5], [-1, 0], [[0, 1.5]] * len(state)):
        with pytest.raises(ValueError, match="whole times >= 0"):
            dynamics.trajectory(state, times)
    # As numbers, times may lie beyond num_frames.
    assert np.isfinite(numpy(dynamics.trajectory(state, [40]))).all()
    # As a tensor they cannot be looked at: never a wrong frame.
    times = ops.convert_to_tensor([0.0, 0.5, 3.0, 4.0, -1.0])
    y = numpy(dynamics.trajectory(state, times))
    missing = np.isnan(y).all(axis=(0, 2, 3))
    assert missing.tolist() == [False, True, False, True, True]
    assert np.isfinite(y[:, [0, 2]]).all()


def test_positional_encoding_is_vaswanis(rng):
    dynamics = make("positional", half_features=4)
    state = states(dynamics, rng)
    found = numpy(dynamics.trajectory(state, [0, 5]))

    def encoding(t):
        angles = [t / 10000 ** (2 * i / 8) for i in range(4)]
        return np.array([np.sin(angles), np.cos(angles)]).ravel()

    moved = np.einsum("f,kfd->kd", encoding(5) - encoding(0), numpy(dynamics.kernel))
    np.testing.assert_allclose(found[:, 1] - state, moved + 0 * state, atol=1e-5)
