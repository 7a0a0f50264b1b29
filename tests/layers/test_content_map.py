"""Content as a map: where the numbers of a place come from and go to."""

import numpy as np
import pytest
from keras import ops

from halo_keras.layers import ContentMapNetwork, FrameDecoder
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend
SHAPE, MAP = (32, 32, 1), (4, 4, 2)


def numpy(x):
    return ops.convert_to_numpy(x)


def test_a_pixel_reaches_only_the_cells_whose_kernels_cover_it(rng):
    """Patches of 4, one stride of 2 and two 3 x 3 kernels, counted by hand.

    Cell k reads rows 2 k - 2, ..., 2 k + 4 of the grid of patches (the stride's kernel
    covers 2 k, 2 k + 1, 2 k + 2, TensorFlow's "same" padding being at the end, and the
    residual one more cell on each side), and patch r is row 4 r, ..., 4 r + 3.
    """
    network = ContentMapNetwork(SHAPE, MAP, hidden=5)
    frames = rng.random((1, *SHAPE)).astype("float32")
    before = numpy(network(frames).mean).reshape(MAP)
    for row, column in ((0, 0), (13, 2), (31, 31), (20, 16)):
        other = frames.copy()
        other[0, row, column] += 1.0
        changed = np.abs(numpy(network(other).mean).reshape(MAP) - before) > 1e-7
        for cell in np.ndindex(4, 4):
            covered = all(
                2 * k - 2 <= pixel // 4 <= 2 * k + 4
                for k, pixel in zip(cell, (row, column), strict=True)
            )
            assert covered or not changed[cell].any(), (row, column, cell)
        assert changed.any()


def test_head_of_each_cell_is_the_same_map_of_its_features(rng):
    """Mean and log-variance of every cell, by one matrix product each."""
    network = ContentMapNetwork(SHAPE, MAP, hidden=5)
    frames = rng.random((3, *SHAPE)).astype("float32")
    network.build()
    x = ops.reshape(network.grid(frames), (3, 4, 4, 5))
    x = numpy(x + network.residual(x))
    q, head = network(frames), network.head
    for got, layer in ((q.mean, head.mean), (q.log_var, head.log_var)):
        kernel, bias = numpy(layer.kernel), numpy(layer.bias)
        for clip, *cell in np.ndindex(3, *MAP[:2]):
            place = 2 * (4 * cell[0] + cell[1])
            np.testing.assert_allclose(
                numpy(got)[clip, place : place + 2],
                x[clip, cell[0], cell[1]] @ kernel + bias,
                atol=1e-5,
            )


def test_decoder_keeps_the_map_in_its_place(rng):
    """Without the code's own say, a cell changes only pixels near it."""
    decoder = FrameDecoder(SHAPE, (4, 4, 3), 2, 6, content_channels=2)
    latent = rng.normal(size=(1, 4 * 4 * 2 + 5)).astype("float32")
    decoder.build((None, latent.shape[1]))
    # The code sees the whole latent vector; here it is deaf.
    decoder.code_1.kernel.assign(0 * decoder.code_1.kernel)
    before = numpy(decoder(latent))
    for row, column in ((0, 0), (3, 1)):
        other = latent.copy()
        other[0, 2 * (4 * row + column)] += 3.0
        changed = np.argwhere(np.abs(numpy(decoder(other)) - before)[0, ..., 0] > 1e-7)
        assert len(changed)
        # 3 x 3 at cells of 8, 8, 4, 4, 2, 2, 2 pixels and two kernels of 4 between.
        reach = 8 * 2 + 4 * 2 + 4 + 2 * 3 + 2
        centre = np.array([8 * row + 3.5, 8 * column + 3.5])
        assert np.abs(changed - centre).max() <= 3.5 + reach
    np.testing.assert_array_equal(
        numpy(decoder(latent + np.eye(37, dtype="float32")[-1])), before
    )


def test_a_decoder_with_a_map_of_zeros_is_the_plain_one(rng):
    """Rows of the first kernel that read the map have nothing to read."""
    plain = FrameDecoder(SHAPE, (4, 4, 3), 2, 6)
    mapped = FrameDecoder(SHAPE, (4, 4, 3), 2, 6, content_channels=2)
    latent = np.zeros((2, 37), "float32")
    latent[:, 32:] = rng.normal(size=(2, 5))
    for decoder in (plain, mapped):
        decoder.build((None, 37))
    for ours, theirs in zip(mapped.weights, plain.weights, strict=True):
        value = numpy(theirs)
        if ours.shape != theirs.shape:
            extra = rng.normal(size=(3, 3, 2, 4)).astype("float32")
            value = np.concatenate([extra, value], axis=2)
        ours.assign(value)
    np.testing.assert_allclose(numpy(mapped(latent)), numpy(plain(latent)), atol=1e-6)


@pytest.mark.parametrize("grid", [(5, 4), (16, 16), (4, 8)])
def test_a_map_that_is_not_the_frame_halved_is_refused(grid):
    with pytest.raises(ConfigError, match="halved twice or more"):
        ContentMapNetwork(SHAPE, (*grid, 2))
