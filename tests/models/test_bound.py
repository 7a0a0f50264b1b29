"""HALO's bound against exact linear-Gaussian answers and brute force."""

import numpy as np
import pytest
from keras import ops
from models.small_halo import SHAPE, LinearDecoder, moving_dots, small_halo

from halo_keras.dynamics import (
    ActionAngleDynamics,
    NormalFormDynamics,
    OrthogonalDynamics,
    SymplecticDynamics,
)
from halo_keras.models.decoded_frames import drawn_frames, take_frames
from halo_keras.models.motion_kl import motion_kl
from halo_keras.ops.gaussian import DiagonalGaussian

pytestmark = pytest.mark.backend


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def linear_halo(dynamics, **options):
    decoder = LinearDecoder(SHAPE, name="decoder")
    return small_halo(dynamics=dynamics, decoder=decoder, **options)


def linear_map(model, dynamics, times):
    """A, b with the clip's mean = A [z, s_0] + b, from the decoder's own weights."""
    kernel, bias = (numpy(w) for w in model.decoder.dense.weights)
    content, pixels = model.content_dim, kernel.shape[1]
    bias = bias + numpy(model.equilibrium)[0] @ kernel[content:]
    rows = []
    for time in times:
        flow = numpy(dynamics.flow(float(time)))[0]
        position = flow[: dynamics.position_dim]
        rows.append(np.hstack([kernel[:content].T, kernel[content:].T @ position]))
    return np.vstack(rows), np.tile(bias, len(times)), pixels


def exact_evidence_and_posterior(a, b, x, sigma):
    """ln p(x), and the Gaussian posterior of [z, s_0] under N(0, I)."""
    size = a.shape[1]
    precision = np.eye(size) + a.T @ a / sigma**2
    cov = np.linalg.inv(precision)
    mean = cov @ a.T @ (x - b) / sigma**2
    residual = x - b
    log_det = 2 * len(x) * np.log(sigma) + np.linalg.slogdet(precision)[1]
    quadratic = residual @ residual / sigma**2 - mean @ precision @ mean
    evidence = -0.5 * (quadratic + log_det + len(x) * np.log(2 * np.pi))
    return evidence, mean, cov


def gaussian_kl(mean_q, cov_q, mean_p, cov_p):
    inverse = np.linalg.inv(cov_p)
    difference = mean_p - mean_q
    return 0.5 * (
        np.trace(inverse @ cov_q)
        + difference @ inverse @ difference
        - len(mean_q)
        + np.linalg.slogdet(cov_p)[1]
        - np.linalg.slogdet(cov_q)[1]
    )


