"""Film strips with a label at each row and the time below each frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.visualize import film_strip

DPI = 100
GAP = 2


def strip_figure(
    rows: Sequence[np.ndarray],
    labels: Sequence[str],
    times,
    path,
    width: int = 1100,
    across: str = "time (frames)",
) -> None:
    """Writes clips of equal shape below each other as a picture.

    Args:
        rows: `(time, height, width, channels)` uint8 each.
        labels: one text a row.
        times: one number a frame, written below the last row.
        path: a `.png`.
        width: of all frames of a row together, in pixels, about.
        across: what `times` are.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = np.stack(rows)
    times = np.asarray(times)
    height, cell = rows.shape[2:4]
    # A whole number of screen pixels for each pixel of a frame keeps edges sharp.
    scale = max(1, width // (rows.shape[1] * (cell + GAP)))
    image = film_strip(rows, scale=scale, gap=GAP)
    inches = np.array(image.shape[1::-1]) / DPI
    left, below, margin = 0.2 + 0.085 * max(map(len, labels)), 0.45, 0.1
    size = (inches[0] + left + margin, inches[1] + below + margin)
    figure = Figure(figsize=size, dpi=DPI)
    FigureCanvasAgg(figure)
    box = (left / size[0], below / size[1], *(inches / size))
    axes = figure.add_axes(box)
    axes.imshow(image, interpolation="nearest", aspect="auto")
    step = np.array([scale * height + GAP, scale * cell + GAP])
    axes.set_yticks(scale * height / 2 + step[0] * np.arange(len(rows)), labels)
    axes.set_xticks(
        scale * cell / 2 + step[1] * np.arange(len(times)),
        [f"{time:g}" for time in times],
    )
    axes.set_xlabel(across)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Comment": COMMENT})
