"""Speeds, periods and closed forms of the rotations."""

import keras
import numpy as np
import pytest
from dynamics_cases import BATCH, DIM, OPERATORS, make, numpy, states

from halo_keras.dynamics import ActionAngleDynamics, NormalFormDynamics
from halo_keras.dynamics.normal_form import PERIOD_STEP
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def test_speeds_start_where_they_are_told():
    eighths = [2 * np.pi * k / 8 for k in (1, 2, 3)]
    dynamics = NormalFormDynamics(5, 2, frequencies=eighths)
    dynamics.build(None)
    expected = np.tile(eighths, 2)[:5]
    found = numpy(dynamics.speeds)
    np.testing.assert_allclose(found, np.tile(expected, (2, 1)), rtol=1e-6)


def test_speeds_stay_between_the_lowest_and_pi():
    dynamics = NormalFormDynamics(3, num_frames=16)
    dynamics.build(None)
    for raw in (-1e3, 1e3):
        dynamics.raw_speed.assign(raw * np.ones((1, 3)))
        speeds = numpy(dynamics.speeds)
        assert (speeds >= 2 * np.pi / (8 * 16) - 1e-6).all()
        assert (speeds <= np.pi + 1e-6).all()


def test_every_size_has_a_valid_start():
    for position_dim in (1, 2, 7, 64, 512):
        dynamics = NormalFormDynamics(position_dim)
        dynamics.build(None)
        assert np.isfinite(numpy(dynamics.raw_speed)).all()


@pytest.mark.parametrize("period", [8.0, 7.3])
def test_harmonics_repeat_after_a_period(period, rng):
    dynamics = make("periodic", period=period)
    state = states(dynamics, rng)
    far = 1000 * period
    y = numpy(dynamics.trajectory(state, [0.0, period, far, -far, period / 2]))
    np.testing.assert_allclose(y[:, 1], state, atol=1e-5)
    # float32 knows 1 / P to 3e-8 of itself; one part in 8 is exact.
    atol = 1e-5 if period == 8.0 else 3e-3
    np.testing.assert_allclose(y[:, 2:4], np.stack([state] * 2, axis=1), atol=atol)
    # Harmonics 1, 2, 3, 1: after half a period the odd ones are upside down.
    sign = np.tile([-1, 1, -1, -1], 2)
    np.testing.assert_allclose(y[:, 4], sign * state, atol=1e-5)


def test_the_period_is_learned_one_an_operator():
    dynamics = make("periodic")
    assert dynamics.raw_speed.shape == (OPERATORS, 1)
    dynamics.raw_speed.assign(np.log([[1.0], [2.0], [0.5]]) / PERIOD_STEP)
    expected = 2 * np.pi * np.array([1, 2, 3, 1]) / np.array([[8], [16], [4]])
    np.testing.assert_allclose(numpy(dynamics.speeds), expected, rtol=1e-5)


def test_frame_1_000_keeps_its_phase():
    """At |dw| <= 1e-4 frame 1,000 is at phase .1; the arithmetic adds none to it."""
    dynamics = NormalFormDynamics(DIM)
    dynamics.build(None)
    state = np.concatenate([np.ones((1, DIM)), np.zeros((1, DIM))], axis=-1)
    found = numpy(dynamics.active_position(state, [0], [1000.0]))[0, 0]
    speed = numpy(dynamics.speeds)[0].astype("float64")
    np.testing.assert_allclose(found, np.cos(1000 * speed), atol=2e-6)


def test_action_angle_speeds_are_the_gradient_of_its_energy(rng):
    """w_j = dH / dI_j by central differences of the energy in q at p = 0."""
    dynamics = make("action_angle")
    actions = rng.uniform(0.5, 2, size=(BATCH, OPERATORS, DIM))
    step = 1e-2

    def energy(values):
        position = np.sqrt(2 * values)
        state = np.concatenate([position, np.zeros_like(position)], axis=-1)
        return numpy(dynamics.energy(state.astype("float32"))).astype("float64")

    position = np.sqrt(2 * actions)
    state = np.concatenate([position, 0 * position], axis=-1).astype("float32")
    found = numpy(dynamics.speeds(state))
    for plane in range(DIM):
        change = step * np.eye(DIM)[plane]
        slope = (energy(actions + change) - energy(actions - change)) / (2 * step)
        np.testing.assert_allclose(found[..., plane], slope, atol=2e-3)
    # The speed depends on the amplitude: it is not the normal form in disguise.
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_action_angle_starts_near_its_frequencies(rng):
    keras.utils.set_random_seed(1)
    dynamics = ActionAngleDynamics(DIM, OPERATORS, frequencies=[0.5, 1.0])
    dynamics.build(None)
    speeds = numpy(dynamics.speeds(states(dynamics, rng)))
    assert np.abs(speeds - np.tile([0.5, 1.0], 2)).max() < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frequencies": [4.0]}, "frequencies"),
        ({"frequencies": [0.01]}, "larger num_frames"),
        ({"harmonics": [1]}, "together"),
        ({"period": 8.0}, "together"),
        ({"harmonics": [1], "period": 8.0, "frequencies": [1.0]}, "either"),
        ({"harmonics": [1.5], "period": 8.0}, "whole number"),
        ({"num_frames": 0}, "num_frames"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        NormalFormDynamics(3, **arguments)
