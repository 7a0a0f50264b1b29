"""Rotations whose speed depends on their amplitudes."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS, LatentDynamics
from halo_keras.dynamics.normal_form import start_speeds
from halo_keras.ops.angles import reduced_angle, rotate
from halo_keras.schema import Float, Int, ListOf


@keras.saving.register_keras_serializable("halo_keras")
class ActionAngleDynamics(LatentDynamics):
    """H(I_1 ... I_d) of the actions I_j = (q_j^2 + p_j^2) / 2, a small network.

    The I_j are kept, and plane j turns at w_j = dH / dI_j: integrable motion in
    action-angle form (Arnold, Mathematical Methods of Classical Mechanics, 50).
    q_j(t) = q_j cos w_j t + p_j sin w_j t with w_j constant along each trajectory, so
    exact at any real time. The flow is symplectic, reversible and bounded, and N(0, I)
    is invariant; it is no isometry, since neighbours with different amplitudes part
    at a rate of t. One chart: it cannot cross a separatrix.

        h_1 = tanh(W_1 I + b_1), h_2 = tanh(W_2 h_1 + b_2), H = w . I + c . h_2
        dH/dI = w + W_1' [(1 - h_1^2) * W_2' [(1 - h_2^2) * c]]

    The gradient is written out, so that training needs no nested differentiation.
    Speeds are not confined to (-pi, pi), because a bound on each of them would not
    leave a gradient of one H; they start at `frequencies` up to a few hundredths, and
    return to w for large amplitudes, where the tanh are flat.

    Args:
        position_dim: number d of planes; the state has size 2 d.
        num_operators: number K of operators, one an action.
        frequencies: w at the start, radians a frame, in (0, pi), repeated in turn to
            d of them. Default: pi (j + 1/2) / d.
        hidden_dim: width of both layers of the network.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {
        **COMMON_FIELDS,
        "frequencies": ListOf(Float(0.0, math.pi), 1, 512, optional=True),
        "hidden_dim": Int(1, 512),
    }
    is_symplectic = True
    is_bounded = True
    is_reversible = True
    preserves_standard_normal = True
    has_energy = True

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        frequencies=None,
        hidden_dim=16,
        dtype=None,
        name=None,
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "frequencies": frequencies,
            "hidden_dim": hidden_dim,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)
        self._start = start_speeds(frequencies, position_dim, 0.0)
        self.hidden_dim = hidden_dim

    def _create_weights(self):
        operators, planes, hidden = (
            self.num_operators,
            self.position_dim,
            self.hidden_dim,
        )

        def weight(name, *shape, std=None, value=None):
            initializer = (
                keras.initializers.RandomNormal(stddev=std)
                if value is None
                else lambda shape, dtype=None: ops.convert_to_tensor(
                    np.broadcast_to(value, shape), dtype=dtype
                )
            )
            return self.add_weight(
                name=name,
                shape=(operators, *shape),
                initializer=initializer,
                autocast=False,
            )

        self.base_speed = weight("base_speed", planes, value=self._start)
        self.kernel_1 = weight("kernel_1", hidden, planes, std=planes**-0.5)
        self.bias_1 = weight("bias_1", hidden, value=0.0)
        self.kernel_2 = weight("kernel_2", hidden, hidden, std=hidden**-0.5)
        self.bias_2 = weight("bias_2", hidden, value=0.0)
        # Small, so that the speeds start near w.
        self.readout = weight("readout", hidden, std=0.02 * hidden**-0.5)

    def energy(self, state):
        state = self._checked_state(state, (self.num_operators,))
        return self._energy_and_speed(state, self._tensors())[0]

    def speeds(self, state):
        """w = dH/dI, radians a frame.

        Args:
            state: `(batch, num_operators, state_dim)`.

        Returns:
            `(batch, num_operators, position_dim)`.
        """
        state = self._checked_state(state, (self.num_operators,))
        return self._energy_and_speed(state, self._tensors())[1]

    def active_position(self, state, action, times):
        state = self._checked_state(state, ())
        times, known = self._checked_times(times)
        times = times if known is None else known
        angle = self._active_angle(state, ops.cast(action, "int32"), times)
        position, momentum = ops.split(state[:, None], 2, axis=-1)
        return position * ops.cos(angle) + momentum * ops.sin(angle)

    def _move_all(self, state, times, known):
        times = times if known is None else known
        _, speed = self._energy_and_speed(state, self._tensors())
        angle = reduced_angle(speed[:, None], times[..., None, None])  # (B, T, K, d)
        position, momentum = ops.split(state[:, None], 2, axis=-1)
        return ops.concatenate(rotate(position, momentum, angle), axis=-1)

    def _move_active(self, state, action, times, known):
        angle = self._active_angle(state, action, times if known is None else known)
        position, momentum = ops.split(state[:, None], 2, axis=-1)
        return ops.concatenate(rotate(position, momentum, angle), axis=-1)

    def _active_angle(self, state, action, times):
        """Angles of each clip's own operator: `(batch, num_times, position_dim)`."""
        own = [self._own(value, action) for value in self._tensors()]
        _, speed = self._energy_and_speed(state, own)
        return reduced_angle(speed[:, None], times[..., None])

    def _tensors(self):
        self.build(None)
        return [
            ops.convert_to_tensor(value)
            for value in (
                self.base_speed,
                self.kernel_1,
                self.bias_1,
                self.kernel_2,
                self.bias_2,
                self.readout,
            )
        ]

    def _energy_and_speed(self, state, parameters):
        """H `(...)` and dH/dI `(..., d)` of states `(..., 2 d)`."""
        base, kernel_1, bias_1, kernel_2, bias_2, readout = parameters
        position, momentum = ops.split(state, 2, axis=-1)
        amplitude = 0.5 * (position**2 + momentum**2)  # I_j
        hidden_1 = ops.tanh(_apply(kernel_1, amplitude) + bias_1)
        hidden_2 = ops.tanh(_apply(kernel_2, hidden_1) + bias_2)
        energy = ops.sum(base * amplitude, axis=-1) + ops.sum(
            readout * hidden_2, axis=-1
        )
        back_2 = (1.0 - hidden_2**2) * readout
        back_1 = (1.0 - hidden_1**2) * _apply_turned(kernel_2, back_2)
        return energy, base + _apply_turned(kernel_1, back_1)


def _apply(kernel, x):
    """W x, operator by operator or clip by clip: `(..., out, in)` and `(..., in)`."""
    return ops.sum(kernel * x[..., None, :], axis=-1)


def _apply_turned(kernel, x):
    """W' x."""
    return ops.sum(kernel * x[..., :, None], axis=-2)
