"""What every protocol must say of shuffled labels, of one grey clip, of real clips."""

from dataclasses import replace

import numpy as np
import pytest
from evaluation_oracle import (
    NUM_CHARACTERS,
    NUM_FRAMES,
    Oracle,
    OracleJudge,
    toy_clips,
)

from halo_keras import data
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.evaluation import protocols
from halo_keras.hub.presets import from_pretrained

NUM_CLIPS = 300


def coded_clips():
    """Clips whose first pixels say action, hat and whether the judge errs on them."""
    rng = np.random.default_rng(11)
    action = rng.choice(3, NUM_CLIPS, p=[0.5, 0.3, 0.2])
    hat = rng.choice(2, NUM_CLIPS, p=[0.7, 0.3])
    errs = rng.random(NUM_CLIPS) < 0.2
    frames = np.zeros((NUM_CLIPS, NUM_FRAMES, 8, 8, 1), "uint8")
    frames[:, :, 0, 0, 0] = (40 * action)[:, None]
    frames[:, :, 0, 1, 0] = (40 * hat)[:, None]
    frames[:, :, 0, 2, 0] = (40 * errs)[:, None]
    return ClipDataset(
        name="coded",
        split="test",
        frames=frames,
        labels={"action": action, "hat": hat, "character": np.arange(NUM_CLIPS)},
        label_names={"action": ["walk", "jump", "run"], "hat": ["none", "big"]},
        license="Apache-2.0",
        attribution="made by this test",
    )


class CodeJudge:
    """Reads the code, and names the next class where it errs."""

    head_names, head_sizes = ("action", "hat"), (3, 2)
    num_frames = NUM_FRAMES

    def predict_probabilities(self, frames):
        scale = 1 if frames.dtype == np.uint8 else 255
        code = np.rint(scale * frames[:, 0, 0, :3, 0] / 40).astype(int)
        return {
            head: np.eye(size)[(code[:, index] + code[:, 2]) % size]
            for index, (head, size) in enumerate(
                zip(self.head_names, self.head_sizes, strict=True)
            )
        }


class RealClips:
    """Hands out the real clips that it is given."""

    def __init__(self, dataset):
        self.action_names = dataset.action_names
        self.num_actions = dataset.num_actions

    def sample(
        self, num_clips, action=None, content_from=None, motion_from=None, seed=None
    ):
        clips = motion_from if content_from is None else content_from
        return clips.astype("float32") / 255

    def forecast(self, frames, times, action=None):
        return frames[:, np.asarray(times) % frames.shape[1]].astype("float32") / 255


class Grey(RealClips):
    """One grey clip, whatever is asked for."""

    def sample(self, num_clips, **options):
        return np.full_like(super().sample(num_clips, **options), 0.5)

    def swap_motion(self, content_from, motion_from, action=None):
        return np.full(motion_from.shape, 0.5, "float32")

    def forecast(self, frames, times, action=None):
        return np.full_like(super().forecast(frames, times), 0.5)


def chance(predicted, labels):
    """Mean and standard deviation of the accuracy under a random permutation of the
    labels (Hoeffding 1951): of sum_i c(i, pi(i)), c(i, j) = [predicted_i = label_j]."""
    hit = (predicted[:, None] == labels).astype(float)
    rest = hit - hit.mean(0) - hit.mean(1)[:, None] + hit.mean()
    variance = np.square(rest).sum() / (len(hit) - 1)
    return hit.mean(), np.sqrt(variance) / len(hit)


def judged(dataset, judge, model):
    """The accuracies of each pass, each with the head whose labels it is scored on."""
    found = {
        **protocols.judged_real_clips(dataset, judge),
        **protocols.prior_content(model, dataset, judge, seed=1, batch_size=64),
        **protocols.sampled_motion(model, dataset, judge, seed=1, batch_size=64),
        **protocols.rollout(model, dataset, ((1, NUM_FRAMES),), judge),
    }
    return {
        key: (found[key], head)
        for key, head in (
            ("judge_real_action_accuracy", "action"),
            ("judge_real_hat_accuracy", "hat"),
            ("prior_content_action_accuracy", "action"),
            ("sampled_motion_hat_accuracy", "hat"),
            (f"rollout_1_{NUM_FRAMES}_action_accuracy", "action"),
        )
    }


def test_shuffled_labels_score_what_chance_predicts():
    dataset, judge = coded_clips(), CodeJudge()
    order = np.random.default_rng(5).permutation(NUM_CLIPS)
    shuffled = {name: value[order] for name, value in dataset.labels.items()}
    wrong = replace(dataset, labels=shuffled)
    verdicts = judge.predict_probabilities(dataset.frames)
    for key, (accuracy, head) in judged(wrong, judge, RealClips(dataset)).items():
        mean, stddev = chance(verdicts[head].argmax(1), dataset.labels[head])
        assert abs(accuracy - mean) < 3 * stddev, key
        assert 0.01 < stddev < 0.05 and mean < 0.65


def test_the_formula_of_chance_is_right():
    dataset, rng = coded_clips(), np.random.default_rng(0)
    labels = dataset.labels["action"][:40]
    predicted = np.roll(labels, 3)
    drawn = [np.mean(predicted == rng.permutation(labels)) for _ in range(4000)]
    mean, stddev = chance(predicted, labels)
    assert np.mean(drawn) == pytest.approx(mean, abs=4 * stddev / np.sqrt(4000))
    assert np.std(drawn) == pytest.approx(stddev, rel=0.05)


