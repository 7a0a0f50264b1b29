"""What all linear dynamics share: s(t) = exp(t K) s(0) with a generator K."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.dynamics.base import LatentDynamics
from halo_keras.ops.doubling import doubled_states
from halo_keras.ops.gaussian import transported_kl_from_inverse
from halo_keras.ops.matrix_exponential import exact_matmul, expm
from halo_keras.schema import ConfigError

MAX_MATRIX_ENTRIES = 2**24


class ExponentialDynamics(LatentDynamics):
    """Linear flows exp(t K), K given by the subclass's `generator()`.

    Equally spaced times that are known now (numbers, not tensors) cost one exponential
    an operator and ceil(log2 T) products (`ops.doubled_states`). Other times cost one
    exponential each; with one row of times a clip, one for each clip and time. For a
    known grid counted from a frame i of each clip, it is cheaper to go back to time 0
    first, `active_trajectory(state, action, -i[:, None])`, and then along the grid.
    """

    is_reversible = True

    def __init__(self, arguments: dict, *, name=None):
        super().__init__(arguments, name=name)
        entries = self.num_operators * (2 * self.position_dim) ** 2
        if entries > MAX_MATRIX_ENTRIES:
            raise ConfigError(
                f"{type(self).__name__} would hold {entries} matrix entries, at most "
                f"{MAX_MATRIX_ENTRIES} are allowed: reduce position_dim or "
                "num_operators, or use NormalFormDynamics."
            )

    def generator(self):
        """K: `(num_operators, n, n)`, n the size of the (augmented) state."""
        raise NotImplementedError

    def flow(self, time):
        """F = exp(t K) over one time: `(num_operators, n, n)`."""
        return self._flow(ops.cast(time, self.compute_dtype), self.generator())

    def _flow(self, time, generator):
        """exp(t K), corrected; `time` broadcasts with the generators."""
        with exact_matmul():
            return self._corrected(expm(time * generator))

    def _corrected(self, flow):
        """The flow without its rounding errors, where a structure tells them apart."""
        return flow

    def _augmented(self, state):
        """The state that the generator acts on. Affine dynamics append a 1."""
        return state

    def _move_all(self, state, times, known):
        state = self._augmented(state)
        generator = self.generator()
        spacing = equal_spacing(known)
        if spacing is not None:
            start, step, num_times = spacing
            state = self._moved_to_start(state, start, generator[None])
            rows = ops.swapaxes(state, 0, 1)  # (K, B, n)
            flow = self._flow(step, generator)
            states = doubled_states(flow, rows, num_times, correct=self._corrected)
            states = ops.transpose(states, (2, 1, 0, 3))  # (B, T, K, n)
        else:
            flows = self._flow(times[..., None, None, None], generator)
            letters = "tkij,bkj->btki" if len(times.shape) == 1 else "btkij,bkj->btki"
            with exact_matmul():
                states = ops.einsum(letters, flows, state)
        return states[..., : self.state_dim]

    def _move_active(self, state, action, times, known):
        state = self._augmented(state)
        generator = self.generator()
        spacing = equal_spacing(known)
        if spacing is not None:
            start, step, num_times = spacing
            own = self._own(generator, action)
            state = self._moved_to_start(state, start, own)
            flow = self._flow(step, generator)
            states = doubled_states(
                flow, state, num_times, index=action, correct=self._corrected
            )
        elif len(times.shape) == 1:
            # One exponential an operator and time, then each clip's own.
            flows = self._flow(times[:, None, None, None], generator)
            flows = ops.take(flows, action, axis=1)
            with exact_matmul():
                states = ops.einsum("tbij,bj->bti", flows, state)
        else:
            own = self._own(generator, action)[:, None]  # (B, 1, n, n)
            flows = self._flow(times[..., None, None], own)
            with exact_matmul():
                states = ops.einsum("btij,bj->bti", flows, state)
        return states[..., : self.state_dim]

    def _moved_to_start(self, state, start, generator):
        """exp(start K) s: states `(batch, ..., n)`, start `(1,)` or `(batch,)`."""
        if not start.any():
            return state
        start = ops.convert_to_tensor(start, dtype=self.compute_dtype)
        while len(start.shape) < len(generator.shape):
            start = start[..., None]
        flow = self._flow(start, generator)
        with exact_matmul():
            return (flow @ state[..., None])[..., 0]

    def _carried_kl(self, posterior, prior, action, time, sample):
        own = self._own(self.generator(), action)
        inverse = self._flow(-time[:, None, None], own)
        # ln det exp(t K) = t tr K, 0 for Hamiltonian generators
        log_det = time * ops.trace(own, axis1=-2, axis2=-1)
        return transported_kl_from_inverse(posterior, prior, inverse, log_det)


def equal_spacing(known: np.ndarray | None):
    """(start, step, num_times) of known times that step equally, or None.

    start has shape (1,), or (batch,) for one row of times a clip; the step is the same
    for all of them.
    """
    if known is None or known.size == 0:
        return None
    rows = np.atleast_2d(known)
    start, num_times = rows[:, 0], rows.shape[1]
    step = float(rows[0, -1] - rows[0, 0]) / max(num_times - 1, 1)
    expected = start[:, None] + step * np.arange(num_times)
    if np.abs(rows - expected).max() > 1e-9 * max(1.0, np.abs(rows).max()):
        return None
    return start, step, num_times
