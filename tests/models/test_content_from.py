"""Which frames content is read from: the whole clip, or its first observed frame."""

import numpy as np
import pytest
from keras import ops
from models.small_halo import moving_dots, small_halo

from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def both():
    """Two models with the same weights, and clips."""
    clip, first = small_halo(), small_halo(content_from="first-frame")
    first.set_weights(clip.get_weights())
    return clip, first, moving_dots(4)["frames"]


def test_the_first_frame_is_read_as_a_clip_of_one_frame_is():
    clip, first, frames = both()
    read = first.encode_content(frames)
    np.testing.assert_allclose(read, clip.encode_content(frames[:, :1]), atol=1e-6)
    assert np.abs(read - clip.encode_content(frames)).max() > 1e-4
    posterior = first.posterior(frames, 0).content.mean
    np.testing.assert_allclose(ops.convert_to_numpy(posterior), read, atol=1e-6)


def test_no_later_frame_matters_to_the_content():
    _, first, frames = both()
    other = frames.copy()
    other[:, 1:] = 255 - other[:, 1:]
    same = first.encode_content(frames), first.encode_content(other)
    np.testing.assert_array_equal(*same)


def test_the_first_frame_is_the_first_that_was_observed():
    clip, first, frames = both()
    mask = np.ones(frames.shape[:2])
    mask[:, :2] = 0
    read = first.encode_content(frames, mask=mask)
    np.testing.assert_allclose(read, clip.encode_content(frames[:, 2:3]), atol=1e-6)


def test_of_a_clip_shown_backward_it_is_the_earliest():
    _, first, frames = both()
    length = frames.shape[1]
    backward = frames[:, ::-1], 0, np.arange(length)[::-1]
    one = ops.convert_to_numpy(first.posterior(*backward).content.mean)
    np.testing.assert_allclose(one, first.encode_content(frames), atol=1e-6)


def test_training_reads_the_first_frame_too():
    """The KL of the content depends on no later frame, whatever the draws."""
    _, first, frames = both()
    other = frames.copy()
    other[:, 1:] = 255 - other[:, 1:]
    terms = [
        ops.convert_to_numpy(
            first({"frames": x, "action": np.zeros(4, "int32")}, training=True)[
                "content_kl"
            ]
        )
        for x in (frames, other)
    ]
    np.testing.assert_allclose(*terms, rtol=1e-5)


def test_another_word_is_refused():
    with pytest.raises(ConfigError, match="content_from.*first-frame"):
        small_halo(content_from="first")


def test_a_model_without_content_has_none():
    """z and its KL are 0 in training too, and whatever z is given changes no pixel."""
    model, frames = small_halo(content_from="nothing"), moving_dots(4)["frames"]
    assert not model.encode_content(frames).any()
    terms = model({"frames": frames, "action": np.zeros(4, "int32")}, training=True)
    np.testing.assert_array_equal(ops.convert_to_numpy(terms["content_kl"]), 0)
    encoding = model.encode(frames, 0)
    shape = encoding.content.shape
    one, other = (
        model.decode(np.full(shape, value), encoding.state, [0, 2.5])
        for value in (0.0, 3.0)
    )
    np.testing.assert_array_equal(one, other)
    assert np.abs(one[0] - one[1]).max() > 1e-4
