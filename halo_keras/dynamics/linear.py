"""Affine dynamics without any conserved structure: the paper's linear ablation."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS
from halo_keras.dynamics.exponential import ExponentialDynamics
from halo_keras.ops.gaussian import DiagonalGaussian, transported_kl_from_inverse
from halo_keras.schema import Float


@keras.saving.register_keras_serializable("halo_keras")
class LinearDynamics(ExponentialDynamics):
    """ds/dt = A s + b, A any matrix. HALO (Khan & Storkey 2022), ablation "linear".

    Solved by augmentation: (s, 1)' = exp(t [[A, b], [0, 0]]) (s_0, 1)'. Neither
    symplectic nor bounded; invertible, so reversible.

    Args:
        position_dim: size d of the position; the state has size 2 d.
        num_operators: number K of operators, one an action.
        std: standard deviation of A's entries at the start, times 1 / sqrt(2 d).
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`. `generator` and `flow` are those
    of the augmented state, `(num_operators, 2 d + 1, 2 d + 1)`.
    """

    config_fields = {**COMMON_FIELDS, "std": Float(0.0, 10.0)}

    def __init__(
        self, position_dim, num_operators=1, *, std=0.3, dtype=None, name=None
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "std": std,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)

    def _create_weights(self):
        size = self.state_dim
        self.matrix = self.add_weight(
            name="matrix",
            shape=(self.num_operators, size, size),
            initializer=keras.initializers.RandomNormal(
                stddev=self._arguments["std"] / size**0.5
            ),
            autocast=False,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.num_operators, size),
            initializer="zeros",
            autocast=False,
        )

    def generator(self):
        """[[A, b], [0, 0]]: `(num_operators, 2 d + 1, 2 d + 1)`."""
        self.build(None)
        bias = ops.convert_to_tensor(self.bias)[..., None]
        top = ops.concatenate([ops.convert_to_tensor(self.matrix), bias], axis=-1)
        return ops.concatenate([top, ops.zeros_like(top[:, :1])], axis=-2)

    def _augmented(self, state):
        return ops.concatenate([state, ops.ones_like(state[..., :1])], axis=-1)

    def _carried_kl(self, posterior, prior, action, time, sample):
        """KL to N(F mu + c, F Lambda F'), (F, c) being the flow's affine parts."""
        own = self._own(self.generator(), action)
        inverse = self._flow(-time[:, None, None], own)
        size = self.state_dim
        # The inverse flow is m -> F^{-1} m + c'; c' moves to the prior's mean.
        mean = prior.mean - inverse[:, :size, size]
        log_det = time * ops.trace(own, axis1=-2, axis2=-1)
        return transported_kl_from_inverse(
            posterior,
            DiagonalGaussian(mean, prior.log_var),
            inverse[:, :size, :size],
            log_det,
        )
