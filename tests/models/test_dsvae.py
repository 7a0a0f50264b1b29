"""DSVAE's bound and its baselines against plain NumPy and exact answers."""

import keras
import numpy as np
import pytest
from keras import ops
from models.lstm_oracle import kl, lstm_step, numpy, prior_of, sigmoid
from models.small_dsvae import (
    RANGE,
    SHAPE,
    gliding_tones,
    small_dsvae,
    small_rnn,
    spectra,
)
from models.small_halo import LinearDecoder, moving_dots

from halo_keras.layers import FrameEncoder
from halo_keras.models import DSVAE
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


@pytest.mark.parametrize("posterior", ["factorised", "full"])
def test_the_kl_sums_each_frames_own_and_leaves_padding_out(posterior):
    model, data = small_dsvae(posterior=posterior), moving_dots(4)
    mask = np.ones((4, 6), "float32")
    mask[1, 4:] = 0
    outputs = model({**data, "mask": mask}, training=False)
    q = model.posterior(data["frames"], mask=mask)
    mean, var = numpy(q.state.mean), np.exp(numpy(q.state.log_var))
    expected = (mask * kl(mean, var, *prior_of(model, mean))).sum(axis=1)
    np.testing.assert_allclose(numpy(outputs["motion_kl"]), expected, rtol=1e-4)
    content, spread = numpy(q.content.mean), np.exp(numpy(q.content.log_var))
    np.testing.assert_allclose(
        numpy(outputs["content_kl"]), kl(content, spread, 0.0, 1.0), rtol=1e-4
    )


def test_the_bound_is_the_evidence_less_the_posterior_gap():
    """ELBO(q) = ln p(x) - KL(q || p(f, z | x)), in closed form on the right.

    With a linear decoder and a prior without memory (its LSTM's weights are 0, so that
    p(z_t | z_{<t}) = N(b, diag e^c)) everything is Gaussian. The left side averages the
    model's own terms over its draws in training.
    """
    encoder = FrameEncoder(SHAPE, channels=(8,), features=12, name="encoder")
    parts = {"frame_shape": SHAPE, "encoder": encoder, "decoder": LinearDecoder(SHAPE)}
    model = small_dsvae(parts, pixel_stddev=0.5)
    for weight in model.motion_prior.lstm.weights:
        weight.assign(np.zeros(weight.shape, "float32"))
    shift, spread = np.array([0.7, -0.4]), np.array([0.5, 1.6])
    model.motion_prior.head.mean.bias.assign(shift)
    model.motion_prior.head.log_var.bias.assign(np.log(spread))
    data = moving_dots(2)
    q = model.posterior(data["frames"])
    draws = 300
    many = {"frames": np.repeat(data["frames"], draws, axis=0)}
    terms = model.loss_terms(model(many, training=True))
    each = -sum(numpy(value) for value in terms.values()).reshape(2, draws)
    kernel, bias = (numpy(w) for w in model.decoder.dense.weights)
    length, pixels = 6, kernel.shape[1]
    sizes = np.r_[np.ones(3), np.tile(spread, length)]  # prior variances of [f, z]
    centre = np.r_[np.zeros(3), np.tile(shift, length)]
    a = np.zeros((length * pixels, 3 + 2 * length))
    for t in range(length):
        rows = slice(t * pixels, (t + 1) * pixels)
        a[rows, :3] = kernel[:3].T
        a[rows, 3 + 2 * t : 5 + 2 * t] = kernel[3:].T
    for clip in range(2):
        x = (data["frames"][clip] / 255).reshape(-1) - np.tile(bias, length)
        precision = np.diag(1 / sizes) + a.T @ a / 0.25
        covariance = np.linalg.inv(precision)
        mean = covariance @ (a.T @ x / 0.25 + centre / sizes)
        total = a @ np.diag(sizes) @ a.T + 0.25 * np.eye(len(x))
        residual = x - a @ centre
        evidence = -0.5 * (
            residual @ np.linalg.solve(total, residual)
            + np.linalg.slogdet(2 * np.pi * total)[1]
        )
        own_mean = np.r_[numpy(q.content.mean)[clip], numpy(q.state.mean)[clip].ravel()]
        own = np.exp(
            np.r_[numpy(q.content.log_var)[clip], numpy(q.state.log_var)[clip].ravel()]
        )
        gap = 0.5 * (
            np.trace(precision @ np.diag(own))
            + (mean - own_mean) @ precision @ (mean - own_mean)
            - len(own)
            + np.linalg.slogdet(covariance)[1]
            - np.log(own).sum()
        )
        error = each[clip].std() / np.sqrt(draws)
        assert each[clip].mean() == pytest.approx(evidence - gap, abs=5 * error + 0.05)


