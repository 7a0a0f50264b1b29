"""HGN: the bound against NumPy, every way of learning, and faults of public code."""

import keras
import numpy as np
import pytest
from backend_gradients import gradients
from keras import ops
from models.small_hgn import SHAPE, small_hgn, swinging_dots

from halo_keras.dynamics import (
    ActionAngleDynamics,
    NeuralHamiltonian,
    NeuralODE,
    NormalFormDynamics,
    RecurrentDynamics,
)
from halo_keras.schema import ConfigError

CLIPS = swinging_dots()


def numpy(x):
    return ops.convert_to_numpy(x)


def terms_of(model, training=False, clips=CLIPS):
    outputs = model.call({"frames": ops.convert_to_tensor(clips)}, training=training)
    terms = {name: numpy(term) for name, term in model.loss_terms(outputs).items()}
    return outputs, terms


def frames_at(model, states, times):
    """Frames of states at the reference frame, each step a call of its own."""
    rolled = numpy(model.dynamics.trajectory(numpy(states)[:, None], times))[:, :, 0]
    return np.stack(
        [numpy(model.decode_states(rolled[:, t])) for t in range(len(times))], axis=1
    )


@pytest.mark.backend
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_the_bound_is_the_one_that_numpy_computes(direction):
    model = small_hgn(direction=direction)
    _, terms = terms_of(model)
    x = CLIPS / 255.0
    shown, times = (
        (x[:, :3], range(8))
        if direction == "forward"
        else (
            x[:, -3:],
            range(0, -10, -1),
        )
    )
    truth = x[:, 2:] if direction == "forward" else x[:, ::-1]
    q = model.latent_posterior(shown.astype("float32"))
    mean, log_var = numpy(q.mean), numpy(q.log_var) + 0 * numpy(q.mean)
    made = frames_at(model, mean, times)
    log_likelihood = -0.5 * ((truth - made) / 0.2) ** 2 - 0.5 * np.log(
        2 * np.pi * 0.2**2
    )
    # log_var is a log-variance: taken for a standard deviation, this would differ.
    kl = 0.5 * np.sum(np.exp(log_var) + mean**2 - 1 - log_var, axis=1)
    expected = -log_likelihood.sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(terms["reconstruction_loss"], expected, rtol=1e-4)
    np.testing.assert_allclose(terms["motion_kl"], kl, rtol=1e-4)
    assert model.term_weights == {"reconstruction_loss": 1.0, "motion_kl": 1.0}


@pytest.mark.backend
def test_both_ways_are_drawn_and_each_is_its_own():
    model = small_hgn(posterior="deterministic")
    outputs, terms = terms_of(model, training=True)
    ways = {}
    for direction in ("forward", "backward"):
        twin = small_hgn(direction=direction, posterior="deterministic")
        twin.set_weights(model.get_weights())
        ways[direction], _ = terms_of(twin)
    forward, backward = (numpy(ways[name]["frames"]) for name in ways)
    found, went = numpy(outputs["frames"]), []
    for clip in range(len(CLIPS)):
        errors = [
            np.abs(found[clip] - way[clip, : found.shape[1]]).max()
            for way in (forward, backward)
        ]
        assert min(errors) < 1e-4 < max(errors)
        went.append(int(np.argmin(errors)))
    assert 0 < sum(went) < len(CLIPS)


def test_a_random_subset_of_frames_is_unbiased():
    every = small_hgn(direction="forward", posterior="deterministic")
    _, whole = terms_of(every)
    some = small_hgn(direction="forward", posterior="deterministic", decoded_frames=2)
    some.set_weights(every.get_weights())
    clips = np.repeat(CLIPS[:1], 400, axis=0)
    outputs, terms = terms_of(some, training=True, clips=clips)
    assert outputs["frames"].shape[1] == 2
    drawn = terms["reconstruction_loss"]
    error = drawn.std() / np.sqrt(len(drawn))
    assert abs(drawn.mean() - whole["reconstruction_loss"][0]) < 4 * error
    assert error > 0


