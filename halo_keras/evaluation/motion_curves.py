"""A motion coordinate along a clip against the truth (Helminger et al., figure 4b)."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.progress import chunks

UNMOVED = 0.02  # range of the truth below which a clip has nothing to be followed


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation, ties with the mean of their ranks; 0 if either is constant.

    Args:
        x, y: `(num,)`.
    """
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale > 0 else 0.0


def curve_spearman(
    model, dataset, truth: np.ndarray, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """|Spearman| of motion curves with a known course, clip by clip.

    Args:
        model: with `motion_curve` and `motion_dim`.
        dataset: clips.
        truth: `(clips, frames)`. Clips in which it does not move are left out.

    Returns: `curve_spearman_<k>` for each coordinate of z, and `_principal` for the
        direction in which the clip's own z vary most: means over clips of the absolute
        value, since a sign means nothing; `curve_spearman`, the best of these; and
        `curve_spearman_best`, with the best coordinate chosen for each clip, which
        flatters.
    """
    names = [*range(model.motion_dim), "principal"]
    found = {name: [] for name in names}
    for rows in chunks(len(dataset), batch_size, "motion curves", verbose):
        frames, course = dataset.frames[rows], truth[rows]
        for name in names:
            curve = model.motion_curve(frames, None if name == "principal" else name)
            found[name] += [
                abs(spearman(one, real))
                for one, real in zip(curve, course, strict=True)
                if np.ptp(real) > UNMOVED
            ]
    means = {f"curve_spearman_{name}": float(np.mean(v)) for name, v in found.items()}
    best = np.max([found[name] for name in names], axis=0)
    return {
        "curve_spearman": max(means.values()),
        "curve_spearman_best": float(best.mean()),
        **means,
    }


def _ranks(x: np.ndarray) -> np.ndarray:
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2.0)[place]
