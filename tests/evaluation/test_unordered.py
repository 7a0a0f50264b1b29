"""What is read off motion latents, and shared poses, against answers known before."""

import itertools

import numpy as np
import pytest

from halo_keras.data.sprite_sheets import pose_cells
from halo_keras.evaluation import poses
from halo_keras.evaluation.explained_motion import (
    best_permutation,
    explained,
    explained_matched,
    linear_fit,
    neighbour_fit,
    r_squared,
)
from halo_keras.evaluation.suite import Setting
from halo_keras.models.halo_inference import Encoding


def test_r_squared_is_that_of_its_definition(rng):
    truth = rng.normal(size=(50, 2)) * [3.0, 0.1]
    mean = np.broadcast_to(truth.mean(axis=0), truth.shape)
    assert r_squared(truth, truth) == 1 and r_squared(mean, truth) == pytest.approx(0)
    half = truth + rng.normal(size=truth.shape) * truth.std(axis=0) * np.sqrt(0.5)
    assert r_squared(half, truth) == pytest.approx(0.5, abs=0.2)


def test_a_bent_map_is_found_by_neighbours_and_not_by_lines(rng):
    latents = rng.uniform(-1, 1, size=(60, 20, 2))
    straight = latents @ np.array([[1.0, 2.0], [-3.0, 0.5]]) + 4.0
    bent = np.stack([np.cos(5 * latents[..., 0]), latents[..., 1] ** 2], axis=-1)
    halves = [slice(0, 40), slice(40, 60)]
    for truth, linear in ((straight, 1.0), (bent, 0.0)):
        known, asked = ((latents[half], truth[half]) for half in halves)
        assert explained(known, asked, linear_fit) == pytest.approx(linear, abs=0.1)
        assert explained(known, asked, neighbour_fit) > 0.9


def test_two_objects_are_matched_clip_by_clip(rng):
    """z is a linear map of both positions, in an order that each clip has by chance."""
    place = rng.uniform(0, 36, size=(80, 20, 2, 2))
    swapped = rng.random(80) < 0.5
    order = np.where(swapped[:, None, None, None], place[:, :, ::-1], place)
    latents = order.reshape(80, 20, 4) @ rng.normal(size=(4, 4))
    halves = [slice(0, 60), slice(60, 80)]
    known, asked = ((latents[half], place[half]) for half in halves)
    assert explained_matched(known, asked, linear_fit) > 0.99
    unmatched = [(z, p.reshape(*p.shape[:2], 4)) for z, p in (known, asked)]
    assert explained(*unmatched, linear_fit) < 0.8
    mixed = latents[60:][rng.permutation(20)]
    assert explained_matched(known, (mixed, place[60:]), linear_fit) < 0.2


def test_the_best_permutation_by_trying_all(rng):
    guess, truth = rng.normal(size=(2, 5, 4, 3, 2))
    found = best_permutation(guess, truth)
    for clip in range(5):
        best = min(
            (((guess[clip] - truth[clip][:, list(o)]) ** 2).sum(), o)
            for o in itertools.permutations(range(3))
        )
        np.testing.assert_array_equal(found[clip], truth[clip][:, list(best[1])])


def test_agreement_is_that_of_all_pairs(rng):
    named = rng.integers(3, size=(4, 5, 6))
    pairs = [
        np.mean(named[:, i] == named[:, j])
        for i, j in itertools.combinations(range(5), 2)
    ]
    assert poses.agreement(named) == pytest.approx(np.mean(pairs))


class Sheets:
    """Two attributes' worth of characters whose frames say who and where they are."""

    num_frames = 178

    def __init__(self, count=6):
        number = np.arange(count)
        self.labels = {name: number % 2 for name in poses.ATTRIBUTES}
        self.frames = np.zeros((count, 178, 8, 8, 3), np.uint8)
        self.frames[..., 0, 0, 0] = 10 * number[:, None]
        self.frames[..., 0, 0, 1] = pose_cells()[:, 0] * 10
        self.frames[..., 0, 0, 2] = pose_cells()[:, 1] * 10

    def __len__(self):
        return len(self.frames)


class Copying:
    """Content is the first colour, z the other two; the prior is shifted by content."""

    transfer, family = "direct", "unordered"

    def encode_content(self, frames):
        return frames[:, 0, 0, 0, :1].astype("float32")

    def encode(self, frames):
        state = frames[:, :, 0, 0, 1:].astype("float32")
        return Encoding(self.encode_content(frames), state, None)

    def standardise(self, content, z):
        return z - content[:, None]

    def unstandardise(self, content, e):
        return e + content[:, None]

    def decode(self, content, state, times):
        made = np.zeros((*state.shape[:2], 8, 8, 3), "float32")
        made[:, :, 0, 0, 0] = content / 255
        made[:, :, 0, 0, 1:] = state / 255
        return made


class Reading:
    head_names = ("row", "cell", *poses.ATTRIBUTES)

    def predict_labels(self, frames):
        frames = np.asarray(frames)
        if frames.dtype == np.uint8:
            frames = frames / 255.0
        who, row, cell = np.moveaxis(np.round(frames[:, :, 0, 0] * 25.5), -1, 0)
        return {"row": row, "cell": cell, **{n: who % 2 for n in poses.ATTRIBUTES}}


def test_a_model_that_copies_swaps_and_shares_its_poses():
    s = Setting(model=Copying(), test=Sheets(), judge=Reading(), verbose=0)
    swapped, shared = poses.swap(s), poses.shared_motion(s)
    assert all(swapped[f"swap_{head}_accuracy"] == 1 for head in Reading.head_names)
    assert swapped["swap_mse"] == pytest.approx(0, abs=1e-9)
    for place in poses.PLACES:
        assert shared[f"shared_direct_{place}_agreement"] == 1
        assert shared[f"shared_direct_{place}_accuracy"] == 1
        # Shifted by ten with each content: no two see the same.
        assert shared[f"shared_standardised_{place}_agreement"] == 0
    real = poses.real(s)
    assert set(real.values()) == {1.0} and len(real) == 6
    assert poses.reconstruction.__doc__ and poses.decoded(
        Copying(), np.zeros((1, 1)), np.zeros((1, 2, 2))
    ).shape == (1, 2, 8, 8, 3)
