"""A gated recurrent unit without input: the paper's recurrent ablation."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS, LatentDynamics
from halo_keras.schema import ConfigError, Int

MAX_KERNEL_ENTRIES = 2**24


@keras.saving.register_keras_serializable("halo_keras")
class RecurrentDynamics(LatentDynamics):
    """s_{t+1} = u * s_t + (1 - u) * tanh(W_h (r * s_t) + b_h), one step a frame.

    u = sigmoid(W_u s_t + b_u), r = sigmoid(W_r s_t + b_r): a GRU (Cho et al. 2014) with
    zero input, from s_0 on. HALO (Khan & Storkey 2022), ablation "RNN". Steps only,
    and only forward: no energy, no reverse, no half frames; its reference frame is 0.

    Args:
        position_dim: size d of the position; the state has size 2 d.
        num_operators: number K of operators, one an action.
        num_frames: how far times that are a tensor may reach. Times given as numbers
            may be any whole numbers >= 0.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.

    Raises:
        ValueError: times, given as numbers, that are negative or no whole numbers.
            Times given as tensors cannot be looked at while a step is compiled; there,
            states at such times and beyond `num_frames` are NaN, never a wrong frame.
    """

    config_fields = {**COMMON_FIELDS, "num_frames": Int(1, 4096)}
    # A step lies between s_t and a tanh, entry by entry: |s_t| <= max(|s_0|, 1).
    is_bounded = True

    def __init__(
        self, position_dim, num_operators=1, *, num_frames=64, dtype=None, name=None
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "num_frames": num_frames,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)
        entries = num_operators * 3 * self.state_dim**2
        if entries > MAX_KERNEL_ENTRIES:
            raise ConfigError(
                f"RecurrentDynamics would hold {entries} kernel entries, at most "
                f"{MAX_KERNEL_ENTRIES} are allowed: reduce position_dim or "
                "num_operators."
            )
        self.num_frames = num_frames

    def _create_weights(self):
        size = self.state_dim
        # Gates in Keras's order: update, reset, candidate.
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.num_operators, size, 3 * size),
            initializer=self._initial_kernel,
            autocast=False,
        )
        self.bias = self.add_weight(
            name="bias",
            shape=(self.num_operators, 3 * size),
            initializer="zeros",
            autocast=False,
        )

    def _move_all(self, state, times, known):
        kernel, bias = self._tensors()
        rows = ops.swapaxes(state, 0, 1)  # (K, B, n)
        steps = self._roll(rows, kernel, bias[:, None], times, known)
        # (S, K, B, n) -> (B, S, K, n)
        steps = ops.transpose(steps, (2, 0, 1, 3))
        return pick_times(steps, times)

    def _move_active(self, state, action, times, known):
        kernel, bias = (self._own(value, action) for value in self._tensors())
        steps = self._roll(state[:, None], kernel, bias[:, None], times, known)
        return pick_times(ops.swapaxes(steps[:, :, 0], 0, 1), times)

    def _tensors(self):
        self.build(None)
        return ops.convert_to_tensor(self.kernel), ops.convert_to_tensor(self.bias)

    def _roll(self, state, kernel, bias, times, known):
        """States at steps 0 ... S: `(S + 1, ..., rows, n)`."""
        size = self.state_dim
        gates_kernel, candidate_kernel = (
            kernel[..., : 2 * size],
            kernel[..., 2 * size :],
        )
        gates_bias, candidate_bias = bias[..., : 2 * size], bias[..., 2 * size :]
        states = [state]
        for _ in range(_num_steps(known, self.num_frames)):
            gates = ops.sigmoid(state @ gates_kernel + gates_bias)
            update, reset = ops.split(gates, 2, axis=-1)
            candidate = ops.tanh((reset * state) @ candidate_kernel + candidate_bias)
            state = update * state + (1.0 - update) * candidate
            states.append(state)
        return ops.stack(states)

    def _carried_kl(self, posterior, prior, action, time, sample):
        """The reference frame is 0, where nothing has been carried yet."""
        return posterior.kl(prior)

    def _initial_kernel(self, shape, dtype=None):
        draw = keras.initializers.Orthogonal()
        size = (shape[1], shape[1])
        return ops.stack(
            [
                ops.concatenate([draw(size, dtype=dtype) for _ in range(3)], axis=-1)
                for _ in range(shape[0])
            ]
        )


def _num_steps(known: np.ndarray | None, num_frames: int) -> int:
    if known is None:
        return num_frames - 1
    if known.size and (known.min() < 0 or np.any(known != np.round(known))):
        raise ValueError(
            "RecurrentDynamics steps from frame to frame, forward only: expected whole "
            f"times >= 0, received {known.ravel()[:8].tolist()}. Choose another "
            "dynamics for times between frames or before the first one."
        )
    return int(known.max()) if known.size else 0


def pick_times(steps, times):
    """States of the asked times out of all steps, NaN where there is no such step.

    Args:
        steps: `(batch, num_steps, ...)`.
        times: `(num_times,)` or `(batch, num_times)`.
    """
    last = steps.shape[1] - 1
    index = ops.cast(ops.clip(ops.round(times), 0, last), "int32")
    missing = ops.cast(index, times.dtype) != times
    if len(times.shape) == 1:
        picked = ops.take(steps, index, axis=1)
        missing = missing[None]
    else:
        tail = (1,) * (len(steps.shape) - 2)
        wide = ops.reshape(index, (-1, index.shape[1], *tail))
        wide = ops.broadcast_to(
            wide, (*ops.shape(index), *(int(size) for size in steps.shape[2:]))
        )
        picked = ops.take_along_axis(steps, wide, axis=1)
    while len(missing.shape) < len(picked.shape):
        missing = missing[..., None]
    return ops.where(missing, float("nan"), picked)
