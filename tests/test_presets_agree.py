"""Bundled presets give the same frames on every backend, to 1e-5.

The tolerance of frames grows with the time that the state was carried, from the last
frame T - 1 back to 0 and on to t: 1e-5 (1 + (T - 1 + |t|) / 8). Backends differ in the
last bit of a learned speed, which is a phase error that grows so.

The stored frames (`reference/<preset>.npz`) were made by `make_reference.py` on
TensorFlow; this file is run on TensorFlow, JAX and PyTorch.
"""

from pathlib import Path

import numpy as np
import pytest

import halo_keras

pytestmark = pytest.mark.backend

REFERENCES = sorted((Path(__file__).parent / "reference").glob("*.npz"))


def outputs(model, frames, action, times):
    """What is compared: latents, and frames at times from -64 to 64."""
    encoding = model.encode(frames, action)
    return {
        "content": encoding.content,
        "state": encoding.state,
        "forecast": model.forecast(frames, times, action=action),
        "swap": model.swap_motion(frames[:1], frames[1:2], action=action[1:2]),
    }


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_same_frames_as_stored(path):
    with np.load(path, allow_pickle=False) as stored:
        stored = dict(stored)
    model = halo_keras.from_pretrained(path.stem)
    found = outputs(model, stored["frames"], stored["action"], stored["times"])
    for name, value in found.items():
        error = np.abs(value - stored[f"expected_{name}"])
        allowed = np.full(error.shape, 1e-5)
        if name in ("forecast", "swap"):
            length = stored["frames"].shape[1]
            times = stored["times"] if name == "forecast" else np.arange(length)
            growth = 1.0 + (length - 1 + np.abs(times)) / 8.0
            allowed = allowed * growth[:, None, None, None]
        assert (error <= allowed).all(), (name, error.max())


def test_there_is_a_reference_for_every_halo_preset():
    known = {info.name for info in halo_keras.list_presets() if info.family == "halo"}
    assert {path.stem for path in REFERENCES} == known
