"""A learned displacement by the clock: the paper's positional-encoding ablation."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS, LatentDynamics
from halo_keras.ops.angles import reduced_angle
from halo_keras.ops.gaussian import DiagonalGaussian
from halo_keras.schema import Int


@keras.saving.register_keras_serializable("halo_keras")
class PositionalEncoding(LatentDynamics):
    """q_t = q_0 + W (PE(t) - PE(0)), PE(t) = (sin w_i t, cos w_i t).

    w_i = 10000^(-2i/n), i = 0 ... n/2 - 1. HALO (Khan & Storkey 2022), ablation with
    the encoding of Vaswani et al. (2017), one W an operator. No momentum: the state is
    the position. PE(0), a constant that the paper leaves in, is taken off so that the
    state at time 0 is the given one. Distances between states are kept and no state
    leaves a bounded set, but this is no flow: what happens in a frame depends on the
    clock, not on the state, so -t does not undo t.

    Args:
        position_dim: size d of the position and of the state.
        num_operators: number K of operators, one an action.
        half_features: n / 2, the number of speeds, a sine and a cosine of each.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {**COMMON_FIELDS, "half_features": Int(1, 512)}
    has_momentum = False
    is_bounded = True
    is_isometric = True

    def __init__(
        self, position_dim, num_operators=1, *, half_features=8, dtype=None, name=None
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "half_features": half_features,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)
        self._speeds = 10000.0 ** (-np.arange(half_features) / half_features)

    def _create_weights(self):
        num_features = 2 * self._arguments["half_features"]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.num_operators, num_features, self.position_dim),
            initializer=keras.initializers.RandomNormal(stddev=num_features**-0.5),
            autocast=False,
        )

    def encoding(self, times):
        """PE(t) - PE(0): `(*times.shape, num_features)`."""
        speeds = ops.convert_to_tensor(self._speeds, dtype=self.compute_dtype)
        angle = reduced_angle(speeds, times[..., None])
        return ops.concatenate([ops.sin(angle), ops.cos(angle) - 1.0], axis=-1)

    def _move_all(self, state, times, known):
        moved = ops.einsum(
            "...f,kfd->...kd", self.encoding(times), ops.convert_to_tensor(self.kernel)
        )
        return state[:, None] + moved

    def _move_active(self, state, action, times, known):
        own = self._own(ops.convert_to_tensor(self.kernel), action)
        return state[:, None] + self.encoding(times) @ own

    def _carried_kl(self, posterior, prior, action, time, sample):
        # The displacement does not depend on the state: only the mean is carried.
        zeros = ops.zeros_like(posterior.mean)
        moved = self._move_active(zeros, action, time[:, None], None)[:, 0]
        return posterior.kl(DiagonalGaussian(prior.mean + moved, prior.log_var))
