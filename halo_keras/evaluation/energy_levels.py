"""The energy of each operator along a long rollout, at its own level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing


def energy_levels(energies, times, labels: Sequence[str], path) -> None:
    """Writes a plot of E(t), one line for each operator, in the model's own units.

    A time-independent Hamiltonian keeps its energy (HALO, section 3), so the lines are
    flat; the legend tells the largest relative change of each. `visualize.energy_plot`
    divides by E(0), which puts all lines on top of each other.

    Args:
        energies: `(num_operators, num_times)`.
        times: `(num_times,)` in frames.
        labels: one text an operator.
        path: a `.png`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    energies = np.asarray(energies, float)
    figure = Figure(figsize=(8, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for energy, label in zip(energies, labels, strict=True):
        change = np.abs(energy - energy[0]).max() / max(abs(energy[0]), 1e-12)
        axes.plot(times, energy, label=f"{label} (changes by {change:.0e})")
    if energies.min() > 0:
        axes.set_ylim(0, 1.1 * energies.max())
    axes.set_xlabel("time (frames)")
    axes.set_ylabel("energy E(t)")
    figure.legend(loc="outside right upper", fontsize="small")
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Comment": COMMENT})
