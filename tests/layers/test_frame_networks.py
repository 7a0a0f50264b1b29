"""Frame encoders and decoders: sizes, counts by hand, no mixing of clips."""

import numpy as np
import pytest
from keras import ops

from halo_keras.layers import (
    FrameDecoder,
    FrameEncoder,
    PaperFrameDecoder,
    PaperFrameEncoder,
)
from halo_keras.layers.frame_decoder import leaky_clip, pixel_shuffle
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def numpy(x):
    return ops.convert_to_numpy(x)


@pytest.mark.parametrize(
    "shape", [(28, 28, 1), (32, 32, 3), (64, 64, 3), (20, 36, 1), (64, 48, 3)]
)
def test_any_multiple_of_four_round_trips(shape, rng):
    factor = 3 if shape[0] % 8 == shape[1] % 8 == 0 else 2
    encoder = FrameEncoder(shape, channels=(4, 6), features=5)
    decoder = FrameDecoder(
        shape, channels=(6, 4, 3)[:factor], base_channels=2, hidden=8
    )
    frames = rng.random((3, *shape)).astype("float32")
    features = encoder(frames)
    assert tuple(features.shape) == (3, 5)
    assert tuple(decoder(features).shape) == (3, *shape)
    # Without batch statistics a frame's features do not depend on its neighbours.
    alone = numpy(encoder(frames[1:2]))
    np.testing.assert_allclose(numpy(features)[1:2], alone, atol=2e-6)


def test_default_decoder_fits_28_and_64():
    for size in (28, 64):
        decoder = FrameDecoder((size, size, 1))
        assert tuple(decoder(np.zeros((1, 4), "float32")).shape) == (1, size, size, 1)


@pytest.mark.parametrize("shape", [(30, 32, 3), (64, 64, 2), (64, 64)])
def test_wrong_frame_shape_says_what_is_needed(shape):
    with pytest.raises(ConfigError, match="frame_shape"):
        FrameEncoder(shape)


def test_leaky_clip_piece_by_piece(rng):
    x = np.concatenate([[-5.0, 0.0, 0.5, 1.0, 3.0], rng.normal(size=50)])
    expected = [
        0.1 * v if v < 0 else 1 + 0.1 * (v - 1) if v > 1 else v for v in x.tolist()
    ]
    got = numpy(leaky_clip(ops.convert_to_tensor(x, "float32"), 0.1))
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_decoder_with_outside_slope_is_the_plain_one_leaky_clipped(rng):
    arguments = {"channels": (4, 3), "base_channels": 2, "hidden": 8}
    plain = FrameDecoder((8, 8, 3), **arguments)
    clipped = FrameDecoder((8, 8, 3), outside_slope=0.2, **arguments)
    latent = 20 * rng.normal(size=(4, 5)).astype("float32")
    for decoder in (plain, clipped):
        decoder.build((None, 5))
    clipped.set_weights(plain.get_weights())
    frames = numpy(plain(latent))
    assert frames.min() < 0
    inside = np.clip(frames, 0, 1)
    expected = inside + 0.2 * (frames - inside)
    np.testing.assert_allclose(numpy(clipped(latent)), expected, atol=1e-5)


def test_pixel_shuffle_places_each_channel_by_brute_force(rng):
    x = rng.random((2, 3, 5, 8)).astype("float32")
    got = numpy(pixel_shuffle(ops.convert_to_tensor(x), 2))
    expected = np.zeros((2, 6, 10, 2), "float32")
    for row in range(3):
        for column in range(5):
            for a in range(2):
                for b in range(2):
                    block = x[:, row, column, 4 * a + 2 * b : 4 * a + 2 * b + 2]
                    expected[:, 2 * row + a, 2 * column + b] = block
    np.testing.assert_array_equal(got, expected)


def test_paper_encoder_has_the_paper_tables_parameter_count():
    """Five 5 x 5 convolutions of 256, 16384 -> 4096 -> 2048, each normalised."""
    encoder = PaperFrameEncoder((64, 64, 3))
    encoder.build(None)
    first = 5 * 5 * 3 * 256 + 256
    others = 4 * (5 * 5 * 256 * 256 + 256)
    dense = 16384 * 4096 + 4096 + 4096 * 2048 + 2048
    norms = 2 * (5 * 256 + 4096 + 2048)
    assert encoder.count_params() == first + others + dense + norms


def test_paper_decoder_has_the_paper_tables_parameter_count():
    """z + q -> 4096 -> 8 x 8 x 256, three 5 x 5 transposed convolutions, RGB."""
    latent = 256 + 36
    decoder = PaperFrameDecoder((64, 64, 3))
    decoder.build((None, latent))
    dense = latent * 4096 + 4096 + 4096 * 16384 + 16384
    transposed = 3 * (5 * 5 * 256 * 256 + 256)
    pixels = 5 * 5 * 256 * 3 + 3
    norms = 2 * (4096 + 16384 + 3 * 256)
    assert decoder.count_params() == dense + transposed + pixels + norms


def test_paper_networks_at_small_width_run(rng):
    frames = rng.random((2, 16, 16, 3)).astype("float32")
    encoder = PaperFrameEncoder((16, 16, 3), width=4, hidden=8, features=6)
    decoder = PaperFrameDecoder((16, 16, 3), width=4, hidden=8)
    decoded = numpy(decoder(encoder(frames)))
    assert decoded.shape == frames.shape
    assert decoded.min() >= 0.0 and decoded.max() <= 1.0
