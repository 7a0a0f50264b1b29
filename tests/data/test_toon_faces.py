"""Toon faces: what is drawn against the states, and how hard it is to judge."""

import math

import numpy as np
import pytest
from PIL import Image

from halo_keras import data
from halo_keras.data import toon_faces
from halo_keras.data.toon_drawing import project
from halo_keras.data.toon_expressions import ACTION_NAMES
from halo_keras.data.toon_looks import FEATURES, identity_vectors

SURROUNDINGS = ("yaw", "pitch", "roll", "shift", "sway", "light_slope", "background")


def plain(states):
    """The same people, upright, in the middle, before grey, in even light, still."""
    states = {name: value.copy() for name, value in states.items()}
    for name in SURROUNDINGS:
        states[name] = np.zeros_like(states[name])
    states["scale"] = np.ones_like(states["scale"])
    states["light_level"] = np.ones_like(states["light_level"])
    return states


def rows(states, clips):
    return {name: value[clips] for name, value in states.items()}


@pytest.fixture(scope="module")
def small():
    return data.load("toon_faces", "train", num_subjects=3, clips_per_cell=1)


@pytest.fixture(scope="module")
def everyone():
    return data.load("toon_faces", "train", clips_per_cell=1)


def nearest_says(train, train_labels, test):
    """1-nearest-neighbour by pixels, in chunks of test pictures."""
    train = train.reshape(len(train), -1).astype(np.float32)
    test = test.reshape(len(test), -1).astype(np.float32)
    distance = (train**2).sum(1) - 2 * test @ train.T
    return train_labels[distance.argmin(axis=1)]


def apexes(dataset):
    apex = dataset.states["intensity"].argmax(axis=1)
    return dataset.frames[np.arange(len(dataset)), apex]


def test_not_too_easy_for_nearest_pixels_and_not_hidden_from_them(everyone):
    train = everyone
    test = data.load("toon_faces", "test", clips_per_cell=1)
    label, truth = train.labels["action"], test.labels["action"]
    whole = nearest_says(train.frames[:, ::3], label, test.frames[:, ::3])
    apex = nearest_says(apexes(train), label, apexes(test))
    assert (whole == truth).mean() <= 0.7
    assert (apex == truth).mean() <= 0.7

    # What hides it is the surroundings: without them, the change from the neutral
    # face tells the expression of people never seen before.
    def change(dataset):
        states = plain(dataset.states)
        middle = states["start"] + states["onset"] + states["apex"] / 2
        times = np.stack([states["start"] - 1, middle], axis=1)
        neutral, apex = toon_faces.render(states, times).astype(float).swapaxes(0, 1)
        return (apex - neutral).mean(axis=-1)

    half = train.subset(slice(0, 120))
    said = nearest_says(change(half), label[:120], change(test))
    assert (said == truth).mean() >= 0.9


def test_intensity_is_the_documented_curve(small):
    states = small.states
    for clip in range(len(small)):
        s = {name: float(states[name][clip]) for name in toon_faces.MOTION_STATES[1:6]}
        for k in range(16):
            since, end = k - s["start"], s["onset"] + s["apex"] + s["offset"]
            if since <= 0 or since >= end:
                part = 0.0
            elif since < s["onset"]:
                part = math.sin(math.pi * since / s["onset"] / 2) ** 2
            elif since <= s["onset"] + s["apex"]:
                part = 1.0
            else:
                part = math.sin(math.pi * (end - since) / s["offset"] / 2) ** 2
            assert abs(states["intensity"][clip, k] - s["peak"] * part) < 1e-12
    # It begins and ends within the clip, at times and for lengths that vary.
    assert (states["intensity"][:, [0, -1]] < 1e-12).all()
    length = states["onset"] + states["apex"] + states["offset"]
    assert (states["start"] + length <= 15 + 1e-9).all()
    for name in ("start", "onset", "apex", "offset", "peak"):
        assert len(np.unique(states[name])) == len(small)
    assert length.max() - length.min() > 3
    assert states["peak"].min() >= 0.8 and states["peak"].max() <= 1


