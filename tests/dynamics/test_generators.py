"""Linear dynamics against SciPy's exponential of their generators, in float64."""

import keras
import numpy as np
import pytest
import scipy.linalg
from dynamics_cases import BATCH, DIM, OPERATORS, make, numpy, states

pytestmark = pytest.mark.backend
HAMILTONIAN = ["symplectic", "definite", "orthogonal", "normal_form", "periodic"]
FORM = np.kron([[0, 1], [-1, 0]], np.eye(DIM))


def double(name):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX computes in float32 unless it is told otherwise at the start")
    return make(name, dtype="float64")


def exponential(generator, time):
    return np.stack([scipy.linalg.expm(time * k) for k in generator])


@pytest.mark.parametrize("name", HAMILTONIAN)
def test_generators_are_hamiltonian(name):
    """K' J + J K = 0."""
    k = numpy(make(name).generator())
    assert k.shape == (OPERATORS, 2 * DIM, 2 * DIM)
    assert np.abs(k.transpose(0, 2, 1) @ FORM + FORM @ k).max() < 1e-6


@pytest.mark.parametrize("name", HAMILTONIAN)
def test_flows_are_symplectic_and_a_group(name):
    dynamics = double(name)
    here, there, back = (numpy(dynamics.flow(t)) for t in (2.5, 5.5, -2.5))
    form = here.transpose(0, 2, 1) @ FORM @ here
    both = numpy(dynamics.flow(8.0))
    np.testing.assert_allclose(form, FORM + np.zeros_like(form), atol=1e-10)
    np.testing.assert_allclose(here @ back, np.eye(2 * DIM) + 0 * form, atol=1e-10)
    np.testing.assert_allclose(here @ there, both, atol=1e-9, rtol=1e-9)
    if dynamics.is_isometric:
        turned = here.transpose(0, 2, 1) @ here
        np.testing.assert_allclose(turned, np.eye(2 * DIM) + 0 * form, atol=1e-10)


@pytest.mark.parametrize("name", [*HAMILTONIAN, "linear"])
@pytest.mark.parametrize("times", [range(9), [-4, -2.5, 0, 0.5, 8], [6, 4, 2, 0]])
def test_trajectories_against_scipy(name, times, rng):
    dynamics = double(name)
    state = states(dynamics, rng).astype("float64")
    found = numpy(dynamics.trajectory(state, times))
    generator = numpy(dynamics.generator())
    padded = state
    if name == "linear":
        padded = np.concatenate([state, np.ones((BATCH, OPERATORS, 1))], axis=-1)
    for index, time in enumerate(times):
        flow = exponential(generator, time)
        expected = np.einsum("kij,bkj->bki", flow, padded)[..., : 2 * DIM]
        np.testing.assert_allclose(found[:, index], expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", HAMILTONIAN)
def test_energy_is_half_s_m_s_and_kept(name, rng):
    dynamics = double(name)
    state = states(dynamics, rng).astype("float64")
    m = -FORM @ numpy(dynamics.generator())  # K = J M
    energy = numpy(dynamics.energy(state))
    expected = np.einsum("bki,kij,bkj->bk", state, m, state) / 2
    np.testing.assert_allclose(energy, expected, rtol=1e-9, atol=1e-12)

    y = numpy(dynamics.trajectory(state, range(9))).reshape(-1, OPERATORS, 2 * DIM)
    later = numpy(dynamics.energy(y)).reshape(BATCH, 9, OPERATORS)
    scale = np.linalg.norm(m, 2, axis=(1, 2)) * np.sum(state**2, axis=-1) / 2
    error = np.abs(later - energy[:, None]) / scale[:, None]
    assert error.max() < 1e-8


def test_float64_on_jax_says_what_to_set():
    if keras.backend.backend() != "jax":
        pytest.skip("only JAX turns float64 into float32 by itself")
    with pytest.raises(ValueError, match="JAX_ENABLE_X64"):
        make("normal_form", dtype="float64")


def test_symplectic_starts():
    """The paper's start is indefinite; the other one is definite."""
    for init, definite in (("orthogonal", False), ("identity", True)):
        matrix = numpy(make("symplectic", init=init).matrix)
        values = np.linalg.eigvalsh(matrix)
        np.testing.assert_allclose(matrix, matrix.transpose(0, 2, 1))
        assert (values.min() > 0) == definite
    matrix = numpy(make("symplectic", init="orthogonal", std=1.0).matrix)
    assert 0.5 < np.abs(np.linalg.eigvalsh(matrix)).max() <= np.sqrt(2) + 1e-5
