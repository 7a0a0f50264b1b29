"""Fine-tuning: what is copied, by name and in turn, and what cannot be."""

import keras
import numpy as np
import pytest
from keras import ops

from halo_keras.dynamics import NormalFormDynamics
from halo_keras.layers import FrameDecoder, FrameEncoder
from halo_keras.models import HALO
from halo_keras.schema import ConfigError
from halo_keras.training.starting import start_from

pytestmark = pytest.mark.backend

SHAPE = (8, 8, 1)


def make(names, seed, position_dim=2, size=8, **changes):
    keras.utils.set_random_seed(seed)
    shape = changes.pop("shape", SHAPE)
    options = {"content_dim": 3, "content_hidden": 4, "motion_features": 6, **changes}
    model = HALO(
        shape,
        NormalFormDynamics(position_dim, len(names), name="dynamics"),
        names,
        num_frames=4,
        encoder=FrameEncoder(shape, (4,), size, name="encoder"),
        decoder=FrameDecoder(shape, (4, 4), 4, 8, name="decoder"),
        seed=seed,
        **options,
    )
    for weight in model.trainable_weights:  # so that no bias is the same 0 anywhere
        value = ops.convert_to_numpy(weight)
        noise = np.random.default_rng(seed).normal(size=value.shape)
        weight.assign(value + 0.1 * noise.astype(value.dtype))
    return model


def values(layer):
    return [ops.convert_to_numpy(weight) for weight in layer.weights]


def test_a_model_of_the_same_actions_is_the_preset():
    source, model = make(["a", "b"], 1), make(["a", "b"], 2)
    frames = np.random.default_rng(0).random((3, 4, *SHAPE)).astype("float32")
    start = start_from(model, source)
    assert start.frozen == [] and start.new == []
    action = np.asarray([0, 1, 1])
    np.testing.assert_allclose(
        model.reconstruct(frames, action), source.reconstruct(frames, action), atol=1e-6
    )


def test_operators_of_the_same_name_and_others_in_turn():
    """Told the action b, the model does what the preset does; a third one too."""
    source, model = make(["a", "b"], 1), make(["c", "b", "d", "e"], 2)
    start_from(model, source)
    frames = np.random.default_rng(0).random((3, 4, *SHAPE)).astype("float32")
    # c is first, b has its name, d and e are third and fourth of two in turn.
    for name, origin in (("c", "a"), ("b", "b"), ("d", "a"), ("e", "b")):
        np.testing.assert_allclose(
            model.reconstruct(frames, name),
            source.reconstruct(frames, origin),
            atol=1e-5,
        )


def test_positions_of_another_size_are_new():
    source, model = make(["a", "b"], 1), make(["a", "b", "c"], 2, position_dim=3)
    before = values(model.decoder)[0][3:]
    start = start_from(model, source)
    assert set(start.copied) >= {"encoder", "content_network", "decoder"}
    assert {"dynamics", "equilibrium", "position_head"} <= set(start.new)
    np.testing.assert_array_equal(values(model.decoder)[0][3:], before)
    np.testing.assert_array_equal(
        values(model.decoder)[0][:3], values(source.decoder)[0][:3]
    )
    for one, other in zip(
        values(model.decoder)[1:], values(source.decoder)[1:], strict=True
    ):
        np.testing.assert_array_equal(one, other)
    frames = np.random.default_rng(0).random((2, 4, *SHAPE)).astype("float32")
    np.testing.assert_allclose(
        model.encode_content(frames), source.encode_content(frames), atol=1e-6
    )


def test_a_frozen_decoder_but_for_the_layer_that_reads_operators():
    source, model = make(["a"], 1), make(["b", "c"], 2)
    frozen = start_from(model, source, "decoder").frozen
    names = {layer.name for layer in frozen}
    assert "code_1" not in names and {"code_2", "grid", "pixels"} <= names
    left = {id(weight) for weight in model.trainable_weights}
    reads = {id(weight) for weight in model.decoder.code_1.weights}
    assert {id(w) for w in model.decoder.weights} & left == reads
    assert all(id(weight) in left for weight in model.encoder.weights)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 10}, "encoder, .* is .* there and .* here"),
        ({"content_dim": 5}, "content_dim 3 and the recipe 5"),
        (
            {"shape": (16, 16, 1)},
            r"frame_shape \(8, 8, 1\) and the recipe \(16, 16, 1\)",
        ),
        ({"content_hidden": 5}, "content_network, .* is .* there"),
    ],
)
def test_sizes_that_do_not_fit(changes, message):
    with pytest.raises(ConfigError, match=message):
        start_from(make(["a"], 2, **changes), make(["a"], 1))


def test_another_kind_of_model():
    with pytest.raises(ConfigError, match="init is a Sequential .* builds a HALO"):
        start_from(make(["a"], 1), keras.Sequential())
