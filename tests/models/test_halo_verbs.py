"""What HALO's verbs promise, and what they answer to bad input."""

import keras
import numpy as np
import pytest
from keras import ops
from models.small_halo import SHAPE, moving_dots, small_halo

from halo_keras import from_pretrained
from halo_keras.dynamics import NormalFormDynamics, OrthogonalDynamics
from halo_keras.models import HALO
from halo_keras.models.replica import ReplicaSeedGenerator
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def model():
    model = small_halo()
    return model.fit_prior(moving_dots(30))


@pytest.fixture(scope="module")
def clips():
    return moving_dots(6)


def test_time_zero_is_the_first_frame_whatever_the_reference(model, clips):
    """Decoding at the clip's times = decoding from the reference with shifted times."""
    q = model.posterior(clips["frames"], clips["action"], reference=4)
    direct = model.dynamics.active_position(
        q.state.mean, clips["action"], np.arange(6.0) - 4.0
    )
    encoding = model.encode(clips["frames"], clips["action"], reference=4)
    rolled = model.dynamics.trajectory(encoding.state, np.arange(6.0))
    position = ops.convert_to_numpy(model.dynamics.position(rolled))
    active = position[np.arange(6), :, clips["action"]]
    np.testing.assert_allclose(active, ops.convert_to_numpy(direct), atol=1e-5)
    others = np.delete(position, clips["action"][0], axis=2)[0]
    assert (others == 0).all()


def test_uint8_floats_and_single_clips_agree(model, clips):
    frames, action = clips["frames"], clips["action"]
    whole = model.reconstruct(frames, action)
    assert whole.dtype == np.float32 and 0 <= whole.min() and whole.max() <= 1
    np.testing.assert_allclose(
        model.reconstruct(frames.astype("float32") / 255, action), whole, atol=1e-5
    )
    one = model.reconstruct(frames[2], int(action[2]))
    np.testing.assert_allclose(one, whole[2], atol=1e-5)


def test_names_and_ids_are_the_same_action(clips):
    dynamics = NormalFormDynamics(2, 3, num_frames=6, name="dynamics")
    model = small_halo(dynamics=dynamics, action_names=["slow", "middle", "fast"])
    np.testing.assert_array_equal(
        model.reconstruct(clips["frames"][0], "fast"),
        model.reconstruct(clips["frames"][0], 2),
    )


def test_swap_takes_content_from_one_and_motion_from_the_other(model, clips):
    frames, action = clips["frames"], clips["action"]
    swapped = model.swap_motion(frames[:2], frames[2:4], action=action[2:4])
    by_hand = model.decode(
        model.encode_content(frames[:2]),
        model.encode(frames[2:4], action[2:4]).state,
        np.arange(6),
    )
    np.testing.assert_allclose(swapped, by_hand, atol=1e-6)
    # One content for many motions, and the other way round.
    assert model.swap_motion(frames[0], frames, action=action).shape == frames.shape
    assert model.swap_motion(frames, frames[0], action=0).shape == frames.shape


@pytest.mark.parametrize("tempo", [2, 0.5, 1.0, -1, np.float32(-1.5), 0])
def test_tempo_scales_the_times(model, clips, tempo):
    frames, action = clips["frames"], clips["action"]
    pair = {"content_from": frames[:2], "motion_from": frames[2:4]}
    made = model.swap_motion(**pair, action=action[2:4], tempo=tempo)
    times = [float(tempo) * t for t in range(6)]
    by_hand = model.swap_motion(**pair, action=action[2:4], times=times)
    np.testing.assert_allclose(made, by_hand, atol=1e-6)
    some = [[0.0, 3.0, -2.5], [1.0, 8.0, 4.0]]
    made = model.swap_motion(**pair, action=action[2:4], times=some, tempo=tempo)
    times = [[float(tempo) * t for t in row] for row in some]
    by_hand = model.swap_motion(**pair, action=action[2:4], times=times)
    np.testing.assert_allclose(made, by_hand, atol=1e-6)


@pytest.mark.parametrize("tempo", [np.nan, np.inf, "2", None, [1, 2], True])
def test_bad_tempo(model, clips, tempo):
    with pytest.raises(ValueError, match="tempo must be a finite real number"):
        model.swap_motion(clips["frames"], clips["frames"], action=0, tempo=tempo)


