"""What moves a latent state in time: one class a file, one contract."""

from halo_keras.dynamics.base import LatentDynamics
from halo_keras.dynamics.normal_form import NormalFormDynamics

__all__ = ["LatentDynamics", "NormalFormDynamics"]
