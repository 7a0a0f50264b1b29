"""Blocks with weights that know nothing of time steps to come."""

from halo_keras.layers.conditional_latents import ConditionalLatents
from halo_keras.layers.content_map import ContentMapNetwork
from halo_keras.layers.content_network import ContentNetwork
from halo_keras.layers.fitted_content import FittedContent
from halo_keras.layers.frame_decoder import FrameDecoder
from halo_keras.layers.frame_encoder import FrameEncoder
from halo_keras.layers.frame_latents import (
    FactorisedPosterior,
    FullPosterior,
    LatentPrior,
)
from halo_keras.layers.frame_map_encoder import FrameMapEncoder
from halo_keras.layers.gaussian_head import GaussianHead
from halo_keras.layers.grid_networks import GridDecoder, GridEncoder
from halo_keras.layers.momentum_network import MomentumNetwork
from halo_keras.layers.pair_content import PairContentNetwork
from halo_keras.layers.paper_networks import PaperFrameDecoder, PaperFrameEncoder
from halo_keras.layers.spectrogram_networks import SpectrumDecoder, SpectrumEncoder
from halo_keras.layers.state_networks import StateTransformer, WindowPosterior
from halo_keras.layers.state_prior import FittedPrior, StatePrior
from halo_keras.layers.video_augmentation import VideoAugmentation

__all__ = [
    "ConditionalLatents",
    "ContentMapNetwork",
    "ContentNetwork",
    "FactorisedPosterior",
    "FittedContent",
    "FittedPrior",
    "FrameDecoder",
    "FrameEncoder",
    "FrameMapEncoder",
    "FullPosterior",
    "GaussianHead",
    "GridDecoder",
    "GridEncoder",
    "LatentPrior",
    "MomentumNetwork",
    "PairContentNetwork",
    "PaperFrameDecoder",
    "PaperFrameEncoder",
    "SpectrumDecoder",
    "SpectrumEncoder",
    "StatePrior",
    "StateTransformer",
    "VideoAugmentation",
    "WindowPosterior",
]