@pytest.mark.parametrize("reference", [0, 3])
@pytest.mark.parametrize(
    "kind", [NormalFormDynamics, OrthogonalDynamics, SymplecticDynamics]
)
def test_bound_is_the_evidence_less_the_posterior_gap(kind, reference):
    """ELBO(q) = ln p(x) - KL(q || p(z, s_0 | x)), all in closed form on the right.

    The left side averages the model's own terms over draws of its posterior, with the
    prior transported to the reference frame; the gap is at time 0, where q is carried
    back by the flow.
    """
    options = {"num_frames": 6} if kind is NormalFormDynamics else {}
    if kind is SymplecticDynamics:
        options = {"init": "identity"}
    dynamics = kind(2, 1, name="dynamics", **options)
    model = linear_halo(dynamics, pixel_stddev=0.5)
    batch = moving_dots(2, num_actions=1)
    frames = batch["frames"] / np.float32(255)
    times = np.arange(6.0)
    q = model.posterior(frames, 0, reference=reference)
    a, b, _ = linear_map(model, dynamics, times)
    back = numpy(dynamics.flow(-times[reference]))[0]
    z_mean, s_mean = numpy(q.content.mean), numpy(q.state.mean)
    z_var, s_var = numpy(ops.exp(q.content.log_var)), numpy(ops.exp(q.state.log_var))
    start = np.full(2, times[reference], "float32")
    draws = 400
    total = np.zeros(2)
    rng = np.random.default_rng(3)
    from halo_keras.ops.likelihood import gaussian_log_likelihood

    for _ in range(draws):
        z = (z_mean + np.sqrt(z_var) * rng.normal(size=z_mean.shape)).astype("float32")
        s = (s_mean + np.sqrt(s_var) * rng.normal(size=s_mean.shape)).astype("float32")
        relative = np.tile(times - times[reference], (2, 1)).astype("float32")
        position = dynamics.active_position(s, np.zeros(2, "int32"), relative)
        decoded = model.decode_active(z, position, np.zeros(2, "int32"))
        likelihood = gaussian_log_likelihood(
            ops.convert_to_tensor(frames), decoded, model.pixel_stddev
        )
        total += numpy(likelihood).sum(1)
    kl = motion_kl(model, q.state, q.state.mean, np.zeros(2, "int32"), start)
    bound = total / draws - numpy(kl) - numpy(q.content.kl_standard())
    for clip in range(2):
        x = frames[clip].reshape(-1).astype("float64")
        evidence, mean, cov = exact_evidence_and_posterior(a, b, x, model.pixel_stddev)
        s_cov = back @ np.diag(s_var[clip]) @ back.T
        q_mean = np.concatenate([z_mean[clip], back @ s_mean[clip]])
        q_cov = np.zeros_like(cov)
        q_cov[:3, :3] = np.diag(z_var[clip])
        q_cov[3:, 3:] = s_cov
        expected = evidence - gaussian_kl(q_mean, q_cov, mean, cov)
        # The likelihood's Monte Carlo error over the draws, some 1e-3 of its value.
        assert bound[clip] == pytest.approx(expected, rel=5e-3, abs=2.0)
        assert bound[clip] < evidence + 2.0


def test_evidence_agrees_with_tensorflow_probabilitys_state_space_model():
    """The closed form above, against TFP's LinearGaussianStateSpaceModel."""
    tfp = pytest.importorskip("tensorflow_probability.substrates.numpy")
    tfd = tfp.distributions
    dynamics = NormalFormDynamics(2, 1, num_frames=6, name="dynamics")
    model = linear_halo(dynamics, pixel_stddev=0.5)
    x = moving_dots(1, num_actions=1)["frames"][0].reshape(6, -1) / 255.0
    a, b, pixels = linear_map(model, dynamics, np.arange(6.0))
    evidence, _, _ = exact_evidence_and_posterior(a, b, x.reshape(-1), 0.5)
    size = a.shape[1]
    transition = np.eye(size)
    transition[3:, 3:] = numpy(dynamics.flow(1.0))[0]
    process = tfd.LinearGaussianStateSpaceModel(
        num_timesteps=6,
        transition_matrix=transition,
        transition_noise=tfd.MultivariateNormalDiag(
            scale_diag=np.full(size, 1e-7), loc=np.zeros(size)
        ),
        observation_matrix=a[:pixels],
        observation_noise=tfd.MultivariateNormalDiag(
            loc=b[:pixels], scale_diag=np.full(pixels, 0.5)
        ),
        initial_state_prior=tfd.MultivariateNormalDiag(
            loc=np.zeros(size), scale_diag=np.ones(size)
        ),
    )
    assert float(process.log_prob(x)) == pytest.approx(evidence, abs=1e-3)


