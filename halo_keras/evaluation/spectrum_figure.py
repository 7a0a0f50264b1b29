"""The learned spectrum of a rotation: which speeds carry how much of the motion."""

from __future__ import annotations

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.evaluation.mode_shares import USED, Modes


def spectrum_figure(modes: Modes, period: float, path) -> None:
    """Writes a plot of every plane's share over its speed, in multiples of 2 pi / T.

    Args:
        modes: see `modes_of`.
        period: T in frames.
        path: a `.png`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    multiple = modes.speeds * period / (2 * np.pi)
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for k in range(int(period // 2) + 1):
        axes.axvline(k, color="0.85", zorder=0)
    used = modes.shares >= USED
    for chosen, colour in ((~used, "0.6"), (used, "tab:blue")):
        axes.vlines(multiple[chosen], 0, modes.shares[chosen], color=colour)
        axes.plot(multiple[chosen], modes.shares[chosen], "o", color=colour, ms=4)
    axes.axhline(USED, color="0.6", linestyle=":", linewidth=1)
    axes.set_xlabel(f"speed in multiples of 2 pi / {period:g} radians a frame")
    axes.set_ylabel("share of the positions' variance")
    axes.set_xlim(0, period / 2)
    axes.set_ylim(0, None)
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Comment": COMMENT})
