"""What the position is inferred from: the reference frame alone, or those before it."""

import numpy as np
import pytest
from keras import ops
from models.small_halo import moving_dots, small_halo

from halo_keras.dynamics import NormalFormDynamics, PositionalEncoding
from halo_keras.schema import ConfigError
from halo_keras.training.starting import start_from

pytestmark = pytest.mark.backend


def shifted(seed=3):
    """A model whose position depends on history, with weights that are not zero."""
    model = small_halo(position_from="history")
    kernel = model.position_shift.kernel
    drawn = np.random.default_rng(seed).normal(size=kernel.shape)
    kernel.assign(drawn.astype("float32"))
    return model


def two_pasts():
    """Two clips with the same last frame and other frames before it."""
    clips = moving_dots(4)
    frames = clips["frames"][[0, 3]].copy()
    frames[1, -1] = frames[0, -1]
    assert (frames[0, :-1] != frames[1, :-1]).any()
    return frames, np.zeros(2, "int32")


def half_a_period_later(model, frames, action):
    state = model.posterior(frames, action).state.mean
    later = model.dynamics.active_position(state, action, np.asarray([3.0]))
    return ops.convert_to_numpy(state), ops.convert_to_numpy(later)[:, 0]


def test_one_frame_tells_where_the_motion_is_half_a_period_later():
    """With a period of 6 frames the flow of 3 is -1 or +1, whatever the momentum."""
    loop = NormalFormDynamics(2, 3, harmonics=[1, 2], period=6.0, name="dynamics")
    model = small_halo(dynamics=loop)
    frames, action = two_pasts()
    state, later = half_a_period_later(model, frames, action)
    size = model.dynamics.position_dim
    position, momentum = state[:, :size], state[:, size:]
    np.testing.assert_allclose(position[0], position[1], atol=1e-6)
    assert np.abs(momentum[0] - momentum[1]).max() > 1e-4
    np.testing.assert_allclose(later[0], later[1], atol=1e-4)
    np.testing.assert_allclose(np.abs(later), np.abs(position), atol=1e-4)


def test_history_tells_them_apart_by_a_linear_map_of_the_momentum_network():
    model = shifted()
    frames, action = two_pasts()
    state, later = half_a_period_later(model, frames, action)
    assert np.abs(later[0] - later[1]).max() > 1e-3
    size = model.dynamics.position_dim
    units = ops.convert_to_tensor(frames.astype("float32") / 255.0)
    features = model.frame_features(units)
    gaps = np.asarray([[0, 1, 1, 1, 1, 1]] * 2, "float32")
    mask = np.ones((2, 6), "float32")
    history = ops.convert_to_numpy(model.momentum_network(features, gaps, mask))
    label = np.eye(3, dtype="float32")[action]
    kernel = ops.convert_to_numpy(model.position_shift.kernel)
    shift = np.concatenate([history[:, -1], label], axis=1) @ kernel
    model.position_shift.kernel.assign(np.zeros_like(kernel))
    plain = half_a_period_later(model, frames, action)[0]
    np.testing.assert_allclose(state[:, :size], plain[:, :size] + shift, atol=1e-5)
    np.testing.assert_allclose(state[:, size:], plain[:, size:], atol=1e-6)


def test_a_trained_model_is_the_same_when_it_gets_a_history():
    source, model = small_halo(), small_halo(position_from="history")
    frames, action = two_pasts()
    start = start_from(model, source)
    assert start.new == ["position_shift"]
    np.testing.assert_allclose(
        model.reconstruct(frames, action), source.reconstruct(frames, action), atol=1e-6
    )
    rich = shifted()
    again = start_from(small_halo(position_from="history"), rich)
    assert again.new == [] and "position_shift" in again.copied


def test_what_has_no_momentum_network_has_no_history():
    with pytest.raises(ConfigError, match="PositionalEncoding has no momentum"):
        small_halo(dynamics=PositionalEncoding(2, 3), position_from="history")
    with pytest.raises(ConfigError, match="position_from"):
        small_halo(position_from="memory")
