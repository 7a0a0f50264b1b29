"""Which oscillations a HALO in normal form uses, and how fast they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops

from halo_keras.dynamics import NormalFormDynamics
from halo_keras.evaluation.progress import chunks

USED = 0.05  # share of the positions' variance from which on a mode counts


@dataclass(frozen=True)
class Modes:
    """The planes of one operator.

    Attributes:
        speeds: `(d,)`, radians a frame.
        shares: `(d,)`, part of the variance of all positions that is the plane's; they
            add up to 1. Positions are those of posterior means, rolled out over the
            clip's own frames: of a plane that the model does not use, the mean is the
            prior's and does not vary.
    """

    speeds: np.ndarray
    shares: np.ndarray

    @property
    def used(self) -> np.ndarray:
        """Numbers of the planes that count, by falling share."""
        order = np.argsort(-self.shares, kind="stable")
        return order[self.shares[order] >= USED]

    def harmonics(self, period: float) -> tuple[np.ndarray, np.ndarray]:
        """The nearest multiple k of 2 pi / period, and the distance from it in radians.

        Args:
            period: in frames.
        """
        fundamental = 2 * np.pi / period
        multiple = np.round(self.speeds / fundamental).astype(int)
        return multiple, self.speeds - multiple * fundamental


def modes_of(model, dataset, batch_size: int = 256, verbose: int = 0) -> Modes:
    """Speeds and shares of the first operator's planes.

    Args:
        model: a `HALO` whose dynamics is a `NormalFormDynamics`.
        dataset: clips whose frames are at times 0, 1, 2, ...
    """
    speeds = ops.convert_to_numpy(model.dynamics.speeds)[0].astype("float64")
    times = np.arange(dataset.num_frames)
    total, squares, count = 0.0, 0.0, 0
    for rows in chunks(len(dataset), batch_size, "modes", verbose):
        encoding = model.encode(dataset.frames[rows], dataset.labels["action"][rows])
        rolled = model.dynamics.trajectory(encoding.state, times)
        position = ops.convert_to_numpy(model.dynamics.position(rolled))[:, :, 0]
        position = position.reshape(-1, len(speeds)).astype("float64")
        total, squares = total + position.sum(axis=0), squares + (position**2).sum(0)
        count += len(position)
    variance = squares / count - (total / count) ** 2
    return Modes(speeds, variance / variance.sum())


def spectrum_numbers(modes: Modes, period: float) -> dict[str, float]:
    """What the textbook asks of a rotation, in numbers.

    Returns: `spectrum_used_modes`; `spectrum_worst_error`, the largest distance of a
        used mode's speed from a multiple of 2 pi / period, in radians a frame;
        `spectrum_fundamental_share`, of all used modes at the first multiple, 0 if
        there is none; `spectrum_used_share`, of all used modes together.
    """
    used, (multiple, error) = modes.used, modes.harmonics(period)
    if len(used) == 0:
        return {"spectrum_used_modes": 0.0, "spectrum_used_share": 0.0}
    first = used[multiple[used] == 1]
    return {
        "spectrum_used_modes": float(len(used)),
        "spectrum_worst_error": float(np.abs(error[used]).max()),
        "spectrum_fundamental_share": float(modes.shares[first].sum()),
        "spectrum_used_share": float(modes.shares[used].sum()),
    }


def has_modes(model) -> bool:
    """Whether a model's motion is a bank of plane rotations."""
    return isinstance(getattr(model, "dynamics", None), NormalFormDynamics)
