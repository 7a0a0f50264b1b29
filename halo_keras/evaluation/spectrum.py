"""Eigenvalues of a linear flow: does it grow, die out or turn for ever?"""

from __future__ import annotations

import numpy as np
from keras import ops


def spectrum(dynamics) -> np.ndarray:
    """Eigenvalues of the generators K of s(t) = exp(t K) s(0), in float64.

    The imaginary part is an angular speed (radians a frame), the real part a rate of
    growth (a frame): a mode goes like exp(t Re). A flow is bounded, forward and
    backward, if and only if all real parts are 0 and K is diagonalisable. Of an affine
    flow ds/dt = A s + b these are the eigenvalues of A. Plane rotations (no generator
    of their own need be written out) have +-i w exactly.

    Args:
        dynamics: a `LatentDynamics` with `generator()`.

    Returns: complex `(num_operators, state_dim)`.

    Raises:
        ValueError: the dynamics has no generator, as it is not linear.
    """
    if not is_linear(dynamics):
        raise ValueError(
            f"spectrum needs linear dynamics, received {type(dynamics).__name__}, "
            "which has no generator(). Ask is_linear(dynamics) first."
        )
    size = dynamics.state_dim
    generator = ops.convert_to_numpy(dynamics.generator()).astype("float64")
    return np.linalg.eigvals(generator[:, :size, :size])


def growth_rates(dynamics) -> np.ndarray:
    """The largest real part of each operator's spectrum, a frame: `(num_operators,)`.

    Over 1,000 frames a state can grow by exp(1000 rate): .005 is a factor of 150.
    """
    return spectrum(dynamics).real.max(axis=1)


def is_linear(dynamics) -> bool:
    """Whether the flow is exp(t K) of a known K."""
    return hasattr(dynamics, "generator")
