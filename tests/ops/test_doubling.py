"""Doubling against one step at a time."""

import numpy as np
import pytest
from keras import ops

from halo_keras.ops.doubling import doubled_states

pytestmark = pytest.mark.backend


def stepped(flow, state, num_times):
    """States (num_flows, num_times, rows, n) by a loop."""
    states = [state]
    for _ in range(num_times - 1):
        states.append(states[-1] @ np.swapaxes(flow, -1, -2))
    return np.stack(states, axis=1)


@pytest.fixture
def flow(rng):
    return np.linalg.qr(rng.normal(size=(2, 4, 4)))[0].astype("float32")


@pytest.mark.parametrize("num_times", [1, 2, 5, 8, 13])
def test_doubling_is_stepping(num_times, flow, rng):
    state = rng.normal(size=(2, 3, 4)).astype("float32")
    found = doubled_states(*map(ops.convert_to_tensor, (flow, state)), num_times)
    assert tuple(found.shape) == (2, num_times, 3, 4)
    expected = stepped(flow, state, num_times)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-5)


def test_each_clip_follows_its_own_flow(flow, rng):
    state = rng.normal(size=(5, 4)).astype("float32")
    index = np.array([1, 0, 0, 1, 1], dtype="int32")
    found = doubled_states(*map(ops.convert_to_tensor, (flow, state)), 7, index=index)
    expected = stepped(flow[index], state[:, None], 7)[:, :, 0]
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-5)


def test_no_times_are_an_error(flow):
    with pytest.raises(ValueError, match="at least 1"):
        doubled_states(flow, np.zeros((2, 1, 4)), 0)
