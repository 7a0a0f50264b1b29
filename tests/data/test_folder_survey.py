"""What is chosen for a folder, against the files that were put there."""

import numpy as np
import pytest
from drawn_faces import save_pictures

from halo_keras import data
from halo_keras.data.folder_survey import ENOUGH, survey
from halo_keras.schema import ConfigError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path / "cache"))


def put(folder, rng, frames, height=50, width=60, grey=False):
    shape = (frames, height, width, 1 if grey else 3)
    pictures = np.repeat(rng.integers(0, 256, shape), 3 if grey else 1, axis=-1)
    save_pictures(folder, pictures.astype(np.uint8), "{}.png")


def test_labelled_colour_videos(tmp_path, rng):
    for person in "abc":
        for action in ("jump", "wave"):
            put(tmp_path / "in" / person / action / "one", rng, 20)
    seen = survey(tmp_path / "in")
    assert (seen.num_videos, seen.action_names) == (6, ["jump", "wave"])
    assert (seen.width, seen.height, seen.shortest) == (60, 50, 20)
    assert seen.options == {
        "size": 64,
        "channels": 3,
        "num_frames": 16,
        "step": 1,
        "stride": 4,  # few clips: windows overlap
        "split_by": "video",
    }
    # Windows of 16 frames begin at frames 0 and 4 of 20.
    assert seen.num_clips == 6 * 2
    clips = [
        data.load("folder", split, source=tmp_path / "in", verbose=0, **seen.options)
        for split in ("train", "test")
    ]
    assert sum(map(len, clips)) == seen.num_clips
    for word in (
        "6 videos",
        "60 x 50",
        "in colour",
        "2 actions",
        "16 frames of 64 x 64",
    ):
        assert word in seen.text()


def test_two_long_small_grey_videos_without_labels(tmp_path, rng):
    for name in ("one", "two"):
        put(tmp_path / "in" / name, rng, 45, height=24, width=20, grey=True)
    seen = survey(tmp_path / "in")
    assert seen.action_names == [] and seen.num_actions == 1
    assert seen.options["split_by"] == "end"
    assert (seen.options["size"], seen.options["channels"]) == (32, 1)
    # A fifth of 45 frames is 9: clips of 8.
    assert (seen.options["num_frames"], seen.options["stride"]) == (8, 2)
    assert "unconditional" in seen.text() and "grey" in seen.text()
    test = data.load(
        "folder", "test", source=tmp_path / "in", verbose=0, **seen.options
    )
    assert test.frames.shape[1:] == (8, 32, 32, 1)
    given = survey(tmp_path / "in", size=16, channels=3)
    assert (given.options["size"], given.options["channels"]) == (16, 3)


def test_many_long_videos_at_half_the_pace_and_without_overlap(
    tmp_path, rng, monkeypatch
):
    for index in range(12):  # one is shorter than the rest, and does not decide
        folder = tmp_path / "in" / str(index)
        put(folder, rng, 5 if index == 0 else 130, height=8, width=8)
    seen = survey(tmp_path / "in", labels="none")
    assert seen.shortest == 130
    assert [seen.options[key] for key in ("num_frames", "step", "stride")] == [16, 2, 8]
    # Windows of 31 frames begin at 0, 8, ... 96 of 130 frames.
    assert seen.num_clips == 11 * 13 < ENOUGH
    monkeypatch.setattr("halo_keras.data.folder_survey.ENOUGH", 40)
    seen = survey(tmp_path / "in", labels="none")
    assert seen.options["stride"] == 32 and seen.num_clips == 11 * 4


def test_nothing_to_look_at(tmp_path):
    with pytest.raises(ConfigError, match="--data-dir: FOLDER/ACTION/VIDEO"):
        survey(None)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        survey(tmp_path / "none")
    broken = tmp_path / "in" / "broken"
    broken.mkdir(parents=True)
    (broken / "1.png").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match="none of the 1 videos"):
        survey(tmp_path / "in")
