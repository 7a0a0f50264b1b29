"""DSVAE's tests: numbers by a loop, the truth agrees, figure 4 is flat where due."""

import numpy as np
import pytest
from evaluation_oracle import (
    NUM_ACTIONS,
    NUM_FRAMES,
    Oracle,
    OracleFrameJudge,
    OracleJudge,
    toy_clips,
)
from scipy.stats import entropy

from halo_keras.evaluation.disagreement import disagreement, per_frame_classes


@pytest.fixture(scope="module")
def clips():
    return toy_clips()


@pytest.fixture(scope="module")
def frame_judge(clips):
    return OracleFrameJudge(clips)


class SoftJudge:
    """Any fixed distribution for each frame: enough to compare two computations."""

    head_names = ("action", "hat")
    head_sizes = (NUM_ACTIONS, 2)
    num_frames = None

    def predict_probabilities(self, frames):
        frames = np.asarray(frames, "float64")
        frames = (frames / 255 if frames.max() > 1 else frames) - 0.5
        found = {}
        for index, size in enumerate(self.head_sizes):
            rng = np.random.default_rng(index)
            weights = rng.standard_normal((8 * 8 * 3, size))
            scores = frames.reshape(*frames.shape[:2], -1) @ weights
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            found[self.head_names[index]] = scores / scores.sum(-1, keepdims=True)
        return found


class Keeps(Oracle):
    """Remembers what it made, for the loop below."""

    def __init__(self, dataset):
        super().__init__(dataset)
        self.made = {"content": [], "motion": []}

    def sample(self, num_clips, action=None, content_from=None, **options):
        half = "motion" if content_from is None else "content"
        frames = super().sample(num_clips, action, content_from, **options)
        self.made[half].append(frames)
        return frames


def test_rate_and_divergences_equal_a_loop_over_frames(clips):
    judge, model = SoftJudge(), Keeps(clips)
    found = disagreement(model, clips, judge, seed=3, batch_size=7)
    real = judge.predict_probabilities(clips.frames)
    for head, half in (("hat", "content"), ("action", "motion")):
        made = judge.predict_probabilities(np.concatenate(model.made[half]))[head]
        rate, recon, random, right = [], [], [], []
        for clip in range(len(clips)):
            for time in range(NUM_FRAMES):
                p, q = real[head][clip, time], made[clip, time]
                rate.append(np.argmax(p) != np.argmax(q))
                recon.append(entropy(q, p))
                random.append(entropy(np.ones(len(p)) / len(p), p))
                right.append(np.argmax(p) == clips.labels[head][clip])
        assert found[f"disagreement_{head}_rate"] == pytest.approx(np.mean(rate))
        for key, values in (("recon", recon), ("random", random)):
            expected = pytest.approx(np.mean(values), rel=1e-4)
            assert found[f"disagreement_{head}_kl_{key}"] == expected
        accuracy = found[f"disagreement_{head}_judge_accuracy"]
        assert accuracy == pytest.approx(np.mean(right))
    assert 0 < found["disagreement_hat_rate"] < 1


def test_the_truth_agrees_with_either_kind_of_judge(clips, frame_judge):
    for judge in (frame_judge, OracleJudge(clips)):
        found = disagreement(Oracle(clips), clips, judge, batch_size=5)
        for head in judge.head_names:
            assert found[f"disagreement_{head}_rate"] == 0
            assert found[f"disagreement_{head}_kl_recon"] == pytest.approx(0, abs=1e-9)
            assert found[f"disagreement_{head}_judge_accuracy"] == 1
            assert 0 < found[f"disagreement_{head}_kl_random"] < np.inf


def test_figure_4_is_flat_where_something_is_shared(clips, frame_judge):
    model = Oracle(clips)
    found = per_frame_classes(model, frame_judge, num_shared=3, num_clips=20, seed=1)
    assert all(v.shape == (3, 20, NUM_FRAMES) for v in found.values())
    for key in ("content_shared_hat", "motion_shared_action"):
        for row in found[key]:
            assert len(np.unique(row)) == 1
    for row in found["content_shared_action"]:
        assert len(np.unique(row)) == NUM_ACTIONS
        assert np.all(row == row[:, :1])  # within a clip the action does not change
    for row in found["motion_shared_hat"]:
        assert len(np.unique(row)) == 2
    assert len(np.unique(found["motion_shared_action"])) > 1
    again = per_frame_classes(model, frame_judge, num_shared=3, num_clips=20, seed=1)
    assert all(np.array_equal(found[key], again[key]) for key in found)


def test_a_clip_judge_names_no_frames(clips):
    with pytest.raises(ValueError, match="needs a judge of single frames, received a"):
        per_frame_classes(Oracle(clips), OracleJudge(clips))
