"""DSVAE's figure 4: what a judge names each frame of clips that share a latent."""

from __future__ import annotations

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.evaluation.protocols import per_frame_classes

HALVES = {"content": "content shared", "motion": "motion shared"}


def class_plot(
    model, judge, dataset, path, num_shared: int = 5, num_clips: int = 20, seed: int = 0
) -> dict[str, np.ndarray]:
    """Class ids of frames: flat lines where the latent that is shared decides.

    One panel for every head and half (content shared, motion shared); in it one
    colour for each shared draw and a thin line for each clip, moved apart a little.
    With shared content the attributes should be flat and the action vary, with
    shared motion the reverse (Li & Mandt 2018, section 4.1).

    Args:
        model: a `SequenceModel`.
        judge: a `FrameJudge`.
        dataset: a `ClipDataset`, for the names of the classes.
        path: a `.png`.
        num_shared, num_clips, seed: see `per_frame_classes`; fewer clips than the
            paper's 200 can be told apart.

    Returns: what `per_frame_classes` gives.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = per_frame_classes(model, judge, num_shared, num_clips, seed)
    heads = list(judge.head_names)
    figure = Figure(figsize=(3.2 * len(heads), 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(HALVES), len(heads), squeeze=False)
    for row, (half, title) in zip(panels, HALVES.items(), strict=True):
        for axes, head in zip(row, heads, strict=True):
            table = found[f"{half}_shared_{head}"]  # (shared, clips, frames)
            apart = np.linspace(-0.3, 0.3, table.shape[0] * table.shape[1])
            apart = apart.reshape(table.shape[:2])
            for shared, (clips, shifts) in enumerate(zip(table, apart, strict=True)):
                lines = (clips + shifts[:, None]).T
                axes.plot(lines, color=f"C{shared}", linewidth=0.5, alpha=0.7)
            names = dataset.label_names.get(head, [])
            axes.set_yticks(range(len(names)), names, fontsize="x-small")
            axes.set_ylim(-0.5, max(len(names), table.max() + 1) - 0.5)
            axes.set_title(f"{head}, {title}", fontsize="small")
            axes.set_xlabel("frame", fontsize="small")
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Comment": COMMENT})
    return found
