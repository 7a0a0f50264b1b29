"""What the operator study compares: operators, settings, sizes, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

# Operator -> class and arguments. No start knows that a clip's period is 8 frames.
OPERATORS = {
    "symplectic": ("SymplecticDynamics", {"init": "orthogonal", "std": 1.0}),
    "symplectic-identity": ("SymplecticDynamics", {"init": "identity", "std": 0.3}),
    "orthogonal": ("OrthogonalDynamics", {}),
    "normal-form": ("NormalFormDynamics", {}),
    "action-angle": ("ActionAngleDynamics", {}),
    "linear": ("LinearDynamics", {}),
    "recurrent": ("RecurrentDynamics", {}),
    "positional-encoding": ("PositionalEncoding", {}),
}
# (learning rate, weights of the content's and of the motion's KL): (1, 1) is the
# bound itself, (20, 2) are the weights of the preset halo-sprites.
SETTINGS = tuple(
    (rate, *weights) for weights in ((1.0, 1.0), (20.0, 2.0)) for rate in (1e-3, 3e-3)
)
SETTING_COLUMNS = ("learning_rate", "content_kl_weight", "motion_kl_weight")
TARGETS = ("clip", "loop")
# A loop's farthest target is frame 64: a recurrent operator must step there.
MAX_LOOPS = 7
CHOOSING_SEED = 1000


@dataclass(frozen=True)
class Scale:
    """How large a study is.

    Attributes:
        dataset: name in `halo_keras.data`.
        train, test: options of the dataset's loader for either split.
        held_out: function of the loader (`load(split, **options)`), gives the clips
            of the training split that are kept for the choice of settings.
        identity: the label that says who is seen.
        rolled_actions: loops without a seam (used with the targets "loop").
        model: sizes of the networks.
        epochs, batch_size: of each training that is measured.
        choose_epochs: of each training that only chooses a setting.
        judge: name of a preset, or None for one without training (numbers that
            mean nothing, for a trial of the program).
    """

    dataset: str
    train: dict
    test: dict
    held_out: Callable
    identity: str
    rolled_actions: tuple[str, ...]
    model: dict
    epochs: int
    choose_epochs: int
    batch_size: int
    judge: str | None


def unseen_characters(load):
    """Clips of the 33 training characters after the 200 that are trained on."""
    more = load("train", num_characters=233)
    seen = load("train", num_characters=200).labels["character"]
    return more.subset(~np.isin(more.labels["character"], seen))


def other_balls(load):
    """Training balls of another seed."""
    return load("train", num_clips=120, num_frames=8, seed=1)


FULL = Scale(
    dataset="sprites",
    train={"num_characters": 200},
    test={"num_characters": 33},
    held_out=unseen_characters,
    identity="character",
    rolled_actions=("walk/front", "walk/left", "walk/right"),
    model={
        "position_dim": 8,
        "content_dim": 32,
        "content_hidden": 32,
        "features": 64,
        "motion_features": 64,
        "encoder_channels": [16, 32, 48],
        "decoder_channels": [48, 32, 16],
        "base_channels": 24,
        "hidden": 96,
        "decoded_frames": 2,
    },
    epochs=20,
    choose_epochs=10,
    batch_size=16,
    judge="judge-sprites",
)
QUICK = Scale(
    dataset="balls",
    train={"num_clips": 120, "num_frames": 8},
    test={"num_clips": 120, "num_frames": 8},
    held_out=other_balls,
    identity="colour",
    rolled_actions=("fast",),
    model={
        **FULL.model,
        "position_dim": 2,
        "content_dim": 4,
        "encoder_channels": [8, 8],
        "decoder_channels": [8, 8],
        "base_channels": 8,
        "hidden": 16,
    },
    epochs=1,
    choose_epochs=1,
    batch_size=40,
    judge=None,
)


@dataclass(frozen=True)
class Run:
    """One row of the study.

    Attributes:
        phase: "choose" (scored on held-out training identities, to choose the setting)
            or "measure" (scored on the test split).
        operator: a name in `OPERATORS`.
        targets: "clip": trained on the clip's own frames; "loop": on the clip as a
            loop, with targets up to frame 64.
        setting: one of `SETTINGS`.
        seed: of weights, noise and the order of the clips.
    """

    phase: str
    operator: str
    targets: str
    setting: tuple[float, float, float]
    seed: int

    @property
    def columns(self) -> dict:
        """The row's first cells, which name it."""
        return {
            "phase": self.phase,
            "targets": self.targets,
            "operator": self.operator,
            "seed": self.seed,
            **dict(zip(SETTING_COLUMNS, self.setting, strict=True)),
        }


def runs_to_choose(operators, targets) -> Iterator[Run]:
    """One run of every setting and operator; setting by setting."""
    for setting in SETTINGS:
        for operator in operators:
            yield Run("choose", operator, targets, setting, CHOOSING_SEED)


def runs_to_measure(operators, targets, seeds, rows) -> Iterator[Run]:
    """One run of every seed and operator, seed by seed, at the chosen settings."""
    for seed in range(seeds):
        for operator in operators:
            setting = chosen_setting(rows(), operator, targets)
            yield Run("measure", operator, targets, setting, seed)


def chosen_setting(rows, operator, targets) -> tuple[float, float, float]:
    """The setting with the least `swap_mse` on the held-out training identities.

    The first one where every setting diverged: then that is what is measured.

    Args:
        rows: dicts of text, as a `RowFile` reads them.
    """
    scores = {
        tuple(float(row[name]) for name in SETTING_COLUMNS): float(row["swap_mse"])
        for row in rows
        if (row["phase"], row["operator"], row["targets"])
        == ("choose", operator, targets)
        and row["swap_mse"]
        and float(row["swap_nonfinite"]) == 0.0
    }
    return min(scores, key=scores.get) if scores else SETTINGS[0]
