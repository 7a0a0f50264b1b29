"""What dynamics that go in steps of a fixed size have in common."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS, LatentDynamics
from halo_keras.dynamics.recurrent import pick_times
from halo_keras.ops.matrix_exponential import exact_matmul
from halo_keras.schema import ConfigError, Int

STEPPING_FIELDS = {
    **COMMON_FIELDS,
    "steps_per_frame": Int(1, 64),
    "num_frames": Int(1, 4096),
}
MAX_WEIGHTS = 2**24


class SteppingDynamics(LatentDynamics):
    """States at multiples of a step h = 1 / steps_per_frame, forward and backward.

    A subclass gives `_tensors()`, a list of tensors whose first axis is that of the
    operators, and `_flow(weights, rows, step, num_steps)`. A step is learned with its
    dynamics: with leapfrog, a plane of speed w turns by arccos(1 - (w h)^2 / 2) a step,
    so another h would be another motion, and times between steps raise.

    Arguments of every subclass:
        steps_per_frame: steps from one frame to the next.
        num_frames: how far times that are a tensor may reach, forward and backward.
            Times given as numbers may be any multiples of the step.
    """

    config_fields = STEPPING_FIELDS

    def __init__(self, arguments: dict, *, name=None):
        super().__init__(arguments, name=name)
        self.steps_per_frame = arguments["steps_per_frame"]
        self.num_frames = arguments["num_frames"]
        if keras.backend.backend() == "tensorflow":
            # XLA on TensorFlow cannot take the gradient of a loop that keeps a list.
            self.supports_jit = False
        self._compiled_flow = self._flow
        if keras.backend.backend() == "jax":
            import jax

            # Outside a compiled step, JAX would compile the loop anew at every call.
            self._compiled_flow = jax.jit(self._flow, static_argnums=3)

    @property
    def goes_back(self) -> bool:
        return True

    def positions_ahead(self, state, direction, num_frames: int):
        """Positions of the first operator in frames 0, 1, ... each clip's own way.

        Args:
            state: `(batch, state_dim)`, at time 0.
            direction: `(batch,)`, 1 for clips that go forward and -1 for backward.
            num_frames: how many frames away the last one is.

        Returns: `(batch, num_frames + 1, position_dim)`, at the times
            `direction * (0, 1, ...)`.
        """
        state = self._checked_state(state, ())
        direction = ops.cast(direction, self.compute_dtype)[:, None]
        weights = [weight[:1] for weight in self._tensors()]
        path = self._frames(weights, state[None], direction, num_frames)
        return self.position(ops.swapaxes(path[:, 0], 0, 1))

    def _move_all(self, state, times, known):
        rows = ops.swapaxes(state, 0, 1)  # (K, B, n)
        path, first = self._both_ways(self._tensors(), rows, known)
        # (F, K, B, n) -> (B, F, K, n)
        return self._pick(ops.transpose(path, (2, 0, 1, 3)), times, known, first)

    def _move_active(self, state, action, times, known):
        weights = self._tensors()
        if self.num_operators == 1:
            path, first = self._both_ways(weights, state[None], known)
            path = path[:, 0]
        else:
            own = [self._own(weight, action) for weight in weights]
            path, first = self._both_ways(own, state[:, None], known)
            path = path[:, :, 0]
        return self._pick(ops.swapaxes(path, 0, 1), times, known, first)

    def _both_ways(self, weights, rows, known):
        """States at all steps between the farthest times, and the first step of them.

        Args:
            weights: with groups of rows as their first axis, `(G, ...)`.
            rows: `(G, N, n)`.
            known: the asked times, or None.
        Returns: `(steps, G, N, n)` and a number <= 0.
        """
        per_frame = self.steps_per_frame
        if known is None:
            back = ahead = self.num_frames - 1
        else:
            steps = known * per_frame
            if np.any(np.abs(steps - np.round(steps)) > 1e-6):
                raise ValueError(
                    f"{type(self).__name__} takes {per_frame} step(s) a frame: "
                    f"expected times that are multiples of 1/{per_frame}, received "
                    f"{known.ravel()[:8].tolist()}. Ask for such times, or choose "
                    "dynamics in closed form (action-angle, normal form), which reach "
                    "any time."
                )
            frames = known if known.size else np.zeros(1)
            back = int(np.ceil(max(0.0, -frames.min())))
            ahead = int(np.ceil(max(0.0, frames.max())))
        path = self._frames(weights, rows, 1.0, ahead, every=1)
        if back:
            before = self._frames(weights, rows, -1.0, back, every=1)
            path = ops.concatenate([ops.flip(before[1:], axis=0), path])
        return path, -back * per_frame

    def _frames(self, weights, rows, direction, num_frames, every=None):
        """States at each frame, or at every step: see `_flow`."""
        per_frame = self.steps_per_frame
        step = ops.convert_to_tensor(direction, dtype=self.compute_dtype) / per_frame
        with exact_matmul():
            path = self._compiled_flow(weights, rows, step, num_frames * per_frame)
        return path[:: every or per_frame]

    def _pick(self, path, times, known, first):
        index = times * self.steps_per_frame - first
        if known is not None:
            index = np.round(known * self.steps_per_frame) - first
        return pick_times(path, ops.cast(index, self.compute_dtype))

    def _tensors(self) -> list:
        """Tensors of all operators' weights, `(num_operators, ...)` each."""
        raise NotImplementedError

    def _flow(self, weights, rows, step, num_steps: int):
        """States after 0, 1, ... steps: `(num_steps + 1, G, N, state_dim)`.

        Args:
            weights: tensors `(G, ...)`.
            rows: `(G, N, state_dim)`.
            step: h, signed: a number, or `(N, 1)` of each row its own.
        """
        raise NotImplementedError


def check_weights(count: int, where: str) -> None:
    """Raises a `ConfigError` for more weights than dynamics may have."""
    if count > MAX_WEIGHTS:
        raise ConfigError(
            f"{where} would hold {count} weights, at most {MAX_WEIGHTS} are allowed: "
            "reduce position_dim, num_operators or the width of its layers."
        )
