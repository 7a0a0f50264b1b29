"""Spectra against the growth that they promise."""

import numpy as np
import pytest
from keras import ops

from halo_keras.dynamics import (
    LinearDynamics,
    NormalFormDynamics,
    OrthogonalDynamics,
    RecurrentDynamics,
    SymplecticDynamics,
)
from halo_keras.evaluation.spectrum import growth_rates, is_linear, spectrum

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("kind", [SymplecticDynamics, LinearDynamics])
def test_states_grow_at_the_rate_of_the_spectrum(kind):
    """ln |s_t| rises by the largest real part a frame, once that mode leads."""
    dynamics = kind(3, 2, std=1.0)
    rates = growth_rates(dynamics)
    state = np.ones((2, 6), "float32")
    moved = dynamics.active_trajectory(state, np.arange(2), np.array([30.0, 60.0]))
    size = np.linalg.norm(ops.convert_to_numpy(moved).astype("float64"), axis=-1)
    measured = np.log(size[:, 1] / size[:, 0]) / 30
    # A turning mode is caught at two phases; that is a constant factor.
    np.testing.assert_allclose(measured, rates, atol=0.1)
    assert np.abs(rates).max() > 0.3


@pytest.mark.parametrize("kind", [NormalFormDynamics, OrthogonalDynamics])
def test_rotations_do_not_grow(kind):
    dynamics = kind(4, 3)
    values = spectrum(dynamics)
    assert values.shape == (3, 8)
    np.testing.assert_allclose(values.real, 0.0, atol=1e-6)
    if kind is NormalFormDynamics:
        speeds = np.sort(ops.convert_to_numpy(dynamics.speeds)[0])
        np.testing.assert_allclose(np.sort(values[0].imag)[4:], speeds, rtol=1e-6)


def test_an_affine_part_is_no_mode():
    """ds/dt = -s + b settles: its rate is -1, not the 0 of the appended constant."""
    dynamics = LinearDynamics(1, 1)
    dynamics.build(None)
    dynamics.matrix.assign(-np.eye(2, dtype="float32")[None])
    dynamics.bias.assign(np.ones((1, 2), "float32"))
    np.testing.assert_allclose(growth_rates(dynamics), [-1.0])


def test_what_has_no_spectrum_says_so():
    assert not is_linear(RecurrentDynamics(2))
    with pytest.raises(ValueError, match="RecurrentDynamics"):
        spectrum(RecurrentDynamics(2))
