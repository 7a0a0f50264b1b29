"""The suite of bouncing balls, and DSVAE's figures, on models that know the clips."""

import numpy as np
import pytest
from PIL import Image

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.evaluation import dsvae_figures
from halo_keras.evaluation.bouncing_balls import SUITE, evaluate_bouncing_balls
from halo_keras.evaluation.missing_frames import frame_horizons, missing_frames


@pytest.fixture(scope="module")
def clips():
    """A bar that falls: 32 frames of 32 rows."""
    frames = np.zeros((6, 30, 32, 32, 1), "uint8")
    for n in range(6):
        for t in range(30):
            frames[n, t, (n + t) % 32] = 255
    return ClipDataset(
        name="bouncing_balls",
        split="test",
        frames=frames,
        labels={"action": np.zeros(6, int)},
        label_names={"action": ["bounce"]},
        license="Apache-2.0",
        attribution="made by this test",
    )


class Falling:
    """Draws the bar right, or `late` rows behind after the observed frames."""

    num_actions, action_names = 1, ("motion",)

    def __init__(self, late=0):
        self.late = late

    def _bars(self, first, times, late):
        frames = np.zeros((len(first), len(times), 32, 32, 1), "float32")
        for n, row in enumerate(first):
            for k, t in enumerate(times):
                frames[n, k, (row + t - late) % 32] = 1
        return frames

    def reconstruct(self, frames, action=None):
        first = np.asarray(frames)[:, 0, :, 0, 0].argmax(axis=1)
        return self._bars(first, range(frames.shape[1]), 0)

    def forecast(self, frames, times, action=None, seed=None):
        first = np.asarray(frames)[:, 0, :, 0, 0].argmax(axis=1)
        return self._bars(first, times, self.late)


def test_the_suite_is_its_protocols(clips):
    model = Falling(late=1)
    found = evaluate_bouncing_balls(
        model, clips, num_samples=2, curve_clips=3, verbose=0
    )
    assert found.pop("num_clips") == 6 and found.pop("missing_num_clips") == 3
    assert found.pop("reconstruction_mse") == 0
    few = clips.subset([0, 2, 5])
    wanted = frame_horizons(model, clips, num_samples=2)
    wanted |= missing_frames(model, few, num_samples=2)
    assert found == wanted
    # One row late: two wrong rows of 32 in every frame, and a blank's one.
    assert found["horizon_11_20_error"] == pytest.approx(2 / 32)
    assert found["missing_5_blank_error"] == pytest.approx(1 / 32)
    assert SUITE.datasets == ("bouncing_balls",)


def test_frames_over_time_are_brighter_and_the_predicted_ones_green(clips):
    picture = dsvae_figures.over_time(clips.frames[0], observed=20).astype(int)
    assert picture.shape == (32, 32, 3)
    grey, green = picture[:20, 0], picture[20:30, 0]
    assert (grey[:, 0] == grey[:, 1]).all() and (np.diff(grey[:, 0]) > 0).all()
    assert (green[:, [0, 2]] == 0).all() and (np.diff(green[:, 1]) > 0).all()
    assert (picture[30:] == 0).all()


def test_predictions_are_drawn(clips, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        dsvae_figures, "strip_figure", lambda rows, *_, **__: drawn.append(rows)
    )
    model = Falling(late=3)
    dsvae_figures.prediction_figure(model, clips, tmp_path / "p.png", num_clips=2)
    truth, whole, predicted = drawn[0]
    np.testing.assert_array_equal(truth, whole)
    assert len(truth) == 2
    # Late by three rows, the last ten frames paint over what is there, in green.
    green = np.flatnonzero((predicted[0, :, 0, 1] > 0) & (predicted[0, :, 0, 0] == 0))
    assert green.tolist() == list(range(17, 27))


class Drawer:
    """Clips whose first pixel is the content and second the motion, in tenths."""

    num_actions, action_names = 1, ("motion",)

    def clip(self, content, motion, times):
        frames = np.zeros((len(content), len(times), 8, 8, 3), "float32")
        frames[:, :, 0, 0, 0] = np.asarray(content)[:, None]
        frames[:, :, 0, 1, 0] = np.asarray(motion)[:, None]
        return frames

    def read(self, frames):
        frames = np.asarray(frames)
        frames = frames / 255 if frames.dtype == np.uint8 else frames
        return frames[:, 0, 0, 0, 0], frames[:, 0, 0, 1, 0]

    def infer_action(self, frames):
        return np.zeros(len(frames), int)

    def reconstruct(self, frames, action=None):
        return self.clip(*self.read(frames), range(frames.shape[1]))

    def swap_motion(self, content_from, motion_from, action=None):
        content, motion = self.read(content_from)[0], self.read(motion_from)[1]
        return self.clip(content, motion, range(motion_from.shape[1]))

    def sample(
        self, num_clips, action=None, times=None, content_from=None, motion_from=None,
        seed=None,
    ):  # fmt: skip
        rng = np.random.default_rng(seed)
        content, motion = rng.random((2, num_clips))
        if content_from is not None:
            content = np.resize(self.read(content_from)[0], num_clips)
        if motion_from is not None:
            motion = np.resize(self.read(motion_from)[1], num_clips)
        return self.clip(content, motion, times)


def test_the_panels_of_figure_3(tmp_path):
    frames = np.zeros((3, 4, 8, 8, 3), "uint8")
    frames[:, :, 0, 0, 0] = [[50], [100], [150]]
    frames[:, :, 0, 1, 0] = [[20], [40], [60]]
    clips = ClipDataset(
        name="toy",
        split="test",
        frames=frames,
        labels={"action": np.zeros(3, int)},
        label_names={"action": ["motion"]},
        license="Apache-2.0",
        attribution="made by this test",
    )
    model = Drawer()
    found = {
        title[1]: model.read(made)
        for title, made in dsvae_figures.panels(model, clips, seed=3).items()
    }
    content, motion = found["a"]
    for panel, wanted in (
        ("b", (content, motion)),
        ("e", (content, np.roll(motion, -1))),
        ("f", (np.roll(content, -1), motion)),
    ):
        np.testing.assert_allclose(found[panel], wanted, atol=1e-6)
    np.testing.assert_allclose(found["c"][1], motion, atol=1e-6)
    np.testing.assert_allclose(found["d"][0], content, atol=1e-6)
    assert len(set(found["c"][0])) == len(set(found["d"][1])) == 3
    assert len(set(found["g"][0])) == 1 and len(set(found["g"][1])) == 3
    assert len(set(found["h"][1])) == 1 and len(set(found["h"][0])) == 3
    dsvae_figures.panel_figure(model, clips, tmp_path / "f.png", seed=3)
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.info["Comment"] == "synthetic: halo-keras"


def test_only_clips_that_turn_are_shown(tmp_path, monkeypatch):
    table = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 0]])

    class Model:
        def sample(self, num_clips, seed=None):
            return np.resize(table, (num_clips, 4))[..., None, None, None] / 255

    class Judge:
        def predict_probabilities(self, frames):
            return {
                "action": np.eye(2)[np.round(frames[..., 0, 0, 0] * 255).astype(int)]
            }

    names = ["walk/front", "walk/left"]
    drawn = []
    monkeypatch.setattr(
        dsvae_figures, "strip_figure", lambda *given: drawn.append(given)
    )
    count = dsvae_figures.turning_figure(Model(), Judge(), "t.png", names, num_drawn=15)
    assert count == 5 and drawn[0][1] == ["front to left"] * 4
    count = dsvae_figures.turning_figure(Model(), Judge(), "t.png", names, num_drawn=1)
    assert count == 0 and len(drawn) == 1
