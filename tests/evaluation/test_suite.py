"""Protocols by name give what the protocols themselves give; a second judge too."""

from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_oracle import Oracle, OracleJudge, toy_clips

from halo_keras.evaluation import protocols
from halo_keras.evaluation.sprites import PROTOCOLS, SUITE, evaluate_clips
from halo_keras.evaluation.suite import Protocol, Setting, check_enough


@pytest.fixture(scope="module")
def clips():
    return toy_clips()


@pytest.fixture(scope="module")
def judge(clips):
    return OracleJudge(clips)


class Moody:
    """A judge that is sure, and says every head's class 0 of every clip."""

    head_names = ("action", "hat")
    head_sizes = (3, 2)
    num_frames = 4

    def predict_probabilities(self, frames):
        self.seen = getattr(self, "seen", 0) + len(frames)
        return {
            head: np.eye(size)[np.zeros(len(frames), int)]
            for head, size in zip(self.head_names, self.head_sizes, strict=True)
        }


class Unlabelled(Oracle):
    """One operator for all motion."""

    num_actions = 1
    action_names = ("motion",)

    def sample(self, num_clips, action=None, **given):
        return super().sample(num_clips, None, **given)

    def swap_motion(self, content_from, motion_from, action=None, times=None):
        assert not np.any(action)
        return super().swap_motion(content_from, motion_from)


def run(model, clips, judge, *names, **options):
    options = {"num_sampling_seeds": 2, "verbose": 0, **options}
    return evaluate_clips(model, None, clips, judge, names=names, **options)


def test_a_named_protocol_is_that_protocol(clips, judge):
    model = Oracle(clips)
    found = run(model, clips, judge, "reconstruction")
    assert found == {
        "num_clips": 18,
        **protocols.reconstruction(model, clips, reference=0),
    }
    found = run(model, clips, judge, "prior_motion", seed=5)
    passes = [protocols.prior_motion(model, clips, judge, seed) for seed in (5, 6)]
    assert found.pop("num_clips") == 18 and found.pop("num_sampling_seeds") == 2
    for key, first in passes[0].items():
        both = [first, passes[1][key]]
        assert found.pop(key) == pytest.approx(np.mean(both))
        assert found.pop(f"{key}_stddev") == pytest.approx(np.std(both, ddof=1))
    assert not found


def test_keys_start_with_the_protocols_name(clips, judge):
    """So that a number on the leaderboard names the protocol that measures it."""
    setting = {"second_judge": None, "frame_judge": judge}
    prefixes = {
        "action_inference": ("infer_action",),
        "baselines": ("baseline_",),
        "judge_real": ("judge_real", "judge_still"),
        "swap": ("swap", "swap_phase"),
        "swap_inferred": ("swap_inferred", "swap_phase_inferred"),
    }
    # Those need more than a toy.
    for name in set(PROTOCOLS) - {"leakage", "turning", "rate", "likelihood"}:
        found = run(Oracle(clips), clips, judge, name, **setting)
        found = set(found) - {"num_clips", "num_sampling_seeds"}
        assert found and all(
            key.startswith(prefixes.get(name, (name,))) for key in found
        ), name


def test_inferred_swaps_are_made_once_if_all_is_inferred_rightly(clips, judge):
    both = Oracle(clips)
    found = run(both, clips, judge, "swap", "swap_inferred")
    for key in ("action_accuracy", "hat_accuracy", "mse", "num_clips"):
        assert found[f"swap_inferred_{key}"] == found[f"swap_{key}"]
    alone = Oracle(clips)
    assert run(alone, clips, judge, "swap_inferred").items() <= found.items()

    class Wrong(Oracle):
        def infer_action(self, frames):
            return (super().infer_action(frames) + 1) % 3

        def swap_motion(self, content_from, motion_from, action=None, times=None):
            if action is not None and not np.array_equal(
                action, super().infer_action(motion_from)
            ):
                return self.reconstruct(content_from)
            return super().swap_motion(content_from, motion_from, None)

    found = run(Wrong(clips), clips, judge, "swap", "swap_inferred")
    assert found["swap_action_accuracy"] == 1
    assert found["swap_inferred_action_accuracy"] == 0


