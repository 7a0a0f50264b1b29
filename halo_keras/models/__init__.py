"""Model families, one file each, on the contract of `SequenceModel`."""

from halo_keras.models.halo import HALO, Encoding
from halo_keras.models.sequence_model import SequenceModel

__all__ = ["HALO", "Encoding", "SequenceModel"]
