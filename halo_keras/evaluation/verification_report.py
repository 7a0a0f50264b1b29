"""DSVAE's table 2 for presets of speech, and its claim about the full posterior."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from halo_keras.evaluation.published import published_on
from halo_keras.evaluation.result_table import number
from halo_keras.hub.presets import METADATA, read_metadata, read_metrics

COLUMNS = {
    "eer_static": "content",
    "eer_dynamic": "motion",
    "eer_gap": "gap",
    "content_ratio": "said, of the judge's",
}
ERROR = "_standard_error"


class Run(NamedTuple):
    """One measured preset: its name, dataset, recipe's sizes, and numbers."""

    name: str
    dataset: str
    options: dict
    sizes: dict
    found: dict[str, float]


def read_runs(folders: Iterable[str | os.PathLike]) -> list[Run]:
    """Presets with measured equal error rates; other folders are left out.

    Raises:
        ValueError: there is none.
    """
    runs = []
    for folder in map(Path, folders):
        if not (folder / METADATA).is_file():
            continue
        metadata = read_metadata(folder)
        found = read_metrics(folder).get("test", {})
        if "eer_static" in found:
            recipe = metadata["recipe"]
            runs.append(
                Run(
                    metadata["name"],
                    metadata["dataset"],
                    recipe.get("data", {}),
                    recipe.get("model", {}),
                    found,
                )
            )
    if not runs:
        raise ValueError(
            "none of the folders holds a preset of speech with measured equal error "
            "rates. Train one with recipes/train_speech.py."
        )
    return runs


def verification_table(runs: list[Run]) -> str:
    """Markdown: a table a corpus, mean cepstra, and what others published.

    ± is the jackknife's standard error over speakers. Below each table, the claim of
    Li & Mandt 2018 that the full posterior takes the speaker out of the motion, see
    `differences`.
    """
    parts = []
    corpora = dict.fromkeys((run.dataset, _text(run.options)) for run in runs)
    for dataset, options in corpora:
        own = [r for r in runs if (r.dataset, _text(r.options)) == (dataset, options)]
        rows = [("model", *COLUMNS.values()), ("---",) * (len(COLUMNS) + 1)]
        rows += [
            (f"`{run.name}`", *(_cell(run.found, key) for key in COLUMNS))
            for run in own
        ]
        rows.append(("mean cepstra", _cell(own[0].found, "eer_mfcc"), "", "", ""))
        published = published_on(dataset)
        for method in dict.fromkeys(row.method for row in published):
            values = {r.metric: r.text for r in published if r.method == method}
            cells = (values.get(key, "") for key in COLUMNS)
            rows.append((f"{method}, published", *cells))
        found = own[0].found
        heading = f"{dataset}{options}"
        count = f"{found['eer_num_speakers']:g} speakers, {found['eer_num_pairs']:,g}"
        parts.append(f"## {heading}: {count} pairs\n")
        parts.append("".join(f"| {' | '.join(row)} |\n" for row in rows))
        parts += [f"{line}\n" for line in differences(own)]
    return "\n".join(parts)


def differences(runs: list[Run]) -> list[str]:
    """Full less factorised posterior, by size: rates of the motion, and of the content.

    The paper finds the motion's rate higher with the full posterior at both sizes. The
    difference is told with its standard error, the root of the sum of both squared;
    the same speakers are in both, so that it is rather too large.
    """
    lines = []
    for size in sorted({run.sizes["motion_dim"] for run in runs if _is_dsvae(run)}):
        of = {
            run.sizes["posterior"]: run.found
            for run in runs
            if _is_dsvae(run) and run.sizes["motion_dim"] == size
        }
        if set(of) == {"full", "factorised"}:
            texts = []
            for half, key in (("motion", "eer_dynamic"), ("content", "eer_static")):
                gap = of["full"][key] - of["factorised"][key]
                errors = [one.get(key + ERROR, np.nan) for one in of.values()]
                error = float(np.hypot(*errors))
                spread = "" if np.isnan(error) else f" ± {number(error)}"
                texts.append(f"{half} {gap:+.4f}{spread}")
            lines.append(
                f"- {size} dimensions, full less factorised: {'; '.join(texts)}"
            )
    return lines


def _is_dsvae(run: Run) -> bool:
    return {"posterior", "motion_dim"} <= set(run.sizes)


def _cell(found: dict[str, float], key: str) -> str:
    if key not in found:
        return "—"
    error = found.get(key + ERROR)
    return number(found[key]) + ("" if error is None else f" ± {number(error)}")


def _text(options: dict) -> str:
    """The options of a corpus, such as `, unseen-speakers`."""
    return "".join(f", {value}" for _, value in sorted(options.items()))
