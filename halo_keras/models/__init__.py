"""Model families, one file each, on the contract of `SequenceModel`."""

from halo_keras.models.dsvae import DSVAE
from halo_keras.models.halo import HALO, Encoding
from halo_keras.models.hgn import HGN
from halo_keras.models.pixel_hnn import PixelHNN
from halo_keras.models.sequence_model import SequenceModel
from halo_keras.models.sequence_rnn import SequenceRNN
from halo_keras.models.unordered_vae import UnorderedVAE

__all__ = [
    "DSVAE",
    "HALO",
    "HGN",
    "Encoding",
    "PixelHNN",
    "SequenceModel",
    "SequenceRNN",
    "UnorderedVAE",
]
