"""Protocols of rotating MNIST on models whose answers are known."""

import numpy as np
import pytest
from scipy import stats

from halo_keras.data import ClipDataset, rotating_mnist
from halo_keras.dynamics import NormalFormDynamics
from halo_keras.evaluation import rotating
from halo_keras.evaluation.mode_shares import Modes, modes_of, spectrum_numbers
from halo_keras.evaluation.motion_curves import curve_spearman, spearman
from halo_keras.evaluation.spectrum_figure import spectrum_figure
from halo_keras.models.halo_inference import Encoding

STEP = 2 * np.pi / 16


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(0)
    images = np.zeros((6, 28, 28), np.uint8)
    for image in images:
        top, left = rng.integers(6, 14, size=2)
        image[top : top + 9, left : left + 4] = rng.integers(100, 255)
    observed = np.ones((6, 16), np.uint8)
    observed[:, [3, 7, 12]] = 0
    states = {"image": images, "start": np.zeros(6), "observed": observed}
    return ClipDataset(
        name="rotating_mnist",
        split="test",
        frames=rotating_mnist.render(states, STEP * np.arange(16)),
        labels={"action": np.zeros(6, np.int64), "digit": np.arange(6)},
        label_names={"action": ["rotate"], "digit": [str(i) for i in range(10)]},
        states=states,
        license="none",
        attribution="none",
    )


class Knowing:
    """Turns the true digit, `wrong` frames too far; which one it is, frame 0 tells.

    A state is (number of the digit, time of the digit's own frame 0).
    """

    forward_only, family, num_actions = False, "halo", 1

    def __init__(self, clips, wrong=0.0, drift=0.0):
        self.clips, self.wrong, self.drift = clips, wrong, drift

    def encode(self, frames, action=None, times=None, mask=None):
        found = []
        for clip in frames:
            error = np.abs(self.clips.frames[..., 0] - clip[0, ..., 0].astype(int))
            found.append(np.unravel_index(error.sum((2, 3)).argmin(), (6, 16)))
        found = np.asarray(found, float)
        return Encoding(found[:, :1], found, np.zeros(len(found), int))

    def decode(self, content, state, times):
        digit = content[:, 0].astype(int)
        states = {n: self.clips.states[n][digit] for n in ("image", "start")}
        at = np.asarray(times) + self.wrong + self.drift * np.asarray(times)
        made = rotating_mnist.render(states, STEP * (state[:, 1:] + at))
        return made.astype("float32") / 255

    def forecast(self, frames, times, action=None):
        encoding = self.encode(frames)
        return self.decode(encoding.content, encoding.state, times)

    def swap_motion(self, content_from, motion_from, action=None):
        state = self.encode(motion_from).state
        content = self.encode(content_from).content
        return self.decode(content, state, np.arange(motion_from.shape[1]))


def test_a_model_that_knows_makes_no_error(clips):
    model = Knowing(clips)
    found = rotating.turns(model, clips) | rotating.quarter_frames(model, clips)
    found |= rotating.held_out_angle(model, clips) | rotating.irregular(model, clips)
    found |= rotating.swapped_turns(model, clips, seed=1)
    exact = {key for key in found if "blend" not in key and "unchanged" not in key}
    exact.remove("turn_10_ratio")
    assert all(found[key] < 1e-9 for key in exact), found
    assert found["quarter_frame_blend_mse"] > 1e-4
    assert found["held_out_blend_mse"] > 1e-4 and found["swap_unchanged_mse"] > 1e-3


def test_a_drift_shows_in_later_turns_and_both_ways(clips):
    found = rotating.turns(Knowing(clips, drift=0.004), clips)
    assert found["turn_1_mse"] < found["turn_2_mse"] < found["turn_10_mse"]
    assert found["turn_minus_1_mse"] < found["turn_minus_10_mse"]
    late = Knowing(clips, drift=0.004).forecast(clips.frames, 144 + np.arange(16))
    error = ((late - clips.frames / 255.0) ** 2).mean()
    assert found["turn_10_mse"] == pytest.approx(error, rel=1e-4)


def test_the_held_out_angle_is_scored_alone(clips):
    found = rotating.held_out_angle(Knowing(clips, wrong=1.0), clips)
    truth = clips.frames / 255.0
    expected = ((truth[:, 4] - truth[:, 3]) ** 2).mean()
    assert found["held_out_mse"] == pytest.approx(expected, rel=1e-4)
    assert found["held_out_blend_mse"] == pytest.approx(
        (((truth[:, 2] + truth[:, 4]) / 2 - truth[:, 3]) ** 2).mean(), rel=1e-4
    )
    others = ((truth[:, [8, 13]] - truth[:, [7, 12]]) ** 2).mean()
    assert found["missing_mse"] == pytest.approx(others, rel=1e-4)


def test_shares_are_those_of_the_positions_variance(clips):
    """Plane 1 is still, plane 0 moves twice as far as plane 2: 4 : 0 : 1."""

    class Three:
        dynamics = NormalFormDynamics(
            3, frequencies=[STEP, 1.0, 2 * STEP + 0.003], num_frames=16
        )

        def encode(self, frames, action):
            phase = 2 * np.pi * np.arange(len(frames)) / len(frames)
            state = np.zeros((len(frames), 1, 6), "float32")
            for plane, radius in ((0, 2.0), (2, 1.0)):
                state[:, 0, plane] = radius * np.cos(phase)
                state[:, 0, 3 + plane] = radius * np.sin(phase)
            return Encoding(None, state, action)

    modes = modes_of(Three(), clips)
    np.testing.assert_allclose(modes.shares, [0.8, 0.0, 0.2], atol=1e-4)
    found = spectrum_numbers(modes, 16)
    assert found["spectrum_used_modes"] == 2
    assert found["spectrum_worst_error"] == pytest.approx(0.003, abs=1e-5)
    assert found["spectrum_fundamental_share"] == pytest.approx(0.8, abs=1e-4)


def test_modes_below_a_twentieth_do_not_count(tmp_path):
    modes = Modes(np.array([2 * STEP, 1.7, 3 * STEP]), np.array([0.56, 0.04, 0.4]))
    assert modes.used.tolist() == [0, 2]
    found = spectrum_numbers(modes, 16)
    assert found["spectrum_worst_error"] < 1e-12
    assert found["spectrum_fundamental_share"] == 0.0
    spectrum_figure(modes, 16, tmp_path / "spectrum.png")
    assert (tmp_path / "spectrum.png").stat().st_size > 5000


def test_spearman_is_scipys(rng):
    for _ in range(20):
        x, y = rng.integers(0, 6, size=(2, 15))
        if np.ptp(x) and np.ptp(y):
            assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert spearman(np.ones(5), np.arange(5)) == 0.0


def test_curves_are_compared_clip_by_clip(rng):
    truth = rng.random((8, 12))
    truth[5] = 0.3  # does not move: nothing to follow

    class Model:
        motion_dim = 2

        def motion_curve(self, frames, dimension):
            course = frames[:, :, 0, 0, 0].astype(float)
            flipped = course * np.where(np.arange(len(course)) % 2, -1, 1)[:, None]
            return flipped**3 if dimension == 1 else rng.random(course.shape)

    class Clips:
        frames = np.round(truth * 250).astype("uint8")[..., None, None, None]

        def __len__(self):
            return 8

    found = curve_spearman(Model(), Clips(), truth)
    assert found["curve_spearman"] == found["curve_spearman_1"] > 0.98
    assert found["curve_spearman_0"] < 0.6
