"""All poses of a sheet: the same pictures as the clips' own, and none empty."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import sprite_poses
from halo_keras.data.sprite_sheets import clip_cells, pose_cells


@pytest.fixture(scope="module")
def sheets(shared_data):
    return shared_data / "sprites"


def test_cells_of_a_sheet():
    cells = pose_cells()
    assert cells.shape == (178, 2) and len({tuple(cell) for cell in cells}) == 178
    assert len(sprite_poses.ROW_NAMES) == cells[:, 0].max() + 1 == 21
    assert cells[:, 1].max() + 1 == sprite_poses.NUM_CELLS == 13


def test_poses_hold_the_frames_of_the_clips(sheets):
    poses = data.load("sprite_poses", "test", sheets, num_characters=3)
    clips = data.load("sprites", "test", sheets, num_characters=3)
    assert poses.frames.shape == (3, 178, 64, 64, 3)
    assert poses.frames.reshape(3, 178, -1).max(axis=-1).min() > 0
    place = {tuple(cell): number for number, cell in enumerate(pose_cells())}
    for action, cells in enumerate(clip_cells()):
        numbers = [place[tuple(cell)] for cell in cells]
        for character in range(3):
            clip = clips.frames[3 * action + character]
            np.testing.assert_array_equal(poses.frames[character, numbers], clip)
        motion, way = clips.action_names[action].split("/")
        assert poses.label_names and {
            sprite_poses.ROW_NAMES[row] for row in cells[:, 0]
        } == {f"{motion}/{way}"}
    np.testing.assert_array_equal(
        poses.labels["character"], clips.labels["character"][:3]
    )


def test_frames_are_the_same_pictures_labelled(sheets):
    sets = data.load("sprite_poses", "test", sheets, num_characters=2)
    frames = data.load("sprite_poses", "test", sheets, num_characters=2, form="frames")
    np.testing.assert_array_equal(
        frames.frames[:, 0].reshape(sets.frames.shape), sets.frames
    )
    np.testing.assert_array_equal(frames.labels["row"][178:], pose_cells()[:, 0])
    np.testing.assert_array_equal(frames.labels["cell"][:178], pose_cells()[:, 1])
    assert (frames.labels["hair"][178:] == sets.labels["hair"][1]).all()


def test_characters_of_one_split_alone_may_be_limited(sheets):
    both = {"num_characters": {"test": 2}}
    assert len(data.load("sprite_poses", "test", sheets, **both)) == 2
    with pytest.raises(ValueError, match="form must be one of"):
        data.load("sprite_poses", "test", sheets, form="clips")
