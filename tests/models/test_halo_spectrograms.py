"""HALO on spectrograms: the same verbs, on spectra in their own range."""

import keras
import numpy as np
import pytest
from keras import ops
from models.small_dsvae import BINS, RANGE, gliding_tones, spectra

from halo_keras import hub, save_preset
from halo_keras.dynamics import NormalFormDynamics
from halo_keras.models import HALO

pytestmark = pytest.mark.backend
SIZES = {
    "num_frames": 6,
    "content_dim": 3,
    "content_hidden": 6,
    "motion_features": 8,
    "action_names": ["glide"],
}


def small_halo(**options):
    keras.utils.set_random_seed(5)
    dynamics = NormalFormDynamics(3, 1, num_frames=6, name="dynamics")
    return HALO(**{**spectra(), "dynamics": dynamics, **SIZES, **options})


def test_it_trains_and_answers_in_the_spectras_range(tmp_path):
    model = small_halo(pixel_stddev=0.2, difference_weight=0.1)
    data = gliding_tones(16)
    model.compile(keras.optimizers.Adam(1e-2))
    start = model.evaluate(data, batch_size=16, verbose=0, return_dict=True)
    model.fit(data, batch_size=16, epochs=10, verbose=0)
    end = model.evaluate(data, batch_size=16, verbose=0, return_dict=True)
    assert end["elbo"] > start["elbo"] + 20
    model.fit_prior(data)
    low, high = RANGE
    frames = data["frames"]
    state = model.encode(frames)
    made = model.decode(state.content, state.state, range(6))
    assert made.shape == (16, 6, *BINS) and low <= made.min() < made.max() <= high
    for other in (model.reconstruct(frames), model.swap_motion(frames, frames)):
        np.testing.assert_allclose(other, made, atol=1e-3)
    assert model.forecast(frames, [-1.5, 7.25]).shape == (16, 2, *BINS)
    assert model.generate(frames[0, 0], 0).shape == (6, *BINS)
    examples = model.example_clips()["frames"]
    assert examples.dtype == np.float32 and examples.min() < -1
    terms = model.loss_terms(model(data, training=False))
    unit = (frames - low) / (high - low)
    outputs = model(data, training=False)
    decoded = ops.convert_to_numpy(outputs["frames"])
    density = ((unit - decoded) / 0.2) ** 2 / 2 + np.log(0.2 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(
        ops.convert_to_numpy(terms["reconstruction_loss"]),
        density.sum(axis=(1, 2)),
        rtol=1e-4,
    )
    save_preset(
        model,
        tmp_path / "preset",
        name="halo-tones",
        metadata={"dataset": "tones", "license": "Apache-2.0"},
        metrics={},
    )
    loaded = hub.from_pretrained(tmp_path / "preset")
    made = model.reconstruct(frames)
    np.testing.assert_allclose(loaded.reconstruct(frames), made, atol=1e-4)
