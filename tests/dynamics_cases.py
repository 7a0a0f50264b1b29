"""One small dynamics of each kind, for the test files of dynamics/."""

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics import (
    ActionAngleDynamics,
    LinearDynamics,
    NormalFormDynamics,
    OrthogonalDynamics,
    PositionalEncoding,
    RecurrentDynamics,
    SymplecticDynamics,
)

CASES = {
    "symplectic": (SymplecticDynamics, {"init": "orthogonal"}),
    "definite": (SymplecticDynamics, {"init": "identity"}),
    "orthogonal": (OrthogonalDynamics, {"std": 0.3}),
    "normal_form": (NormalFormDynamics, {}),
    "periodic": (NormalFormDynamics, {"harmonics": [1, 2, 3], "period": 8.0}),
    "action_angle": (ActionAngleDynamics, {}),
    "linear": (LinearDynamics, {}),
    "recurrent": (RecurrentDynamics, {"num_frames": 9}),
    "positional": (PositionalEncoding, {}),
}
DIM, OPERATORS, BATCH = 4, 3, 5


def numpy(x):
    return ops.convert_to_numpy(x)


def make(name, **options):
    """The dynamics of that case, built, away from any special starting point."""
    keras.utils.set_random_seed(20222)
    kind, arguments = CASES[name]
    dynamics = kind(DIM, OPERATORS, **{**arguments, **options})
    dynamics.build(None)
    if name == "action_angle":  # the start is small, so that speeds are near w
        dynamics.readout.assign(0.5 * np.ones(dynamics.readout.shape))
    if name == "linear":
        dynamics.bias.assign(
            np.linspace(-1, 1, dynamics.bias.shape[-1])[None] * 0.3
            + np.zeros(dynamics.bias.shape)
        )
    return dynamics


def states(dynamics, rng, batch=BATCH):
    """Standard normal states of all operators: (batch, OPERATORS, state_dim)."""
    return rng.normal(size=(batch, OPERATORS, dynamics.state_dim)).astype("float32")
