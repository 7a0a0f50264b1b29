"""Metrics of physical systems against brute force, on models whose faults are known."""

import numpy as np
import pytest
from physics_truth import Flow, Truth

from halo_keras import data
from halo_keras.data.physics import frames_at
from halo_keras.evaluation import figures, physics_figures
from halo_keras.evaluation.energy_agreement import energy_agreement, rank_correlation
from halo_keras.evaluation.frequencies import frequency_errors, main_frequency
from halo_keras.evaluation.leaderboard_tables import TABLES
from halo_keras.evaluation.physics import (
    PROTOCOLS,
    SUITE,
    beyond_training,
    evaluate_physics,
)
from halo_keras.evaluation.physics_errors import (
    mean_image,
    references,
    report_columns,
)
from halo_keras.evaluation.physics_rollouts import roll_out
from halo_keras.evaluation.preset_evaluation import SUITES
from halo_keras.evaluation.prior_rollouts import nearest_error, prior_rollouts
from halo_keras.evaluation.time_reversal import reversal, tempi
from halo_keras.evaluation.valid_time import valid_time_numbers, valid_times


@pytest.fixture(scope="module")
def clips():
    return data.load("pendulum", "test", num_clips=10, num_frames=90)


@pytest.fixture(scope="module")
def train():
    return data.load("pendulum", "train", num_clips=12)


def test_valid_times_are_counted_frame_by_frame(rng):
    relative = rng.random((20, 15)) ** 8
    relative[3] = 0
    relative[4, 6] = np.nan
    relative[4, :6] = 0
    for row, found in zip(relative, valid_times(relative), strict=True):
        count = 0
        for value in row:
            if not value <= 0.025:
                break
            count += 1
        assert found == count
    assert valid_times(relative)[3] == 15 and valid_times(relative)[4] == 6


@pytest.mark.parametrize("backward", [False, True])
def test_roll_outs_are_what_a_loop_finds(clips, backward):
    """A model that is two frames behind; errors by distance from the shown end."""
    few = clips.subset(slice(0, 3))
    found = roll_out(Truth(clips, late=2), few, backward)
    for clip in range(3):
        for distance in (0, 4, 7, 40, 89):
            frame = 89 - distance if backward else distance
            # Times are counted from the first shown frame, and 0 has no delay.
            time = frame - 85 if backward else frame
            behind = frame - 2 * np.sign(time)
            made = frames_at(few.subset([clip]), [behind])[0, 0] / 255
            truth = few.frames[clip, frame] / 255
            error = ((made - truth) ** 2).mean()
            assert found.error[clip, distance] == pytest.approx(error, abs=1e-9)
            relative = error / (truth**2).mean()
            assert found.relative[clip, distance] == pytest.approx(relative, abs=1e-7)
            held = few.frames[clip, 85 if backward else 4] / 255
            still = ((held - truth) ** 2).mean() / (truth**2).mean()
            assert found.still[clip, distance] == pytest.approx(still, abs=1e-7)


def test_valid_times_of_groups_and_of_what_is_lost(clips):
    class Lost(Truth):
        def forecast(self, frames, times, action=None):
            made = super().forecast(frames, times)
            made[0, 50:] = np.nan
            return made

    rolled = roll_out(Lost(clips), clips)
    rotates = clips.labels["motion"] == 1
    groups = {"rotating": rotates, "librating": ~rotates, "none": np.zeros(10, bool)}
    found = valid_time_numbers(rolled, 30, 60, "vpt", groups)
    own = np.full(10, 60)
    own[0] = 20
    assert found["vpt_mean"] == own.mean() and found["vpt_median"] == 60
    assert found["vpt_full_rate"] == pytest.approx(0.9)
    assert found["vpt_rotating_mean"] == own[rotates].mean()
    assert found["vpt_librating_mean"] == own[~rotates].mean()
    assert "vpt_none_mean" not in found
    black = (clips.frames[0, 60] / 255) ** 2
    assert rolled.error[0, 60] == pytest.approx(black.mean(), rel=1e-5)
    with pytest.raises(ValueError, match="need clips of 222, received 90.*of 60"):
        valid_time_numbers(rolled, 30, 192, "vpt", {})


