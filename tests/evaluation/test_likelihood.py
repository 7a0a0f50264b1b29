"""The importance-weighted bound, against the exact ln p(x) of a linear HALO."""

import keras
import numpy as np
import pytest
from likelihood_oracle import dots, evidence, good_proposal, linear_halo, linear_map
from models.small_halo import small_halo

from halo_keras.dynamics import (
    LinearDynamics,
    NormalFormDynamics,
    PositionalEncoding,
    SymplecticDynamics,
)
from halo_keras.evaluation import likelihood as module
from halo_keras.evaluation.likelihood import importance_weighted_bound, likelihood

FLOWS = {
    "normal form": lambda: NormalFormDynamics(2, 1, num_frames=6, name="dynamics"),
    "symplectic": lambda: SymplecticDynamics(2, 1, init="identity", name="dynamics"),
    # Neither symplectic nor of unit determinant: the density changes along the flow.
    "linear": lambda: LinearDynamics(2, 1, std=0.4, name="dynamics"),
}


@pytest.fixture
def large_chunks(monkeypatch):
    """Fewer, larger chunks: these frames are small, and eager calls cost."""
    monkeypatch.setattr(module, "FRAMES_A_BATCH", 40_000)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        pytest.param("normal form", 0, marks=pytest.mark.backend),
        ("normal form", 3),
        ("symplectic", 3),
        ("linear", 0),
        pytest.param("linear", 3, marks=pytest.mark.backend),
    ],
)
@pytest.mark.usefixtures("large_chunks")
def test_with_a_good_proposal_it_is_the_evidence(kind, reference):
    model, data = linear_halo(FLOWS[kind]()), dots(3)
    frames = data.frames / np.float32(255)
    found = importance_weighted_bound(
        model,
        frames,
        0,
        num_samples=4000,
        proposal=good_proposal(model, frames, reference),
    )
    a, b = linear_map(model)
    for clip in range(3):
        exact = evidence(a, b, frames[clip].reshape(-1).astype("float64"))
        assert found.effective_samples[clip] > 100
        # ln of a mean of weights errs by 1 / sqrt(their effective number).
        error = 5.0 / np.sqrt(found.effective_samples[clip])
        assert found.bound[clip] == pytest.approx(exact, abs=error)
        assert found.elbo[clip] < found.bound[clip]


def test_a_wrong_prior_density_would_be_seen():
    """The linear flow's determinant is far from 1, so leaving it out would show."""
    model = linear_halo(FLOWS["linear"]())
    trace = np.trace(keras.ops.convert_to_numpy(model.dynamics.generator())[0])
    assert abs(3 * trace) > 0.5


@pytest.mark.usefixtures("large_chunks")
def test_it_rises_with_the_number_of_draws_and_stays_below(rng):
    model, data = linear_halo(FLOWS["normal form"]()), dots(2)
    frames = data.frames / np.float32(255)
    q = good_proposal(model, frames, 0, widen=3.0)
    a, b = linear_map(model)
    exact = [evidence(a, b, x.reshape(-1).astype("float64")) for x in frames]
    bounds = [
        np.mean(
            [
                importance_weighted_bound(
                    model, frames, 0, num_samples=k, proposal=q, seed=seed
                ).bound
                for seed in range(20)
            ],
            axis=0,
        )
        for k in (1, 10, 100)
    ]
    assert (bounds[0] < bounds[1]).all() and (bounds[1] < bounds[2]).all()
    assert (bounds[2] < np.array(exact) + 0.1).all()


@pytest.mark.parametrize("prior", ["training", "fitted"])
@pytest.mark.parametrize("prior_kind", ["standard", "mixture"])
def test_tensorflow_probability_says_the_same(prior, prior_kind):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow Probability reads TensorFlow's tensors")
    pytest.importorskip("tensorflow_probability")
    model = small_halo(prior_kind=prior_kind, num_components=2)
    data = dots(6, num_actions=3)
    model.fit_prior(data)
    given = (model, data.frames, data.labels["action"])
    options = {"num_samples": 30, "prior": prior, "seed": 4}
    ours = importance_weighted_bound(*given, **options)
    theirs = importance_weighted_bound(*given, densities="tfp", **options)
    # Of frames in single precision, whose first batch is traced anew.
    near = {"rtol": 1e-6, "atol": 1e-4}
    np.testing.assert_allclose(ours.bound, theirs.bound, **near)
    np.testing.assert_allclose(ours.elbo, theirs.elbo, **near)


def test_chunks_do_not_change_the_answer(monkeypatch):
    model, data = small_halo(), dots(3, num_actions=3)
    given = (model, data.frames, data.labels["action"])
    whole = importance_weighted_bound(*given, num_samples=40)
    monkeypatch.setattr(module, "FRAMES_A_BATCH", 40)
    parts = importance_weighted_bound(*given, num_samples=40)
    again = importance_weighted_bound(*given, num_samples=40)
    # Draws come in another order, as content and state are drawn chunk by chunk.
    assert (np.abs(parts.elbo - whole.elbo) < 0.2 * np.abs(whole.elbo)).all()
    assert np.array_equal(parts.bound, again.bound)


def test_the_split_as_a_dict():
    model, data = small_halo(), dots(6, num_actions=3)
    found = likelihood(model, data, num_samples=8, num_clips=4, batch_size=3)
    assert found["likelihood_num_clips"] == 4
    assert found["likelihood_num_samples"] == 8
    assert found["likelihood_elbo"] < found["likelihood_bound"]
    assert 1.0 <= found["likelihood_effective_samples"] <= 8.0
    values = 6 * 8 * 8 * 1
    bits = -found["likelihood_bound"] / values / np.log(2)
    assert found["likelihood_bits_per_dim"] == pytest.approx(bits)


@pytest.mark.backend
def test_errors():
    model, data = small_halo(), dots(3, num_actions=3)
    given = (model, data.frames, data.labels["action"])
    with pytest.raises(ValueError, match="fit_prior"):
        importance_weighted_bound(*given, num_samples=2, prior="fitted")
    with pytest.raises(ValueError, match="training"):
        importance_weighted_bound(*given, prior="trained")
    with pytest.raises(ValueError, match="at least 1"):
        importance_weighted_bound(*given, num_samples=0)
    if keras.backend.backend() != "tensorflow":
        with pytest.raises(RuntimeError, match="KERAS_BACKEND"):
            importance_weighted_bound(*given, num_samples=2, densities="tfp")
    clock = small_halo(dynamics=PositionalEncoding(2, 3, name="dynamics"))
    clock.fit_prior(data)
    late = clock.posterior(data.frames, data.labels["action"], reference=2)
    with pytest.raises(ValueError, match="reference=0"):
        importance_weighted_bound(
            clock, data.frames, num_samples=2, proposal=late, prior="fitted"
        )
