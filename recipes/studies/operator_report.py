"""Tables and figure of the operator study, from its rows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from studies.operator_columns import DEAD, WINDOWS
from studies.operator_plan import OPERATORS
from studies.rows import number
from studies.tables import (
    cell,
    markdown,
    numbers,
    seeds_of,
    spread,
    table,
    write_between_marks,
)

TITLE = (
    "## The operator study\n\nWhat is compared, and how: `recipes/study_operators.py`."
)
TARGETS = {
    "clip": "Trained on the 8 frames of the clip (the paper)",
    "loop": "Trained on the clip as a loop, targets up to frame 64",
}
# Heading of a column -> name in the file, digits after the point.
WITHIN = {
    "recon. MSE": ("reconstruction_mse", 4),
    "SSIM": ("reconstruction_ssim", 3),
    "16 frames SSIM": ("frames16_ssim", 3),
    "PSNR": ("frames16_psnr", 1),
    "MSE": ("frames16_mse", 4),
    "sd over clips": ("frames16_mse_stddev", 4),
    "swap action": ("swap_action", 3),
    "attributes": ("swap_attributes", 3),
    "swap MSE": ("swap_mse", 4),
}
GENERATED = {
    "image to sequence": ("image_action", 3),
    "its attributes": ("image_attributes", 3),
    "own action, state read": ("image_own_action", 3),
    "drawn motion": ("prior_motion_action", 3),
    "its attributes ": ("prior_motion_attributes", 3),
    "all drawn": ("prior_sample_action", 3),
    "processor seconds": ("cpu_seconds", 0),
}
LATER = {
    f"{what}, {first}-{last}": (f"window{first}_{name}", digits)
    for first, last in WINDOWS[1:]
    for what, name, digits in (
        ("MSE", "mse", 4),
        ("action", "action", 2),
        ("speed", "speed_ratio", 2),
    )
}


def write_tables(rows: list[dict], path: Path) -> str:
    """The tables as markdown; in the file only what stands between two marks changes.

    Args:
        rows: of the study, as text.
        path: of the markdown file; made with a heading if it is not there.

    Returns: the tables.
    """
    tables = "\n\n".join(
        f"### {title}\n\n{_tables(chosen)}"
        for targets, title in TARGETS.items()
        if (chosen := _measured(rows, targets))
    )
    write_between_marks(tables, path, TITLE)
    return tables


def _measured(rows, targets) -> dict[str, list[dict]]:
    """Measured rows of each operator, in the study's order."""
    found = {
        name: [
            row
            for row in rows
            if (row["phase"], row["targets"], row["operator"])
            == ("measure", targets, name)
        ]
        for name in OPERATORS
    }
    return {name: own for name, own in found.items() if own}


def _tables(operators: dict[str, list[dict]]) -> str:
    parts = [
        seeds_of(operators),
        "Within the clip, and 16 frames from one picture (HALO's table 1):",
        table(operators, "operator", WITHIN),
        "Generated; judged action and attributes:",
        table(operators, "operator", GENERATED),
        "Later windows: MSE against the loop, judged action, speed relative to the "
        "data:",
        table(operators, "operator", LATER),
        "Where it goes:",
        _fates(operators),
    ]
    return "\n\n".join(parts)


def _fates(operators) -> str:
    """Chosen setting, spectrum, size of the state, and what became of the motion."""
    head = [
        "operator",
        "learning rate, KL weights",
        "largest real part a frame",
        "log10 of state's growth at 1,000",
        "clips not finite at 1,000",
        "motion dies (seeds)",
        "by frame",
        "diverged in training",
    ]
    body = []
    for name, own in operators.items():
        settings = {
            (row["learning_rate"], row["content_kl_weight"], row["motion_kl_weight"])
            for row in own
        }
        dead = [row["motion_dies"] for row in own if row["motion_dies"]]
        first = sorted({int(x["motion_dies_by"]) for x in own if x["motion_dies_by"]})
        growth = np.log10([number(row["window993_norm"]) or np.nan for row in own])
        body.append(
            [
                name,
                "; ".join(", ".join(setting) for setting in sorted(settings)),
                spread(numbers(own, "spectrum_max_real"), 4),
                spread(growth[~np.isnan(growth)], 1),
                cell(own, "window993_nonfinite", 2),
                f"{dead.count('1')} of {len(dead)}" if dead else "",
                ", ".join(map(str, first)),
                str(sum(row["status"] == "diverged" for row in own)),
            ]
        )
    return markdown(head, body)


