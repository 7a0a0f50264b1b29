"""States at equally spaced times by doubling: few large products, no loop over time."""

from __future__ import annotations

from keras import ops

from halo_keras.ops.matrix_exponential import exact_matmul

# Rounding errors of F^m grow like m, and a correction squares them: one for every
# eight-fold power takes off as much as one for each squaring, and costs a third.
SQUARINGS_A_CORRECTION = 3


def doubled_states(flow, state, num_times: int, index=None, correct=None):
    """S_0 = s and S_{t+1} = F S_t, by S_{m..2m-1} = F^m S_{0..m-1}.

    ceil(log2 T) products of growing size instead of T - 1 small ones that wait for
    each other.

    Args:
        flow: F over one step, `(num_flows, n, n)`.
        state: `(num_flows, rows, n)`, or, with `index`, `(batch, n)`.
        num_times: T >= 1.
        index: which flow each clip follows, `(batch,)`; the powers of F are then
            still computed once a flow, not once a clip.
        correct: applied to F^8, F^64, ..., to take their rounding errors off; without
            it, they double with each squaring.

    Returns:
        `(num_flows, num_times, rows, n)`, or, with `index`, `(batch, num_times, n)`.
    """
    if num_times < 1:
        raise ValueError(f"num_times must be at least 1, received {num_times}.")
    size = state.shape[-1]
    rows = ops.shape(state)[1] if index is None else 1
    states = state if index is None else state[:, None]
    power, done, squarings = flow, 1, 0
    with exact_matmul():
        while done < num_times:
            new = min(done, num_times - done)
            step = power if index is None else ops.take(power, index, axis=0)
            # Rows are states, time first: S F' moves all of them at once.
            moved = states[:, : new * rows] @ ops.swapaxes(step, -1, -2)
            states = ops.concatenate([states, moved], axis=1)
            done += new
            if done < num_times:
                power, squarings = power @ power, squarings + 1
                if correct is not None and squarings % SQUARINGS_A_CORRECTION == 0:
                    power = correct(power)
    if index is not None:
        return states
    return ops.reshape(states, (-1, num_times, rows, size))
