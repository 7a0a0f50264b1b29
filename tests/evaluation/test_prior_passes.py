"""The passes with a drawn half, for models that know all, some or no actions."""

import math

import numpy as np
import pytest
from evaluation_oracle import (
    Coarse,
    KeepsItsOwnAction,
    Oracle,
    OracleFrameJudge,
    OracleJudge,
    toy_clips,
)

from halo_keras.evaluation import from_one_image, protocols


@pytest.fixture(scope="module")
def clips():
    return toy_clips()


@pytest.fixture(scope="module")
def judge(clips):
    return OracleJudge(clips)


class Unconditional(Oracle):
    """One operator for all motion: it is told nothing that it could use."""

    num_actions = 1
    action_names = ("any",)

    def sample(self, num_clips, action=None, content_from=None, **options):
        assert action is None or not np.any(action)
        motion = options.get("motion_from")
        known = None
        if motion is not None:
            known = self.dataset.labels["action"][self.locate(motion)[0]]
        return super().sample(num_clips, known, content_from, **options)


@pytest.mark.parametrize("kind", [Oracle, Coarse, Unconditional])
def test_sampled_motion_keeps_the_content_and_draws_every_action(clips, judge, kind):
    found = protocols.sampled_motion(kind(clips), clips, judge, seed=2, batch_size=7)
    assert found["sampled_motion_hat_accuracy"] == 1
    assert "sampled_motion_action_accuracy" not in found
    assert found["sampled_motion_entropy_conditional"] == 0
    assert 0 < found["sampled_motion_entropy_marginal"] <= math.log(3)
    score = math.exp(found["sampled_motion_entropy_marginal"])
    assert found["sampled_motion_inception_score"] == pytest.approx(score)


def test_a_motion_that_is_never_drawn_shows_in_the_score(clips, judge):
    class AlwaysWalks(Oracle):
        def sample(self, num_clips, action=None, **options):
            return super().sample(num_clips, 0, **options)

    found = protocols.sampled_motion(AlwaysWalks(clips), clips, judge)
    assert found["sampled_motion_inception_score"] == pytest.approx(1)


@pytest.mark.parametrize("kind", [Oracle, Coarse, Unconditional])
def test_prior_content_tells_a_model_only_what_it_knows(clips, judge, kind):
    found = protocols.prior_content(kind(clips), clips, judge, seed=2, batch_size=7)
    assert found["prior_content_action_accuracy"] == 1
    assert found["prior_content_inception_score"] == pytest.approx(3)


def test_an_operator_may_do_any_of_its_actions(clips, judge):
    found = protocols.prior_motion(Coarse(clips), clips, judge, seed=4)
    assert found["prior_motion_action_accuracy"] == 1
    assert found["prior_motion_hat_accuracy"] == 1
    still = from_one_image.image_to_sequence(Coarse(clips), clips, judge, seed=4)
    assert still["image_to_sequence_action_accuracy"] == 1
    assert "image_to_sequence_mse" not in still  # it was not asked for one clip
    own = protocols.prior_motion(KeepsItsOwnAction(clips), clips, judge, seed=4)
    assert own["prior_motion_action_accuracy"] == 0
    with pytest.raises(ValueError, match="Use sampled_motion"):
        protocols.prior_motion(Unconditional(clips), clips, judge)


def test_every_pass_takes_a_judge_of_frames(clips):
    judge = OracleFrameJudge(clips)
    for protocol in ("prior_motion", "prior_content", "sampled_motion"):
        found = getattr(protocols, protocol)(Oracle(clips), clips, judge, seed=1)
        accuracies = [v for key, v in found.items() if key.endswith("accuracy")]
        assert accuracies and set(accuracies) == {1.0}
    found = protocols.rollout(Oracle(clips), clips, ((1, 3), (5, 5)), judge)
    assert found["rollout_1_3_action_accuracy"] == 1
    assert found["rollout_5_5_action_accuracy"] == 1