def draw(rows: list[dict], targets: str, folder: Path) -> Path:
    """The figure of one kind of targets: `operators-<targets>.png` in the folder.

    Points are seeds, bars and lines their means (of the MSE, the norm: geometric).
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    operators = _measured(rows, targets)
    figure, axes = plt.subplots(2, 3, figsize=(13, 6.5), layout="constrained")
    colours = dict(zip(OPERATORS, plt.get_cmap("tab10").colors, strict=False))
    _bars(axes[0, 0], operators, colours, "frames16_mse", "MSE, 16 frames from one")
    _lines(axes[0, 1], operators, colours, "mse", "MSE against the loop", log=True)
    _lines(axes[0, 2], operators, colours, "action", "judged action")
    _lines(axes[1, 0], operators, colours, "speed_ratio", "speed / the data's")
    axes[1, 0].axhline(DEAD, color="grey", linestyle=":", linewidth=1)
    axes[1, 0].text(0, DEAD, "below: motion died", color="grey", fontsize=7)
    _lines(axes[1, 1], operators, colours, "norm", "|s| / |s at frame 1|", log=True)
    low, high = axes[1, 1].get_ylim()
    axes[1, 1].set_ylim(max(low, 1e-4), min(high, 1e8))  # beyond: off the chart
    spectral = {
        name: own
        for name, own in operators.items()
        if len(numbers(own, "spectrum_max_real"))
    }
    if spectral:
        title = "largest real part of the spectrum"
        _bars(axes[1, 2], spectral, colours, "spectrum_max_real", title)
        axes[1, 2].set_yscale("symlog", linthresh=1e-4)
    lines = axes[0, 1].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=8, fontsize=8)
    figure.suptitle(TARGETS[targets])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"operators-{targets}.png"
    temporary = folder / f".{path.name}.partial.png"
    figure.savefig(temporary, dpi=90)
    plt.close(figure)
    os.replace(temporary, path)
    return path


def _bars(axis, operators, colours, key, title):
    for place, (name, own) in enumerate(operators.items()):
        values = numbers(own, key)
        values = values[np.isfinite(values)]
        if len(values):
            axis.bar(place, values.mean(), color=colours[name], alpha=0.5)
            axis.plot([place] * len(values), values, ".", color=colours[name])
    axis.set_xticks(range(len(operators)), operators, rotation=40, ha="right")
    axis.tick_params(labelsize=7)
    axis.set_title(title, fontsize=9)


def _lines(axis, operators, colours, name, title, log=False):
    labels = [f"{first}-{last}" for first, last in WINDOWS]
    for operator, own in operators.items():
        tables = [numbers(own, f"window{first}_{name}") for first, _ in WINDOWS]
        tables = [values[np.isfinite(values)] for values in tables]
        mean = [
            np.nan if not len(v) else np.exp(np.log(v + 1e-12).mean()) if log
            else v.mean()
            for v in tables
        ]  # fmt: skip
        axis.plot(range(len(labels)), mean, color=colours[operator], label=operator)
        for place, values in enumerate(tables):
            axis.plot([place] * len(values), values, ".", color=colours[operator])
    axis.set_xticks(range(len(labels)), labels)
    axis.tick_params(labelsize=7)
    axis.set_title(title, fontsize=9)
    if log:
        axis.set_yscale("log")