def test_swap_between_clips_of_different_length(model, clips):
    """One by one, and padded to one length in a batch: the same frames."""
    frames, action = clips["frames"], clips["action"]
    contents, motions = (1, 4, 6), (5, 6, 2)
    alone = [
        model.swap_motion(
            frames[i, : contents[i]], frames[3 + i, : motions[i]], int(action[3 + i])
        )
        for i in range(3)
    ]
    assert [len(clip) for clip in alone] == list(motions)
    by_hand = model.decode(
        model.encode_content(frames[1:2, :4]),
        model.encode(frames[4:5], int(action[4])).state,
        np.arange(6),
    )
    np.testing.assert_allclose(alone[1], by_hand[0], atol=1e-6)
    padded = frames.copy()
    masks = np.arange(6) < np.array([*contents, *motions])[:, None]
    padded[~masks] = 255
    together = model.swap_motion(
        padded[:3],
        padded[3:],
        action[3:],
        content_mask=masks[:3],
        motion_mask=masks[3:],
    )
    for i in range(3):
        np.testing.assert_allclose(together[i, : motions[i]], alone[i], atol=1e-5)
    plain = model.swap_motion(padded[:3], padded[3:], action[3:])
    assert np.abs(plain - together).max() > 1e-3


def test_motion_given_at_its_own_times(model, clips):
    """One clip at half speed for two contents: shown at its times, not at 0, 1, ..."""
    frames, times = clips["frames"], 0.5 * np.arange(6)
    made = model.swap_motion(frames[:2], frames[3], action=1, motion_times=times[None])
    by_hand = model.decode(
        model.encode_content(frames[:2]),
        np.repeat(model.encode(frames[3], 1, times).state, 2, axis=0),
        times,
    )
    np.testing.assert_allclose(made, by_hand, atol=1e-6)


def test_compose_of_one_motion_is_the_swap(model, clips):
    frames, action = clips["frames"], clips["action"]
    swap = model.swap_motion(frames[:2], frames[2:4], action=action[2:4])
    alone = model.compose(frames[:2], [(frames[2:4], action[2:4])])
    np.testing.assert_allclose(alone, swap, atol=1e-6)
    both = model.compose(frames[:1], [(frames[0], 0), (frames[1], 1)])
    assert both.shape == (1, *frames.shape[1:])
    with pytest.raises(ValueError, match="one motion"):
        model.compose(frames[:1], [(frames[0], 0), (frames[3], 0)])


def test_forecast_runs_backward_and_between_frames(model, clips):
    times = [-8, 0.5, 1, 400]
    frames = model.forecast(clips["frames"], times, action=clips["action"])
    assert frames.shape == (6, 4, *SHAPE)
    same = model.forecast(clips["frames"], [1], action=clips["action"])
    np.testing.assert_allclose(frames[:, 2:3], same, atol=1e-6)


def test_irregular_times_reach_the_same_state(model, clips):
    """A clip without its frame 3, with its real times, is decoded at any time."""
    keep = [0, 1, 2, 4, 5]
    encoding = model.encode(
        clips["frames"][:, keep], clips["action"], times=np.array(keep, "float64")
    )
    assert encoding.state.shape == (6, 3, 4)
    with pytest.raises(ValueError, match="one time for each"):
        model.encode(clips["frames"], clips["action"], times=[0, 1])