def test_references_by_hand(train):
    test = data.load("mass_spring", "test", num_clips=6, num_frames=34, noise=0.1)
    springs = data.load("mass_spring", "train", num_clips=12)
    clean = data.load("mass_spring", "test", num_clips=6, num_frames=34)
    values = test.frames[:, 4:34] / 255
    image = (springs.frames / 255).mean(axis=(0, 1))
    np.testing.assert_allclose(mean_image(springs), image, atol=1e-6)
    known = references(springs, test)
    assert known["mean_image_mse"] == pytest.approx(((values - image) ** 2).mean())
    floor = ((values - clean.frames[:, 4:34] / 255) ** 2).mean()
    assert known["floor_mse"] == pytest.approx(floor, rel=1e-4)
    still = ((values - values[:, :1]) ** 2).mean()
    assert known["still_mse"] == pytest.approx(still)
    # A model that knows the states scores the floor, an excess of 0.
    found = report_columns(Truth(test), test, known, "report_")
    assert found["report_five_frame_mse"] == pytest.approx(floor, rel=1e-4)
    assert found["report_five_frame_excess"] == pytest.approx(0, abs=1e-4)
    span = known["mean_image_mse"] - floor
    assert found["report_autoencode_mse"] == 0
    assert found["report_autoencode_excess"] == pytest.approx(-floor / span, rel=1e-3)
    by_clip = ((values - clean.frames[:, 4:34] / 255) ** 2).mean(axis=(1, 2, 3, 4))
    width = 1.96 * by_clip.std(ddof=1) / np.sqrt(6)
    assert found["report_five_frame_mse_half_width"] == pytest.approx(width, rel=1e-3)
    with pytest.raises(ValueError, match="34, beyond the data.*have 20 frames"):
        references(train, data.load("pendulum", "test", num_clips=2, num_frames=20))

    class Whole(Truth):
        window = 30

    found = report_columns(Whole(test), test, known)
    assert "five_frame_mse" not in found and found["autoencode_mse"] == 0


def test_main_frequencies(rng):
    times = np.arange(200)
    true = np.array([0.011, 0.0323, 0.1, 0.2477, 0.4])
    phase = rng.uniform(0, 6, 5)[:, None]
    signal = 3 + np.sin(2 * np.pi * true[:, None] * times + phase)
    signal += 0.05 * rng.standard_normal(signal.shape)
    np.testing.assert_allclose(main_frequency(signal), true, rtol=0.03, atol=1e-4)
    assert main_frequency(np.ones((1, 200))) == 0


def test_frequencies_of_a_model_that_is_slower():
    """A spring swings every pi units of time, whatever its amplitude."""
    clips = data.load("mass_spring", "test", num_clips=5, num_frames=222)
    right = roll_out(Truth(clips), clips)
    frequency = main_frequency(right.signal)
    # The picture of a disc that swings far has overtones, and the strongest may be one.
    near = np.abs(frequency * np.pi / 0.05 - 1) < 0.03
    assert near.sum() >= 3
    assert frequency_errors(right) == {"frequency_error": 0, "frequency_near_rate": 1}
    rolled = roll_out(Truth(clips, slower=0.8), clips)
    found = frequency_errors(rolled, {"near": near})
    assert found["frequency_near_error"] == pytest.approx(0.2, abs=0.02)
    assert found["frequency_near_near_rate"] == 0


def test_energies_in_another_scale_and_with_a_drift(clips):
    found = energy_agreement(Truth(clips), clips, {"all": np.ones(10, bool)})
    # -E^3 is monotone: the same order, the other way round.
    for key in ("energy_spearman", "energy_all_spearman"):
        assert found[key] == pytest.approx(1)
    energy = clips.states["energy"][:, 0] ** 3
    for frames in (192, 1000):
        change = 1e-3 * frames
        assert found[f"energy_change_{frames}"] == pytest.approx(change)
        drift = (change * energy).mean() / energy.std()
        assert found[f"energy_drift_{frames}"] == pytest.approx(drift)

    class NoEnergy:
        pass

    assert energy_agreement(NoEnergy(), clips) == {}


def test_rank_correlation_is_that_of_ranks(rng):
    one, other = rng.normal(size=(2, 30))
    other += one
    ranks = [np.argsort(np.argsort(x)) for x in (one, other)]
    assert rank_correlation(one, other) == pytest.approx(np.corrcoef(ranks)[0, 1])
    assert rank_correlation(one, -other) == rank_correlation(one, other)
    assert rank_correlation(np.ones(30), other) == 0


@pytest.mark.backend
def test_there_and_back(clips):
    few = clips.subset(slice(0, 4))
    exact = reversal(Flow(Truth(few)), few)
    assert exact["reversal_state_error"] < 1e-5
    lossy = reversal(Flow(Truth(few), loss=0.01), few)
    assert lossy["reversal_state_error"] > 100 * exact["reversal_state_error"]

    class Ends(Truth):
        """Shows the time it is asked for, in its first pixel, and reads it there."""

        def forecast(self, frames, times, action=None):
            first = np.asarray(frames, float)[:, 0, 0, 0, 0]
            first = first if np.asarray(frames).dtype != np.uint8 else 0 * first
            made = np.zeros((len(frames), len(times), 8, 8, 3))
            made[:, :, 0, 0, 0] = first[:, None] + np.asarray(times) / 100
            made[:, :, 0, 1, 0] = 0.5 * (np.max(times) > 20)
            return made

    # All is as it was but that one pixel's .5 is not there on the way back.
    found = reversal(Ends(few), few)
    assert found["reversal_mse"] == pytest.approx(0, abs=1e-12)


def test_slow_and_fast_motion(clips):
    few = clips.subset(slice(0, 4))
    assert tempi(Truth(few), few) == {"slow_mse": 0, "fast_mse": 0}
    # Whoever is half as fast shows the slow clip where the fast one is asked for.
    found = tempi(Truth(few, slower=0.5), few)
    fast = frames_at(few, 2.0 * np.arange(30)) / 255
    wanted = ((few.frames[:, :30] / 255 - fast) ** 2).mean()
    assert found["fast_mse"] == pytest.approx(wanted, rel=1e-4)

    class Steps(Truth):
        def forecast(self, frames, times, action=None):
            if np.any(np.asarray(times) % 1):
                raise ValueError("times must be whole")
            return super().forecast(frames, times)

    assert list(tempi(Steps(few), few)) == ["fast_mse"]


