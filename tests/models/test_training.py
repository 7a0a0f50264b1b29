"""`fit` on every backend, and what a training step may depend on."""

import keras
import numpy as np
import pytest
from keras import ops
from models.small_halo import moving_dots, small_halo

pytestmark = pytest.mark.backend


def compiled(**options):
    model = small_halo(**options)
    model.compile(keras.optimizers.Adam(1e-2))
    return model


def test_fit_lowers_every_clips_error_and_names_its_terms():
    model, data = compiled(decoded_frames=4, pixel_stddev=0.2), moving_dots(24)
    before = model.evaluate(data, batch_size=12, verbose=0, return_dict=True)
    history = model.fit(data, batch_size=12, epochs=15, verbose=0, shuffle=False)
    after = model.evaluate(data, batch_size=12, verbose=0, return_dict=True)
    names = {"loss", "reconstruction_loss", "content_kl", "motion_kl", "elbo"}
    assert set(history.history) == names == set(after)
    assert after["elbo"] > before["elbo"] + 20
    total = after["reconstruction_loss"] + after["content_kl"] + after["motion_kl"]
    assert after["loss"] == pytest.approx(total, rel=1e-4)
    assert after["elbo"] == pytest.approx(-total, rel=1e-4)


def test_own_train_step_equals_kerass():
    """The dispatcher adds nothing to Keras's inherited step but the backend's name."""
    results = []
    for inherited in (False, True):
        model, data = compiled(), moving_dots(12)
        if inherited:
            step = super(type(model).__mro__[3], model).train_step
            model.train_step = step
        history = model.fit(data, batch_size=6, epochs=3, verbose=0, shuffle=False)
        results.append(history.history)
    for name in results[0]:
        np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-4)


def test_warmup_and_free_bits_change_the_loss_as_they_say():
    data = moving_dots(6)
    outputs = None
    losses = {}
    for name, options in {
        "plain": {},
        "warmup": {"kl_warmup_steps": 10},
        "free": {"free_bits": 1000.0},
        "ramp": {
            "motion_kl_start": 2.0,
            "motion_kl_weight": 7.0,
            "motion_kl_ramp_steps": 20,
        },
        "ramp over": {"motion_kl_start": 2.0, "motion_kl_ramp_steps": 4},
    }.items():
        model = small_halo(**options)
        if outputs is None:
            outputs = model(data, training=False)
        model.step.assign(4)
        losses[name] = float(model.compute_loss(x=data, y_pred=outputs))
        assert int(ops.convert_to_numpy(model.step)) == 5
    terms = small_halo().loss_terms(outputs)
    terms = {k: float(ops.mean(v)) for k, v in terms.items()}
    kl = terms["content_kl"] + terms["motion_kl"]
    recon = terms["reconstruction_loss"]
    assert losses["plain"] == pytest.approx(recon + kl, rel=1e-5)
    assert losses["warmup"] == pytest.approx(recon + 0.4 * kl, rel=1e-5)
    assert losses["free"] == pytest.approx(recon + 2000.0, rel=1e-5)
    ramped = recon + terms["content_kl"] + 3.0 * terms["motion_kl"]
    assert losses["ramp"] == pytest.approx(ramped, rel=1e-5)
    assert losses["ramp over"] == losses["plain"]


def test_framewise_terms_fall_to_nothing():
    data = moving_dots(6)
    options = {"framewise_weight": 2.0, "consistency_weight": 3.0}
    model = small_halo(**options, framewise_ramp_steps=8)
    outputs = model(data, training=False)
    terms = {k: float(ops.mean(v)) for k, v in model.loss_terms(outputs).items()}
    bound = sum(terms[name] for name in model.bound_terms)
    extra = 2.0 * terms["framewise_loss"] + 3.0 * terms["consistency_loss"]
    for step, share in ((0, 1.0), (6, 0.25), (8, 0.0), (50, 0.0)):
        model.step.assign(step)
        loss = float(model.compute_loss(x=data, y_pred=outputs))
        assert loss == pytest.approx(bound + share * extra, rel=1e-5)
    copy = type(model).from_config(model.get_config())
    assert copy.ramps == model.ramps and copy.term_weights == model.term_weights


def test_extra_terms_of_the_papers_code_are_tracked():
    model = compiled(
        framewise_weight=1.0, consistency_weight=0.5, difference_weight=2.0
    )
    history = model.fit(moving_dots(6), batch_size=6, verbose=0).history
    for name in ("framewise_loss", "consistency_loss", "difference_loss"):
        assert np.isfinite(history[name]).all()
    outputs = model(moving_dots(6), training=False)
    terms = {k: ops.convert_to_numpy(v) for k, v in model.loss_terms(outputs).items()}
    truth = ops.convert_to_numpy(outputs["truth"])
    decoded = ops.convert_to_numpy(outputs["frames"])
    error = np.diff(truth, axis=1) - np.diff(decoded, axis=1)
    expected = (error**2).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(terms["difference_loss"], expected, rtol=1e-4)


def test_sample_weight_scales_a_clips_share():
    model, data = small_halo(), moving_dots(4)
    outputs = model(data, training=False)
    each = sum(
        ops.convert_to_numpy(value) for value in model.loss_terms(outputs).values()
    )
    weight = np.array([0.0, 1.0, 2.0, 0.0], "float32")
    loss = model.compute_loss(
        x=data, y_pred=outputs, sample_weight=ops.convert_to_tensor(weight)
    )
    assert float(loss) == pytest.approx(float((each * weight).mean()), rel=1e-5)


def test_target_times_replace_the_times_that_are_decoded():
    """With a flow of period 6, targets one period later are the same loss."""
    from halo_keras.dynamics import NormalFormDynamics

    dynamics = NormalFormDynamics(2, 3, harmonics=[1, 2], period=6.0, name="dynamics")
    model, data = small_halo(dynamics=dynamics), moving_dots(4)
    losses = []
    for loops in (0, 1, 50):
        times = np.tile(np.arange(6.0) + 6 * loops, (4, 1)).astype("float32")
        outputs = model(dict(data, target_times=times), training=False)
        terms = model.loss_terms(outputs)
        losses.append(ops.convert_to_numpy(terms["reconstruction_loss"]))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-4)


def test_content_is_read_from_content_frames():
    """The pass with another clip's content is that clip's motion swapped onto it."""
    model, data = small_halo(), moving_dots(6)
    other = moving_dots(6, seed=1)["frames"]
    outputs = model({**data, "content_frames": other}, training=False)
    last = data["frames"].shape[1] - 1
    encoding = model.encode(data["frames"], data["action"], reference=last)
    expected = model.decode(
        model.encode_content(other), encoding.state, np.arange(last + 1)
    )
    made = np.clip(ops.convert_to_numpy(outputs["frames"]), 0.0, 1.0)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    own = ops.convert_to_numpy(model(data, training=False)["frames"])
    assert np.abs(own - ops.convert_to_numpy(outputs["frames"])).max() > 1e-4
    same = model({**data, "content_frames": data["frames"]}, training=False)
    np.testing.assert_allclose(ops.convert_to_numpy(same["frames"]), own, atol=1e-6)