def test_real_clips_score_the_judges_own_accuracy():
    dataset, judge = coded_clips(), CodeJudge()
    verdicts = judge.predict_probabilities(dataset.frames)
    for key, (accuracy, head) in judged(dataset, judge, RealClips(dataset)).items():
        own = np.mean(verdicts[head].argmax(1) == dataset.labels[head])
        assert accuracy == pytest.approx(own), key
        assert 0.7 < own < 0.9
    found = protocols.disagreement(RealClips(dataset), dataset, judge)
    assert found["disagreement_hat_rate"] == found["disagreement_action_rate"] == 0


@pytest.mark.parametrize("preset", ["judge-sprites", "judge-sprites-recurrent"])
def test_one_grey_clip_scores_the_share_of_its_class(preset):
    judge = from_pretrained(preset)
    rng = np.random.default_rng(3)
    count = 60
    sizes = dict(zip(judge.head_names, judge.head_sizes, strict=True))
    labels = {head: rng.integers(size, size=count) for head, size in sizes.items()}
    labels["action"] = np.arange(count) % 9
    names = {head: [str(k) for k in range(size)] for head, size in sizes.items()}
    frames = rng.integers(0, 256, (count, 8, 64, 64, 3), dtype="uint8")
    dataset = ClipDataset(
        name="sprites-like",
        split="test",
        frames=frames,
        labels={**labels, "character": np.arange(count)},
        label_names=names,
        license="Apache-2.0",
        attribution="made by this test",
    )
    model = Grey(dataset)
    told = judge.predict_labels(np.full((1, 8, 64, 64, 3), 0.5, "float32"))
    pairs = protocols.swap_pairs(labels["action"], dataset.labels["character"], 0)
    found = {
        **protocols.swap(model, dataset, judge),
        **protocols.prior_content(model, dataset, judge),
        **protocols.sampled_motion(model, dataset, judge),
        **protocols.prior_motion(model, dataset, judge),
    }
    for head in judge.head_names:
        truth = labels[head][pairs] if head == "action" else labels[head]
        share = np.mean(truth == told[head][0])
        for pass_ in ("swap", "prior_motion"):
            assert found[f"{pass_}_{head}_accuracy"] == pytest.approx(share)
        if head != "action":
            assert found[f"sampled_motion_{head}_accuracy"] == pytest.approx(share)
    share = np.mean(labels["action"] == told["action"][0])
    assert found["prior_content_action_accuracy"] == pytest.approx(share)
    for pass_ in ("prior_motion", "prior_content", "sampled_motion"):
        assert found[f"{pass_}_inception_score"] == pytest.approx(1, abs=1e-5)


def test_a_bundled_judge_scores_itself_on_real_sprites(shared_data):
    test = data.load("sprites", "test", source=shared_data / "sprites")
    some = test.subset(np.arange(0, len(test), 74))
    judge = from_pretrained("judge-sprites")
    own = judge.accuracy(some)
    found = protocols.sampled_motion(RealClips(some), some, judge)
    found |= protocols.prior_content(RealClips(some), some, judge)
    assert found["prior_content_action_accuracy"] == own["action"]
    assert found["prior_content_action_kl"] < 1e-4
    for head in ("body", "bottomwear", "topwear", "hair"):
        assert found[f"sampled_motion_{head}_accuracy"] == own[head]


def test_a_judge_of_another_dataset_is_refused_before_anything_is_made():
    clips = toy_clips()
    model, stranger = Oracle(clips), from_pretrained("judge-sprites")
    protocol_calls = (
        protocols.swap,
        protocols.prior_motion,
        protocols.prior_content,
        protocols.sampled_motion,
        protocols.disagreement,
    )
    for protocol in protocol_calls:
        with pytest.raises(ValueError, match="no labels for.*trained on 'toy'"):
            protocol(model, clips, stranger)
    with pytest.raises(ValueError, match="no labels for"):
        protocols.judged_real_clips(clips, stranger)
    for change, message in (
        ({"head_sizes": (9, 2)}, "knows 9 classes of 'action'.* has 3: walk/left"),
        ({"num_frames": 8}, r"reads clips of shape \(8, 8, 8, 3\), .* \(4, 8, 8, 3\)"),
        ({"frame_shape": (64, 64, 3)}, r"shape \(4, 64, 64, 3\), those of the dataset"),
    ):
        judge = OracleJudge(clips)
        for name, value in change.items():
            setattr(judge, name, value)
        with pytest.raises(ValueError, match=message):
            protocols.prior_content(model, clips, judge)
    assert model.seeds == []


def test_too_few_clips_are_refused():
    clips = toy_clips()
    model, judge = Oracle(clips), OracleJudge(clips)
    walks = clips.subset(np.arange(NUM_CHARACTERS))
    for protocol in (protocols.swap, protocols.prior_motion):
        with pytest.raises(ValueError, match="at least two actions and two identities"):
            protocol(model, walks, judge)
        with pytest.raises(ValueError, match="1 identities in 1 clips"):
            protocol(model, clips.subset([0]), judge)
    with pytest.raises(
        ValueError, match=r"clips of all 3 actions .* the actions \[0\]"
    ):
        protocols.prior_content(model, walks, judge)
    # Without class-balanced entropies a few clips will do.
    found = protocols.sampled_motion(model, walks, judge)
    assert found["sampled_motion_hat_accuracy"] == 1
