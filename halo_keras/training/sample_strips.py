"""What a model in training makes of a few clips, as one picture."""

from __future__ import annotations

import os

import numpy as np

from halo_keras.visualize import film_strip


def draw_strips(dataset, model, path: str | os.PathLike) -> None:
    """Writes a picture of film strips; verbs that the model lacks are left out.

    Rows from the top: two clips, far apart in the dataset; their reconstructions; the
    first clip's content with the second one's motion, and the other way round.

    Args:
        dataset: a `ClipDataset`; its first and its last clip are drawn.
        model: has `reconstruct` and `swap_motion`, as a `SequenceModel` has.
        path: a `.png`.
    """
    chosen = [0, len(dataset) - 1]
    clips = dataset.frames[chosen]
    action = dataset.labels["action"][chosen]
    rows = [np.asarray(clips, "float32") / 255]
    if hasattr(model, "reconstruct"):
        rows.append(model.reconstruct(clips, action=action))
    if hasattr(model, "swap_motion"):
        rows.append(model.swap_motion(clips, clips[::-1], action=action[::-1]))
    film_strip(np.clip(np.concatenate(rows), 0, 1), path, gap=1)