def test_full_posterior_sees_content_and_other_frames_and_factorised_does_not():
    frames = moving_dots(2)["frames"]
    changed = frames.copy()
    changed[:, 5] = 255 - changed[:, 5]
    moved = {}
    for posterior in ("factorised", "full"):
        model = small_dsvae(posterior=posterior)
        states = [numpy(model.posterior(x).state.mean) for x in (frames, changed)]
        moved[posterior] = np.abs(states[0] - states[1]).max(axis=(0, 2))
    assert moved["factorised"][5] > 1e-3 < moved["full"].min()
    np.testing.assert_allclose(moved["factorised"][:5], 0, atol=1e-6)
    model = small_dsvae(posterior="full")
    features = model.frame_features(frames / np.float32(255))
    ones = np.ones((2, 6), "float32")
    read = [
        numpy(
            model.motion_posterior(features, np.full((2, 3), c, "float32"), ones).mean
        )
        for c in (0, 2)
    ]
    assert np.abs(read[0] - read[1]).max() > 1e-3


def test_reconstruction_loss_of_both_likelihoods():
    data = moving_dots(3)
    x = data["frames"] / 255
    model = small_dsvae(likelihood="bernoulli")
    outputs = model(data, training=False)
    p = sigmoid(numpy(outputs["decoded"]))
    expected = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3, 4))
    found = numpy(model.loss_terms(outputs)["reconstruction_loss"])
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(model.reconstruct(data["frames"]), p, atol=1e-5)
    with pytest.raises(ValueError, match="bernoulli likelihood has no sigma"):
        _ = model.sigma
    model = small_dsvae(pixel_stddev=None)
    outputs = model(data, training=False)
    error = (x - numpy(outputs["decoded"])) ** 2 / 0.01 / 2
    constant = np.log(0.1 * np.sqrt(2 * np.pi))
    expected = (error + constant).sum(axis=(1, 2, 3, 4))
    found = numpy(model.loss_terms(outputs)["reconstruction_loss"])
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_subset_of_frames_has_the_same_expected_loss():
    data = moving_dots(1)
    model = small_dsvae(decoded_frames=2)
    # Confident posteriors: what is left to chance is which frames are decoded.
    for head in (model.motion_network.head, model.content_network.head):
        head.log_var.bias.assign(np.full(head.dim, -14.0))
    whole = model.loss_terms(model(data, training=False))["reconstruction_loss"]
    many = {"frames": np.repeat(data["frames"], 400, axis=0)}
    outputs = model(many, training=True)
    assert tuple(outputs["truth"].shape[:2]) == (400, 2)
    each = numpy(model.loss_terms(outputs)["reconstruction_loss"])
    error = each.std() / np.sqrt(len(each))
    assert each.mean() == pytest.approx(numpy(whole)[0], abs=5 * error)


def test_prefixes_are_of_every_length_and_as_often_as_asked():
    model = small_dsvae(prefix_rate=0.5)
    seen = numpy(model._seen(ops.ones((4000, 6)), 6))
    lengths = seen.sum(axis=1)
    np.testing.assert_array_equal(seen, np.arange(6) < lengths[:, None])
    shares = np.bincount(lengths.astype(int), minlength=7) / 4000
    expected = np.r_[0, np.full(6, 0.5 / 6)] + np.r_[np.zeros(6), 0.5]
    np.testing.assert_allclose(shares, expected, atol=0.03)


