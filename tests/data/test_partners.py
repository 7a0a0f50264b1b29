"""Clips of the same content found by colour, against a plain decomposition."""

from collections import Counter

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.clip_batches import ClipBatches
from halo_keras.data.partners import (
    BITS,
    RANKS,
    colour_counts,
    partners_across_recordings,
    partners_by_colour,
    partners_in_recording,
    reciprocity,
)
from halo_keras.schema import ConfigError


def painted(palettes, seed=0):
    """A clip a palette: `{colour: pixels}` at random places on a black ground."""
    rng = np.random.default_rng(seed)
    frames = np.zeros((len(palettes), 3, 8, 8, 3), "uint8")
    for clip, palette in zip(frames, palettes, strict=True):
        pixels = clip.reshape(-1, 3)
        places = iter(rng.permutation(len(pixels)))
        for colour, count in palette.items():
            for _ in range(count):
                pixels[next(places)] = colour
    return frames


def figures(num_figures=6, views=4, seed=1):
    """Figures of three garments, each of three shades; a view hides part of each."""
    rng = np.random.default_rng(seed)
    shades = rng.permutation(20)[:18] * 12 + 8
    garments = shades.reshape(2, 3, 3)  # of 2 kinds, 3 choices, 3 shades
    pairs = [(a, b) for a in range(3) for b in range(3)][:num_figures]
    palettes, names = [], []
    for name, pair in enumerate(pairs):
        for _ in range(views):
            palette = {}
            for kind, choice in enumerate(pair):
                seen = rng.integers(2, 9)
                for shade in garments[kind, choice]:
                    palette[(int(shade), 40, 200)] = int(seen + rng.integers(0, 2))
            palettes.append(palette)
            names.append(name)
    return painted(palettes, seed), np.asarray(names)


def test_counts_are_those_of_plain_sets():
    frames, _ = figures()
    counts = colour_counts(frames)
    for clip, row in zip(frames, counts, strict=True):
        plain = Counter(
            tuple(colour) for colour in (clip.reshape(-1, 3) >> (8 - BITS)).tolist()
        )
        assert sorted(plain.values()) == sorted(row[row > 0].astype(int).tolist())


def test_partners_are_the_neighbours_of_a_plain_decomposition():
    """Against numpy's SVD and loops, and the rank by the same rule."""
    frames, names = figures()
    u, s, _ = np.linalg.svd(np.sqrt(colour_counts(frames)), full_matrices=False)
    everyone, best = range(len(frames)), (-1.0, None)
    for rank in RANKS:
        if rank > max(len(s), RANKS[0]):
            break
        points = (u * s)[:, :rank]
        unit = points / np.linalg.norm(points, axis=1, keepdims=True)
        nearest = [
            sorted((j for j in everyone if j != i), key=lambda j: -(unit[i] @ unit[j]))[
                :3
            ]
            for i in everyone
        ]
        mutual = np.mean([i in nearest[j] for i in everyone for j in nearest[i]])
        assert reciprocity(np.asarray(nearest)) == pytest.approx(mutual)
        if mutual > best[0] + 1e-9:
            best = (mutual, nearest)
    found = partners_by_colour(frames, 3)
    assert [sorted(row) for row in found.tolist()] == [sorted(row) for row in best[1]]
    assert (names[found] == names[:, None]).mean() > 0.95


def test_clips_of_one_figure_find_each_other(shared_data):
    """On real sheets: the labels only count how often it is right."""
    clips = data.load(
        "sprites", "train", source=shared_data / "sprites", num_characters=300
    )
    partners = partners_by_colour(clips.frames, 8)
    character = clips.labels["character"]
    assert (character[partners] == character[:, None]).mean() > 0.99


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


def test_segments_of_one_recording_are_partners():
    utterance = np.array([4, 4, 7, 4, 7, 9])
    found = partners_in_recording(utterance, 3)
    assert found.shape == (6, 3)
    for row, others in enumerate(found):
        own = np.flatnonzero(utterance == utterance[row]).tolist()
        place = own.index(row)
        wanted = [own[(place + 1 + k) % len(own)] for k in range(3)]
        assert others.tolist() == wanted
    assert found[5].tolist() == [5, 5, 5]  # a recording of one segment


def test_partners_across_recordings_by_counting(rng):
    """Half in the recording, half in the identity's others, which all have a turn."""
    recording = rng.integers(0, 7, 90)
    identity = recording % 3  # recordings 0, 3, 6 / 1, 4 / 2, 5
    found = partners_across_recordings(recording, identity, 5)
    assert (recording[found[:, :3]] == recording[:, None]).all()
    assert (identity[found[:, 3:]] == identity[:, None]).all()
    assert (recording[found[:, 3:]] != recording[:, None]).all()
    for one in range(7):
        rows = recording == one
        others = ((identity == one % 3) & ~rows).sum()
        seen = set(found[rows, 3:].ravel())
        assert len(seen) >= min(rows.sum(), others)
    # With one recording an identity there are no others.
    alone = partners_across_recordings(recording, recording, 4)
    assert (recording[alone] == recording[:, None]).all()
