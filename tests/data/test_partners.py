"""Clips of the same content found by colour, against sets of colours."""

import math

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.clip_batches import ClipBatches
from halo_keras.data.partners import BITS, COMMON, partners_by_colour
from halo_keras.schema import ConfigError


def painted(palettes, seed=0):
    """A clip a palette: each of its colours somewhere, on a black ground."""
    rng = np.random.default_rng(seed)
    frames = np.zeros((len(palettes), 3, 8, 8, 3), "uint8")
    for clip, palette in zip(frames, palettes, strict=True):
        places = rng.permutation(clip[..., 0].size)[: len(palette)]
        for place, colour in zip(places, palette, strict=True):
            clip.reshape(-1, 3)[place] = colour
    return frames


def test_partners_are_those_of_plain_sets():
    rng = np.random.default_rng(3)
    pool = rng.integers(0, 256, (14, 3))
    palettes = [pool[rng.random(14) < 0.4] for _ in range(12)]
    frames = painted(palettes)
    sets = [
        {tuple(colour) for colour in (clip.reshape(-1, 3) >> (8 - BITS)).tolist()}
        for clip in frames
    ]
    count = {c: sum(c in own for own in sets) for c in set().union(*sets)}
    weight = {
        c: math.log(len(sets) / n) for c, n in count.items() if n / len(sets) < COMMON
    }

    def alike(a, b):
        common = sum(weight.get(c, 0.0) for c in a & b)
        return round(common / max(sum(weight.get(c, 0.0) for c in a | b), 1e-6), 5)

    found = partners_by_colour(frames, 3)
    for index, own in enumerate(sets):
        scores = [-1.0 if j == index else alike(own, x) for j, x in enumerate(sets)]
        best = sorted(range(len(sets)), key=lambda j: (-scores[j], j))[:3]
        assert found[index].tolist() == best


def test_clips_of_one_figure_find_each_other(shared_data):
    """On real sheets: the labels only count how often it is right."""
    clips = data.load(
        "sprites", "train", source=shared_data / "sprites", num_characters=150
    )
    partners = partners_by_colour(clips.frames, 4)
    labels = clips.labels
    same = labels["character"][partners] == labels["character"][:, None]
    assert same.mean() > 0.9
    # The partner's motion tells nothing of the clip's own: 1/9 would be chance.
    assert (labels["action"][partners] == labels["action"][:, None]).mean() < 1 / 9


def test_content_frames_are_those_of_a_partner():
    clips = data.load("balls", "train", num_clips=9, num_frames=4)
    partners = np.stack([(np.arange(9) + k) % 9 for k in (1, 3)], axis=1)
    batches = ClipBatches(clips, 4, seed=2, partners=partners)
    seen = set()
    for epoch in range(6):
        order = batches.order(batches.epoch)
        for index in range(len(batches)):
            batch = batches[index]
            for place, row in enumerate(order[4 * index : 4 * index + 4]):
                shown = batch["content_frames"][place]
                same = [
                    k
                    for k, j in enumerate(partners[row])
                    if np.array_equal(clips.frames[j], shown)
                ]
                assert len(same) == 1
                seen.add((int(row), same[0]))
            np.testing.assert_array_equal(
                batch["content_frames"], batches[index]["content_frames"]
            )
        batches.on_epoch_end()
        assert batches.epoch == epoch + 1
    assert len(seen) > 14  # of 18: both partners are drawn
    plain = ClipBatches(clips, 4, seed=2)
    np.testing.assert_array_equal(
        plain[0]["frames"],
        ClipBatches(clips, 4, seed=2, partners=partners)[0]["frames"],
    )
    assert "content_frames" not in plain[0]


def test_what_cannot_be_is_said():
    clips = data.load("balls", "train", num_clips=5, num_frames=4)
    with pytest.raises(ConfigError, match="between 1 and the 4 other"):
        partners_by_colour(clips.frames, 5)
    with pytest.raises(ConfigError, match="no colours"):
        partners_by_colour(np.zeros((5, 2, 8, 8, 3), "uint8"), 1)
    with pytest.raises(ValueError, match="a row for each of the 5"):
        ClipBatches(clips, 2, partners=np.zeros((4, 1), int))
    with pytest.raises(ValueError, match="from 0 to 4"):
        ClipBatches(clips, 2, partners=np.full((5, 1), 5))