def test_nearest_frames_by_a_loop(clips, train, rng):
    one, other = rng.random((4, 8, 8, 3)), rng.random((9, 8, 8, 3))
    wanted = [min(((a - b) ** 2).mean() for b in other) for a in one]
    assert nearest_error(one, other) == pytest.approx(np.mean(wanted))

    class Noise(Truth):
        def sample(self, num_clips, times=None, seed=None):
            shape = (num_clips, len(times), 32, 32, 3)
            return np.random.default_rng(seed).random(shape)

    right, noise = (
        prior_rollouts(kind(clips), train, clips, seed=1) for kind in (Truth, Noise)
    )
    real = right["prior_real_nearest_mse"]
    for k in (1, 30, 60):
        assert right[f"prior_nearest_mse_frame_{k}"] < 3 * real + 1e-4
        assert noise[f"prior_nearest_mse_frame_{k}"] > 0.05
    assert right["prior_speed_ratio"] == pytest.approx(1, abs=0.4)
    assert noise["prior_speed_ratio"] > 5


def test_the_suite_of_a_model_that_knows(clips, train):
    found = evaluate_physics(
        Truth(clips), lambda split: train, clips, num_sampling_seeds=1, verbose=0
    )
    assert found["num_clips"] == 10 and found["vpt_forward_horizon"] == 60
    for way in ("forward", "backward"):
        assert found[f"vpt_{way}_full_rate"] == 1 and found[f"{way}_beyond_mse"] == 0
        assert found[f"vpt_{way}_still_median"] < 20
        assert found[f"vpt_{way}_rotating_median"] == 60
    assert found["five_frame_excess"] == 0 < found["mean_image_mse"]
    assert found["energy_spearman"] == pytest.approx(1) and found["slow_mse"] == 0
    assert SUITES["three_body"] is SUITE
    columns = {key for table in TABLES["pendulum"] for key in table.columns}
    ours = {key for key in columns if not key.startswith("report_")}
    assert ours - set(found) == {"reversal_state_error"}  # it has no dynamics
    assert {key.removeprefix("report_") for key in columns - ours} <= set(found)


def test_what_cannot_be_measured_is_left_out_or_an_error(train):
    short = data.load("pendulum", "test", num_clips=4, num_frames=34)
    model = Truth(short, num_frames=34)

    def load(split):
        return train

    usual = ["references", "columns"]
    found = evaluate_physics(model, load, short, names=usual, verbose=0)
    assert "vpt_forward_median" not in found
    with pytest.raises(ValueError, match="'forward' cannot be run.*have 34 frames"):
        evaluate_physics(model, load, short, names=["forward"], verbose=0)
    model.forward_only = True
    long = data.load("pendulum", "test", num_clips=4, num_frames=50)
    with pytest.raises(ValueError, match="the model only goes forward"):
        evaluate_physics(model, load, long, names=["backward"], verbose=0)
    with pytest.raises(ValueError, match="no protocol 'energies'.*'energy'"):
        evaluate_physics(model, load, long, names=["energies"], verbose=0)
    tiny = data.load("pendulum", "test", num_clips=2, num_frames=3)
    with pytest.raises(ValueError, match="5, beyond the data.*have 3 frames"):
        roll_out(Truth(tiny), tiny)
    assert list(PROTOCOLS)[:2] == usual


def test_test_clips_are_longer_than_those_of_training():
    assert beyond_training({}) == {"num_frames": 222}
    options = {"num_clips": 9, "num_frames": 64, "masses": "drawn"}
    assert beyond_training(options) == {"num_frames": 256, "masses": "drawn"}
    report = {"num_clips": 9, "num_frames": 34, "rendering": "report"}
    assert beyond_training(report) == {"num_frames": 34, "rendering": "report"}


def test_figures_hold_what_the_model_makes(clips, tmp_path, monkeypatch):
    drawn = {}

    def keep(rows, labels, times, path, **_):
        drawn[path.name] = (np.stack(rows), labels, times)

    monkeypatch.setattr(physics_figures, "strip_figure", keep)
    paths = figures.draw_physics(Truth(clips), clips, tmp_path, seed=2)
    assert [path.name for path in paths] == [
        *("rollout_forward.png", "rollout_backward.png", "samples.png"),
        *("energy.png", "energy_true.png"),
    ]
    for name in ("rollout_forward.png", "rollout_backward.png"):
        rows, labels, times = drawn[name]
        np.testing.assert_array_equal(rows[0::2], rows[1::2])
        assert times[0] == 0 and times[-1] == 89 and len(rows) == 6
        assert set(labels[0::2]) <= {"librating", "rotating"}
    assert drawn["samples.png"][0].shape == (3, 16, 32, 32, 3)
    assert (tmp_path / "energy.png").is_file() and paths[-1].is_file()