def test_deterministic_means_that_nothing_is_drawn():
    model = small_hgn(posterior="deterministic", direction="forward")
    first, terms = terms_of(model, training=True)
    again, _ = terms_of(model, training=True)
    np.testing.assert_array_equal(numpy(first["frames"]), numpy(again["frames"]))
    assert set(terms) == {"reconstruction_loss"}
    drawing = small_hgn(direction="forward")
    one, other = (terms_of(drawing, training=True)[0]["frames"] for _ in range(2))
    assert np.abs(numpy(one) - numpy(other)).max() > 1e-4


def test_nothing_keeps_states_or_energies_above_zero():
    """ReLU on (q, p) and softplus on H, in public code, restrict the model."""
    for options in ({}, {"transform_hidden": 8}):
        model = small_hgn(**options)
        states = model.encode(CLIPS).state
        assert (states < 0).any() and (states > 0).any()
    model = small_hgn(NeuralHamiltonian(3, hidden=[8]), transform_hidden=8)
    for network in (model.dynamics.potential, model.dynamics.kinetic):
        network[-1].assign(-np.ones(network[-1].shape))
    assert (model.energy(CLIPS) < 0).all()


def test_momenta_are_not_seen():
    model = small_hgn()
    states = numpy(model.infer_state(CLIPS[:, :3] / np.float32(255)))
    other = states + np.array([0, 0, 0, 1, 1, 1], "float32")
    np.testing.assert_array_equal(
        numpy(model.decode_states(states)), numpy(model.decode_states(other))
    )


@pytest.mark.backend
def test_geco_minimises_the_kl_under_its_constraint():
    model = small_hgn(objective="geco", tolerance=0.01, direction="forward")
    model.log_multiplier.assign(0.7)
    outputs, terms = terms_of(model)
    wrong = (numpy(outputs["truth"]) - numpy(outputs["frames"])) ** 2 - 0.01
    expected = np.exp(0.7) * wrong.sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(terms["constraint_loss"], expected, rtol=1e-4)
    weights = {"reconstruction_loss": 0.0, "constraint_loss": 1.0, "motion_kl": 1.0}
    assert model.term_weights == weights
    outputs = {key: np.float32(numpy(value)) for key, value in outputs.items()}
    fixed = {key: ops.convert_to_tensor(value) for key, value in outputs.items()}

    def loss(multiplier, frames):
        with keras.StatelessScope(state_mapping=[(model.log_multiplier, multiplier)]):
            terms = model.loss_terms({**fixed, "frames": frames})
            return ops.sum(terms["constraint_loss"])

    point = np.float32(0.7), outputs["frames"]
    of_multiplier, of_frames = gradients(loss, *point)
    # Descent raises the multiplier where the constraint is violated, and lowers wrong.
    np.testing.assert_allclose(of_multiplier, -expected.sum(), rtol=1e-4)
    slope = -2 * np.exp(0.7) * (outputs["truth"] - outputs["frames"])
    np.testing.assert_allclose(of_frames, slope, rtol=1e-3, atol=1e-4)


DYNAMICS = {
    "action-angle": lambda: ActionAngleDynamics(3),
    "normal-form": lambda: NormalFormDynamics(3, num_frames=10),
    "ode": lambda: NeuralODE(3, hidden=[8], num_frames=10),
    "recurrent": lambda: RecurrentDynamics(3, num_frames=10),
    "grid": lambda: NeuralHamiltonian(8, hidden=[4], grid=[2, 2], num_frames=10),
}


@pytest.mark.parametrize("name", DYNAMICS)
def test_one_model_with_any_dynamics(name):
    options = {"direction": "forward"} if name == "recurrent" else {}
    if name == "grid":
        options |= {"encoder": None, "decoder": None, "transform_hidden": 4}
    model = small_hgn(DYNAMICS[name](), **options)
    _, terms = terms_of(model, training=True)
    assert all(np.isfinite(term).all() for term in terms.values())
    first = model.forecast(CLIPS[:, :3], times=range(12))
    assert first.shape == (8, 12, *SHAPE) and np.isfinite(first).all()
    if name == "recurrent":
        assert model.forward_only
        with pytest.raises(ValueError, match="forward only"):
            model.forecast(CLIPS[:, :3], times=[-1])
        return
    # The state is inferred at frame 2: in the verbs' clock that is time 2.
    states = model.infer_state(CLIPS[:, :3] / np.float32(255))
    direct = frames_at(model, states, [-2, 0, 3])
    np.testing.assert_allclose(
        first[:, [0, 2, 5]], np.clip(direct, 0, 1), atol=2e-3 if name == "ode" else 1e-4
    )
    before = model.forecast(CLIPS[:, -3:], times=[-7, 2])
    assert before.shape == (8, 2, *SHAPE)


