"""The paper's linear Hamiltonian operator."""

from __future__ import annotations

import math

import keras
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS
from halo_keras.dynamics.exponential import ExponentialDynamics
from halo_keras.ops.symplectic import nearest_symplectic, times_form
from halo_keras.schema import ConfigError, Float, Text


@keras.saving.register_keras_serializable("halo_keras")
class SymplecticDynamics(ExponentialDynamics):
    """Linear Hamiltonian motion: ds/dt = J M s, M symmetric, s(t) = exp(t J M) s(0).

    HALO (Khan & Storkey 2022), Definition 1 and Eq. 5. The energy s' M s / 2 is kept,
    and the flow is symplectic. Not bounded in general: an indefinite M has hyperbolic
    modes, whose states grow like exp(t); M > 0 suffices for boundedness.
    `NormalFormDynamics` is the bounded subfamily. N(0, I) is not invariant: use
    `prior_kl`, which carries the prior along.

    Args:
        position_dim: size d of the position; the state has size 2 d.
        num_operators: number K of operators, one an action.
        init: how M starts, Q being a random orthogonal matrix and sym its symmetric
            part. "orthogonal": M = sqrt(2) std sym(Q), the paper's at std = 1;
            indefinite, so unbounded from the start. "identity": M = speed (I + std
            sym(Q)) with std < 1; definite, so bounded at the start.
        std: size of the random part.
        speed: radians a frame, for "identity".
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {
        **COMMON_FIELDS,
        "init": Text(choices=("orthogonal", "identity")),
        "std": Float(0.0, 10.0),
        "speed": Float(0.0, math.pi),
    }
    is_symplectic = True
    has_energy = True

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        init="orthogonal",
        std=0.3,
        speed=0.5,
        dtype=None,
        name=None,
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "init": init,
            "std": std,
            "speed": speed,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)
        if init == "identity" and std >= 1.0:
            raise ConfigError(
                "SymplecticDynamics with init='identity' starts from a definite M, "
                f"which needs std < 1, received std={std!r}."
            )

    def _create_weights(self):
        self.raw_matrix = self.add_weight(
            name="raw_matrix",
            shape=(self.num_operators, self.state_dim, self.state_dim),
            initializer=self._initial_matrix,
            autocast=False,
        )

    @property
    def matrix(self):
        """M, symmetric: `(num_operators, 2 d, 2 d)`."""
        self.build(None)
        raw = ops.convert_to_tensor(self.raw_matrix)
        return 0.5 * (raw + ops.swapaxes(raw, -1, -2))

    def generator(self):
        """K = J M: `(num_operators, 2 d, 2 d)`."""
        return times_form(self.matrix)

    def _corrected(self, flow):
        return nearest_symplectic(flow)

    def energy(self, state):
        state = self._checked_state(state, (self.num_operators,))
        return 0.5 * ops.einsum("bki,kij,bkj->bk", state, self.matrix, state)

    def _initial_matrix(self, shape, dtype=None):
        # One draw an operator: the plain initialiser would take (K, n, n) for one.
        draw = keras.initializers.Orthogonal(gain=self._arguments["std"])
        random = ops.stack([draw(shape[1:], dtype=dtype) for _ in range(shape[0])])
        if self._arguments["init"] == "orthogonal":
            return math.sqrt(2.0) * random
        return self._arguments["speed"] * (ops.eye(shape[-1], dtype=dtype) + random)
