"""ClipDataset: what it accepts, refuses, selects and says."""

import numpy as np
import pytest

from halo_keras.data import ClipDataset


def fields(**changes):
    """A valid dataset of 6 clips of 3 frames, every frame another value."""
    frames = np.arange(6 * 3, dtype=np.uint8).reshape(6, 3, 1, 1, 1)
    given = {
        "name": "toy",
        "split": "train",
        "frames": np.broadcast_to(frames, (6, 3, 4, 4, 1)).copy(),
        "labels": {"action": np.arange(6) % 2, "colour": np.arange(6) % 3},
        "label_names": {"action": ["left", "right"], "colour": ["r", "g", "b"]},
        "license": "CC0-1.0",
        "attribution": "nobody",
    }
    return {**given, **changes}


def test_shape_properties():
    dataset = ClipDataset(**fields())
    assert len(dataset) == 6
    assert dataset.num_frames == 3
    assert dataset.frame_shape == (4, 4, 1)
    assert dataset.num_actions == 2
    assert dataset.action_names == ["left", "right"]


TIMES = np.tile([0.0, 1.5, 2.0], (6, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name must be a text"),
        ({"license": None}, "license must be a text"),
        ({"kind": "film"}, "kind must be one of"),
        (
            {"frames": np.zeros((6, 3, 4, 4, 1))},
            "a NumPy array of uint8",
        ),
        ({"frames": np.zeros((6, 3, 4, 4), np.uint8)}, "height, width, channels"),
        ({"frames": np.zeros((6, 3, 4, 4, 2), np.uint8)}, "of 1 or 3 channels"),
        ({"frames": np.zeros((0, 3, 4, 4, 1), np.uint8)}, "without an empty axis"),
        ({"value_range": (1, 1)}, "value_range"),
        (
            {"labels": {"colour": np.zeros(6, int)}},
            "labels must be a dict",
        ),
        ({"label_names": {}}, "label_names must be a dict with the key"),
        (
            {"labels": {"action": np.zeros(5, int)}},
            r"labels\['action'\] must be of shape",
        ),
        ({"labels": {"action": np.zeros(6)}}, "a NumPy array of int"),
        ({"labels": {"action": np.full(6, 2)}}, r"must be in \[0, 2\)"),
        ({"labels": {"action": np.full(6, -1)}}, r"must be in \[0, 2\)"),
        ({"label_names": {"action": ["a", "b"], "color": []}}, "did you mean 'colour'"),
        ({"label_names": {"action": ["a", "a"]}}, "without repeats"),
        ({"times": TIMES[:, :2]}, r"times must be of shape \(6, 3\)"),
        ({"times": TIMES + 1}, "0 at the first frame"),
        ({"times": TIMES * [0, 1, 0]}, "strictly increasing"),
        ({"times": TIMES * np.nan}, "times must be finite"),
        ({"mask": np.ones((6, 3))}, "a NumPy array of bool"),
        ({"mask": np.zeros((6, 3), bool)}, "True at the first frame"),
        ({"states": {"angle": np.zeros(5)}}, r"states\['angle'\] must be of shape"),
        ({"states": {"angle": np.full(6, np.inf)}}, "must be finite"),
    ],
)
def test_wrong_fields_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ClipDataset(**fields(**changes))


def test_spectrograms_are_finite_floats():
    floats = np.zeros((6, 3, 200), np.float32)
    spectra = {"kind": "spectrogram", "value_range": (-10.0, 10.0)}
    assert ClipDataset(**fields(frames=floats, **spectra)).frame_shape == (200,)
    with pytest.raises(ValueError, match="finite"):
        ClipDataset(**fields(frames=floats * np.nan, **spectra))
    with pytest.raises(ValueError, match="array of float"):
        ClipDataset(**fields(**spectra))


@pytest.mark.parametrize(
    "indices", [[4, 0, 0], slice(1, 5, 2), np.arange(6) > 3, range(2, 4), [-1]]
)
def test_subset_selects_every_field(indices):
    mask = np.ones((6, 3), bool)
    mask[2, 2] = False
    states = {"angle": np.arange(6.0), "centre": np.arange(12.0).reshape(6, 2)}
    dataset = ClipDataset(**fields(times=TIMES * 2, mask=mask, states=states))
    part = dataset.subset(indices)
    # Clip by clip, against plain Python indexing.
    wanted = list(range(6))[indices] if isinstance(indices, slice) else list(indices)
    if isinstance(wanted[0], np.bool_):
        wanted = [i for i in range(6) if wanted[i]]
    assert len(part) == len(wanted)
    for row, i in enumerate(wanted):
        assert np.array_equal(part.frames[row], dataset.frames[i])
        assert part.labels["colour"][row] == dataset.labels["colour"][i]
        assert np.array_equal(part.times[row], dataset.times[i])
        assert np.array_equal(part.mask[row], mask[i])
        assert np.array_equal(part.states["centre"][row], states["centre"][i])


@pytest.mark.parametrize("indices", [[6], [-7], [], [0.5], [[1]], [True, False]])
def test_subset_refuses_other_indices(indices):
    with pytest.raises(ValueError, match="subset"):
        ClipDataset(**fields()).subset(indices)


def test_shards_are_disjoint_and_equally_long():
    dataset = ClipDataset(**fields())
    assert dataset.shard(0, 1) is dataset
    shards = [dataset.shard(index, 4).frames[:, 0, 0, 0, 0] for index in range(4)]
    assert [len(shard) for shard in shards] == [1, 1, 1, 1]
    assert len(np.unique(np.concatenate(shards))) == 4
    halves = [dataset.shard(index, 2).frames[:, 0, 0, 0, 0] for index in range(2)]
    assert sorted(np.concatenate(halves)) == sorted(dataset.frames[:, 0, 0, 0, 0])
    with pytest.raises(ValueError, match="0 <= index < count"):
        dataset.shard(2, 2)


def test_describe_counts_factors_and_says_whose_it_is():
    mask = np.ones((6, 3), bool)
    mask[0, 1:] = False
    text = ClipDataset(**fields(mask=mask, states={"angle": np.zeros(6)})).describe()
    assert "toy, split train: 6 clips of 3 x 4 x 4 x 1 (video, uint8, 0 to 255)" in text
    assert "action: 2 of 2 classes, 3 clips each (left, right)" in text
    assert "mask: 88.9% of the frames count" in text
    assert "states: angle" in text
    assert "licence: CC0-1.0" in text
    assert "attribution: nobody" in text
