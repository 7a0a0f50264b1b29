"""Small datasets of every kind that parquet files have to hold."""

import dataclasses

import numpy as np

from halo_keras.data import ClipDataset

ARRAYS = ("frames", "times", "mask")


def video(split="train", num_clips=13, channels=3, seed=0, **changes) -> ClipDataset:
    """Noise, so that no two frames are alike, with labels with and without names."""
    rng = np.random.default_rng([seed, num_clips, channels])
    given = {
        "name": "noise",
        "split": split,
        "frames": rng.integers(0, 256, (num_clips, 3, 5, 6, channels), dtype=np.uint8),
        "labels": {
            "action": rng.integers(0, 2, num_clips),
            "person": np.arange(num_clips, dtype="int32") * 7,
        },
        "label_names": {"action": ["left", "right, up"]},
        "license": "CC0-1.0",
        "attribution": "made of random numbers",
    }
    return ClipDataset(**{**given, **changes})


def full(split="train", num_clips=13) -> ClipDataset:
    """With times, a mask and states of several shapes and types."""
    rng = np.random.default_rng(5)
    steps = rng.uniform(0.1, 2, (num_clips, 3))
    steps[:, 0] = 0
    mask = rng.random((num_clips, 3)) < 0.6
    mask[:, 0] = True
    return video(
        split,
        num_clips,
        times=np.cumsum(steps, axis=1),
        mask=mask,
        states={
            "angle": rng.normal(size=num_clips),
            "track": rng.normal(size=(num_clips, 3, 2)).astype("float32"),
            "bounces": rng.integers(0, 9, (num_clips, 3)),
        },
        options={"num_clips": num_clips, "speeds": {"train": [0.5, 1.0]}},
    )


def spectrogram(split="train", num_clips=7) -> ClipDataset:
    rng = np.random.default_rng(6)
    frames = rng.uniform(-4, 4, (num_clips, 4, 9)).astype("float32")
    return video(
        split,
        num_clips,
        frames=frames,
        labels={"action": np.arange(num_clips) % 2},
        kind="spectrogram",
        value_range=(-4.0, 4.0),
    )


def assert_equal(found: ClipDataset, expected: ClipDataset) -> None:
    """Every array and every word is the same, but for the type of the labels."""
    for name in ARRAYS:
        one, other = getattr(found, name), getattr(expected, name)
        if other is None:
            assert one is None, name
            continue
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other, err_msg=name)
    for group in ("labels", "states"):
        one, other = getattr(found, group) or {}, getattr(expected, group) or {}
        assert list(one) == list(other)
        for name in other:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
            if group == "states":
                assert one[name].dtype == other[name].dtype
    skipped = {"labels", "states", "origin", *ARRAYS}
    for field in dataclasses.fields(ClipDataset):
        if field.name not in skipped:
            found_value = getattr(found, field.name)
            assert found_value == getattr(expected, field.name), field.name
