"""A mean over frames hides one that is wrong each time: here each must be right."""

import numpy as np

import halo_keras
from halo_keras import data


def test_no_frame_of_any_action_is_wrong(shared_data):
    """Version 3 showed a wrong fourth frame of every slash, at a mean MSE of .0008."""
    clips = data.load(
        "sprites", "test", source=shared_data / "sprites", num_characters=4
    )
    model = halo_keras.from_pretrained("halo-sprites")
    action, names = clips.labels["action"], clips.action_names
    for first in (0, 992):
        made = model.forecast(clips.frames, np.arange(first, first + 8), action=action)
        error = ((made - clips.frames / 255.0) ** 2).mean(axis=(2, 3, 4))
        for index, name in enumerate(names):
            worst = error[action == index].mean(axis=0).max()
            assert worst < 1e-3, (name, first, worst)
