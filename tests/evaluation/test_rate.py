"""Rate and distortion, against brute force."""

import keras
import numpy as np
import pytest
from likelihood_oracle import carried, dots, linear_halo, numpy
from models.small_halo import small_halo

from halo_keras.dynamics import NormalFormDynamics, SymplecticDynamics
from halo_keras.evaluation.rate import rate

KINDS = {
    "normal form": lambda: NormalFormDynamics(2, 1, num_frames=6, name="dynamics"),
    "symplectic": lambda: SymplecticDynamics(2, 1, init="identity", name="dynamics"),
}


def log_normal(x, mean, cov):
    """ln N(x; mean, cov) of rows, in float64."""
    residual = x - mean
    quadratic = (residual * np.linalg.solve(cov, residual.T).T).sum(1)
    log_det = np.linalg.slogdet(cov)[1]
    return -0.5 * (quadratic + log_det + len(cov) * np.log(2 * np.pi))


def brute_force_bits(mean, var, prior_mean, prior_cov, rng, draws=20000):
    """Mean over clips of E_q[log2 q - log2 p], and its Monte Carlo error."""
    totals, errors = [], []
    for m, v in zip(mean, var, strict=True):
        x = m + np.sqrt(v) * rng.normal(size=(draws, len(m)))
        each = log_normal(x, m, np.diag(v)) - log_normal(x, prior_mean, prior_cov)
        totals.append(each.mean())
        errors.append(each.std() / np.sqrt(draws))
    scale = len(totals) * np.log(2)
    return np.sum(totals) / scale, 4 * np.sqrt(np.sum(np.square(errors))) / scale


@pytest.mark.parametrize(
    ("kind", "prior"),
    [
        ("normal form", "training"),
        ("normal form", "fitted"),
        pytest.param("symplectic", "training", marks=pytest.mark.backend),
        pytest.param("symplectic", "fitted", marks=pytest.mark.backend),
    ],
)
def test_bits_against_monte_carlo(kind, prior, rng):
    """The carried prior's moments by F from moved unit vectors, q's by the model."""
    model, data = linear_halo(KINDS[kind]()), dots(8)
    model.fit_prior(data)
    reference, draws = 4, 16 if prior == "training" else 2000
    found = rate(model, data, prior, reference, num_draws=draws)
    q = model.posterior(data.frames, 0, reference=reference)
    flow = carried(model, reference)
    start = np.zeros(4), np.eye(4)
    content = np.zeros(3), np.eye(3)
    if prior == "fitted":
        fitted = model.fitted_prior
        scale = numpy(fitted.scale_tril)[0, 0]
        start = numpy(fitted.mean)[0, 0], scale @ scale.T
        scale = numpy(fitted.content_scale_tril)
        content = numpy(fitted.content_mean), scale @ scale.T
    for name, gaussian, (mean, cov) in (
        ("content", q.content, content),
        ("motion", q.state, (flow @ start[0], flow @ start[1] @ flow.T)),
    ):
        var = np.exp(numpy(gaussian.log_var))
        bits, error = brute_force_bits(numpy(gaussian.mean), var, mean, cov, rng)
        if prior == "fitted":
            error *= 1.0 + np.sqrt(20000 / draws)
        assert found[f"rate_{name}_bits"] == pytest.approx(bits, abs=error), name
    both = found["rate_content_bits"] + found["rate_motion_bits"]
    assert found["rate_bits"] == pytest.approx(both)


def test_distortion_against_the_public_verb(rng):
    """Draws decoded from time 0 by `decode`, all actions' states given."""
    model, data = small_halo(), dots(12, num_actions=3)
    found = rate(model, data, reference=2, batch_size=5)["rate_distortion_mse"]
    action = data.labels["action"]
    q = model.posterior(data.frames, action, reference=2)
    errors = []
    for _ in range(30):
        z, s = (
            numpy(g.mean)
            + np.exp(0.5 * numpy(g.log_var)) * rng.normal(size=np.shape(numpy(g.mean)))
            for g in (q.content, q.state)
        )
        back = model.dynamics.active_trajectory(
            s.astype("float32"), action.astype("int32"), [-2.0]
        )
        state = np.zeros((12, 3, 4), "float32")
        state[np.arange(12), action] = keras.ops.convert_to_numpy(back)[:, 0]
        made = model.decode(z, state, np.arange(6))
        errors.append(((made - data.frames / 255.0) ** 2).mean())
    assert found == pytest.approx(np.mean(errors), abs=6 * np.std(errors))


def test_padding_does_not_count():
    from dataclasses import replace

    model, data = small_halo(), dots(6, num_actions=3)
    mask = np.ones((6, 6), bool)
    mask[:, 4:] = False
    noise = data.frames.copy()
    noise[:, 4:] = 255
    options = {"reference": 1, "seed": 3}
    one = rate(model, replace(data, mask=mask), **options)
    other = rate(model, replace(data, mask=mask, frames=noise), **options)
    assert one["rate_distortion_mse"] == pytest.approx(
        other["rate_distortion_mse"], rel=1e-5
    )


def test_errors():
    model, data = small_halo(), dots(3, num_actions=3)
    with pytest.raises(ValueError, match="fit_prior"):
        rate(model, data, "fitted")
    with pytest.raises(ValueError, match="fitted"):
        rate(model, data, "fited")
    with pytest.raises(ValueError, match="num_draws"):
        rate(model, data, num_draws=0)


def test_it_is_a_protocol_of_sprites_and_likelihood_one_on_request():
    """Of models of the family HALO; likelihood takes longer than all the rest."""
    from dataclasses import replace

    from evaluation_oracle import Oracle, toy_clips

    from halo_keras.evaluation.sprites import PROTOCOLS, SUITE
    from halo_keras.evaluation.suite import Setting

    model, data = small_halo(), dots(6, num_actions=3)
    setting = Setting(model=model, test=data, verbose=0)
    found = SUITE.run(setting, ["rate"])
    assert found.pop("num_clips") == 6
    assert found == rate(model, data, reference=0)
    usual = SUITE.choose(None, setting)
    assert "rate" in usual and "likelihood" not in usual
    assert PROTOCOLS["likelihood"].lacks(setting) is None
    of_another = replace(setting, model=Oracle(toy_clips()))
    assert "rate" not in SUITE.choose(None, of_another)
    with pytest.raises(ValueError, match="'rate' cannot be run: .*models of halo only"):
        SUITE.run(of_another, ["rate"])
