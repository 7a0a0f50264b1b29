"""Every claim of every dynamics, recomputed."""

import numpy as np
import pytest
from dynamics_cases import BATCH, CASES, DIM, OPERATORS, make, numpy, states
from keras import ops

pytestmark = pytest.mark.backend


def tensor(x):
    return ops.convert_to_tensor(x)


def moved(dynamics, state, time):
    return numpy(dynamics.trajectory(state, [time]))[:, 0]


def jacobians(dynamics, state, time):
    """dF/ds of one operator at one state by central differences: (K, n, n)."""
    size, step = dynamics.state_dim, 1e-2
    eye = step * np.eye(size, dtype="float32")[:, None]
    forward = moved(dynamics, state + eye, time)
    back = moved(dynamics, state - eye, time)
    return ((forward - back) / (2 * step)).transpose(1, 2, 0)


@pytest.mark.parametrize("name", CASES)
def test_the_state_at_time_zero_is_the_given_one(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    np.testing.assert_allclose(moved(dynamics, state, 0), state, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_symplectic_means_that_the_jacobian_keeps_the_form(name, rng):
    dynamics = make(name)
    if not dynamics.has_momentum:
        assert not dynamics.is_symplectic
        return
    flow = jacobians(dynamics, states(dynamics, rng, 1), 3)
    form = np.kron([[0, 1], [-1, 0]], np.eye(DIM))
    residual = np.abs(flow.transpose(0, 2, 1) @ form @ flow - form).max()
    assert (residual < 2e-2) == dynamics.is_symplectic


@pytest.mark.parametrize("name", CASES)
def test_reversible_means_that_minus_t_undoes_t(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    if name == "recurrent":
        assert not dynamics.is_reversible
        with pytest.raises(ValueError, match="forward only"):
            dynamics.trajectory(state, [-1])
        return
    there = moved(dynamics, state, 7.25)
    residual = np.abs(moved(dynamics, there, -7.25) - state).max()
    assert (residual < 1e-4) == dynamics.is_reversible


@pytest.mark.parametrize("name", CASES)
def test_isometric_means_that_distances_are_kept(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)

    def distances(points):
        return np.linalg.norm(points[:, None] - points[None], axis=-1)

    residual = np.abs(distances(moved(dynamics, state, 5)) - distances(state)).max()
    assert (residual < 1e-5) == dynamics.is_isometric


@pytest.mark.parametrize("name", CASES)
def test_bounded_classes_stay_bounded_for_100_000_frames(name, rng):
    dynamics = make(name)
    if not dynamics.is_bounded:
        return
    state = states(dynamics, rng)
    # The recurrent one takes a step a frame; its bound is proved in its file.
    far = 300 if name == "recurrent" else 100_000
    y = numpy(dynamics.trajectory(state, [0, 1, far // 100, far]))
    assert np.isfinite(y).all()
    limit = 4 * np.linalg.norm(state, axis=-1).max() + 4
    assert np.linalg.norm(y, axis=-1).max() < limit


def test_a_generic_symplectic_operator_is_not_bounded(rng):
    dynamics = make("symplectic")
    assert not dynamics.is_bounded
    state = states(dynamics, rng)
    growth = np.abs(moved(dynamics, state, 64)).max() / np.abs(state).max()
    assert growth > 1e3


@pytest.mark.parametrize("name", CASES)
def test_standard_normal_is_kept(name, rng):
    dynamics = make(name)
    if not dynamics.has_momentum:
        assert not dynamics.preserves_standard_normal
        return
    # Kept if and only if volume and distance from the origin are.
    state = states(dynamics, rng)
    y = moved(dynamics, state, 3)
    radius = np.abs(np.sum(y**2, -1) - np.sum(state**2, -1)).max()
    volume = np.linalg.det(jacobians(dynamics, state[:1], 3))
    kept = radius < 1e-3 and np.abs(volume - 1).max() < 2e-2
    assert kept == dynamics.preserves_standard_normal


@pytest.mark.parametrize("name", CASES)
def test_energy_is_kept_over_1_000_frames_in_float32(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    if not dynamics.has_energy:
        with pytest.raises(ValueError, match="has no energy"):
            dynamics.energy(state)
        return
    if name == "symplectic":
        return  # float64 and t <= 8, in test_generators.py
    y = numpy(dynamics.trajectory(state, range(1001)))
    energy = numpy(dynamics.energy(y.reshape(-1, OPERATORS, dynamics.state_dim)))
    energy = energy.reshape(BATCH, 1001, OPERATORS)
    scale = np.pi * np.sum(state**2, axis=-1) / 2
    if name == "definite":
        scale = np.linalg.norm(numpy(dynamics.matrix), 2, axis=(1, 2)) * scale / np.pi
    error = np.abs(energy - energy[:, :1]) / scale[:, None]
    assert error.max() <= 1e-4


@pytest.mark.parametrize("name", CASES)
def test_flows_compose(name, rng):
    """F(a) F(b) = F(a + b), at times that are no multiples of each other."""
    dynamics = make(name)
    state = states(dynamics, rng)
    if name == "positional":
        return  # no flow, as its documentation says
    a, b = (2, 5) if name == "recurrent" else (1.3, 4.45)
    once = moved(dynamics, state, a + b)
    twice = moved(dynamics, moved(dynamics, state, b), a)
    np.testing.assert_allclose(twice, once, atol=3e-5, rtol=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_the_active_operator_is_the_one_of_all(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    action = np.array([2, 0, 1, 1, 2], dtype="int32")
    own = state[np.arange(BATCH), action]
    shared = [0, 1, 2, 3] if name == "recurrent" else [-2, 0.5, 1, 7]
    per_clip = np.arange(BATCH)[:, None] + np.arange(4)[None]
    for times in (range(6), shared, per_clip, tensor(per_clip)):
        every = numpy(dynamics.trajectory(state, times))
        active = numpy(dynamics.active_trajectory(own, action, times))
        position = numpy(dynamics.active_position(own, action, times))
        expected = every[np.arange(BATCH), :, action]
        np.testing.assert_allclose(active, expected, atol=1e-5, rtol=1e-4)
        np.testing.assert_allclose(position, active[..., :DIM], atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_shared_times_and_times_of_each_clip_agree(name, rng):
    dynamics = make(name)
    state = states(dynamics, rng)
    times = np.array([0.0, 1.0, 2.0, 4.0])
    shared = numpy(dynamics.trajectory(state, times))
    per_clip = numpy(dynamics.trajectory(state, np.tile(times, (BATCH, 1))))
    traced = numpy(dynamics.trajectory(state, tensor(times)))
    equal = numpy(dynamics.trajectory(state, range(5)))[:, [0, 1, 2, 4]]
    for other in (per_clip, traced, equal):
        np.testing.assert_allclose(other, shared, atol=1e-5, rtol=1e-4)
