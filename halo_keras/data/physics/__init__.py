"""Hamiltonian systems as clips; each is a file here that registers its loader."""

from halo_keras.data.physics import (
    double_pendulum,
    mass_spring,
    pendulum,
    three_body,
    two_body,
)
from halo_keras.data.physics.clips import system_of
from halo_keras.data.physics.replay import frames_at, noise_floor, states_at

__all__ = [
    "double_pendulum",
    "frames_at",
    "mass_spring",
    "noise_floor",
    "pendulum",
    "states_at",
    "system_of",
    "three_body",
    "two_body",
]
