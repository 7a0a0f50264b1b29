"""Small models without labels, for tests: seconds, not minutes."""

import keras
import numpy as np

from halo_keras.layers import (
    FrameDecoder,
    FrameEncoder,
    SpectrumDecoder,
    SpectrumEncoder,
)
from halo_keras.models import DSVAE, SequenceRNN

SHAPE = (8, 8, 1)
BINS = (12,)
RANGE = (-9.0, 3.0)
SIZES = {
    "num_frames": 6,
    "content_dim": 3,
    "motion_dim": 2,
    "content_hidden": 6,
    "motion_hidden": 8,
}


def pictures():
    return {
        "frame_shape": SHAPE,
        "encoder": FrameEncoder(SHAPE, channels=(8,), features=12, name="encoder"),
        "decoder": FrameDecoder(
            SHAPE, (6, 4), base_channels=4, hidden=16, name="decoder"
        ),
    }


def spectra():
    return {
        "frame_shape": BINS,
        "value_range": RANGE,
        "encoder": SpectrumEncoder(BINS, hidden=16, features=12, name="encoder"),
        "decoder": SpectrumDecoder(BINS, hidden=16, name="decoder"),
    }


def small_dsvae(parts=None, **options):
    keras.utils.set_random_seed(5)
    sizes = {**SIZES, "prior_hidden": 8}
    return DSVAE(**(parts or pictures()), **{**sizes, **options})


def small_rnn(parts=None, **options):
    keras.utils.set_random_seed(5)
    sizes = {**SIZES, "lstm_hidden": 7}
    return SequenceRNN(**(parts or pictures()), **{**sizes, **options})


def gliding_tones(num_clips=8, num_frames=6, seed=0):
    """Spectrograms of a tone that rises or falls, `(clips, frames, bins)`, in RANGE."""
    rng = np.random.default_rng(seed)
    start, level = rng.uniform(3, 8, num_clips), rng.uniform(0.4, 1.0, num_clips)
    speed = np.where(np.arange(num_clips) % 2, 0.6, -0.6)
    place = start[:, None] + speed[:, None] * np.arange(num_frames)
    distance = (np.arange(BINS[0]) - place[..., None]) ** 2
    low, high = RANGE
    unit = level[:, None, None] * np.exp(-distance / 3.0)
    return {"frames": (low + (high - low) * unit).astype("float32")}
