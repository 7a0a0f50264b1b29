"""Protocols on models with known answers: the truth scores perfectly, cheats do not."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_oracle import (
    ACTION_NAMES,
    NUM_CHARACTERS,
    NUM_FRAMES,
    Frozen,
    IgnoresMotion,
    KeepsItsOwnAction,
    Oracle,
    OracleJudge,
    toy_clips,
)

from halo_keras.evaluation import protocols
from halo_keras.evaluation.sprites import evaluate_clips
from halo_keras.evaluation.suite import mean_and_stddev
from halo_keras.evaluation.swaps import started, swap_pairs, true_clips
from halo_keras.evaluation.verdicts import balanced


@pytest.fixture(scope="module")
def clips():
    return toy_clips()


@pytest.fixture(scope="module")
def judge(clips):
    return OracleJudge(clips)


WALKS = {"phases": (0, 1, 2, 3), "looping_actions": (0, 1)}


def test_the_truth_reconstructs_perfectly_and_every_clip_is_scored(clips):
    model = Oracle(clips)
    found = protocols.reconstruction(model, clips, batch_size=4)
    assert model.seen == [4, 4, 4, 4, 2]
    assert found["reconstruction_mse"] == pytest.approx(0, abs=1e-12)
    assert found["reconstruction_ssim"] == pytest.approx(1)
    assert found["reconstruction_psnr"] == 100


def test_reconstruction_averages_over_all_frames_of_all_clips(clips):
    noise = 0.1 * np.random.default_rng(0).standard_normal(clips.frames.shape)
    noisy = clips.frames / 255 + noise
    rest = iter(np.array_split(noisy, [4, 8, 12, 16]))
    model = SimpleNamespace(
        reconstruct=lambda frames, **_: next(rest), action_names=ACTION_NAMES
    )
    found = protocols.reconstruction(model, clips, batch_size=4)
    assert found["reconstruction_mse"] == pytest.approx(np.mean(noise**2), rel=1e-5)
    third = np.mean(noise[:, 2] ** 2)
    assert found["reconstruction_mse_frame_3"] == pytest.approx(third, rel=1e-5)


def test_rollout_compares_with_the_loop_forward_and_backward(clips, judge):
    windows = ((1, 4), (9, 12), (-3, 0), (6, 7))
    found = protocols.rollout(Oracle(clips), clips, windows, judge)
    for window in ("1_4", "9_12", "minus_3_0", "6_7"):
        assert found[f"rollout_{window}_mse"] == pytest.approx(0, abs=1e-12)
        assert found[f"rollout_{window}_speed_ratio"] == pytest.approx(1)
    # Windows shorter than the judge's clips are not judged.
    judged = [key for key in found if key.endswith("action_accuracy")]
    assert len(judged) == 3 and all(found[key] == 1 for key in judged)


class WrongAtOneFrame(Oracle):
    """Black at the third frame of every clip of action 1, right everywhere else."""

    def _spoiled(self, made, action):
        made = made.copy()
        made[np.asarray(action) == 1, 2] = 0
        return made

    def forecast(self, frames, times, action=None):
        return self._spoiled(super().forecast(frames, times), action)

    def swap_motion(self, content_from, motion_from, action=None, times=None):
        made = super().swap_motion(content_from, motion_from, action, times)
        return self._spoiled(made, action)


def test_one_wrong_frame_of_one_action_is_seen(clips, judge):
    """A mean over 4 frames and 3 actions divides it by 12; `worst_frame` does not."""
    model = WrongAtOneFrame(clips)
    black = np.mean((clips.frames[clips.labels["action"] == 1, 2] / 255) ** 2)
    rolled = protocols.rollout(model, clips, ((1, 4),))
    assert rolled["rollout_1_4_worst_frame_mse"] == pytest.approx(black, rel=1e-5)
    assert rolled["rollout_1_4_mse"] == pytest.approx(black / 12, rel=1e-5)
    swapped = protocols.swap(model, clips, judge, seed=0)
    # The swapped clips of action 1 show some characters twice, and others not at all.
    action, who = clips.labels["action"], clips.labels["character"]
    wanted = action[swap_pairs(action, who, seed=0)]
    truth = true_clips(who, wanted, clips.labels, "character")
    black = np.mean((clips.frames[truth[wanted == 1], 2] / 255) ** 2)
    assert swapped["swap_worst_frame_mse"] == pytest.approx(black, rel=1e-5)
    begun = protocols.swap(model, clips, judge, seed=0, **WALKS)
    assert "swap_worst_frame_mse" not in begun


def test_rollout_sees_that_motion_died(clips):
    found = protocols.rollout(Frozen(clips), clips, ((1, 4), (5, 8)))
    frames = clips.frames / 255
    still = np.mean((frames - frames[:, :1]) ** 2)
    assert found["rollout_5_8_mse"] == pytest.approx(still, rel=1e-5)
    assert found["rollout_5_8_speed_ratio"] == 0


def test_clips_that_overflow_count_as_black_and_wrong(clips, judge):
    class Explodes(Oracle):
        def forecast(self, frames, times, action=None):
            made = super().forecast(frames, times).copy()
            made[:3, np.asarray(times) == 6] = np.nan  # one frame of the second window
            return made

    windows = ((1, 4), (5, 8))
    found = protocols.rollout(Explodes(clips), clips, windows, judge, batch_size=18)
    assert "rollout_1_4_nonfinite" not in found
    assert found["rollout_1_4_action_accuracy"] == 1
    assert found["rollout_5_8_nonfinite"] == pytest.approx(3 / 18)
    assert found["rollout_5_8_action_accuracy"] == pytest.approx(15 / 18)
    black = np.sum((clips.frames[:3] / 255) ** 2) / clips.frames.size
    assert found["rollout_5_8_mse"] == pytest.approx(black, rel=1e-5)


def test_windows_are_counted_from_one(clips):
    asked = []

    class Listens(Oracle):
        def forecast(self, frames, times, action=None):
            asked.append(times)
            return super().forecast(frames, times)

    protocols.rollout(Listens(clips), clips, ((57, 64),), batch_size=100)
    assert np.array_equal(asked[0], np.arange(56, 64))


@pytest.mark.parametrize("action", ["given", None])
@pytest.mark.parametrize("options", [{}, WALKS])
def test_the_truth_swaps_perfectly(clips, judge, action, options):
    model = Oracle(clips)
    found = protocols.swap(model, clips, judge, 3, action, **options)
    assert found["swap_action_accuracy"] == found["swap_hat_accuracy"] == 1
    assert found["swap_mse"] == pytest.approx(0, abs=1e-12)
    assert found["swap_num_clips"] == (12 if options else 18)


def test_actions_inferred_before_count_as_inferred_now(clips, judge):
    class Misled(Oracle):
        """Takes every jump for a walk, and then shows a walk."""

        def infer_action(self, frames):
            return super().infer_action(frames) % 2

        def swap_motion(self, content_from, motion_from, action=None, times=None):
            if action is None:
                action = self.infer_action(motion_from)
            character = self.locate(content_from)[0] % NUM_CHARACTERS
            clips = self.clip_of(character, action)
            return self.show(clips, 0 * clips, np.arange(NUM_FRAMES))

    model = Misled(clips)
    before = protocols.inferred_actions(model, clips, batch_size=5)
    now = protocols.swap(model, clips, judge, 2, None, batch_size=5)
    assert protocols.swap(model, clips, judge, 2, before, batch_size=5) == now
    assert now["swap_action_accuracy"] == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="without phases"):
        protocols.swap(model, clips, judge, 2, before, **WALKS)


def test_ignoring_the_motion_clip_shows_in_the_phases_only(clips, judge):
    model = IgnoresMotion(clips)
    plain = protocols.swap(model, clips, judge, seed=0)
    assert plain["swap_mse"] == pytest.approx(0, abs=1e-12)
    begun = protocols.swap(model, clips, judge, seed=0, **WALKS)
    # Three of the four phases are wrong, and random pictures are 1/6 apart.
    assert begun["swap_mse"] == pytest.approx(3 / 4 / 6, rel=0.1)
    assert begun["swap_action_accuracy"] == 1


def test_content_that_remembers_its_action_never_scores(clips, judge):
    model = KeepsItsOwnAction(clips)
    swapped = protocols.swap(model, clips, judge, seed=0)
    assert swapped["swap_action_accuracy"] == 0
    assert swapped["swap_hat_accuracy"] == 1
    drawn = protocols.prior_motion(model, clips, judge, seed=0)
    assert drawn["prior_motion_action_accuracy"] == 0


def test_pairs_are_a_permutation_without_own_action_or_identity(clips):
    action, character = clips.labels["action"], clips.labels["character"]
    for seed in range(20):
        pairs = swap_pairs(action, character, seed)
        assert sorted(pairs) == list(range(len(clips)))
        assert np.all(action != action[pairs])
        assert np.all(character != character[pairs])
    assert np.array_equal(pairs, swap_pairs(action, character, 19))
    assert not np.array_equal(pairs, swap_pairs(action, character, 0))
    with pytest.raises(ValueError, match="at least two actions"):
        swap_pairs(np.zeros(6), np.arange(6), 0)


def test_true_clips_are_found_or_there_are_none(clips):
    labels = clips.labels
    found = true_clips([5, 0], [1, 2], labels, "character")
    assert labels["character"][found].tolist() == [5, 0]
    assert labels["action"][found].tolist() == [1, 2]
    assert true_clips([5], [3], labels, "character") is None


def test_loops_begin_where_they_are_told_to(clips):
    begun = started(clips.frames[:2], np.array([0, 3]))
    assert np.array_equal(begun[0], clips.frames[0])
    assert np.array_equal(begun[1], clips.frames[1][[3, 0, 1, 2]])


def test_drawn_motion_and_drawn_content_of_the_truth(clips, judge):
    model = Oracle(clips)
    motion = protocols.prior_motion(model, clips, judge, seed=5, batch_size=4)
    assert motion["prior_motion_action_accuracy"] == 1
    assert motion["prior_motion_hat_accuracy"] == 1
    assert motion["prior_motion_inception_score"] == pytest.approx(3)
    assert motion["prior_motion_entropy_marginal"] == pytest.approx(math.log(3))
    assert motion["prior_motion_entropy_conditional"] == 0
    assert len(set(model.seeds)) == 5  # each batch draws noise of its own
    content = protocols.prior_content(model, clips, judge, seed=5)
    assert content["prior_content_action_accuracy"] == 1
    assert content["prior_content_action_kl"] == 0


def test_action_inference_counts_hits(clips):
    assert protocols.action_inference(Oracle(clips), clips) == {
        "infer_action_accuracy": 1.0
    }
    constant = SimpleNamespace(
        infer_action=lambda frames: np.zeros(len(frames), int),
        action_names=ACTION_NAMES,
    )
    found = protocols.action_inference(constant, clips, batch_size=5)
    assert found["infer_action_accuracy"] == pytest.approx(1 / 3)


def test_entropies_count_equally_many_clips_of_each_action():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    assert balanced(labels).tolist() == [0, 1, 3, 4, 5, 6]


def test_a_judge_of_another_dataset_is_refused(clips, judge):
    other = SimpleNamespace(
        head_names=("action", "shoes"),
        num_frames=NUM_FRAMES,
        predict_probabilities=lambda frames: {
            "action": np.eye(3)[[0] * len(frames)],
            "shoes": np.eye(3)[[0] * len(frames)],
        },
    )
    with pytest.raises(ValueError, match="shoes"):
        protocols.judged_real_clips(clips, other)
    with pytest.raises(ValueError, match="'given', None or"):
        protocols.swap(Oracle(clips), clips, judge, action="mine")


def test_everything_at_once_is_finite_flat_and_perfect_for_the_truth(clips, judge):
    found = evaluate_clips(
        Oracle(clips),
        clips,
        clips,
        judge,
        num_sampling_seeds=2,
        windows=((1, 4), (17, 20)),
        verbose=0,
    )
    assert all(isinstance(value, (int, float)) for value in found.values())
    assert all(math.isfinite(value) for value in found.values())
    accuracies = {
        key: value
        for key, value in found.items()
        if key.endswith("_accuracy") and "still" not in key
    }
    assert len(accuracies) > 15 and set(accuracies.values()) == {1.0}
    assert found["swap_phase_inferred_mse"] == pytest.approx(0, abs=1e-12)
    assert found["prior_motion_action_accuracy_stddev"] == 0
    # This content is the character and tells no action; its motion tells no hat.
    assert found["leakage_action_from_content"] <= 0.5
    assert found["leakage_action_from_content_chance"] == pytest.approx(1 / 3)
    assert found["leakage_hat_from_motion_chance"] == 0.5
    assert "leakage_character_from_motion" not in found
    assert found["num_clips"] == 3 * NUM_CHARACTERS


def test_mean_and_stddev_of_passes():
    found = mean_and_stddev([{"a": 1.0}, {"a": 2.0}, {"a": 4.0}])
    assert found["a"] == pytest.approx(7 / 3)
    assert found["a_stddev"] == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert mean_and_stddev([{"a": 1.0}]) == {"a": 1.0}
