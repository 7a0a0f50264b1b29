"""HGN and PixelHNN as presets; PixelHNN's loss against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops
from models.small_hgn import SHAPE, small_hgn, swinging_dots

from halo_keras import hub, save_preset
from halo_keras.dynamics import HamiltonianNetwork, NeuralHamiltonian
from halo_keras.models import PixelHNN
from halo_keras.schema import ConfigError

CLIPS = swinging_dots()


def small_pixel_hnn(**options):
    keras.utils.set_random_seed(5)
    dynamics = HamiltonianNetwork(2, hidden=[8], num_frames=10, name="dynamics")
    settings = {"num_frames": 10, "position_dim": 2, "hidden": 16}
    return PixelHNN(SHAPE, dynamics=dynamics, **{**settings, **options})


@pytest.mark.parametrize(
    "make",
    [
        lambda: small_hgn(pixel_stddev=None, objective="geco", transform_hidden=8),
        lambda: small_hgn(posterior="deterministic", num_components=2),
        lambda: small_hgn(
            NeuralHamiltonian(8, hidden=[4], grid=[2, 2], damping=0.1, num_frames=10),
            encoder=None,
            decoder=None,
        ),
        small_pixel_hnn,
    ],
)
def test_a_preset_is_the_model(make, tmp_path):
    model = make().fit_prior({"frames": CLIPS})
    folder = tmp_path / "preset"
    save_preset(
        model,
        folder,
        name=f"{model.family}-dots",
        metadata={"dataset": "dots", "license": "Apache-2.0"},
        metrics={},
    )
    loaded = hub.from_pretrained(folder)
    assert type(loaded) is type(model)
    assert loaded.term_weights == model.term_weights
    for verb in (
        lambda m: m.forecast(CLIPS, times=[-1, 0, 12]),
        lambda m: m.sample(3, seed=5),
        lambda m: m.example_clips()["frames"],
    ):
        np.testing.assert_allclose(verb(loaded), verb(model), atol=1e-5)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"family `{model.family}`" in text and "swap_motion" not in text


@pytest.mark.backend
def test_pixel_hnn_terms_are_those_of_the_paper():
    model = small_pixel_hnn()
    x = (CLIPS / 255).astype("float32")
    outputs = model.call({"frames": ops.convert_to_tensor(CLIPS)})
    terms = {k: ops.convert_to_numpy(v) for k, v in model.loss_terms(outputs).items()}

    def dense(layers, x):
        first, *inner, last = [
            [ops.convert_to_numpy(w) for w in layer.get_weights()] for layer in layers
        ]
        x = np.maximum(x @ first[0] + first[1], 0)
        for kernel, bias in inner:
            x = x + np.maximum(x @ kernel + bias, 0)
        return x @ last[0] + last[1]

    pairs = [x[:, i : i + 2].reshape(8, -1) for i in (0, 1)]
    now, after = (dense(model.encoder_layers, pair - 0.5) for pair in pairs)
    made = dense(model.decoder_layers, now) + 0.5
    field = ops.convert_to_numpy(model.dynamics.field(now[:, None]))[:, 0]
    expected = {
        "reconstruction_loss": np.mean((made - pairs[0]) ** 2, axis=1),
        "canonical_loss": np.mean((now[:, 2:] - (after - now)[:, :2]) ** 2, axis=1),
        "dynamics_loss": np.mean((after - now - field) ** 2, axis=1),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-3, atol=1e-6)
    assert model.term_weights["dynamics_loss"] == 0.1


def test_pixel_hnn_verbs_and_errors():
    model = small_pixel_hnn()
    made = model.forecast(CLIPS[:, :2], times=[-3, 0, 5])
    assert made.shape == (8, 3, *SHAPE) and np.isfinite(made).all()
    first = ops.convert_to_numpy(
        model.decode_states(model.infer_state(CLIPS[:, :2] / np.float32(255)))
    )
    np.testing.assert_allclose(made[:, 1], np.clip(first, 0, 1), atol=1e-5)
    model.compile(keras.optimizers.Adam(1e-3))
    history = model.fit({"frames": swinging_dots(16)}, epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    with pytest.raises(ValueError, match="three frames in a row"):
        model.call({"frames": CLIPS[:, :2]})
    with pytest.raises(ConfigError, match="dynamics of that size"):
        small_pixel_hnn(position_dim=3)
