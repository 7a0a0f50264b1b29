"""The protocols of HALO measure a model with a latent in every frame as well."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops
from moving_squares import moving_squares

from halo_keras.evaluation import ClipJudge, protocols
from halo_keras.evaluation.probes import posterior_samples
from halo_keras.layers import FrameDecoder, FrameEncoder
from halo_keras.models import DSVAE

pytestmark = pytest.mark.backend
SHAPE = (16, 16, 3)


@pytest.fixture(scope="module")
def clips():
    clips = moving_squares(24, np.random.default_rng(3))
    return replace(clips, labels={**clips.labels, "who": np.arange(24)})


@pytest.fixture(scope="module")
def model(clips):
    model = DSVAE(
        SHAPE,
        num_frames=4,
        content_dim=3,
        motion_dim=2,
        encoder=FrameEncoder(SHAPE, channels=(6,), features=8, name="encoder"),
        decoder=FrameDecoder(SHAPE, (6, 4), base_channels=4, hidden=8, name="decoder"),
        content_hidden=5,
        motion_hidden=6,
        prior_hidden=6,
    )
    return model.fit_prior(clips)


@pytest.fixture(scope="module")
def judge():
    judge = ClipJudge(SHAPE, 4, ["action", "colour"], [2, 3], channels=(4,), features=4)
    judge.build(None)
    return judge


def test_reconstruction_is_each_frames_own(model, clips):
    found = protocols.reconstruction(model, clips)
    error = (model.reconstruct(clips.frames) - clips.frames / 255.0) ** 2
    assert found["reconstruction_mse"] == pytest.approx(error.mean(), rel=1e-4)


def test_a_model_that_only_goes_forward_has_no_past(model, clips, judge):
    found = protocols.rollout(model, clips, ((1, 4), (5, 8), (-3, 0)), judge)
    assert not [key for key in found if "minus" in key]
    made = model.forecast(clips.frames, range(4, 8))
    error = np.mean((made - clips.frames / 255.0) ** 2)
    assert found["rollout_5_8_mse"] == pytest.approx(error, rel=1e-4)
    assert 0 <= found["rollout_1_4_action_accuracy"] <= 1


def test_passes_with_half_a_prior_and_swaps_run(model, clips, judge):
    passes = (
        protocols.swap(model, clips, judge, identity="who", batch_size=10),
        protocols.swap(model, clips, judge, action=None, identity="who"),
        protocols.prior_content(model, clips, judge, seed=1, batch_size=10),
        protocols.sampled_motion(model, clips, judge, seed=1, batch_size=10),
        protocols.disagreement(model, clips, judge, seed=1, batch_size=10),
        protocols.action_inference(model, clips),
    )
    assert all(np.isfinite(list(found.values())).all() for found in passes)
    assert passes[-1]["infer_action_accuracy"] == 1
    with pytest.raises(ValueError, match="Use sampled_motion"):
        protocols.prior_motion(model, clips, judge, identity="who")


def test_probes_read_all_latents_of_a_clip(model, clips):
    content, motion = posterior_samples(model, clips, seed=2)
    assert content.shape == (24, 3) and motion.shape == (24, 4 * 2)
    q = model.posterior(clips.frames)
    spread = np.exp(0.5 * ops.convert_to_numpy(q.state.log_var))
    mean = model.encode(clips.frames).state.reshape(24, -1)
    assert (np.abs(motion - mean) < 6 * spread.reshape(24, -1)).all()
    found = protocols.leakage(model, clips, clips, attributes=("colour",))
    assert set(found) == {
        f"leakage_{name}{end}"
        for name in ("action_from_content", "colour_from_motion")
        for end in ("", "_chance")
    }