@pytest.mark.backend
def test_training_lowers_the_loss_through_fit():
    model = small_hgn(decoded_frames=4, posterior="deterministic", pixel_stddev=None)
    model.compile(keras.optimizers.Adam(3e-3))
    clips = swinging_dots(32)
    history = model.fit({"frames": clips}, batch_size=16, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] - 100
    assert {"loss", "elbo", "reconstruction_loss"} == set(history)


def test_verbs():
    model = small_hgn(num_components=2).fit_prior({"frames": CLIPS})
    encoding = model.encode(CLIPS)
    assert encoding.state.shape == (8, 1, 6) and encoding.content.shape == (8, 0)
    np.testing.assert_array_equal(encoding.action, np.zeros(8))
    once = model.sample(3, seed=4)
    assert once.shape == (3, 10, *SHAPE)
    np.testing.assert_array_equal(once, model.sample(3, seed=4))
    assert model.example_clips()["frames"].shape[1:] == (10, *SHAPE)
    assert model.reconstruct(CLIPS[0]).shape == (10, *SHAPE)
    early = model.reconstruct(CLIPS, reference=2)
    same = model.forecast(CLIPS[:, :3], times=range(10))
    np.testing.assert_allclose(early, same, atol=1e-5)
    energy = model.energy(CLIPS[:, :3], times=range(40))
    assert energy.shape == (8, 40)
    assert np.ptp(energy, axis=1).max() < 0.2 * np.ptp(energy[:, 0])


@pytest.mark.parametrize(
    "call, match",
    [
        (lambda m: m.encode(CLIPS[:, :2]), "from 3 consecutive frames.*at least 3"),
        (lambda m: m.encode(CLIPS, reference=1), "from 2 to 9, received 1"),
        (lambda m: m.encode(CLIPS, times=range(1, 11)), "consecutive frames"),
        (lambda m: m.encode(CLIPS, action="walk"), "knows 1: motion"),
        (lambda m: m.forecast(CLIPS, times=[0.5]), r"multiples of 1/1.*action-angle"),
        (lambda m: m.swap_motion(CLIPS, CLIPS), "HGN has no content"),
        (lambda m: m.generate(CLIPS[0, 0], "motion"), "HGN has no content"),
        (lambda m: m.call({"frames": CLIPS[:, :3]}), "received clips of 3 frames"),
        (lambda m: m.call({"frames": CLIPS, "mask": 1}), "the batch has 'mask'"),
    ],
)
def test_what_cannot_be_asked(call, match):
    with pytest.raises(ValueError, match=match):
        call(small_hgn())


@pytest.mark.parametrize(
    "options, match",
    [
        ({"dynamics": ActionAngleDynamics(3, 2)}, "num_operators=1, received 2"),
        ({"inference_frames": 11}, "at most num_frames=10"),
        ({"inference_frames": None}, 'set direction="backward"'),
        ({"dynamics": RecurrentDynamics(3)}, "cannot go back"),
        ({"objective": "geco", "posterior": "deterministic"}, "has none"),
        ({"posterior": "deterministc"}, "did you mean 'deterministic'"),
        ({"encoder": None}, "but its decoder|multiples|frame_shape"),
    ],
)
def test_arguments_that_do_not_fit(options, match):
    if "encoder" in options:
        from halo_keras.layers import FrameEncoder

        options = {"encoder": FrameEncoder((16, 16, 1))}
        match = "its encoder has"
    with pytest.raises(ConfigError, match=match):
        small_hgn(**options)
