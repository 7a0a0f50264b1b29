"""Clips that turn, found by loops, and the share of them among drawn ones."""

import itertools

import numpy as np
import pytest

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.evaluation.turning import (
    directions_of,
    judged_directions,
    turning,
    turns,
)

ACTIONS = ["walk/front", "walk/left", "slash/front", "slash/left"]


class PixelJudge:
    """Reads the action off the first pixel of every frame."""

    head_names, head_sizes, num_frames = ("action",), (4,), None

    def predict_probabilities(self, frames):
        ids = np.asarray(frames, "float64")[:, :, 0, 0, 0]
        if np.asarray(frames).dtype.kind == "f":
            ids = ids * 255
        return {"action": np.eye(4)[ids.round().astype(int)]}


class Drawer:
    """Draws the rows of a table of actions, in turn."""

    def __init__(self, table):
        self.table = np.asarray(table)

    def sample(self, num_clips, seed=None):
        rows = self.table[np.arange(num_clips) % len(self.table)]
        frames = np.zeros((num_clips, rows.shape[1], 2, 2, 3), "float32")
        frames[:, :, 0, 0, 0] = rows / 255
        return frames


def clips_of(table):
    table = np.asarray(table)
    frames = np.zeros((*table.shape, 2, 2, 3), "uint8")
    frames[:, :, 0, 0, 0] = table
    return ClipDataset(
        name="sprites",
        split="test",
        frames=frames,
        labels={"action": table[:, 0].astype(int)},
        label_names={"action": ACTIONS},
        license="Apache-2.0",
        attribution="made by this test",
    )


def turns_by_loops(clip, held):
    runs = [(key, len(list(run))) for key, run in itertools.groupby(clip)]
    return len({key for key, length in runs if length >= held}) > 1


@pytest.mark.parametrize("held", [1, 2, 3])
def test_turns_are_those_that_a_loop_finds(rng, held):
    clips = rng.integers(0, 3, (300, 6))
    wanted = [turns_by_loops(clip, held) for clip in clips.tolist()]
    assert turns(clips, held).tolist() == wanted
    assert 0 < np.mean(wanted) < 1


def test_a_direction_is_summed_over_actions():
    names, direction = directions_of(ACTIONS)
    assert names == ["front", "left"] and direction.tolist() == [0, 1, 0, 1]
    # walk/left is likeliest, but front altogether.
    table = np.array([[[0.3, 0.4, 0.3, 0.0]]])
    assert judged_directions(table, direction).tolist() == [[0]]


def test_shares_of_drawn_and_of_real_clips():
    drawn = [[0, 0, 1, 1], [0, 2, 0, 2], [1, 1, 3, 0], [0, 0, 0, 0]]
    real = [[0] * 4, [1] * 4, [2, 3, 2, 2], [3] * 4]
    found = turning(
        Drawer(drawn), clips_of(real), PixelJudge(), num_clips=8, batch_size=4
    )
    assert found == {
        "turning_rate": 0.5,  # the first and the third
        "turning_held_rate": 0.25,
        "turning_real_rate": 0.25,
        "turning_real_held_rate": 0.0,
    }


def test_errors():
    with pytest.raises(ValueError, match="received walk, run/left"):
        directions_of(["walk", "run/left"])
    judge = PixelJudge()
    judge.num_frames = 4
    with pytest.raises(ValueError, match="reads 4 frames at once"):
        turning(Drawer([[0]]), clips_of([[0] * 4]), judge)
