"""Sets are frames of their clips, drawn without replacement, by seed and epoch."""

from dataclasses import replace

import numpy as np
import pytest

from halo_keras.data import ClipDataset
from halo_keras.data.frame_sets import FrameSets


def numbered(clips=6, frames=9, **options):
    """Clip c's frame t has the value 20 c + t everywhere."""
    values = 20 * np.arange(clips)[:, None] + np.arange(frames)
    shape = (clips, frames, 4, 4, 1)
    return ClipDataset(
        name="numbered",
        split="train",
        frames=np.broadcast_to(values[..., None, None, None], shape).astype("uint8"),
        labels={"action": np.zeros(clips, np.int64)},
        label_names={"action": ["still"]},
        license="none",
        attribution="none",
        **options,
    )


def values(frames):
    return frames[:, :, 0, 0, 0]


def test_frames_of_a_set_are_different_frames_of_one_clip():
    sets = FrameSets(numbered(), 4, 3, "other", sets_per_clip=10)
    assert len(sets) == 15
    seen, clips = set(), []
    for index in range(len(sets)):
        batch = sets[index]
        both = np.concatenate(
            [values(batch["frames"]), values(batch["content_frames"])], axis=1
        )
        clip, frame = both // 20, both % 20
        assert (clip == clip[:, :1]).all()
        assert all(len(set(row)) == 6 for row in frame)
        seen |= {tuple(row) for row in frame[:, :3]}
        clips += clip[:, 0].tolist()
    assert np.bincount(clips).tolist() == [10] * 6
    assert len(seen) > 50  # of 504 ordered triples


def test_each_frame_is_drawn_equally_often():
    sets = FrameSets(numbered(2, 9), 8, 3, sets_per_clip=600)
    frames = np.concatenate([values(sets[i]["frames"]) % 20 for i in range(len(sets))])
    for place in range(3):
        counts = np.bincount(frames[:, place], minlength=9) / len(frames)
        np.testing.assert_allclose(counts, 1 / 9, atol=0.03)


def test_a_batch_is_a_function_of_seed_epoch_and_number():
    one, two = (FrameSets(numbered(), 3, 2, seed=5) for _ in range(2))
    one.on_epoch_end()
    two.epoch = 1
    np.testing.assert_array_equal(one[1]["frames"], two[1]["frames"])
    other = FrameSets(numbered(), 3, 2, seed=6, epoch=1)
    assert not np.array_equal(one[1]["frames"], other[1]["frames"])


def test_frames_that_do_not_count_are_not_drawn():
    mask = np.arange(9) < np.array([3, 4, 9, 5, 3, 8])[:, None]
    sets = FrameSets(numbered(mask=mask), 6, 3, sets_per_clip=20)
    for index in range(len(sets)):
        drawn = values(sets[index]["frames"])
        assert mask[drawn // 20, drawn % 20].all() and "mask" not in sets[index]


def test_what_cannot_be_is_said():
    clips = numbered()
    with pytest.raises(ValueError, match="frame_set=10 is larger than a clip"):
        FrameSets(clips, 2, 10)
    with pytest.raises(ValueError, match="as many others .* shortest has 9 frames"):
        FrameSets(clips, 2, 5, "other")
    with pytest.raises(ValueError, match="at least 2, as content is what"):
        FrameSets(clips, 2, 1)
    with pytest.raises(ValueError, match="content_set must be one of"):
        FrameSets(clips, 2, 3, "different")
    with pytest.raises(ValueError, match="sets_per_clip must be"):
        FrameSets(clips, 2, 3, sets_per_clip=0)
    assert len(FrameSets(replace(clips), 4, 3)) == 1
