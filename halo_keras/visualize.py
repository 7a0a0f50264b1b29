"""Pictures of clips and of motion: film strips, GIFs, swap grids, energy and phase.

Everything returns an array or a matplotlib `Figure` and, given a `path`, writes it
with the comment "synthetic: halo-keras", complete or not at all. Figures are made
without pyplot, so no window opens and no global state changes.
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.clip_files import to_uint8
from halo_keras.data.clip_writer import (
    COMMENT,
    check_output,
    enlarge,
    replacing,
    save_gif,
    save_png,
    write_clip,
)

__all__ = [
    "beside",
    "energy_plot",
    "film_strip",
    "phase_plot",
    "save_gif",
    "swap_grid",
]
WHITE = 255


def film_strip(frames, path=None, *, scale=1, gap=0) -> np.ndarray:
    """Frames side by side from left to right, one row a clip.

    Args:
        frames: `(time, height, width, channels)` or, for several rows,
            `(batch, time, height, width, channels)`; uint8, or real in [0, 1].
        path: a `.png` to write too.
        scale: each pixel becomes scale x scale pixels.
        gap: white pixels between frames and between rows. A single row without gap
            is read back by `halo_keras.data.clip_files.read_clip`.
    Returns: `(height of all, width of all, channels)` uint8.
    Raises: ValueError if `frames` has another rank, dtype or range.
    """
    clips = _clips(frames, "frames")
    image = _tile(clips, scale, gap)
    if path is not None:
        save_png(path, image)
    return image


def beside(*clips, gap=2) -> np.ndarray:
    """Clips that play side by side, shorter ones over and over.

    Args:
        clips: each `(time, height, width, channels)`, equal in height and channels.
        gap: white pixels between two clips.
    Returns: `(longest time, height, width of all, channels)` uint8.
    """
    clips = [to_uint8(clip) for clip in clips]
    num_frames = max(len(clip) for clip in clips)
    rows = [[clip[t % len(clip)] for clip in clips] for t in range(num_frames)]
    return np.stack([_row(row, gap) for row in rows])


def swap_grid(
    content_clips, motion_clips, results, path=None, *, fps=8, scale=1, gap=2
) -> np.ndarray:
    """A moving table: content down the side, motion along the top, swaps inside.

    Args:
        content_clips: `(num_contents, time, height, width, channels)`, the first
            column; shorter ones are played over and over, as are all clips here.
        motion_clips: `(num_motions, time, height, width, channels)`, the first row.
        results: `(num_contents, num_motions, time, height, width, channels)`, where
            `results[i, j]` has the content of i and the motion of j.
        path: a `.gif`, a `.png` strip, an `.npz` or a new folder to write too.
        fps, scale: of that file.
        gap: white pixels between cells.
    Returns: `(time, height, width, channels)` uint8, the corner cell white.
    Raises: ValueError if the three do not belong together.
    """
    contents = _clips(content_clips, "content_clips")
    motions = _clips(motion_clips, "motion_clips")
    table = [_clips(row, f"results[{i}]") for i, row in enumerate(results)]
    cell = contents.shape[2:]
    shapes = {clips.shape[2:] for clips in (motions, *table)}
    sizes = (len(table), *{len(row) for row in table})
    if shapes != {cell} or sizes != (len(contents), len(motions)):
        raise ValueError(
            f"expected {len(contents)} x {len(motions)} results of frames {cell}, one "
            f"for each of {len(contents)} content and {len(motions)} motion clips, "
            f"received shape {np.shape(results)} and motion_clips {motions.shape}."
        )
    blank = np.full((1, *cell), WHITE, np.uint8)
    rows = [[blank, *motions]]
    rows += [[clip, *row] for clip, row in zip(contents, table, strict=True)]
    num_frames = max(len(clip) for row in rows for clip in row)
    grid = []
    for t in range(num_frames):
        lines = [_row([clip[t % len(clip)] for clip in row], gap) for row in rows]
        grid.append(_column(lines, gap))
    grid = np.stack(grid)
    if path is not None:
        write_clip(path, grid, fps=fps, scale=scale)
    return grid


def energy_plot(energies, times=None, path=None, *, labels=None):
    """Energy of the latent motion against time, relative to time 0.

    Draws E(t) / E(0), or E(t) - E(0) where some E(0) is 0: the flow of a
    time-independent Hamiltonian keeps E, so a straight line is what should come out
    (HALO, Khan & Storkey 2022, section 3); other dynamics may drift.

    Args:
        energies: `(num_times,)` or `(batch, num_times)`, for instance of
            `dynamics.energy` along a trajectory.
        times: `(num_times,)` in frames; 0, 1, ... if None.
        path: a `.png` to write too.
        labels: one text a row.
    Returns: the matplotlib `Figure`.
    """
    from keras import ops

    energies = np.atleast_2d(ops.convert_to_numpy(energies).astype(float))
    if energies.ndim != 2 or not np.isfinite(energies).all():
        raise ValueError(
            "expected finite energies (num_times,) or (batch, num_times), received "
            f"shape {energies.shape}; a dynamics without energy has no such plot."
        )
    times = _times(times, energies.shape[1])
    labels = _labels(labels, len(energies))
    order = np.argsort(times)
    start = energies[:, np.argmin(np.abs(times))][:, None]
    relative = bool((np.abs(start) > 1e-12).all())
    values = energies / start if relative else energies - start
    figure, (axes,) = _figure(1)
    for row, label in zip(values, labels, strict=True):
        axes.plot(times[order], row[order], ".-", markersize=3, label=label)
    middle = 1.0 if relative else 0.0
    # Rounding errors must not fill the picture and look like a drift.
    low, high = min(values.min(), middle - 0.01), max(values.max(), middle + 0.01)
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_xlabel("time (frames)")
    axes.set_ylabel("energy E(t) / E(0)" if relative else "energy E(t) - E(0)")
    _legend(figure, axes, labels)
    return _finish(figure, path)


def phase_plot(states, path=None, *, labels=None, max_planes=4):
    """Trajectories in the planes of position q_j and momentum p_j.

    The planes with the largest spread of all states are shown, largest first; a circle
    marks each trajectory's first state.

    Args:
        states: `(num_times, 2 * position_dim)` or
            `(batch, num_times, 2 * position_dim)`, position then momentum.
        path: a `.png` to write too.
        labels: one text a trajectory.
        max_planes: how many planes at most.
    Returns: the matplotlib `Figure`.
    """
    from keras import ops

    # A tensor of PyTorch that knows its gradient is no array to NumPy.
    states = ops.convert_to_numpy(states).astype(float)
    states = states[None] if states.ndim == 2 else states
    if states.ndim != 3 or states.shape[-1] % 2 or not np.isfinite(states).all():
        raise ValueError(
            "expected finite states (batch, num_times, 2 * position_dim), received "
            f"shape {states.shape}."
        )
    labels = _labels(labels, len(states))
    position, momentum = np.split(states, 2, axis=-1)
    spread = (position**2 + momentum**2).sum((0, 1))
    planes = np.argsort(-spread, kind="stable")[:max_planes]
    figure, panels = _figure(len(planes))
    for axes, j in zip(panels, planes, strict=True):
        for q, p, label in zip(position, momentum, labels, strict=True):
            (line,) = axes.plot(
                q[:, j], p[:, j], ".-", markersize=3, linewidth=0.8, label=label
            )
            axes.plot(q[0, j], p[0, j], "o", color=line.get_color(), fillstyle="none")
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel(f"position q[{j}]")
        axes.set_ylabel(f"momentum p[{j}]")
    _legend(figure, panels[0], labels)
    return _finish(figure, path)


def _clips(frames, name):
    frames = np.asarray(frames)
    frames = frames[None] if frames.ndim == 4 else frames
    try:
        return to_uint8(frames, ndim=5)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _tile(clips, scale, gap):
    """`(rows, columns, height, width, channels)` as one image."""
    return _column([_row(enlarge(clip, scale), gap) for clip in clips], gap)


def _row(images, gap):
    return _join(images, gap, axis=1)


def _column(images, gap):
    return _join(images, gap, axis=0)


def _join(images, gap, axis):
    shape = list(images[0].shape)
    shape[axis] = gap
    between = np.full(shape, WHITE, np.uint8)
    parts = [part for image in images for part in (between, image)][1:]
    return np.concatenate(parts, axis=axis)


def _times(times, num_times):
    times = np.arange(num_times) if times is None else np.asarray(times, float)
    if times.shape != (num_times,):
        raise ValueError(
            f"expected {num_times} times, one for each energy, received shape "
            f"{times.shape}."
        )
    return times


def _labels(labels, num):
    labels = [None] * num if labels is None else [str(label) for label in labels]
    if len(labels) != num:
        raise ValueError(f"expected {num} labels, received {len(labels)}.")
    return labels


def _figure(num_panels):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(6, 3 * num_panels), 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, num_panels, squeeze=False)[0])


def _legend(figure, axes, labels):
    if any(label is not None for label in labels):
        handles, texts = axes.get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside right upper", fontsize="small")


def _finish(figure, path):
    if path is not None:
        path = check_output(path, (".png",))
        with replacing(path) as part:
            figure.savefig(part, format="png", dpi=120, metadata={"Comment": COMMENT})
    return figure
