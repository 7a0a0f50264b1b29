"""A preset, its dataset and the judges: measured, and put down in its metrics.json."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halo_keras import data
from halo_keras.evaluation import (
    actions,
    balls,
    bouncing_balls,
    faces,
    moving,
    physics,
    poses,
    rotating,
    speech,
    sprites,
)
from halo_keras.evaluation.kept_metrics import why_not_beside, with_measured
from halo_keras.evaluation.people import at_frame_times
from halo_keras.evaluation.suite import (
    SAMPLING_SEEDS,
    Setting,
    Suite,
    check_enough,
)
from halo_keras.hub.handles import is_handle
from halo_keras.hub.presets import (
    from_pretrained,
    list_presets,
    preset_folder,
    read_metadata,
    read_metrics,
)
from halo_keras.hub.updating import is_installed, update_metrics
from halo_keras.training import provenance

SUITES = {
    name: suite
    for suite in (
        *(sprites.SUITE, balls.SUITE, faces.SUITE, faces.MUG),
        *(actions.SUITE, actions.FOLDER, bouncing_balls.SUITE),
        *(speech.SUITE, speech.DIGITS, speech.TIMIT),
        physics.SUITE,
        *(rotating.SUITE, moving.SUITE, poses.SUITE),
    )
    for name in suite.datasets
}


@dataclass(frozen=True)
class Evaluation:
    """What was measured of a preset.

    Attributes:
        preset, version, dataset: of which preset, on which data.
        conditional: whether the model was told action labels in training.
        found: flat dict of floats.
        circumstances: seeds, judges, protocols, seconds, versions, hardware.
        unsaved: why the preset's metrics.json was left as it is, or None.
    """

    preset: str
    version: int
    dataset: str
    conditional: bool
    found: dict[str, float]
    circumstances: dict[str, Any]
    unsaved: str | None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "preset": self.preset,
            "version": self.version,
            "dataset": self.dataset,
            "conditional": self.conditional,
            "metrics": self.found,
            "run": self.circumstances,
        }


def evaluate_preset(
    preset,
    names: Iterable[str] | None = None,
    *,
    data_dir: str | os.PathLike | None = None,
    judge=None,
    num_clips: int | None = None,
    seed: int = 0,
    num_sampling_seeds: int = SAMPLING_SEEDS,
    save: bool = True,
    verbose: int = 1,
) -> Evaluation:
    """Measures a preset on the test clips of the dataset that it names.

    Args:
        preset: name or folder.
        names: of protocols; None for a whole evaluation.
        data_dir: folder with the raw files; None for the dataset's own source.
        judge: preset of another judge; None for the dataset's.
        num_clips: only so many test clips, evenly spaced; None for all.
        seed: of pairs, draws and probes.
        num_sampling_seeds: passes with drawn motion or content.
        save: whether numbers of all clips by the dataset's judges are put into the
            group `"test"` of the preset's metrics.json, see `kept_metrics` and
            `hub.update_metrics`: a whole evaluation replaces the group, protocols by
            name replace their own numbers. Everything else is never saved.
        verbose: 1 for progress bars.

    Raises:
        ValueError: there is no suite for the preset's dataset, no protocol of that
            name, no model or judge of that name, or there are too few clips.
        FileNotFoundError: a raw file is missing.
    """
    metadata = read_metadata(preset)
    suite = suite_of(preset, metadata)
    suite.check_names(names)
    check_count("--sampling-seeds", num_sampling_seeds)
    other = {} if judge is None else {"judge": load_judge(judge, metadata["dataset"])}
    test, train = _clips(metadata, suite, data_dir, num_clips)
    check_enough(test)
    setting = Setting(
        model=from_pretrained(preset),
        test=test,
        train=train,
        seed=seed,
        num_sampling_seeds=num_sampling_seeds,
        verbose=verbose,
        **{**suite.judges_here(), **other},
    )
    chosen = suite.choose(names, setting)
    started = time.monotonic()
    found = suite.run(setting, chosen)
    circumstances = {
        "seed": seed,
        "num_sampling_seeds": num_sampling_seeds,
        "protocols": chosen,
        "judges": {
            role: name
            for role, name in {**suite.judges, "judge": judge}.items()
            if getattr(setting, role) is not None and name is not None
        },
        "seconds": round(time.monotonic() - started, 1),
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "hardware": provenance.hardware(),
    }
    whole, metrics = names is None, read_metrics(preset)
    unsaved = _why_unsaved(preset, save, num_clips is None and judge is None)
    if unsaved is None and not whole:
        unsaved = why_not_beside(metrics, found, seed)
    if unsaved is None:
        update_metrics(preset, with_measured(metrics, found, circumstances, whole))
    return Evaluation(
        preset=metadata["name"],
        version=metadata["version"],
        dataset=metadata["dataset"],
        conditional=setting.model.num_actions > 1,
        found=found,
        circumstances=circumstances,
        unsaved=unsaved,
    )


def suite_of(preset, metadata: dict[str, Any]) -> Suite:
    """The suite for a preset's dataset; `ValueError` if there is none."""
    if metadata["family"] == "judge":
        raise ValueError(
            f"{preset} is a judge, which scores the clips of models: evaluate a model, "
            f"and choose its judge with --judge {preset}."
        )
    if metadata["dataset"] not in SUITES:
        raise ValueError(
            f"{preset} was trained on {metadata['dataset']!r}, for which there are no "
            f"protocols. There are for: {', '.join(SUITES)}."
        )
    return SUITES[metadata["dataset"]]


def load_judge(judge, dataset: str):
    """The judge preset `judge`; `ValueError` for another family or dataset."""
    metadata = read_metadata(judge)
    if (metadata["family"], metadata["dataset"]) != ("judge", dataset):
        known = [
            info.name
            for info in list_presets()
            if (info.family, info.data) == ("judge", dataset)
        ]
        raise ValueError(
            f"expected a judge of {dataset}, received {judge}, of the family "
            f"{metadata['family']} on {metadata['dataset']}. "
            f"Known judges: {', '.join(known) or 'none'}."
        )
    return from_pretrained(judge)


def check_count(name: str, value: int) -> None:
    """Raises a `ValueError` unless `value` is at least 1."""
    if value < 1:
        raise ValueError(f"{name} must be at least 1, received {value}.")


def _clips(metadata, suite, data_dir, num_clips):
    """The test split, and a function that loads the training split."""

    def load(split, count):
        options = metadata["recipe"].get("data", {})
        options = suite.test_options(options) if split == "test" else options
        clips = data.load(metadata["dataset"], split, source=data_dir, **options)
        clips = at_frame_times(clips)
        if count is None or count >= len(clips):
            return clips
        spaced = np.linspace(0, len(clips) - 1, count).round().astype(int)
        return clips.subset(spaced)

    if num_clips is None:
        return load("test", None), lambda: load("train", None)
    check_count("--num-clips", num_clips)
    # Probes learn from a few times as many clips as they are scored on, as always.
    return load("test", num_clips), lambda: load("train", 4 * num_clips)


def _why_unsaved(preset, save: bool, usual: bool) -> str | None:
    if not save:
        return "it was asked not to be"
    if not usual:
        return "only numbers of all test clips by the dataset's own judges are kept"
    if is_handle(preset):
        return "the preset is on the Hub; pull it to a folder of yours first"
    if is_installed(preset_folder(preset)):
        return "the preset belongs to an installed package"
    return None
