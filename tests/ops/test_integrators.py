"""Orders by fit, reversibility, symplecticity and cost of the integrators.

Each would fail for a fault of the published re-implementations: a drift with p in the
place of dK/dp, a stale force in Yoshida's method, a Runge-Kutta step with h / 2 in k_4.
"""

import numpy as np
import pytest
import scipy.integrate
from keras import backend, ops

from halo_keras.ops.integrators import INTEGRATORS
from halo_keras.ops.symplectic import symplectic_residual

pytestmark = pytest.mark.backend
MASS = 0.5  # not 1: dK/dp is not p
START = np.array([1.2, -0.4, 0.3, 0.8])  # two pendulums that feel each other: q, p
SINGLE = backend.backend() == "jax"
DTYPE = "float32" if SINGLE else "float64"


def force(q):
    """V = 2 - cos q_1 - cos q_2 + (q_1 - q_2)^2 / 4."""
    pull = 0.5 * (q - ops.flip(q, axis=-1))
    return -ops.sin(q) - pull


def velocity(p):
    """K = |p|^2 / (2 m) + |p|^4 / 20."""
    return p / MASS + 0.2 * p * ops.sum(p**2, axis=-1, keepdims=True)


def exact(time):
    def field(_, s):
        q, p = s[:2], s[2:]
        pull = 0.5 * (q - q[::-1])
        return np.concatenate([p / MASS + 0.2 * p * np.sum(p**2), -np.sin(q) - pull])

    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-12}
    return scipy.integrate.solve_ivp(field, (0, time), START, **options).y[:, -1]


def path(name, states, step, num_steps, damp=None):
    """States `(num_steps + 1, ..., 4)`."""
    q, p = ops.split(ops.convert_to_tensor(states, DTYPE), 2, axis=-1)
    step = ops.convert_to_tensor(step, DTYPE)
    moved = INTEGRATORS[name].path(force, velocity, q, p, step, num_steps, damp)
    return ops.convert_to_numpy(ops.concatenate(moved, axis=-1))


@pytest.mark.parametrize("name", INTEGRATORS)
def test_the_declared_order_is_the_one_that_a_fit_finds(name):
    declared, time = INTEGRATORS[name].order, 1.5
    counts = np.array([8, 12, 18] if SINGLE and declared == 4 else [24, 36, 54])
    if declared == 4 and not SINGLE:
        counts = np.array([40, 60, 90])
    truth = exact(time)
    errors = [
        np.linalg.norm(path(name, START, time / n, int(n))[-1] - truth) for n in counts
    ]
    order = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    tolerance = {1: 0.1, 2: 0.1, 4: 0.2 if not SINGLE else 0.4}[declared]
    assert abs(order - declared) <= tolerance, (order, errors)


@pytest.mark.parametrize("name", INTEGRATORS)
def test_a_step_back_undoes_a_step_where_that_is_declared(name, rng):
    states = 0.6 * rng.normal(size=(6, 4))
    # Half of the clips go forward and half backward, in one call.
    way = 0.4 * np.array([1, -1, 1, -1, 1, -1.0])[:, None]
    there = path(name, states, way, 8)
    back = path(name, there[-1], -way, 8)[-1]
    error = np.abs(back - states).max()
    assert (error < 1e-5) == INTEGRATORS[name].is_reversible, error
    alone = path(name, states[1::2], -0.4, 8)
    np.testing.assert_allclose(there[:, 1::2], alone, atol=2e-5)


@pytest.mark.parametrize("name", INTEGRATORS)
def test_jacobians_keep_the_symplectic_form_where_that_is_declared(name, rng):
    states, size = 0.7 * rng.normal(size=(3, 1, 4)), 1e-2 if SINGLE else 1e-4
    moved = np.concatenate([states + size * np.eye(4), states - size * np.eye(4)])
    plus, minus = np.split(path(name, moved, 0.5, 6)[-1], 2)
    flow = ((plus - minus) / (2 * size)).swapaxes(-1, -2)
    residual = ops.convert_to_numpy(symplectic_residual(ops.convert_to_tensor(flow)))
    assert (residual.max() < 3e-3) == INTEGRATORS[name].is_symplectic, residual


@pytest.mark.parametrize("name, each", [("leapfrog", 1), ("euler", 1), ("yoshida", 3)])
def test_no_force_and_no_velocity_is_computed_twice(name, each):
    if SINGLE:
        pytest.skip("JAX traces the loop's body instead of running it")
    calls = []

    def counted(function):
        return lambda x: calls.append(1) or function(x)

    q, p = ops.split(ops.convert_to_tensor(START, DTYPE), 2)
    step = ops.convert_to_tensor(0.1, DTYPE)
    INTEGRATORS[name].path(counted(force), counted(velocity), q, p, step, 7)
    assert len(calls) == 1 + 7 * 2 * each


def test_euler_kicks_first_and_drifts_with_the_new_momentum():
    q, p = START[:2], START[2:]
    forces = ops.convert_to_numpy(force(ops.convert_to_tensor(q)))
    kicked = p + 0.3 * forces
    drift = ops.convert_to_numpy(velocity(ops.convert_to_tensor(kicked)))
    expected = np.concatenate([q + 0.3 * drift, kicked])
    np.testing.assert_allclose(path("euler", START, 0.3, 1)[1], expected, atol=1e-6)


def test_damping_is_exact_where_there_is_no_force():
    q, p = ops.zeros((1, 2)), ops.convert_to_tensor([[1.0, -2.0]])
    rate, step = 0.3, 0.5
    positions, momenta = INTEGRATORS["leapfrog"].path(
        ops.zeros_like, lambda p: p, q, p, step, 4, np.exp(-0.5 * step * rate)
    )
    times = step * np.arange(5)[:, None, None]
    expected = np.exp(-rate * times) * [[[1.0, -2.0]]]
    np.testing.assert_allclose(ops.convert_to_numpy(momenta), expected, atol=1e-6)
    for name in ("leapfrog-position", "runge-kutta"):
        with pytest.raises(ValueError, match="damping goes with"):
            INTEGRATORS[name].path(force, velocity, q, p, 0.1, 2, 0.9)
