"""Makes a fixture of the preset format: `python tests/hub/make_fixture.py v1`.

Run once for each format version and commit the folder; never run it again for a
version that was released. `test_fixtures.py` loads every one of them.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

FIXTURES = Path(__file__).parent / "fixtures"


def make(version: str) -> None:
    import halo_keras
    from halo_keras import dynamics, hub, layers

    folder = FIXTURES / version
    if folder.exists():
        raise SystemExit(f"{folder} exists and stays as it is.")
    frame_shape = (8, 8, 1)
    model = halo_keras.HALO(
        frame_shape,
        dynamics.NormalFormDynamics(2, num_operators=2),
        action_names=["left", "right"],
        num_frames=4,
        content_dim=3,
        encoder=layers.FrameEncoder(frame_shape, channels=(4, 4), features=8),
        decoder=layers.FrameDecoder(
            frame_shape, channels=(4, 4), base_channels=4, hidden=8
        ),
        content_hidden=4,
        motion_features=4,
    )
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if weight.dtype == "float32":
            noise = rng.normal(scale=0.2, size=weight.shape)
            weight.assign(np.asarray(weight) + noise.astype("float32"))
    frames = rng.uniform(size=(2, 4, *frame_shape)).astype("float32")
    action = np.array([0, 1])
    times = np.array([-2.0, 0.5, 3.0], "float32")
    with tempfile.TemporaryDirectory() as scratch:
        outputs = Path(scratch) / "outputs.npz"
        np.savez(
            outputs,
            frames=frames,
            action=action,
            times=times,
            reconstruction=model.reconstruct(frames, action),
            forecast=model.forecast(frames, times, action),
        )
        hub.save_preset(
            model,
            folder,
            name="halo-fixture",
            metadata={
                "dataset": "noise",
                "license": "Apache-2.0",
                "description": "Untrained; pins the preset format.",
            },
            metrics={},
            extra_files=[outputs],
        )


if __name__ == "__main__":
    make(sys.argv[1])