def test_the_second_judge_sees_the_same_clips_and_the_model_makes_them_once(
    clips, judge
):
    names = ("judge_real", "swap", "image_to_sequence", "prior_content")
    alone, both, moody = Oracle(clips), Oracle(clips), Moody()
    first = run(alone, clips, judge, *names)
    found = run(both, clips, judge, *names, second_judge=moody)
    assert both.seen == alone.seen and both.seeds == alone.seeds
    assert first.items() <= found.items()
    second = run(Oracle(clips), clips, Moody(), *names)
    added = {key: value for key, value in found.items() if key not in first}
    assert all(key.startswith("second_judge_") for key in added)
    for key, value in added.items():
        assert value == second[key.removeprefix("second_judge_")]
    assert added["second_judge_swap_action_accuracy"] == pytest.approx(1 / 3)
    assert added["second_judge_judge_real_hat_accuracy"] == pytest.approx(1 / 2)
    assert "second_judge_prior_content_inception_score_stddev" in added
    assert not [key for key in added if "mse" in key or "num_clips" in key]


def test_a_second_judge_of_the_first_ones_mind_says_the_same(clips, judge):
    found = run(Oracle(clips), clips, judge, "prior_motion", second_judge=judge)
    second = {key for key in found if key.startswith("second_judge_")}
    assert len(second) == 10
    assert all(found[key] == found[key.removeprefix("second_judge_")] for key in second)


def test_a_model_without_labels_is_measured_without_them(clips, judge):
    setting = Setting(Unlabelled(clips), clips, clips, judge, verbose=0)
    usual = SUITE.choose(None, setting)
    assert "sampled_motion" in usual and "prior_content" in usual
    assert not {"prior_motion", "action_inference", "swap_inferred"} & set(usual)
    told = SUITE.choose(None, Setting(Oracle(clips), clips, clips, judge))
    assert "prior_motion" in told and "sampled_motion" not in told
    assert SUITE.choose(["sampled_motion"], Setting(Oracle(clips), clips, judge=judge))
    with pytest.raises(
        ValueError, match="'prior_motion' cannot be run: the model knows no actions"
    ):
        run(Unlabelled(clips), clips, judge, "prior_motion")
    found = run(Unlabelled(clips), clips, judge, "prior_content", "swap")
    assert found["swap_action_accuracy"] == 1


def test_without_a_judge_nothing_is_judged(clips):
    usual = SUITE.choose(None, Setting(Oracle(clips), clips))
    assert usual == [
        *("reconstruction", "generation", "rollout", "action_inference", "baselines")
    ]
    with pytest.raises(ValueError, match="'swap' cannot be run: there is no judge"):
        run(Oracle(clips), clips, None, "swap")
    with pytest.raises(ValueError, match="there is no frame judge"):
        run(Oracle(clips), clips, None, "disagreement")


def test_a_typo_is_answered_with_the_nearest_name(clips, judge):
    with pytest.raises(ValueError, match="'sawp'; did you mean 'swap'"):
        run(Oracle(clips), clips, judge, "sawp")


def test_training_clips_are_loaded_for_the_probes_only_and_once(clips, judge):
    loads = []

    def train():
        loads.append(1)
        return clips

    model = Oracle(clips)
    evaluate_clips(model, train, clips, judge, names=["swap"], verbose=0)
    assert loads == []
    setting = Setting(model, clips, train, verbose=0)
    assert setting.training_clips() is setting.training_clips() is clips
    assert loads == [1]


def test_too_few_clips(clips, judge):
    few = clips.subset([0, 1, 6, 7, 12])  # one jump only
    with pytest.raises(ValueError, match="too few clips to evaluate: 5 of toy.*'jump'"):
        run(Oracle(clips), few, judge, "reconstruction")
    check_enough(clips.subset([0, 1, 6, 7, 12, 13]))


def test_an_infinite_number_is_left_out(clips, capsys):
    suite = SUITE.__class__(
        ("toy",), {"odd": Protocol(lambda s: {"odd_kl": np.inf, "odd_mse": 1.0})}
    )
    found = suite.run(Setting(Oracle(clips), clips))
    assert found == {"num_clips": 18, "odd_mse": 1.0}
    assert "odd_kl is inf and is left out" in capsys.readouterr().out


def test_a_new_protocol_is_one_line(clips):
    suite = SUITE.__class__(("toy",), {"count": PROTOCOLS["reconstruction"]})
    model = SimpleNamespace(num_actions=3, action_names=Oracle.action_names)
    model.reconstruct = lambda frames, **_: frames / np.float32(255)
    found = suite.run(Setting(model, clips, verbose=0))
    assert found["reconstruction_mse"] == pytest.approx(0, abs=1e-12)
