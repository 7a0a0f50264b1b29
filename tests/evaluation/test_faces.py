"""Faces: exact swaps and speeds against a model that knows, and one that does not."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from halo_keras import data
from halo_keras.data import toon_faces
from halo_keras.evaluation import faces
from halo_keras.evaluation.people import at_frame_times, evaluate_people, sharpness
from halo_keras.evaluation.preset_evaluation import SUITES
from halo_keras.evaluation.suite import Setting


@pytest.fixture(scope="module")
def clips():
    return data.load("toon_faces", "test", num_subjects=2, clips_per_cell=2)


class Knows:
    """Finds the clips by their first frames, and gives the truth at any time."""

    num_actions = 6
    action_names = tuple(toon_faces.ACTION_NAMES)

    def __init__(self, dataset):
        self.dataset = dataset

    def states(self, frames, at):
        found = [
            int(
                np.abs(self.dataset.frames[:, at] - clip.astype(int))
                .sum((1, 2, 3))
                .argmin()
            )
            for clip in frames
        ]
        return {name: value[found] for name, value in self.dataset.states.items()}

    def show(self, states, times):
        return toon_faces.render(states, times).astype("float32") / 255

    def reconstruct(self, frames, action=None, times=None, reference=None):
        times = np.arange(frames.shape[1]) if times is None else np.asarray(times)
        at = int(times.argmin())  # time 0, wherever in the clip it is given
        return self.show(self.states(frames[:, at], 0), times)

    def forecast(self, frames, times, action=None):
        return self.show(self.states(frames[:, 0], 0), times)

    def swap_motion(self, content_from, motion_from, action=None, times=None, tempo=1):
        motion = self.states(motion_from[:, 0], 0)
        states = self.states(content_from[:, 0], 0)
        states |= {name: motion[name] for name in toon_faces.MOTION_STATES}
        times = np.arange(motion_from.shape[1]) if times is None else times
        return self.show(states, tempo * np.asarray(times))


class Ignorant(Knows):
    """Takes every frame k to be at time k, and no clip's motion for another's."""

    def reconstruct(self, frames, action=None, times=None, reference=None):
        return self.show(self.states(frames[:, 0], 0), np.arange(frames.shape[1]))

    def forecast(self, frames, times, action=None):
        return self.show(self.states(frames[:, 0], 0), np.arange(len(times)))

    def swap_motion(self, content_from, motion_from, action=None, times=None, tempo=1):
        times = np.arange(motion_from.shape[1]) if times is None else times
        return content_from[:, times].astype("float32") / 255


def similarity(one, other):
    return np.mean(
        [
            structural_similarity(a / 255, b / 255, data_range=1, channel_axis=-1)
            for a, b in zip(one, other, strict=True)
        ]
    )


def test_tempo_of_who_knows_and_of_who_does_not(clips):
    few = clips.subset([0, 1, 7])
    found = faces.tempo(Knows(clips), few)
    assert set(found) == {
        "tempo_single_ssim",
        *(f"tempo_{s}_{w}_ssim" for s in faces.SPEEDS for w in ("given", "shown")),
    }
    assert min(found.values()) > 1 - 1e-6
    wrong = faces.tempo(Ignorant(clips), few)
    assert wrong["tempo_single_ssim"] > 1 - 1e-6
    for name, times in (
        ("half", np.arange(16) / 2),
        ("double", np.arange(8) * 2),
        ("reversed", np.arange(16)[::-1]),
    ):
        truth = toon_faces.render(
            {key: value[[0, 1, 7]] for key, value in clips.states.items()}, times
        )
        shown = few.frames[:, : len(times)]
        expected = np.mean(
            [similarity(a, b) for a, b in zip(shown, truth, strict=True)]
        )
        assert wrong[f"tempo_{name}_shown_ssim"] == pytest.approx(expected, abs=1e-5)


def test_without_exact_frames_half_speed_is_left_out(clips):
    class Other:
        name, num_frames, states = "mug", 16, None
        frames, labels = clips.frames[:1], {"action": clips.labels["action"][:1]}
        action_names = clips.action_names

        def __len__(self):
            return 1

    found = faces.tempo(Knows(clips), Other())
    assert len(found) == 5 and not [key for key in found if "half" in key]


def test_exact_swaps(clips):
    some = clips.subset(slice(0, 12))
    found = faces.exact_swap(Knows(clips), some, seed=3)
    assert found["exact_swap_mse"] < 1e-10
    assert found["exact_swap_ssim"] > 1 - 1e-6
    assert found["exact_swap_double_ssim"] > 1 - 1e-6
    assert found["exact_swap_unchanged_mse"] > 1e-4
    wrong = faces.exact_swap(Ignorant(clips), some, seed=3)
    assert wrong["exact_swap_mse"] == pytest.approx(wrong["exact_swap_unchanged_mse"])
    assert wrong["exact_swap_ssim"] == pytest.approx(wrong["exact_swap_unchanged_ssim"])
    assert wrong["exact_swap_double_ssim"] < 0.98


class PixelJudge:
    """Names what the nearest clip of the dataset does; its embedding is the person."""

    head_names, head_sizes = ("action", "subject"), (6, 256)
    frame_shape, num_frames = (64, 64, 3), 16

    def __init__(self, dataset):
        self.labels = dataset.labels
        self.known = dataset.frames.astype("float32") / 255

    def nearest(self, frames):
        frames = np.asarray(frames, "float32") / (255 if frames.dtype == "uint8" else 1)
        return [np.square(self.known - x).sum((1, 2, 3, 4)).argmin() for x in frames]

    def predict_probabilities(self, frames):
        rows = self.nearest(frames)
        action = np.eye(6)[self.labels["action"][rows]]
        return {"action": action, "subject": np.eye(256)[np.zeros(len(rows), int)]}

    def embed(self, frames, head):
        assert head == "subject"
        return np.eye(300)[self.labels["subject"][self.nearest(frames)]]


def test_unseen_people_are_named_by_their_other_clips(clips):
    found = evaluate_people(
        faces.SUITE,
        Ignorant(clips),
        None,
        clips,
        PixelJudge(clips),
        names=("judge_real", "swap"),
        verbose=0,
    )
    # The judge's own head names person 0 always, which is nobody here.
    assert found["num_clips"] == 24 and found["swap_num_clips"] == 12
    assert found["judge_real_subject_accuracy"] == 1
    assert found["judge_real_action_accuracy"] == 1
    assert found["swap_subject_accuracy"] == 1 and found["swap_action_accuracy"] == 0
    # Another take of that person and expression is no truth to measure a distance to.
    assert not [key for key in found if key[:5] == "swap_" and key[-4:] == "_mse"]


def test_what_is_measured_of_whom(clips):
    setting = Setting(Knows(clips), clips, clips, PixelJudge(clips))
    assert faces.SUITE.choose(None, setting) == [
        *("judge_real", "reconstruction", "sharpness", "generation"),
        *("action_inference", "swap", "swap_inferred", "prior_motion"),
        *("prior_content", "leakage", "baselines", "tempo", "exact_swap"),
    ]
    unlabelled = Knows(clips)
    unlabelled.num_actions = 1
    usual = faces.SUITE.choose(
        None, Setting(unlabelled, clips, clips, PixelJudge(clips))
    )
    assert {"prior_content", "sampled_motion"} <= set(usual)
    assert "exact_swap" not in faces.MUG.protocols
    assert {"toon_faces", "mug", "actions", "folder"} <= set(SUITES)


def test_a_blurred_clip_is_less_sharp_and_a_shifted_one_is_not(clips):
    class Made(Knows):
        def reconstruct(self, frames, action=None):
            return self.change(frames.astype("float32") / 255)

    few, model = clips.subset([0, 8]), Made(clips)
    model.change = lambda x: x
    assert sharpness(model, few)["sharpness_ratio"] == pytest.approx(1)
    model.change = lambda x: 0.5 * x + 0.2  # half the contrast
    assert sharpness(model, few)["sharpness_ratio"] == pytest.approx(0.5, abs=1e-4)
    model.change = lambda x: (x + np.roll(x, 1, axis=3)) / 2
    real = few.frames.astype(float)
    made = (real + np.roll(real, 1, axis=3)) / 2
    sums = [
        sum(
            np.abs(x[..., 1:, :, :] - x[..., :-1, :, :]).sum()
            + np.abs(x[..., 1:, :] - x[..., :-1, :]).sum()
            for x in clips_of
        )
        for clips_of in (made, real)
    ]
    found = sharpness(model, few)["sharpness_ratio"]
    assert found == pytest.approx(sums[0] / sums[1], rel=1e-4) and found < 0.97


def test_protocols_see_clips_at_whole_times_only():
    filmed = data.load(
        "toon_faces", "test", num_subjects=1, clips_per_cell=2, speeds=(1, 2)
    )
    plain = at_frame_times(filmed)
    assert 0 < len(plain) < 12
    assert (plain.times == np.arange(16)).all() and plain.mask.all()
    assert at_frame_times(plain) is plain
