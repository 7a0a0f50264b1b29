"""Presets of bouncing balls side by side: a table, and DSVAE's figure 8."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.evaluation.result_table import number
from halo_keras.hub.presets import METADATA, read_metadata, read_metrics

DATASET = "bouncing_balls"
COLUMNS = {
    "horizon_1_10_error": "1 to 10: wrong",
    "horizon_1_10_vote_error": "vote",
    "horizon_1_10_area_ratio": "area",
    "horizon_1_10_overlap": "overlap",
    "horizon_11_20_error": "11 to 20: wrong",
    "horizon_11_20_vote_error": "vote",
    "horizon_11_20_area_ratio": "area",
    "horizon_11_20_overlap": "overlap",
}
BLANK = {"horizon_1_10_error", "horizon_11_20_error"}

# preset -> the numbers of each of its trainings
Runs = dict[str, list[dict[str, float]]]


def read_runs(folders: Iterable[str | os.PathLike]) -> Runs:
    """The measured numbers of presets, those of one name and other seeds together.

    Folders without a preset, such as the checkpoints beside them, are left out.

    Raises:
        ValueError: none is a preset of bouncing balls, or two are of one seed.
    """
    runs: Runs = {}
    seeds: dict[tuple[str, int], Path] = {}
    for folder in map(Path, folders):
        if not (folder / METADATA).is_file():
            continue
        metadata = read_metadata(folder)
        found = read_metrics(folder).get("test", {})
        if metadata["dataset"] != DATASET or "horizon_1_10_error" not in found:
            continue
        key = metadata["name"], metadata["recipe"].get("seed", 0)
        if key in seeds:
            raise ValueError(
                f"{folder} and {seeds[key]} are both {key[0]} of seed {key[1]}: name "
                "trainings of different seeds."
            )
        seeds[key] = folder
        runs.setdefault(metadata["name"], []).append(found)
    if not runs:
        raise ValueError(
            f"none of the folders holds a preset of {DATASET} with measured horizons. "
            "Train one with recipes/train_bouncing_balls.py."
        )
    return runs


def mean_and_spread(found: list[dict[str, float]], key: str) -> tuple[float, float]:
    """Mean and standard deviation (n - 1; NaN of one) over trainings."""
    values = [one[key] for one in found if key in one]
    if not values:
        return float("nan"), float("nan")
    spread = np.std(values, ddof=1) if len(values) > 1 else float("nan")
    return float(np.mean(values)), float(spread)


def horizon_table(runs: Runs) -> str:
    """Markdown: a row a preset, and below what a blank frame scores."""
    rows = [("model", "seeds", *COLUMNS.values())]
    rows.append(("---",) * len(rows[0]))
    for name, found in runs.items():
        cells = (_cell(*mean_and_spread(found, key)) for key in COLUMNS)
        rows.append((f"`{name}`", str(len(found)), *cells))
    first = next(iter(runs.values()))[:1]
    blank = [
        _cell(*mean_and_spread(first, key.replace("error", "blank_error")))
        if key in BLANK
        else ""
        for key in COLUMNS
    ]
    rows.append(("blank", "", *blank))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def horizon_figure(runs: Runs, path) -> None:
    """Share of wrong pixels over the number of missing frames, and over the horizon.

    A line a preset, its band one standard deviation over trainings; dashed: what a
    frame without anything scores.

    Args:
        path: a `.png`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = zip(
        figure.subplots(1, 2, sharey=True),
        ("missing", "horizon"),
        ("consecutive missing frames", "frames after the first 10"),
        strict=True,
    )
    for axes, kind, title in panels:
        for index, (name, found) in enumerate(runs.items()):
            counts = _counts(found[0], kind)
            points = [mean_and_spread(found, f"{kind}_{k}_error") for k in counts]
            mean, spread = np.array(points).T
            spread = np.nan_to_num(spread)
            label = f"{name} ({len(found)})"
            axes.plot(counts, mean, marker=".", color=f"C{index}", label=label)
            axes.fill_between(
                counts, mean - spread, mean + spread, color=f"C{index}", alpha=0.2
            )
        blank = next(iter(runs.values()))[0]["horizon_1_10_blank_error"]
        axes.axhline(blank, color="grey", linestyle="--", label="blank")
        axes.set_xlabel(title)
        axes.set_ylim(bottom=0)
    figure.axes[0].set_ylabel("share of wrong pixels")
    figure.axes[0].legend(fontsize="small")
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Comment": COMMENT})


def _counts(found: dict[str, float], kind: str) -> list[int]:
    """The numbers k of `<kind>_<k>_error`, in order."""
    matches = (re.fullmatch(rf"{kind}_(\d+)_error", key) for key in found)
    return sorted(int(match[1]) for match in matches if match)


def _cell(mean: float, spread: float) -> str:
    if np.isnan(mean):
        return "—"
    return number(mean) + ("" if np.isnan(spread) else f" ± {number(spread)}")
