"""What the content and momentum networks may and may not see."""

import numpy as np
import pytest
from keras import ops

from halo_keras.layers import ContentNetwork, GaussianHead, MomentumNetwork
from halo_keras.layers.gaussian_head import LOG_VAR_RANGE

pytestmark = pytest.mark.backend


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize(("dilation", "length", "seen"), [(1, 9, 7), (4, 18, 16)])
def test_momentum_sees_the_past_only(rng, dilation, length, seen):
    network = MomentumNetwork(features=6, dilation=dilation)
    x = rng.normal(size=(1, length, 4)).astype("float32")
    gaps, mask = np.ones((1, length), "float32"), np.ones((1, length), "float32")
    before = numpy(network(x, gaps, mask))
    for changed in range(length):
        other = x.copy()
        other[:, changed] += 1.0
        moved = np.abs(numpy(network(other, gaps, mask)) - before).max(axis=(0, 2))
        assert (moved[:changed] == 0).all(), "a frame changed the momentum before it"
        assert moved[changed] > 0
        assert (moved[changed + seen :] == 0).all(), "looks back further"
        # The farthest frame that is seen counts too.
        assert changed + seen > length or moved[changed + seen - 1] > 0


def test_momentum_network_tells_gaps_in_time(rng):
    network = MomentumNetwork(features=6)
    x = rng.normal(size=(1, 4, 4)).astype("float32")
    mask = np.ones((1, 4), "float32")
    one, two = (numpy(network(x, np.full((1, 4), g, "float32"), mask)) for g in (1, 2))
    assert np.abs(one - two).max() > 1e-3


def test_content_ignores_masked_frames(rng):
    network = ContentNetwork(content_dim=3, hidden=5)
    x = rng.normal(size=(2, 6, 4)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0]], "float32")
    changed = np.where(mask[..., None] > 0, x, 17.0).astype("float32")
    np.testing.assert_allclose(
        numpy(network(x, mask).mean), numpy(network(changed, mask).mean), atol=1e-6
    )
    # One observed frame among padding is that frame alone.
    alone = network(x[1:, 2:3], np.ones((1, 1), "float32"))
    np.testing.assert_allclose(
        numpy(network(x, mask).mean)[1:], numpy(alone.mean), atol=1e-6
    )


def test_gaussian_head_bounds_the_log_variance(rng):
    head = GaussianHead(3)
    q = head(1e6 * rng.normal(size=(50, 4)).astype("float32"))
    log_var = numpy(q.log_var)
    assert log_var.min() >= LOG_VAR_RANGE[0] and log_var.max() <= LOG_VAR_RANGE[1]
    assert np.isfinite(numpy(q.kl_standard())).all()
