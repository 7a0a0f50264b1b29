"""DSVAE's verbs: what they keep, what they draw, what they refuse."""

import numpy as np
import pytest
from models.lstm_oracle import prior_of
from models.small_dsvae import gliding_tones, small_dsvae, small_rnn, spectra
from models.small_halo import moving_dots

from halo_keras.models.replica import ReplicaSeedGenerator

pytestmark = pytest.mark.backend
CLIPS = moving_dots(6)["frames"]


@pytest.fixture(scope="module")
def model():
    model = small_dsvae()
    # Weights of a fresh prior are small; these make what it expects change visibly.
    for weight in model.motion_prior.lstm.weights:
        weight.assign(3.0 * weight)
    return model.fit_prior({"frames": CLIPS})


def test_the_prior_goes_on_from_what_was_seen(model):
    encoding = model.encode(CLIPS)
    assert encoding.state.shape == (6, 6, 2) and not encoding.action.any()
    latents = encoding.state.astype("float64")
    for _ in range(3):
        longer = np.concatenate([latents, np.zeros((6, 1, 2))], axis=1)
        latents = np.concatenate([latents, prior_of(model, longer)[0][:, -1:]], axis=1)
    expected = model.decode(encoding.content, latents, range(9))
    made = model.forecast(CLIPS, [0, 8, 5, 6])
    np.testing.assert_allclose(made, expected[:, [0, 8, 5, 6]], atol=1e-4)
    np.testing.assert_allclose(model.reconstruct(CLIPS), expected[:, :6], atol=1e-5)
    assert np.abs(expected[:, 8] - expected[:, 5]).max() > 1e-3


def test_draws_of_what_follows_have_the_priors_law(model):
    state = np.repeat(model.encode(CLIPS[:1]).state, 3000, axis=0)
    rolled = model.roll(state, 7, _generator(0))
    np.testing.assert_allclose(rolled[:, :6], state, atol=1e-6)
    padded = np.concatenate([state[:1].astype("float64"), np.zeros((1, 1, 2))], axis=1)
    mean, variance = (part[0, -1] for part in prior_of(model, padded))
    error = np.sqrt(variance / 3000)
    assert (np.abs(rolled[:, 6].mean(0) - mean) < 5 * error).all()
    np.testing.assert_allclose(rolled[:, 6].var(0), variance, rtol=0.15)


