"""The balls' protocol on exact frames, and on frames wrong in known ways."""

import math

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import balls
from halo_keras.evaluation.balls import (
    evaluate_balls,
    forecasts,
    half_frames,
    measured_centres,
)


class BallsOracle:
    """Draws the truth; `turn` and `shift` make its orbits wrong by that much.

    turn: radians by which every forecast runs ahead.
    shift: pixels by which its orbits are too wide.
    """

    num_actions = 3
    action_names = ("slow", "medium", "fast")

    def __init__(self, dataset, turn=0.0, shift=0.0):
        self.dataset, self.turn, self.shift = dataset, turn, shift

    def states(self, frames):
        same = self.dataset.frames[None, :, 0] == frames[:, None, 0]
        clips = same.all(axis=(2, 3, 4)).argmax(axis=1)
        states = {name: value[clips] for name, value in self.dataset.states.items()}
        states["angle"] = states["angle"] + self.turn
        states["orbit_radius"] = states["orbit_radius"] + self.shift
        return clips, states

    def forecast(self, frames, times, action=None):
        return balls.render(self.states(frames)[1], times) / np.float32(255)

    def reconstruct(self, frames, action=None, reference=None):
        return self.forecast(frames, np.arange(frames.shape[1]))

    def infer_action(self, frames):
        return self.dataset.labels["action"][self.states(frames)[0]]

    def swap_motion(self, content_from, motion_from, action=None):
        return self.compose(content_from, [(motion_from, action)])

    def compose(self, content_from, motions):
        content = self.states(content_from)[1]
        motions = [self.states(clip)[1] for clip, _ in motions]
        times = np.arange(content_from.shape[1])
        return balls.render_joint(content, motions, times) / np.float32(255)


@pytest.fixture(scope="module")
def clips():
    return data.load("balls", "test", num_clips=9, num_frames=8)


def test_the_truth_is_perfect(clips):
    found = evaluate_balls(BallsOracle(clips), clips, verbose=0)
    for key in ("forward_8x", "backward_8x", "forward_last", "swap", "compose"):
        assert found[f"{key}_mse"] == pytest.approx(0, abs=1e-12)
    assert found["infer_action_accuracy"] == 1
    assert found["compose_single_difference"] == 0
    # A ball's measured centre differs from the exact one by rounding to bytes.
    assert found["half_frame_centre_error"] < 0.05
    assert found["half_frame_circle_error_max"] < 0.1
    assert found["compose_one_ball_mse"] > 0.005
    assert found["compose_black_mse"] > 1.5 * found["compose_one_ball_mse"]
    assert all(math.isfinite(value) for value in found.values())


def test_running_ahead_stays_on_the_circle_but_misses_the_centre(clips):
    found = half_frames(BallsOracle(clips, turn=0.1), clips)
    chord = 2 * 10.0 * math.sin(0.1 / 2)
    assert found["half_frame_centre_error"] == pytest.approx(chord, rel=0.05)
    assert found["half_frame_circle_error"] < 0.05


def test_a_wider_orbit_leaves_the_circle(clips):
    found = half_frames(BallsOracle(clips, shift=1.0), clips)
    assert found["half_frame_circle_error"] == pytest.approx(1.0, rel=0.05)


def test_the_measured_centre_ignores_a_haze(clips):
    times = [0.25, 3.5]
    frames = balls.render(clips.states, times) / 255
    hazy = np.clip(frames + 0.05, 0, 1)
    exact = balls.centres(clips.states, times)
    assert np.abs(measured_centres(hazy) - exact).max() < 0.15
    black = np.zeros((1, 1, 32, 32, 3))
    assert np.allclose(measured_centres(black), 16)


def test_directions_and_lengths_are_what_they_say(clips):
    asked = []

    class Listens(BallsOracle):
        def forecast(self, frames, times, action=None):
            asked.append(np.asarray(times))
            return super().forecast(frames, times)

    forecasts(Listens(clips), clips, lengths=(1, 2))
    half_frames(Listens(clips), clips)
    ranges = {(times.min(), times.max()) for times in asked}
    assert ranges == {(0, 15), (-16, -1), (0.5, 6.5)}


def test_protocols_by_name(clips):
    model = BallsOracle(clips)
    found = evaluate_balls(model, clips, names=["swap", "half_frames"], verbose=0)
    assert found == {
        "num_clips": 9,
        "swap_mse": found["swap_mse"],
        **half_frames(model, clips),
    }
    assert "leakage" not in " ".join(evaluate_balls(model, clips, verbose=0))
    with pytest.raises(ValueError, match="'leakage' cannot be run: there is no train"):
        evaluate_balls(model, clips, names=["leakage"], verbose=0)
