"""Where trajectories begin: points of an annulus, and orbits around the middle."""

from __future__ import annotations

import numpy as np


def direction(draws: np.ndarray, square: bool) -> np.ndarray:
    """Unit vectors `(N, 2)` of uniform numbers `(N, 2)`.

    Args:
        square: a point of a square, made a unit vector: the diagonals come more often.
            The report and Hamiltonian Neural Networks draw so. False: all alike.
    """
    if not square:
        turn = 2 * np.pi * draws[:, 0]
        return np.stack([np.cos(turn), np.sin(turn)], axis=1)
    point = 2 * draws[:, :2] - 1
    return point / np.linalg.norm(point, axis=1, keepdims=True)


def annulus(draws: np.ndarray, low: float, high: float, given) -> np.ndarray:
    """Points `(N, 2)` at distances in [low, high] of uniform numbers `(N, 3)`.

    The distance is uniform; where masses are drawn, its square is, as in the suite.
    """
    share = draws[:, 2:3]
    if given.masses == "drawn":
        radius = np.sqrt(low**2 + (high**2 - low**2) * share)
    else:
        radius = low + (high - low) * share
    return radius * direction(draws, given.rendering == "report")


def quarter_turn(vectors: np.ndarray) -> np.ndarray:
    """(x, y) -> (y, -x), the last axis."""
    return np.stack([vectors[..., 1], -vectors[..., 0]], axis=-1)


def turned(vectors: np.ndarray, angle: float) -> np.ndarray:
    """`(..., 2)` turned by an angle against the clock."""
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)
