"""Table and figure of the rate study, from its rows."""

from __future__ import annotations

import os
from pathlib import Path

from studies.rate_columns import KL_WEIGHTS, MODELS
from studies.rows import groups
from studies.tables import numbers, seeds_of, table, write_between_marks

TITLE = "## The rate study\n\nWhat is compared, and how: `recipes/study_rate.py`."
RATE = {
    "bits a clip": ("rate_bits", 0),
    "of content": ("rate_content_bits", 0),
    "of motion": ("rate_motion_bits", 0),
    "MSE": ("distortion_mse", 5),
    "processor seconds": ("cpu_seconds", 0),
}


def in_order(rows: list[dict]) -> dict[tuple[str, float], list[dict]]:
    """Rows by (model, KL weight), in the study's order."""
    found = {
        (model, float(weight)): own
        for (model, weight), own in groups(rows, "model", "kl_weight")
    }
    keys = [(model, weight) for model in MODELS for weight in KL_WEIGHTS]
    return {key: found[key] for key in keys if key in found}


def write_table(rows: list[dict], path: Path) -> str:
    """Writes the table between the marks of the markdown file; returns it."""
    found = in_order(rows)
    lines = {
        f"{model}, KL weight {weight:g}": own for (model, weight), own in found.items()
    }
    text = "\n\n".join(
        [
            seeds_of(found),
            table(lines, "model", RATE),
            "\n".join(f"- {name}: {meaning}." for name, meaning in MODELS.items()),
        ]
    )
    write_between_marks(text, path, TITLE)
    return text


def draw(rows: list[dict], path: Path) -> Path:
    """Distortion over rate, a point a run, a line through the means of each model."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, axis = plt.subplots(figsize=(6.5, 4), layout="constrained")
    found = in_order(rows)
    for place, name in enumerate(MODELS):
        colour, means = f"C{place}", []
        for weight in KL_WEIGHTS:
            own = found.get((name, weight), [])
            bits, error = numbers(own, "rate_bits"), numbers(own, "distortion_mse")
            if not own:
                continue
            axis.plot(bits, error, ".", color=colour)
            means.append((bits.mean(), error.mean()))
            axis.annotate(
                f"KL x {weight:g}",
                means[-1],
                (-3, -11) if place == 0 else (4, 4),
                textcoords="offset points",
                ha="right" if place == 0 else "left",
                fontsize=8,
            )
        if means:
            axis.plot(*zip(*means, strict=True), color=colour, label=MODELS[name])
    axis.set(xlabel="rate, bits a clip", ylabel="distortion, MSE of a draw")
    axis.set_xscale("log")
    axis.set_yscale("log")
    for each, digits in ((axis.xaxis, (1, 2, 5)), (axis.yaxis, range(1, 10))):
        each.set_major_locator(LogLocator(subs=digits))
        each.set_major_formatter("{x:g}")
        each.set_minor_formatter(NullFormatter())
    axis.margins(0.12)
    axis.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial.png")
    figure.savefig(temporary, dpi=90)
    plt.close(figure)
    os.replace(temporary, path)
    return path
