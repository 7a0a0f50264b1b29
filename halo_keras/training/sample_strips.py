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
    rows = [clips]
    if hasattr(model, "reconstruct"):
        rows.append(model.reconstruct(clips, action=action))
    if hasattr(model, "swap_motion") and getattr(model, "has_content", True):
        rows.append(model.swap_motion(clips, clips[::-1], action=action[::-1]))
    if dataset.kind == "spectrogram":
        drawn = np.concatenate(rows)
        film_strip(as_pictures(drawn, dataset.value_range), path, gap=1, scale=2)
        return
    rows[0] = np.asarray(clips, "float32") / 255
    film_strip(np.clip(np.concatenate(rows), 0, 1), path, gap=1)


def as_pictures(spectrograms, value_range) -> np.ndarray:
    """Each spectrogram as a clip of one grey picture: time to the right, bins upward.

    Args:
        spectrograms: `(clips, time, bins)` floats in `value_range`.
    Returns: `(clips, 1, bins, time, 1)` floats in [0, 1].
    """
    low, high = value_range
    unit = np.clip((spectrograms - low) / (high - low), 0, 1)
    return np.swapaxes(unit, 1, 2)[:, None, ::-1, :, None]