def test_neutral_is_one_face_and_apexes_are_six(small):
    same = {name: np.repeat(v[:1], 6, axis=0) for name, v in small.states.items()}
    same["expression"] = np.arange(6)
    start, top = same["start"][0], same["start"][0] + same["onset"][0] + 0.1
    end = start + same["onset"][0] + same["apex"][0] + same["offset"][0]
    neutral, apex, after = toon_faces.render(same, [start, top, end]).swapaxes(0, 1)
    assert (neutral == neutral[:1]).all() and (after == after[:1]).all()
    for i in range(6):
        for j in range(i):
            changed = np.abs(apex[i].astype(int) - apex[j]).max(axis=-1) > 12
            # Of 4,096 pixels, the features of a face take some 300.
            assert changed.sum() > 40, (ACTION_NAMES[i], ACTION_NAMES[j])


def test_drawn_change_grows_with_intensity(small):
    states = plain(small.states)
    start, onset = states["start"][:, None], states["onset"][:, None]
    times = start + onset * np.linspace(0, 1, 7)
    frames = toon_faces.render(states, times).astype(float)
    change = np.abs(frames - frames[:, :1]).mean(axis=(2, 3, 4))
    assert (np.diff(change, axis=1) > 0).all()
    # What fades is what grew: the same intensity is the same picture.
    apex, offset = states["apex"][:, None], states["offset"][:, None]
    mirrored = start + onset + apex + offset * np.linspace(1, 0, 7)
    fading = toon_faces.render(states, mirrored).astype(int)
    assert np.abs(fading - frames).max(axis=(2, 3, 4)).max() <= 40
    assert np.abs(fading - frames).mean() < 0.05


def test_identity_is_the_vector_and_every_feature_of_it_shows(everyone):
    dataset = everyone
    for subject in range(40):
        own = dataset.states["identity"][dataset.labels["subject"] == subject]
        assert len(own) == 6 and (own == own[0]).all()
        expected = np.random.default_rng([0, subject]).random(64)[: len(FEATURES)]
        assert np.array_equal(own[0], expected)

    # Some of these faces have glasses, beards, freckles and hair of every length.
    states = plain(rows(dataset.states, slice(0, None, 6)))
    states["expression"][:] = ACTION_NAMES.index("surprise")
    middle = (states["start"] + states["onset"] + states["apex"] / 2)[:, None]
    usual = toon_faces.render(states, middle).astype(int)
    for column, feature in enumerate(FEATURES):
        changed = rows(states, slice(0, 6))
        changed["identity"] = changed["identity"].copy()
        changed["identity"][:, column] = (changed["identity"][:, column] + 0.5) % 1
        difference = np.abs(toon_faces.render(changed, middle[:6]) - usual[:6])
        assert (difference.max(axis=-1) > 8).sum() > 20, feature

    # No two people look the same.
    people = usual.reshape(40, -1)
    apart = [np.abs(people[i + 1 :] - people[i]).mean(axis=1) for i in range(39)]
    assert np.concatenate(apart).min() > 2


def test_projection_is_three_rotations():
    yaw, pitch, roll = np.deg2rad([12.0, -7.0, 9.0])
    about_y = [[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0]]
    about_y.append([-math.sin(yaw), 0, math.cos(yaw)])
    about_x = [[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)]]
    about_x.append([0, -math.sin(pitch), math.cos(pitch)])
    about_z = [
        [math.cos(roll), -math.sin(roll), 0],
        [math.sin(roll), math.cos(roll), 0],
    ]
    about_z.append([0, 0, 1])
    points = np.random.default_rng(1).normal(size=(1, 5, 3))
    turned = np.array(about_z) @ about_x @ about_y @ points[0].T
    origin = project(np.zeros((1, 1, 3)), [0], 0, [0], 1, (0, 0))[0, 0]
    expected = origin + [3, -2] + 0.9 * 19 * turned[:2].T
    drawn = project(points, [yaw], pitch, [roll], 0.9, (3, -2))
    assert np.abs(drawn[0] - expected).max() < 1e-9