@pytest.mark.parametrize("prior_kind", ["learned", "mixture"])
def test_learned_priors_kl_against_monte_carlo(prior_kind, rng):
    dynamics = ActionAngleDynamics(2, 2, name="dynamics")
    if prior_kind == "learned":
        dynamics = NormalFormDynamics(2, 2, num_frames=6, name="dynamics")
    model = small_halo(dynamics=dynamics, prior_kind=prior_kind, num_components=3)
    for weight in model.state_prior.weights:
        shape = tuple(weight.shape)
        weight.assign(0.5 * rng.normal(size=shape).astype("float32"))
    count = 20000
    mean = np.tile([[0.3, -0.5, 0.8, 0.1]], (count, 1)).astype("float32")
    q = DiagonalGaussian(mean, np.full_like(mean, -1.0))
    action, start = np.ones(count, "int32"), np.full(count, 2.5, "float32")
    sample = (mean + np.exp(-0.5) * rng.normal(size=mean.shape)).astype("float32")
    got = numpy(motion_kl(model, q, ops.convert_to_tensor(sample), action, start))
    back = dynamics.active_trajectory(sample, action, -start[:, None])[:, 0]
    draws = numpy(q.log_prob(ops.convert_to_tensor(sample)))
    draws -= numpy(model.state_prior.distribution(action).log_prob(back))
    error = 4 * draws.std() / np.sqrt(count)
    assert got.mean() == pytest.approx(draws.mean(), abs=error)


def test_decoded_subset_leaves_the_expected_loss_alone():
    """Mean over draws of the subset's loss = the loss on every frame, mean fixed."""
    model = small_halo(decoded_frames=2, one_frame_rate=0.0)
    batch = moving_dots(6)
    frames = ops.cast(batch["frames"], "float32") / 255.0
    everything = ops.zeros_like(frames)
    full = ops.sum(ops.square(frames - everything), axis=(1, 2, 3, 4))
    totals = []
    for _ in range(300):
        chosen, scale = drawn_frames(frames, 2, model.seed_generator)
        assert tuple(chosen.shape) == (6, 2)
        rows = numpy(chosen)
        assert (rows[:, 0] != rows[:, 1]).all(), "drawn without replacement"
        truth = take_frames(frames, chosen)
        part = scale * numpy(ops.sum(ops.square(truth), axis=(1, 2, 3, 4)))
        totals.append(part)
    totals = np.array(totals)
    error = 4 * totals.std(0) / np.sqrt(len(totals)) + 1e-6
    assert (np.abs(totals.mean(0) - numpy(full)) < error).all()


def test_loss_is_the_weighted_sum_of_its_terms_and_masks_padding():
    model = small_halo(content_kl_weight=0.5, motion_kl_weight=3.0)
    batch = moving_dots(4)
    outputs = model(batch, training=False)
    terms = {k: numpy(v) for k, v in model.loss_terms(outputs).items()}
    loss = float(model.compute_loss(x=batch, y_pred=outputs, training=False))
    expected = terms["reconstruction_loss"] + 0.5 * terms["content_kl"]
    expected = expected + 3.0 * terms["motion_kl"]
    assert loss == pytest.approx(expected.mean(), rel=1e-5)
    # Padding after the end of a clip changes nothing.
    padded = dict(batch, mask=np.ones((4, 8), "float32"))
    padded["mask"][:, 6:] = 0.0
    noise = np.random.default_rng(0).integers(0, 255, (4, 2, *SHAPE)).astype("uint8")
    padded["frames"] = np.concatenate([batch["frames"], noise], axis=1)
    other = {
        k: numpy(v) for k, v in model.loss_terms(model(padded, training=False)).items()
    }
    for name in terms:
        np.testing.assert_allclose(other[name], terms[name], rtol=1e-4, err_msg=name)


def test_learned_sigma_is_best_at_the_root_mean_squared_error():
    """ln sigma + MSE / (2 sigma^2) a pixel is least at sigma^2 = MSE."""
    model = small_halo(pixel_stddev=None)
    batch = moving_dots(6)
    outputs = model(batch, training=False)
    error = numpy(outputs["truth"]) - numpy(outputs["frames"])
    best = np.sqrt(np.mean(error**2))

    def loss(sigma):
        model.log_sigma.assign(np.log(sigma))
        return numpy(model.loss_terms(outputs)["reconstruction_loss"]).mean()

    pixels = error[0].size
    expected = pixels * (np.log(best) + 0.5 * np.log(2 * np.pi) + 0.5)
    assert loss(best) == pytest.approx(expected, rel=1e-4)
    assert loss(best) < min(loss(0.95 * best), loss(1.05 * best))
