"""What is asked of every model of frames without an order (Helminger et al. 2018)."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.progress import chunks
from halo_keras.models.unordered_verbs import MAX_PAIRED, evenly_spaced


def is_unordered(model) -> bool:
    """Whether a model reads content from sets of frames."""
    return getattr(model, "family", None) == "unordered"


def permutation(
    model, dataset, seed: int = 0, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """Whether the content of a set depends on the order of its frames.

    Returns: `permutation_difference`, the largest difference of any content coordinate
        between a set of up to 20 frames and the same frames in another order.
    """
    rng, worst = np.random.default_rng(seed), 0.0
    for rows in chunks(len(dataset), batch_size, "permutation", verbose):
        frames = as_sets(dataset, rows)
        order = rng.permutation(frames.shape[1])
        one, other = (model.encode_content(x) for x in (frames, frames[:, order]))
        worst = max(worst, float(np.abs(one - other).max()))
    return {"permutation_difference": worst}


def as_sets(dataset, rows, count: int = MAX_PAIRED) -> np.ndarray:
    """Up to `count` frames of each clip, evenly spaced among those that count."""
    frames = dataset.frames[rows]
    count = min(count, frames.shape[1])
    mask = np.ones(frames.shape[:2]) if dataset.mask is None else dataset.mask[rows]
    index = evenly_spaced(mask, count)
    return np.take_along_axis(frames, index[:, :, None, None, None], axis=1)


def latents_of(
    model, dataset, batch_size: int = 64, verbose: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means: content `(clips, C)` and motion `(clips, frames, ...)`."""
    content, motion = [], []
    for rows in chunks(len(dataset), batch_size, "latents", verbose):
        found = model.features(dataset.frames[rows])
        content.append(found["content"])
        motion.append(found["motion"])
    return np.concatenate(content), np.concatenate(motion)
