"""Stores the logits that `test_judge_sprites.py` compares: run after new weights.

python tests/evaluation/make_judge_logits.py PRESET...
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np

from halo_keras.hub.presets import from_pretrained

REFERENCE = Path(__file__).resolve().parents[1] / "reference"


def ramps(num_frames):
    """A clip that needs no data, coloured ramps: `(1, num_frames, 64, 64, 3)` uint8."""
    t, y, x = np.meshgrid(
        np.arange(num_frames), np.arange(64), np.arange(64), indexing="ij"
    )
    clip = np.stack([4 * x, 4 * y, 8 * t + 2 * x], axis=-1) % 256
    return clip[None].astype("uint8")


def main(names):
    for name in names:
        judge = from_pretrained(name)
        logits = judge(ramps(judge.num_frames or 8))
        found = {
            head: np.round(keras.ops.convert_to_numpy(values)[0], 6).tolist()
            for head, values in logits.items()
        }
        path = REFERENCE / f"{name}.json"
        path.write_text(json.dumps(found) + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
