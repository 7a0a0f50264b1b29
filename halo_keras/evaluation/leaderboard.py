"""`zoo/results.csv` and `zoo/README.md`, made from the presets' own metrics.json.

Nothing in either is typed: the same presets, studies and published values give the same
two files, and `tests/evaluation/test_leaderboard.py` compares them with the committed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from halo_keras.data.clip_writer import replacing
from halo_keras.evaluation.leaderboard_page import leaderboard_page
from halo_keras.evaluation.result_table import STDDEV
from halo_keras.hub.presets import CONFIG, METADATA, read_metadata, read_metrics
from halo_keras.hub.strict_json import read_json, write_text

RESULTS, PAGE, STUDIES = "results.csv", "README.md", "studies"
_MAX_CONFIG_BYTES = 1024 * 1024
_SEEDS = "num_sampling_seeds"


@dataclass(frozen=True)
class Result:
    """One number of one preset; "" where something is not known or does not apply.

    Attributes:
        preset, version, dataset, family: which preset.
        conditional: `"yes"` if the model is told action labels, `"no"` if not.
        trained_on: `"loop"`, or the clip as it is, for instance `"8 frames"`.
        train_seed: of the training; another column than
        sampling_seeds: number of passes with other noise, where there were several.
        metric, value: as in metrics.json.
        stddev: of the value over the passes.
    """

    preset: str
    version: int
    dataset: str
    family: str
    conditional: str
    trained_on: str
    train_seed: int | str
    sampling_seeds: int | str
    metric: str
    value: float
    stddev: float | str


def write_leaderboard(zoo) -> list[Path]:
    """Writes both files of a zoo folder anew, each completely or not at all.

    Args:
        zoo: a folder of presets; with `studies/*.md`, which the page includes.

    Returns: the two paths.

    Raises:
        ValueError: the folder holds no preset.
    """
    zoo = Path(zoo)
    results = read_results(zoo)
    if not results:
        raise ValueError(f"{zoo} holds no preset with measured numbers.")
    files = {
        zoo / RESULTS: results_csv(results),
        zoo / PAGE: leaderboard_page(results, read_studies(zoo)),
    }
    for path, text in files.items():
        with replacing(path) as draft:
            write_text(draft, text)
    return list(files)


def read_results(zoo) -> list[Result]:
    """Every number of every preset in a folder, presets by name."""
    folders = sorted(path.parent for path in Path(zoo).glob(f"*/{METADATA}"))
    return [
        result
        for folder in folders
        if not folder.name.startswith(".")
        for result in preset_results(folder)
    ]


def preset_results(folder: Path) -> Iterable[Result]:
    """The numbers of one preset, in the order of its metrics.json."""
    metadata, metrics = read_metadata(folder), read_metrics(folder)
    actions = metadata["labels"].get("action", [])
    judge = metadata["family"] == "judge"
    for group, numbers in metrics.items():
        if group == "run" or not isinstance(numbers, dict):
            continue
        for key, value in numbers.items():
            spread = key.endswith(STDDEV) and key.removesuffix(STDDEV) in numbers
            if spread or key == _SEEDS or type(value) not in (int, float):
                continue
            stddev = numbers.get(key + STDDEV, "")
            yield Result(
                preset=metadata["name"],
                version=metadata["version"],
                dataset=metadata["dataset"],
                family=metadata["family"],
                conditional="" if judge else "yes" if len(actions) > 1 else "no",
                trained_on="" if judge else _trained_on(folder, metadata["recipe"]),
                train_seed=metadata["recipe"].get("seed", ""),
                sampling_seeds=numbers.get(_SEEDS, "") if stddev != "" else "",
                metric=key if group == "test" else f"{group}.{key}",
                value=value,
                stddev=stddev,
            )


def results_csv(results: list[Result]) -> str:
    """The text of results.csv: one line a number, in full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Result))
    writer.writerows(astuple(result) for result in results)
    return text.getvalue()


def read_studies(zoo) -> dict[str, str]:
    """The texts of `studies/*.md` by file name, in the order of their names."""
    paths = sorted((Path(zoo) / STUDIES).glob("*.md"))
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def _trained_on(folder: Path, recipe: dict) -> str:
    """Whether the targets went beyond the clip: rows that must never be mixed."""
    if recipe.get("max_loops") is not None:
        return "loop"
    config = read_json(folder / CONFIG, _MAX_CONFIG_BYTES).get("config", {})
    num_frames = config.get("num_frames")
    return f"{num_frames} frames" if isinstance(num_frames, int) else ""
