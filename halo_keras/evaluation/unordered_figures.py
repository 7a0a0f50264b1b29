"""Figures of a motion latent without time: its map, and its course along a clip.

Helminger et al. 2018, figures 3 and 4.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.evaluation.metrics import as_float
from halo_keras.visualize import film_strip

GRID, EXTENT = 9, 2.0
THUMBNAILS = 8


def grid_figure(model, clips, path) -> None:
    """Figure 3: z over a grid, for the content of each clip; see `motion_grid`.

    Args:
        model: with `motion_grid`.
        clips: a `ClipDataset` of a few clips, side by side in the figure, each below
            one of its frames.
        path: a `.png`.
    """
    figure, axes = _figure(len(clips), (4.2 * len(clips), 4.6))
    made = model.motion_grid(clips.frames, size=GRID, extent=EXTENT)
    for axis, grid, frames in zip(axes, made, clips.frames, strict=True):
        axis.imshow(_shown(film_strip(grid, gap=1)), interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.set_xlabel("z1")
        axis.set_ylabel("z2" if model.motion_dim > 1 else "")
        inset = axis.inset_axes((0.0, 1.02, 0.14, 0.14))
        inset.imshow(_shown(frames[0]), interpolation="nearest")
        inset.axis("off")
    figure.suptitle(f"{EXTENT:g} standard deviations of p(z | f) to each side")
    _save(figure, path)


def curve_figure(model, clips, path, truth=None) -> None:
    """Figure 4b: the clip's own motion coordinate, with some of its frames below.

    Args:
        model: with `motion_curve`.
        clips: a `ClipDataset` of a few clips, one above the other.
        path: a `.png`.
        truth: None, or a known course `(clips, frames)`, drawn beside each curve.
    """
    figure, axes = _figure(1, (9, 2.6 * len(clips)), rows=2 * len(clips))
    curves = model.motion_curve(clips.frames)
    count = min(THUMBNAILS, clips.num_frames)
    chosen = np.linspace(0, clips.num_frames - 1, count).round().astype(int)
    for index, (curve, frames) in enumerate(zip(curves, clips.frames, strict=True)):
        above, below = axes[2 * index], axes[2 * index + 1]
        above.plot(np.arange(len(curve)), curve, marker=".", label="motion coordinate")
        above.plot(chosen, curve[chosen], "o", color="black", markersize=4)
        if truth is not None:
            other = above.twinx()
            other.plot(truth[index], color="tab:orange", linestyle="--")
            other.set_ylabel("truth", color="tab:orange")
        above.set_ylabel("z")
        strip = film_strip(as_float(frames[chosen])[None], gap=2)
        below.imshow(_shown(strip), interpolation="nearest")
        below.axis("off")
    axes[-2].set_xlabel("frame")
    _save(figure, path)


def _figure(columns: int, size, rows: int = 1):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, np.ravel(figure.subplots(rows, columns))


def _save(figure, path) -> None:
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Comment": COMMENT})


def _shown(picture: np.ndarray) -> np.ndarray:
    """Grey pictures with three channels, as matplotlib would colour them."""
    return np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
