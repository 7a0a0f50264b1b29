"""The picture of a preset shows what its verbs give."""

import numpy as np
from models.small_halo import moving_dots, small_halo

from halo_keras.data.clip_files import read_clip
from halo_keras.training.swap_picture import NUM_CONTENTS, NUM_MOTIONS, draw_swaps


def test_cells_are_the_swaps_of_the_example_clips(tmp_path):
    model = small_halo().fit_prior(moving_dots(12))
    draw_swaps(model, tmp_path / "swap.gif")
    drawn = np.asarray(read_clip(tmp_path / "swap.gif"))[:, ::2, ::2]  # scale 2
    clips = model.example_clips()
    frames, action, times = clips["frames"], clips["action"], np.arange(16)
    assert len(drawn) == len(times)
    content, motion = 1, 2
    expected = model.swap_motion(
        frames[content],
        frames[NUM_CONTENTS + motion],
        action=int(action[NUM_CONTENTS + motion]),
        times=times,
    )
    step = 8 + 2  # a frame and the gap
    rows, columns = (1 + content) * step, (1 + motion) * step
    cell = drawn[:, rows : rows + 8, columns : columns + 8, :1]
    np.testing.assert_allclose(cell, np.round(255 * expected), atol=2)
    assert drawn.shape[2] == (1 + NUM_MOTIONS) * step - 2
