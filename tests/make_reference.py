"""Stores the outputs that `test_presets_agree.py` compares: run after new weights.

python tests/make_reference.py PRESET...
"""

import sys
from pathlib import Path

import numpy as np
from test_presets_agree import outputs

import halo_keras

TIMES = np.array([-64.0, -8.0, 0.0, 0.5, 7.0, 63.5, 64.0])


def main(names):
    folder = Path(__file__).parent / "reference"
    folder.mkdir(exist_ok=True)
    for name in names:
        model = halo_keras.from_pretrained(name)
        clips = model.example_clips()
        frames, action = clips["frames"][:2], clips["action"][:2]
        # An unbounded operator's states overflow on their way to far times.
        times = TIMES if model.dynamics.is_bounded else TIMES[np.abs(TIMES) <= 8]
        expected = outputs(model, frames, action, times)
        arrays = {f"expected_{key}": value for key, value in expected.items()}
        np.savez_compressed(
            folder / f"{name}.npz", frames=frames, action=action, times=times, **arrays
        )
        print(folder / f"{name}.npz")


if __name__ == "__main__":
    main(sys.argv[1:])