def test_seeds_repeat_and_differ(model):
    one, again, other = (model.forecast(CLIPS, range(9), seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-4
    means = model.forecast(CLIPS, range(9))
    np.testing.assert_array_equal(means, model.forecast(CLIPS, range(9)))


def test_swaps_take_content_here_and_motion_there(model):
    parts = model.features(CLIPS)
    assert set(parts) == {"content", "motion"}
    np.testing.assert_array_equal(parts["content"], model.encode_content(CLIPS))
    expected = model.decode(parts["content"], parts["motion"][::-1], range(6))
    np.testing.assert_allclose(
        model.swap_motion(CLIPS, CLIPS[::-1]), expected, atol=1e-6
    )
    fast = model.swap_motion(CLIPS, CLIPS[::-1], tempo=2, times=[0, 1, 2])
    np.testing.assert_allclose(fast, expected[:, [0, 2, 4]], atol=1e-6)
    one = model.swap_motion(CLIPS[0], CLIPS[1], action="motion")
    both = model.decode(parts["content"][:1], parts["motion"][1:2], range(6))
    np.testing.assert_allclose(one, both[0], atol=1e-5)


def test_drawn_motion_is_kept_over_contents_and_drawn_content_over_motions(model):
    """The same seed draws the same half, whatever the other half is."""
    a, b = CLIPS[:2], CLIPS[2:4]
    drawn = model.draw_state(2, 8, _generator(4))
    for frames in (a, b):
        made = model.sample_motion(frames, num_frames=8, seed=4)
        expected = model.decode(model.encode_content(frames), drawn, range(8))
        np.testing.assert_allclose(made, expected, atol=1e-5)
    content = model.fitted_content.sample(2, _generator(4))
    for frames in (a, b):
        made = model.sample_content(frames, seed=4)
        expected = model.decode(content, model.encode(frames).state, range(6))
        np.testing.assert_allclose(made, expected, atol=1e-5)
    assert model.sample(3, seed=1).shape == (3, 6, 8, 8, 1)


def _generator(seed):
    return ReplicaSeedGenerator(seed)


def test_contents_are_drawn_from_those_of_the_training_clips(model):
    contents = model.encode_content(CLIPS)
    drawn = model.fitted_content.sample(20_000, _generator(0))
    np.testing.assert_allclose(drawn.mean(0), contents.mean(0), atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(contents.T, ddof=0), atol=0.05)
    fresh = small_dsvae().fitted_content.sample(20_000, _generator(0))
    np.testing.assert_allclose(np.cov(fresh.T), np.eye(3), atol=0.05)
    examples = model.example_clips()
    assert examples["frames"].dtype == np.uint8 and len(examples["frames"]) == 12


def test_missing_frames_are_what_the_prior_expects(model):
    mask = np.ones((6, 6))
    mask[:, 3:5] = 0
    spoiled = CLIPS.copy()
    spoiled[:, 3:5] = 7
    found, other = (model.encode(frames, mask=mask) for frames in (CLIPS, spoiled))
    np.testing.assert_array_equal(found.state, other.state)
    np.testing.assert_array_equal(found.content, other.content)
    given = model.encode(CLIPS).state
    np.testing.assert_allclose(found.state[:, [0, 1, 2, 5]], given[:, [0, 1, 2, 5]])
    expected, _ = prior_of(model, found.state.astype("float64"))
    np.testing.assert_allclose(found.state[:, 3:5], expected[:, 3:5], atol=1e-4)
    filled = model.forecast(CLIPS, range(6), mask=mask)
    made = model.decode(found.content, found.state, range(6))
    np.testing.assert_array_equal(filled, made)


def test_one_picture_starts_a_clip(model):
    picture = CLIPS[0, 0]
    made = model.generate(picture, start="image", times=range(4))
    np.testing.assert_allclose(made, model.forecast(CLIPS[0, :1], range(4)), atol=1e-5)
    drawn = [model.generate(picture, seed=seed) for seed in (1, 2)]
    assert drawn[0].shape == (6, 8, 8, 1) and np.abs(drawn[0] - drawn[1]).max() > 1e-4


def test_times_and_actions_that_it_does_not_know(model):
    for times in ([0.5], [-1], [[0, 1], [1, 0]] * 2):
        with pytest.raises(ValueError, match="times"):
            model.forecast(CLIPS, times)
    with pytest.raises(ValueError, match="whole numbers >= 0.*received \\[1.5"):
        model.swap_motion(CLIPS, CLIPS, tempo=0.5, times=[3])
    with pytest.raises(ValueError, match="consecutive frames"):
        model.encode(CLIPS, times=[0, 2, 4, 6, 8, 10])
    with pytest.raises(ValueError, match="unknown action 'walk'.*1: motion"):
        model.encode(CLIPS, action="walk")
    with pytest.raises(ValueError, match="state must have shape \\(6, time, 2\\)"):
        model.decode(model.encode_content(CLIPS), np.zeros((6, 2)), [0])
    assert not model.infer_action(CLIPS).any()


@pytest.mark.parametrize("recurrence", ["lstm-f", "lstm-c"])
def test_baselines_forecast_from_the_latent_of_what_was_seen(recurrence):
    model = small_rnn(recurrence=recurrence).fit_prior({"frames": CLIPS})
    encoding = model.encode(CLIPS[:, :4])
    assert encoding.state.shape == (6, 2)
    made = model.forecast(CLIPS[:, :4], range(9))
    np.testing.assert_allclose(
        made, model.decode(encoding.content, encoding.state, range(9)), atol=1e-6
    )
    np.testing.assert_allclose(made[:, :4], model.reconstruct(CLIPS[:, :4]), atol=1e-5)
    assert model.features(CLIPS)["motion"].shape == (6, 1, 2)
    assert np.ptp(model.sample_motion(CLIPS[:1].repeat(5, 0), seed=2), axis=0).max() > 0
    one, other = (model.forecast(CLIPS, range(9), seed=seed) for seed in (1, 2))
    assert np.abs(one - other).max() > 1e-4


def test_spectra_are_scaled_once_whatever_verb_calls_whatever_verb():
    model = small_dsvae(spectra())
    frames = gliding_tones(3)["frames"]
    encoding = model.encode(frames)
    expected = model.decode(encoding.content, encoding.state, range(6))
    for made in (
        model.reconstruct(frames),
        model.forecast(frames, range(6)),
        model.swap_motion(frames, frames),
    ):
        np.testing.assert_allclose(made, expected, atol=1e-4)
    content = model.sample_content(frames, seed=3)
    assert content.shape == frames.shape and content.min() < -1
