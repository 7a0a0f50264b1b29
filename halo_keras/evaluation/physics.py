"""Physical systems: how far, how truly and how reversibly a model sees them move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halo_keras.data.physics.options import RENDERINGS
from halo_keras.evaluation.energy_agreement import energy_agreement
from halo_keras.evaluation.frequencies import frequency_errors
from halo_keras.evaluation.physics_errors import (
    errors_by_frame,
    references,
    report_columns,
)
from halo_keras.evaluation.physics_rollouts import roll_out, training_length
from halo_keras.evaluation.prior_rollouts import prior_rollouts
from halo_keras.evaluation.suite import Protocol, Setting, Suite
from halo_keras.evaluation.time_reversal import reversal, tempi
from halo_keras.evaluation.valid_time import HORIZON, valid_time_numbers

DATASETS = ("mass_spring", "pendulum", "double_pendulum", "two_body", "three_body")


def evaluate_physics(
    model,
    train_loader,
    test,
    seed: int = 0,
    *,
    num_sampling_seeds: int = 5,
    names=None,
    verbose: int = 1,
) -> dict[str, float]:
    """Protocols by name, against simulated truth.

    Args:
        model: a `SequenceModel`. Those that infer a state from k frames tell k as
            `window`; all others are shown 5 frames.
        train_loader: `train_loader("train")` loads the training clips, for the mean
            image and the pictures nearest to drawn ones.
        test: test clips with `states`; of `num_frames` frames beyond the model's own
            as many as `beyond_training` gives, for valid prediction times.
        seed: of all draws.
        num_sampling_seeds: passes with clips drawn from the prior.
        names: of `PROTOCOLS`; None for all that the model and the clips allow.
        verbose: 1 for progress bars.

    Returns: flat dict; see the functions of the files imported here, and `num_clips`.

    Raises: ValueError on an unknown protocol, or one that cannot be run here.
    """
    setting = Setting(
        model=model,
        test=test,
        train=lambda: train_loader("train"),
        seed=seed,
        num_sampling_seeds=num_sampling_seeds,
        verbose=verbose,
    )
    return SUITE.run(setting, names)


def beyond_training(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the test clips for a model trained on clips of `options`.

    As many as the dataset has by default, and 192 frames longer; of the report's
    pictures just as long, as its table has it.
    """
    found = {name: value for name, value in options.items() if name != "num_clips"}
    if options.get("rendering") != "report":
        found["num_frames"] = (options.get("num_frames") or 30) + HORIZON
    return found


@dataclass(frozen=True)
class Beyond(Protocol):
    """A protocol that needs frames beyond those of training."""

    backward: bool = False

    def lacks(self, setting: Setting) -> str | None:
        first, length = training_length(setting.model), setting.test.num_frames
        if length <= first:
            return (
                f"the test clips have {length} frames, and the model was trained on "
                f"{first}: load longer ones, num_frames={first + HORIZON}"
            )
        if self.backward and getattr(setting.model, "forward_only", False):
            return "the model only goes forward"
        return super().lacks(setting)


def _rollouts(setting: Setting, backward: bool = False):
    return setting.once(
        ("roll-out", backward),
        lambda: roll_out(setting.model, setting.test, backward, setting.verbose),
    )


def _references(setting: Setting):
    return setting.once(
        "references",
        lambda: references(setting.training_clips(), setting.test, setting.seed),
    )


def _groups(dataset) -> dict[str, np.ndarray]:
    """The kinds of motion, where a dataset has several."""
    names = dataset.label_names.get("motion", ())
    return {name: dataset.labels["motion"] == k for k, name in enumerate(names)}


def _columns(setting: Setting):
    rendering = RENDERINGS[int(setting.test.states["rendering"][0])]
    prefix = "report_" if rendering == "report" else ""
    return report_columns(
        setting.model, setting.test, _references(setting), prefix, setting.verbose
    )


def _ahead(backward: bool):
    name = "backward" if backward else "forward"

    def measure(setting: Setting):
        first = training_length(setting.model)
        horizon = min(HORIZON, setting.test.num_frames - first)
        rolled, groups = _rollouts(setting, backward), _groups(setting.test)
        found = valid_time_numbers(rolled, first, horizon, f"vpt_{name}", groups)
        return {
            f"vpt_{name}_horizon": float(horizon),
            **found,
            **errors_by_frame(rolled, first, name),
        }

    return measure


# A new protocol is one line here.
PROTOCOLS = {
    "references": Protocol(_references, ("train",)),
    "columns": Protocol(_columns, ("train",)),
    "forward": Beyond(_ahead(False)),
    "backward": Beyond(_ahead(True), backward=True),
    "frequencies": Beyond(
        lambda s: frequency_errors(_rollouts(s), _groups(s.test)),
    ),
    "energy": Protocol(lambda s: energy_agreement(s.model, s.test, _groups(s.test))),
    "reversal": Protocol(lambda s: reversal(s.model, s.test, verbose=s.verbose)),
    "tempi": Protocol(lambda s: tempi(s.model, s.test, verbose=s.verbose)),
    "prior": Protocol(
        lambda s: prior_rollouts(s.model, s.training_clips(), s.test, s.seed),
        ("train",),
        sampled=True,
    ),
}

SUITE = Suite(DATASETS, PROTOCOLS, reference=None, test_options=beyond_training)
