"""What moves a latent state in time: one class a file, one contract."""

from halo_keras.dynamics.action_angle import ActionAngleDynamics
from halo_keras.dynamics.base import LatentDynamics
from halo_keras.dynamics.hamiltonian_network import HamiltonianNetwork
from halo_keras.dynamics.linear import LinearDynamics
from halo_keras.dynamics.neural_hamiltonian import NeuralHamiltonian
from halo_keras.dynamics.neural_ode import NeuralODE
from halo_keras.dynamics.normal_form import NormalFormDynamics
from halo_keras.dynamics.orthogonal import OrthogonalDynamics
from halo_keras.dynamics.positional_encoding import PositionalEncoding
from halo_keras.dynamics.recurrent import RecurrentDynamics
from halo_keras.dynamics.symplectic import SymplecticDynamics

__all__ = [
    "ActionAngleDynamics",
    "HamiltonianNetwork",
    "LatentDynamics",
    "LinearDynamics",
    "NeuralHamiltonian",
    "NeuralODE",
    "NormalFormDynamics",
    "OrthogonalDynamics",
    "PositionalEncoding",
    "RecurrentDynamics",
    "SymplecticDynamics",
]
