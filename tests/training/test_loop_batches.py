"""Every frame of a looped batch is the clip's frame at its target time modulo T."""

import numpy as np
import pytest
from training.toy_training import toy_recipe

from halo_keras import data
from halo_keras.schema import ConfigError
from halo_keras.training.loop_batches import LoopTargets, loop_targets


def numbered_batch(count=400, length=8):
    """Frame t of clip b holds the number b * length + t; actions 0 and 1 alternate."""
    numbers = np.arange(count * length).reshape(count, length, 1, 1, 1)
    return {"frames": numbers, "action": np.arange(count) % 2}


def test_each_frame_is_the_truth_at_its_target_time():
    batch = numbered_batch()
    result = LoopTargets(125, rolled=[1])(batch, np.random.default_rng(1))
    assert result["target_times"].dtype == np.float32
    starts = set()
    for b in range(400):
        first = int(result["frames"][b, 0, 0, 0, 0]) - 8 * b
        assert first == 0 or batch["action"][b] == 1
        starts.add(first)
        for t in range(8):
            time = float(result["target_times"][b, t])
            assert 0 <= time <= 7 + 8 * 125 and (time - t) % 8 == 0
            loop = 8 * b + int(time + first) % 8
            assert result["frames"][b, t, 0, 0, 0] == loop
    assert starts == set(range(8))
    assert np.array_equal(batch["frames"], numbered_batch()["frames"])


def test_number_of_loops_is_log_uniform():
    rng = np.random.default_rng(2)
    times = LoopTargets(125)(numbered_batch(20_000), rng)["target_times"]
    loops = (times - np.arange(8)).astype(int) // 8
    for low, high in ((0, 0), (1, 2), (3, 15), (16, 125)):
        seen = np.mean((loops >= low) & (loops <= high))
        assert seen == pytest.approx(
            np.log((high + 2) / (low + 1)) / np.log(127), abs=5e-3
        )


def test_no_loops_and_no_rolls_leave_the_clip_alone():
    batch = numbered_batch(10)
    result = LoopTargets(0)(batch, np.random.default_rng(3))
    assert np.array_equal(result["frames"], batch["frames"])
    assert np.array_equal(result["target_times"], np.tile(np.arange(8), (10, 1)))


def test_batches_are_a_function_of_seed_epoch_and_index():
    dataset = data.load("toy_training", "train")
    transform = loop_targets(dataset, 9, ["left"])
    one = dataset.batches(6, seed=5, transform=transform)
    other = dataset.batches(6, seed=5, epoch=2, transform=transform)
    one[3]
    one.epoch = 2
    for key, value in other[1].items():
        np.testing.assert_array_equal(one[1][key], value)
    assert not np.array_equal(one[0]["target_times"], one[1]["target_times"])


def test_unknown_action_is_answered_with_the_nearest():
    dataset = data.load("toy_training", "train")
    with pytest.raises(ConfigError, match="no action 'rigt'; did you mean 'right'"):
        loop_targets(dataset, 9, ["rigt"])
    assert toy_recipe(max_loops=3, rolled_actions=["left"]).rolled_actions == ("left",)


def test_loops_grow_with_the_epoch():
    """At epoch e of a ramp R the largest m is (M + 1)^(e / R) - 1, rounded down."""
    transform, batch = LoopTargets(12, ramp=30.0), numbered_batch(2000)
    for epoch, most in ((0, 0), (8, 0), (9, 1), (20, 4), (29, 10), (30, 12), (90, 12)):
        assert transform.loops_at(epoch) == most
        rng = np.random.default_rng(epoch)
        times = transform({**batch, "epoch": epoch}, rng)["target_times"]
        loops = (times - np.arange(8)).astype(int) // 8
        assert loops.min() == 0 and loops.max() == most
    dataset = data.load("toy_training", "train")
    batches = dataset.batches(6, transform=loop_targets(dataset, 9, (), ramp=5.0))
    assert "epoch" not in batches[0]
    assert batches[0]["target_times"].max() < dataset.num_frames
    batches.epoch = 5
    assert batches[0]["target_times"].max() >= dataset.num_frames
