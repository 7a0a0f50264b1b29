"""Small HALO models for tests: seconds, not minutes."""

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics import NormalFormDynamics
from halo_keras.layers import FrameDecoder, FrameEncoder
from halo_keras.models import HALO

SHAPE = (8, 8, 1)


def small_halo(num_actions=3, dynamics=None, decoder=None, content_dim=3, **options):
    keras.utils.set_random_seed(5)
    if dynamics is None:
        dynamics = NormalFormDynamics(2, num_actions, num_frames=6, name="dynamics")
    return HALO(
        SHAPE,
        dynamics,
        num_frames=6,
        content_dim=content_dim,
        encoder=FrameEncoder(SHAPE, channels=(8,), features=12, name="encoder"),
        decoder=decoder
        or FrameDecoder(SHAPE, (6, 4), base_channels=4, hidden=16, name="decoder"),
        content_hidden=6,
        motion_features=8,
        **options,
    )


def moving_dots(num_clips=24, num_frames=6, num_actions=3, seed=0):
    """A dot of some brightness that goes round at a speed set by the action."""
    rng = np.random.default_rng(seed)
    action = np.arange(num_clips) % num_actions
    phase = rng.uniform(0, 2 * np.pi, num_clips)
    level = rng.uniform(0.4, 1.0, num_clips)
    angle = phase[:, None] + (0.5 + 0.6 * action)[:, None] * np.arange(num_frames)
    y, x = np.mgrid[:8, :8]
    distance = (x - 3.5 - 2.4 * np.cos(angle)[..., None, None]) ** 2 + (
        y - 3.5 - 2.4 * np.sin(angle)[..., None, None]
    ) ** 2
    frames = level[:, None, None, None] * np.exp(-distance / 2.0)
    return {
        "frames": np.round(255 * frames[..., None]).astype("uint8"),
        "action": action.astype("int32"),
    }


@keras.saving.register_keras_serializable("halo_keras_tests")
class LinearDecoder(keras.layers.Layer):
    """x = W [z, q] + b: with it HALO is a linear Gaussian state-space model."""

    part_kind = "decoder"

    def __init__(self, frame_shape, **kwargs):
        super().__init__(**kwargs)
        self.frame_shape = tuple(frame_shape)
        self.dense = keras.layers.Dense(int(np.prod(frame_shape)), name="dense")

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.built = True

    def call(self, latent):
        return ops.reshape(self.dense(latent), (-1, *self.frame_shape))
