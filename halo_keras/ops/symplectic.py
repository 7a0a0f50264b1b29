"""The symplectic form J = [[0, I], [-I, 0]], and how well a matrix keeps it."""

from __future__ import annotations

from keras import ops

from halo_keras.ops.matrix_exponential import block_matrix


def symplectic_form(position_dim: int, dtype="float32"):
    """J: `(2 d, 2 d)` for states (q, p)."""
    eye = ops.eye(position_dim, dtype=dtype)
    zero = ops.zeros_like(eye)
    return block_matrix(zero, eye, -eye, zero)


def times_form(m):
    """J M without a product: the lower half of M's rows, then minus the upper."""
    upper, lower = ops.split(m, 2, axis=-2)
    return ops.concatenate([lower, -upper], axis=-2)


def symplectic_residual(flow):
    """Largest entry of |F' J F - J|, 0 for a symplectic map: `(...)`.

    Args:
        flow: F, `(..., 2 d, 2 d)`.
    """
    form = symplectic_form(flow.shape[-1] // 2, dtype=flow.dtype)
    kept = ops.swapaxes(flow, -1, -2) @ times_form(flow)
    return ops.max(ops.abs(kept - form), axis=(-2, -1))


def hamiltonian_residual(generator):
    """Largest entry of |K' J + J K|, 0 if K = J M with a symmetric M: `(...)`.

    Args:
        generator: K, `(..., 2 d, 2 d)`.
    """
    moved = times_form(generator)  # J K; K' J is minus its transpose
    return ops.max(ops.abs(moved - ops.swapaxes(moved, -1, -2)), axis=(-2, -1))


def nearest_symplectic(flow):
    """Takes the rounding errors of a symplectic matrix off.

    A step of Newton's iteration for the polar factor, F <- F (3 I - F* F) / 2, with the
    symplectic adjoint F* = -J F' J in the place of the transpose (Higham, Mackey,
    Mackey & Tisseur 2005, "Functions preserving matrix groups"). It squares the
    residual |F* F - I|. Matrices with |F|^2 > 16 n (hyperbolic ones, where F* F itself
    is rounded too coarsely) come back as they are. Gradients pass as if
    F were unchanged.

    Args:
        flow: F, `(..., 2 d, 2 d)`.
    """
    size = flow.shape[-1]
    given = ops.stop_gradient(flow)
    small = ops.sum(given**2, axis=(-2, -1), keepdims=True) < 16.0 * size
    eye = ops.eye(size, dtype=flow.dtype)
    better = ops.where(small, given, eye)
    # F* F = -J F' J F
    product = -times_form(ops.swapaxes(better, -1, -2) @ times_form(better))
    better = better + 0.5 * (better @ (eye - product))
    return flow + ops.stop_gradient(ops.where(small, better - given, 0.0))


def nearest_unitary(flow):
    """As `nearest_symplectic`, for F that is orthogonal too: F = [[X, Y], [-Y, X]].

    First the part that does not commute with J is taken off, (F - J F J) / 2, then
    Newton's step with the transpose.
    """
    given = ops.stop_gradient(flow)
    upper, lower = ops.split(given, 2, axis=-2)
    a, b = ops.split(upper, 2, axis=-1)
    c, d = ops.split(lower, 2, axis=-1)
    x, y = 0.5 * (a + d), 0.5 * (b - c)
    better = block_matrix(x, y, -y, x)
    eye = ops.eye(flow.shape[-1], dtype=flow.dtype)
    product = ops.swapaxes(better, -1, -2) @ better
    better = better + 0.5 * (better @ (eye - product))
    return flow + ops.stop_gradient(better - given)
