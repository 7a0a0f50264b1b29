"""Flows that are both symplectic and orthogonal."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS
from halo_keras.dynamics.exponential import ExponentialDynamics
from halo_keras.dynamics.normal_form import start_speeds
from halo_keras.ops.matrix_exponential import block_matrix
from halo_keras.ops.symplectic import nearest_unitary
from halo_keras.schema import Float, ListOf


@keras.saving.register_keras_serializable("halo_keras")
class OrthogonalDynamics(ExponentialDynamics):
    """The generators u(d) = [[B, A], [-A, B]], A symmetric and B skew-symmetric.

    K is Hamiltonian and skew-symmetric at once, so the flow is symplectic and a
    rotation: F' F = I. HALO (Khan & Storkey 2022) calls this its skew-Hamiltonian
    case, a word that means something else in linear algebra; its code has A alone.
    K = J M with M = [[A, -B], [B, A]], energy s' M s / 2. N(0, I) is invariant.

    Args:
        position_dim: size d of the position; the state has size 2 d.
        num_operators: number K of operators, one an action.
        frequencies: diagonal of A at the start, radians a frame, in (0, pi),
            repeated in turn to d of them. Default: pi (j + 1/2) / d.
        std: standard deviation of the rest of A, and of B, at the start.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {
        **COMMON_FIELDS,
        "frequencies": ListOf(Float(0.0, math.pi), 1, 512, optional=True),
        "std": Float(0.0, 10.0),
    }
    is_symplectic = True
    is_bounded = True
    is_isometric = True
    preserves_standard_normal = True
    has_energy = True

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        frequencies=None,
        std=0.05,
        dtype=None,
        name=None,
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "frequencies": frequencies,
            "std": std,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)
        self._start = start_speeds(frequencies, position_dim, 0.0)

    def _create_weights(self):
        # One matrix holds both: A = its symmetric part, B = its skew part.
        self.raw_matrix = self.add_weight(
            name="raw_matrix",
            shape=(self.num_operators, self.position_dim, self.position_dim),
            initializer=self._initial_matrix,
            autocast=False,
        )

    def _blocks(self):
        self.build(None)
        raw = ops.convert_to_tensor(self.raw_matrix)
        turned = ops.swapaxes(raw, -1, -2)
        return 0.5 * (raw + turned), 0.5 * (raw - turned)

    def generator(self):
        """K: `(num_operators, 2 d, 2 d)`."""
        a, b = self._blocks()
        return block_matrix(b, a, -a, b)

    def _corrected(self, flow):
        return nearest_unitary(flow)

    def energy(self, state):
        state = self._checked_state(state, (self.num_operators,))
        a, b = self._blocks()
        matrix = block_matrix(a, -b, b, a)
        return 0.5 * ops.einsum("bki,kij,bkj->bk", state, matrix, state)

    def _initial_matrix(self, shape, dtype=None):
        noise = keras.random.normal(shape, stddev=self._arguments["std"], dtype=dtype)
        return noise + ops.convert_to_tensor(np.diag(self._start), dtype=dtype)