def test_drawn_roll_is_the_state(small):
    states = plain(rows(small.states, slice(0, 18, 6)))
    upright = toon_faces.render(states, [-1])[:, 0]
    states["roll"] += 12
    leaning = toon_faces.render(states, [-1])[:, 0]
    centre = tuple(project(np.zeros((1, 1, 3)), [0], 0, [0], 1, (0, 0))[0, 0])
    for before, after in zip(upright, leaning, strict=True):
        # Pillow turns against the clock for positive angles.
        turned = Image.fromarray(before).rotate(
            -12, Image.Resampling.BICUBIC, center=centre
        )
        inside = (slice(8, 56), slice(10, 54))
        error = np.abs(np.asarray(turned)[inside].astype(int) - after[inside]).mean()
        unturned = np.abs(before[inside].astype(int) - after[inside]).mean()
        assert error < 0.3 * unturned


def test_surroundings_vary_within_their_ranges(everyone):
    states = everyone.states
    for name in ("yaw", "roll"):
        assert states[name].min() < -11 and states[name].max() > 11
        column = ("yaw", "roll").index(name)
        assert (np.abs(states[name]) + states["sway"][:, column]).max() <= 15
    assert states["scale"].min() < 0.9 and states["scale"].max() > 1.05
    assert states["light_level"].min() < 0.75 and states["light_level"].max() > 1.1
    # Pose does not tell the expression.
    one_hot = np.eye(6)[states["expression"]]
    means = one_hot.T @ states["yaw"] / one_hot.sum(axis=0)
    assert np.abs(means).max() < 5


def test_times_are_real_and_each_clip_has_its_own(small):
    states = rows(small.states, slice(0, 4))
    times = np.linspace(-3.3, 20.7, 12).reshape(4, 3)
    frames = toon_faces.render(states, times)
    for clip in range(4):
        one = toon_faces.render(rows(states, slice(clip, clip + 1)), times[clip])
        assert np.array_equal(frames[clip], one[0])


def test_speeds_and_reversal(small):
    states = rows(small.states, slice(0, 4))
    frames = small.frames[:4]
    fast = toon_faces.render(states, toon_faces.playback_times(8, 2))
    assert np.array_equal(fast, frames[:, ::2])
    slow = toon_faces.render(states, toon_faces.playback_times(31, 0.5))
    assert np.array_equal(slow[:, ::2], frames)
    assert not np.array_equal(slow[:, 1::2], frames[:, 1:])
    back = toon_faces.render(states, toon_faces.playback_times(16, -1))
    assert np.array_equal(back, frames[:, ::-1])
    assert toon_faces.playback_times(3, -2).tolist() == [4, 2, 0]


def test_motion_states_give_the_truth_of_a_swap(small):
    motion = rows(small.states, np.roll(np.arange(18), 7))
    swapped = {**small.states}
    swapped.update({name: motion[name] for name in toon_faces.MOTION_STATES})
    strength = toon_faces.intensity(swapped, np.arange(16))
    assert np.array_equal(strength, motion["intensity"])
    here = toon_faces.render(rows(plain(swapped), [0]), np.arange(16))
    # The first clip's face is upright and does what the eleventh one's does.
    other = rows(plain(motion), [0])
    other["identity"] = small.states["identity"][:1]
    assert np.array_equal(here, toon_faces.render(other, np.arange(16)))
    assert motion["expression"][0] == small.labels["action"][11]


