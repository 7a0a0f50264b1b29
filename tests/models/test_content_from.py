"""Which frames content is read from: the whole clip, or its first observed frame."""

import numpy as np
import pytest
from keras import ops
from models.small_halo import moving_dots, small_halo

import halo_keras
from halo_keras.layers import FrameDecoder
from halo_keras.models import halo_inference
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


def mapped(**options):
    """A model whose content is a map of 2 x 2 cells, 3 channels each."""
    arguments = {"content_from": "first-frame", "content_map": [2, 2, 3]}
    channels = options.pop("content_channels", 3)
    decoder = FrameDecoder((8, 8, 1), (6, 4), 4, 16, content_channels=channels)
    arguments["content_dim"] = 12
    return small_halo(decoder=decoder, **{**arguments, **options})


def test_a_map_is_read_off_the_first_observed_frame():
    model, frames = mapped(), moving_dots(4)["frames"]
    other = frames.copy()
    other[:, 1:] = 255 - other[:, 1:]
    read = model.encode_content(frames)
    assert read.shape == (4, 12)
    np.testing.assert_array_equal(read, model.encode_content(other))
    expected = model.content_network(model.as_unit(frames[:, 0])).mean
    np.testing.assert_allclose(read, ops.convert_to_numpy(expected), atol=1e-6)
    mask = np.ones(frames.shape[:2])
    mask[:, :2] = 0
    np.testing.assert_allclose(
        model.encode_content(frames, mask=mask),
        model.encode_content(frames[:, 2:3]),
        atol=1e-6,
    )
    backward = frames[:, ::-1], 0, np.arange(frames.shape[1])[::-1]
    one = ops.convert_to_numpy(model.posterior(*backward).content.mean)
    np.testing.assert_allclose(one, read, atol=1e-6)


def test_many_clips_are_read_as_few_are(monkeypatch):
    model, frames = mapped(), moving_dots(5)["frames"]
    whole = model.encode_content(frames)
    monkeypatch.setattr(halo_inference, "CLIPS_A_BATCH", 2)
    np.testing.assert_allclose(model.encode_content(frames), whole, atol=1e-6)


def test_training_of_a_map_reads_the_content_frames_where_they_are_given():
    model, frames = mapped(), moving_dots(4)["frames"]
    action = np.zeros(4, "int32")
    alone = model({"frames": frames, "action": action}, training=True)
    other = model(
        {"frames": frames, "action": action, "content_frames": frames[::-1]},
        training=True,
    )
    one, two = (ops.convert_to_numpy(x["content_kl"]) for x in (alone, other))
    np.testing.assert_allclose(two, one[::-1], rtol=1e-5)
    # The KL of a Gaussian with N(0, I), number by number.
    q = model.posterior(frames, 0).content
    mean, log_var = (ops.convert_to_numpy(x).astype(float) for x in (q.mean, q.log_var))
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
    np.testing.assert_allclose(one, kl, rtol=1e-4)


def test_a_model_with_a_map_comes_back_from_its_preset(tmp_path):
    model, frames = mapped(), moving_dots(3)["frames"]
    about = {"dataset": "noise", "license": "CC0-1.0", "description": "For tests."}
    folder = tmp_path / "halo-noise"
    halo_keras.save_preset(model, folder, name="halo-noise", metadata=about, metrics={})
    again = halo_keras.from_pretrained(str(folder))
    expected = model.swap_motion(frames, frames[::-1], action=1)
    got = again.swap_motion(frames, frames[::-1], action=1)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"content_from": "clip"}, 'set content_from="first-frame"'),
        ({"content_dim": 13}, "needs content_dim=12, received 13"),
        ({"content_channels": None}, "content_channels=3 .* received FrameDecoder"),
        ({"content_channels": 2}, "received FrameDecoder with content_channels=2"),
        ({"content_map": [4, 4, 3]}, "halved twice|needs content_dim=48"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        mapped(**wrong)