@pytest.mark.parametrize("recurrence", ["lstm-f", "lstm-c"])
def test_the_baselines_motion_follows_from_one_latent(recurrence):
    model, data = small_rnn(recurrence=recurrence), moving_dots(3)
    latent = np.random.default_rng(1).normal(size=(3, 2))
    rolled = numpy(model.hidden_states(latent.astype("float32"), 9))
    hidden = cell = np.zeros((3, 7))
    inputs = latent
    if recurrence == "lstm-f":
        kernel, bias = (numpy(w) for w in model.start.weights)
        hidden, cell = np.split(latent @ kernel + bias, 2, axis=-1)
        inputs = np.zeros((3, 1))
    for time in range(9):
        hidden, cell = lstm_step(model.lstm, inputs, hidden, cell)
        np.testing.assert_allclose(rolled[:, time], hidden, atol=1e-5)
    outputs = model(data, training=False)
    q = model.posterior(data["frames"]).state
    expected = kl(numpy(q.mean), np.exp(numpy(q.log_var)), 0.0, 1.0)
    np.testing.assert_allclose(numpy(outputs["motion_kl"]), expected, rtol=1e-4)


@pytest.mark.parametrize(
    "make, options",
    [
        (small_dsvae, {"decoded_frames": 4, "pixel_stddev": 0.2}),
        (small_dsvae, {"posterior": "full", "pixel_stddev": 0.2}),
        (small_rnn, {"prefix_rate": 0.3, "pixel_stddev": 0.2}),
        (small_rnn, {"recurrence": "lstm-c", "pixel_stddev": 0.2}),
    ],
)
def test_fit_raises_the_bound(make, options):
    model, data = make(**options), moving_dots(24)
    model.compile(keras.optimizers.Adam(1e-2))
    before = model.evaluate(data, batch_size=12, verbose=0, return_dict=True)
    history = model.fit(data, batch_size=12, epochs=12, verbose=0, shuffle=False)
    after = model.evaluate(data, batch_size=12, verbose=0, return_dict=True)
    names = {"loss", "reconstruction_loss", "content_kl", "motion_kl", "elbo"}
    assert set(history.history) == names == set(after)
    assert after["elbo"] > before["elbo"] + 20
    total = after["reconstruction_loss"] + after["content_kl"] + after["motion_kl"]
    assert after["elbo"] == pytest.approx(-total, rel=1e-4)


def test_spectrograms_train_and_come_back_in_their_range():
    model, data = small_dsvae(spectra(), pixel_stddev=0.2), gliding_tones(16)
    assert (model.kind, model.frame_shape) == ("spectrogram", (12,))
    model.compile(keras.optimizers.Adam(2e-2))
    model.fit(data, batch_size=16, epochs=60, verbose=0)
    made = model.reconstruct(data["frames"])
    low, high = RANGE
    assert made.shape == data["frames"].shape and made.dtype == np.float32
    assert low <= made.min() and made.max() <= high
    wrong = np.mean((made - data["frames"]) ** 2) / np.var(data["frames"])
    assert wrong < 0.5, wrong
    outputs = model(data, training=False)
    unit = (data["frames"] - low) / (high - low)
    np.testing.assert_allclose(numpy(outputs["truth"]), unit, atol=1e-6)
    with pytest.raises(ValueError, match=r"\[-9, 3\].*from -20 to"):
        model.reconstruct(data["frames"] - 11 + 0 * low)
    with pytest.raises(TypeError, match="floats in"):
        model.reconstruct(np.zeros((2, 6, 12), "uint8"))
    with pytest.raises(ConfigError, match="value_range"):
        DSVAE((12,))
    with pytest.raises(ConfigError, match="pictures are in"):
        DSVAE((8, 8, 1), value_range=(0.0, 2.0))


def test_batches_that_step_otherwise_are_refused():
    model, data = small_dsvae(), moving_dots(2)
    for key in ("times", "target_times"):
        with pytest.raises(ValueError, match=f"steps from frame to frame.*{key}"):
            model({**data, key: np.tile(np.arange(6.0), (2, 1))})