def test_clips_of_different_length():
    options = {"num_subjects": 2, "clips_per_cell": 2, "num_frames": 12}
    dataset = data.load("toon_faces", "test", lengths=(6, 12), **options)
    length = dataset.mask.sum(axis=1)
    assert length.min() >= 6 and length.max() <= 12 and len(np.unique(length)) > 3
    assert dataset.times is None
    for clip, count in enumerate(length):
        assert dataset.mask[clip, :count].all()
        frames, strength = dataset.frames[clip], dataset.states["intensity"][clip]
        assert (frames[count:] == frames[count - 1]).all()
        assert (strength[count - 1 :] < 1e-12).all() and strength.max() > 0.4
        one = rows(dataset.states, [clip])
        exact = toon_faces.render(one, np.arange(count))[0]
        assert np.array_equal(frames[:count], exact)


def test_clips_filmed_at_other_speeds_are_exact_at_their_times():
    options = {"num_subjects": {"test": 2}, "clips_per_cell": {"train": 9, "test": 1}}
    plain = data.load("toon_faces", "test", **options)
    filmed = data.load("toon_faces", "test", speeds={"test": [0.5, 2]}, **options)
    assert len(plain) == len(filmed) == 12 and plain.times is None
    speeds = filmed.times[:, 1]
    assert set(speeds) == {0.5, 2.0}
    for name in toon_faces.MOTION_STATES:
        np.testing.assert_array_equal(filmed.states[name], plain.states[name])
    for clip, speed in enumerate(speeds):
        times = toon_faces.playback_times(16, speed)
        np.testing.assert_array_equal(filmed.times[clip], times)
        np.testing.assert_array_equal(filmed.mask[clip], times <= 15)
        one = rows(filmed.states, [clip])
        np.testing.assert_array_equal(
            filmed.frames[clip], toon_faces.render(one, times)[0]
        )
    same = data.load("toon_faces", "test", speeds={"train": [0.5, 2]}, **options)
    np.testing.assert_array_equal(same.frames, plain.frames)
    assert same.times is None


def test_deterministic_prefixes_seeds_and_disjoint_splits():
    few = data.load("toon_faces", "train", num_subjects=2, clips_per_cell=1)
    more = data.load("toon_faces", "train", num_subjects=2, clips_per_cell=2)
    assert np.array_equal(few.frames, more.frames[:12])
    assert few.labels["action"].tolist() == [*range(6), *range(6)]
    assert few.labels["subject"].tolist() == [0] * 6 + [1] * 6
    other = data.load("toon_faces", "train", num_subjects=2, clips_per_cell=1, seed=1)
    assert not np.isin(other.states["identity"], few.states["identity"]).any()
    # Not only the default subjects: none of all those that there are is in both.
    train, test = toon_faces.SUBJECTS["train"], toon_faces.SUBJECTS["test"]
    assert not set(train) & set(test)
    assert sum(toon_faces.NUM_SUBJECTS.values()) >= 50
    people = identity_vectors(0, [*train, *test])
    assert len(np.unique(people[:, 0])) == len(people)
    loaded = data.load("toon_faces", "test", clips_per_cell=1, num_frames=2)
    assert set(loaded.labels["subject"]) == set(range(200, 212))
    assert loaded.label_names["subject"][200] == "toon-200"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_subjects": 0}, "num_subjects must be a whole number >= 1"),
        ({"num_subjects": 57}, r"num_subjects must lie in \[1, 56\] for split 'test'"),
        ({"clips_per_cell": 1.5}, "clips_per_cell must be a whole number >= 1"),
        ({"num_frames": 1}, "num_frames must be a whole number >= 2"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
        ({"lengths": (4, 17)}, "lengths must be .*num_frames = 16, received"),
        ({"lengths": 8}, "lengths must be .*received 8"),
        ({"speeds": (1, 0)}, "speeds must be a list of finite numbers above 0"),
        ({"speeds": (1,), "lengths": (4, 8)}, "speeds or lengths, not both"),
        ({"lengths": (9, 5)}, "lengths must be"),
        ({"source": "here"}, "is computed, not read"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        data.load("toon_faces", "test", **options)


def test_speed_zero_is_refused():
    with pytest.raises(ValueError, match="speed must be a finite number, not 0"):
        toon_faces.playback_times(4, 0)
