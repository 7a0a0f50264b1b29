"""Small models of physical systems, and a toy system, for tests: seconds."""

import keras
import numpy as np

from halo_keras.dynamics import NeuralHamiltonian
from halo_keras.layers import FrameDecoder, FrameEncoder
from halo_keras.models import HGN

SHAPE = (8, 8, 1)


def swinging_dots(num_clips=8, num_frames=10, speed=0.5, seed=0):
    """A dot that swings along a row of 8 pixels: frames (n, T, 8, 8, 1) uint8."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (num_clips, 1))
    amplitude = rng.uniform(1, 3, (num_clips, 1))
    place = 3.5 + amplitude * np.cos(speed * np.arange(num_frames) + phase)
    distance = (np.arange(8) - place[..., None, None]) ** 2
    distance = distance + (np.arange(8)[:, None] - 3.5) ** 2
    return np.round(255 * np.exp(-distance / 2.0)).astype("uint8")[..., None]


def networks():
    return {
        "encoder": FrameEncoder(SHAPE, channels=(8,), features=12, name="encoder"),
        "decoder": FrameDecoder(
            SHAPE, (6, 4), base_channels=4, hidden=16, name="decoder"
        ),
        "hidden": 16,
    }


def small_hgn(dynamics=None, **options):
    keras.utils.set_random_seed(5)
    if dynamics is None:
        dynamics = NeuralHamiltonian(
            3, hidden=[8], frequencies=[0.2, 0.5], num_frames=10, name="dynamics"
        )
    settings = {
        **networks(),
        "num_frames": 10,
        "inference_frames": 3,
        "decoded_frames": None,
        "pixel_stddev": 0.2,
    }
    return HGN(SHAPE, dynamics, **{**settings, **options})