def test_a_clip_shown_backward_is_the_same_clip(model, clips):
    """Frames in any order, each at its time: the same latents, the same frames."""
    frames, action = clips["frames"], clips["action"]
    whole = model.encode(frames, action)
    for order in ([5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]):
        given = frames[:, order], np.asarray(order, "float64")
        found = model.encode(given[0], action, times=given[1])
        for one, other in zip(found, whole, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        shown = model.reconstruct(given[0], action, times=given[1])
        np.testing.assert_allclose(
            shown, model.reconstruct(frames, action)[:, order], atol=1e-5
        )
        np.testing.assert_array_equal(
            model.infer_action(given[0], times=given[1]), model.infer_action(frames)
        )
        # A reference is counted as the frames are given, padding comes last.
        np.testing.assert_allclose(
            model.encode(given[0], action, times=given[1], reference=1).state,
            model.encode(frames, action, reference=order[1]).state,
            atol=1e-5,
        )
        padded = np.pad(given[0], ((0, 0), (0, 2)) + ((0, 0),) * 3)
        mask = np.arange(8) < 6
        found = model.encode(padded, action, times=[*order, 0, 0], mask=mask[None])
        np.testing.assert_allclose(found.state, whole.state, atol=1e-5)


def test_sampling_is_seeded_and_keeps_what_it_is_told_to(model, clips):
    first = model.sample(3, action="1", seed=7)
    np.testing.assert_array_equal(first, model.sample(3, action="1", seed=7))
    assert np.abs(first - model.sample(3, action="1", seed=8)).max() > 1e-4
    kept = model.sample(2, content_from=clips["frames"][:2], action=1, seed=0)
    assert kept.shape == (2, 6, *SHAPE)
    moved = model.sample(2, motion_from=clips["frames"][0], action=0, seed=0)
    assert moved.shape == (2, 6, *SHAPE)


def test_samples_follow_the_fitted_density(model):
    """Mean and covariance of many drawn states, against the training clips'."""
    data = moving_dots(30)
    states = model.encode(data["frames"], data["action"]).state
    own = states[data["action"] == 1, 1]
    drawn = model._start_states(np.full(4000, 1, "int32"), ReplicaSeedGenerator(3))[
        :, 1
    ]
    scale = own.std(0) + 1e-3
    assert (np.abs(drawn.mean(0) - own.mean(0)) / scale).max() < 0.15
    assert (np.abs(drawn.std(0) - own.std(0)) / scale).max() < 0.15


def test_generate_starts_from_the_prior_or_from_the_picture(model, clips):
    picture = clips["frames"][0, 0]
    mean = model.generate(picture, "1")
    assert mean.shape == (6, *SHAPE)
    np.testing.assert_array_equal(mean, model.generate(picture, "1"))
    assert np.abs(mean - model.generate(picture, "1", seed=1)).max() > 1e-5
    own = model.generate(picture, "0", start="image", times=[0])
    state = model.encode(picture[None], 0).state
    expected = model.decode(model.encode_content(picture[None]), state, [0])
    np.testing.assert_allclose(own, expected[0], atol=1e-6)
    with pytest.raises(ConfigError, match="start must be one of"):
        model.generate(picture, "1", start="imagen")


def test_energy_is_constant_and_half_the_quadratic_form(model, clips):
    times = np.linspace(-50, 50, 11)
    energy = model.energy(clips["frames"], clips["action"], times=times)
    assert energy.shape == (6, 11)
    np.testing.assert_allclose(energy, np.tile(energy[:, :1], 11), rtol=2e-4)
    encoding = model.encode(clips["frames"], clips["action"])
    generator = ops.convert_to_numpy(model.dynamics.generator())
    form = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    for clip, action in enumerate(clips["action"]):
        state = encoding.state[clip, action].astype("float64")
        symmetric = -form @ generator[action]  # M = J^{-1} K
        expected = 0.5 * state @ symmetric @ state
        assert energy[clip, 0] == pytest.approx(expected, rel=1e-4)


def test_infer_action_is_the_argmax_of_the_scores_by_hand(model, clips):
    """One clip and one action at a time, through the public verbs and NumPy only."""
    frames = clips["frames"][:3]
    scores = model.action_scores(frames)
    for clip in range(3):
        x = frames[clip].astype("float64") / 255
        for action in range(3):
            q = model.posterior(frames[clip], action)
            mean = ops.convert_to_numpy(q.state.mean).astype("float64")
            log_var = ops.convert_to_numpy(q.state.log_var).astype("float64")
            kl = 0.5 * np.sum(np.exp(log_var) + mean**2 - 1 - log_var)
            state = np.zeros((1, 3, 4))
            state[0, action] = mean
            content = ops.convert_to_numpy(q.content.mean)
            # `decode` clips to [0, 1], which the likelihood does not.
            rolled = model.dynamics.trajectory(state, np.arange(6.0) - 5.0)
            active = np.eye(3, dtype="float32")[[action]]
            decoded = model.decode_positions(
                content, model.dynamics.position(rolled), active
            )
            error = np.sum((x - ops.convert_to_numpy(decoded)[0]) ** 2)
            sigma = model.pixel_stddev
            log_p = -error / (2 * sigma**2) - x.size * np.log(
                sigma * np.sqrt(2 * np.pi)
            )
            assert scores[clip, action] == pytest.approx(log_p - kl, rel=1e-4)
    np.testing.assert_array_equal(model.infer_action(frames), scores.argmax(1))
    with pytest.raises(ValueError, match="at least 2 frames"):
        model.infer_action(frames[:, :1])


@pytest.mark.parametrize("stddev", [0.05, 0.5])
def test_infer_action_skips_no_action_that_could_win(rng, stddev):
    """Against the full scores, where actions are hard to tell and frames masked."""
    model = small_halo(pixel_stddev=stddev)
    model.equilibrium.assign(np.zeros((3, 2)))
    # Untrained positions hardly differ between clips: one action would win them all.
    kernel = model.position_head.mean.kernel
    kernel.assign(8.0 * ops.convert_to_numpy(kernel))
    frames = rng.integers(0, 255, (40, 6, *SHAPE)).astype("uint8")
    mask = np.ones((40, 6), "float32")
    mask[::2, 4:] = 0
    for options in ({}, {"mask": mask}):
        scores = model.action_scores(frames, **options)
        found = model.infer_action(frames, **options)
        chosen = scores[np.arange(40), found]
        np.testing.assert_allclose(chosen, scores.max(axis=1), atol=1e-3)
        assert len(set(found.tolist())) > 1
    two = model.infer_action(frames[:, :2])  # no frame is left after two
    np.testing.assert_array_equal(two, model.action_scores(frames[:, :2]).argmax(1))


def test_infer_action_of_a_trained_model_decodes_few_frames(monkeypatch):
    """Of its own clips, of the same ones backward, and of noise."""
    model = from_pretrained("halo-tiny")
    frames = model.example_clips()["frames"][:4]
    clips = [frames, frames[:, ::-1], np.random.default_rng(0).random(frames.shape)]
    decoded, decode = [], model.decode_active
    # On JAX the 4 clips are padded to 8 after the first stage.
    spare = 2 if keras.backend.backend() == "jax" else 1

    def counted(content, position, action):
        decoded.append(position.shape[0] * position.shape[1])
        return decode(content, position, action)

    monkeypatch.setattr(model, "decode_active", counted)
    for shown in clips:
        scores = model.action_scores(shown)
        whole = sum(decoded)
        found = model.infer_action(shown)
        np.testing.assert_array_equal(found, scores.argmax(axis=1))
        count, least = sum(decoded) - whole, len(shown) * (3 + 15)
        assert whole == len(shown) * 3 * 16 and least <= count <= spare * whole
        if shown is clips[0]:
            assert count <= 1.5 * spare * least
        decoded.clear()


def test_frames_that_are_not_finite_lose_and_masked_ones_do_not_count(monkeypatch):
    model, frames = small_halo(), moving_dots(4)["frames"]
    mask, decode = np.ones(frames.shape[:2]), model.decode_active
    mask[:, 5] = 0

    def broken(content, position, action):
        made = np.array(ops.convert_to_numpy(decode(content, position, action)))
        made[np.asarray(action) != 1, -1] = np.nan  # the last frame of each call
        return made

    monkeypatch.setattr(model, "decode_active", broken)
    assert (model.infer_action(frames) == 1).all()
    assert (model.action_scores(frames)[:, [0, 2]] == -np.inf).all()
    assert np.isfinite(model.action_scores(frames, mask=mask)).all()


def test_many_clips_are_decoded_as_one_by_one_whatever_the_weights(monkeypatch):
    """By the compiled decoder, which is made once and follows the weights."""
    from halo_keras.models import halo_generation

    model, times = small_halo(), np.arange(6.0)
    encoding = model.encode(moving_dots(9)["frames"], 1)
    layers = len(model.layers)
    for factor in (1.0, 1.5):
        kernel = model.decoder.pixels.kernel
        kernel.assign(factor * ops.convert_to_numpy(kernel))
        single = [
            model.decode(encoding.content[[i]], encoding.state[[i]], times)
            for i in range(9)
        ]
        with monkeypatch.context() as patch:
            patch.setattr(halo_generation, "FRAMES_A_BATCH", 12)
            many = model.decode(encoding.content, encoding.state, times)
        np.testing.assert_allclose(many, np.concatenate(single), atol=1e-5)
    assert model._decoder_call is not None and len(model.layers) == layers


def test_one_operator_needs_no_action():
    model = small_halo(num_actions=1)
    clips = moving_dots(4, num_actions=1)
    assert (model.infer_action(clips["frames"][:, :1]) == 0).all()
    assert model.reconstruct(clips["frames"]).shape == clips["frames"].shape


def test_posterior_and_prior_are_distributions(model, clips):
    q = model.posterior(clips["frames"], clips["action"])
    sample = q.content.sample(3)
    assert tuple(sample.shape) == (6, 3)
    assert np.isfinite(ops.convert_to_numpy(q.state.log_prob(q.state.mean))).all()
    prior = model.prior("1")
    assert tuple(prior.sample(3).shape) == (1, 4)
    if keras.backend.backend() == "tensorflow":
        point = ops.convert_to_tensor(q.state.mean)
        np.testing.assert_allclose(
            q.state.to_tfp().log_prob(point), q.state.log_prob(point), rtol=1e-5
        )
        np.testing.assert_allclose(
            prior.to_tfp().log_prob(prior.mean), prior.log_prob(prior.mean), rtol=1e-4
        )


BAD_FRAMES = {
    "rank": (np.zeros((8, 8, 1), "uint8"), ValueError, "rank 3"),
    "size": (np.zeros((2, 6, 9, 8, 1), "uint8"), ValueError, "fit_frames"),
    "channels": (np.zeros((2, 6, 8, 8, 3), "uint8"), ValueError, "fit_frames"),
    "dtype": (np.zeros((2, 6, 8, 8, 1), "int64"), TypeError, "int64"),
    "nan": (np.full((2, 6, 8, 8, 1), np.nan, "float32"), ValueError, "NaN"),
    "range": (np.full((2, 6, 8, 8, 1), 200.0, "float32"), ValueError, "Divide by 255"),
    "empty": (np.zeros((0, 6, 8, 8, 1), "uint8"), ValueError, "at least one clip"),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_bad_frames_are_answered_with_what_to_do(model, case):
    frames, error, text = BAD_FRAMES[case]
    for verb in (
        lambda: model.encode(frames, 0),
        lambda: model.forecast(frames, [1], action=0),
        lambda: model.swap_motion(frames, frames, action=0),
        lambda: model.infer_action(frames),
    ):
        with pytest.raises(error, match=text):
            verb()


@pytest.mark.parametrize("action", ["walk", 3, -1, 1.5, True])
def test_unknown_action_lists_the_names(model, clips, action):
    with pytest.raises(ValueError, match="0, 1, 2"):
        model.encode(clips["frames"], action)


@pytest.mark.parametrize("times", [[], [[1, 2]], [np.inf], ["a"]])
def test_bad_times(model, clips, times):
    with pytest.raises(ValueError, match="times"):
        model.forecast(clips["frames"], times, action=clips["action"])


def test_bad_latents(model):
    with pytest.raises(ValueError, match="content must have shape"):
        model.decode(np.zeros((1, 9)), np.zeros((1, 3, 4)), [0])
    with pytest.raises(ValueError, match="state must have shape"):
        model.decode(np.zeros((1, 3)), np.zeros((1, 4)), [0])


def test_bad_arguments_of_the_constructor():
    dynamics = OrthogonalDynamics(2, 2, name="dynamics")
    with pytest.raises(ConfigError, match="one action name for each"):
        HALO(SHAPE, dynamics, action_names=["a"])
    with pytest.raises(ConfigError, match="pixel_stddev"):
        HALO(SHAPE, dynamics, pixel_stddev=0.0)
    with pytest.raises(ConfigError, match="dynamics"):
        HALO(SHAPE, "normal-form")
    with pytest.raises(ConfigError, match="multiples of 4"):
        HALO((30, 30, 3), dynamics)


def test_configuration_round_trip(model, clips):
    other = HALO.from_config(model.get_config())
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(
        other.reconstruct(clips["frames"], clips["action"]),
        model.reconstruct(clips["frames"], clips["action"]),
    )
    examples = other.example_clips()
    assert examples["frames"].dtype == np.uint8
    np.testing.assert_array_equal(examples["frames"], model.example_clips()["frames"])
