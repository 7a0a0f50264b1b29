"""The bundled judge: its printed numbers on real clips, and its logits everywhere."""

import json

import keras
import numpy as np
import pytest

from halo_keras import data
from halo_keras.hub.presets import from_pretrained, read_metrics

HEADS = {"action": 9, "body": 6, "bottomwear": 6, "topwear": 6, "hair": 6}


@pytest.fixture(scope="module")
def judge():
    return from_pretrained("judge-sprites")


def test_it_has_the_five_heads_and_printed_at_least_995_on_each(judge):
    assert dict(zip(judge.head_names, judge.head_sizes, strict=True)) == HEADS
    printed = read_metrics("judge-sprites")["test"]
    assert printed["num_clips"] == 2664
    for head in HEADS:
        assert printed[f"judge_real_{head}_accuracy"] >= 0.995


def test_real_clips_of_test_characters_are_named_rightly(judge, shared_data):
    test = data.load("sprites", "test", source=shared_data / "sprites")
    some = test.subset(np.arange(0, len(test), 23))
    walks = np.flatnonzero(some.labels["action"] < 3)
    for head, accuracy in judge.accuracy(some).items():
        assert accuracy >= 0.99, head
    begun = np.stack([np.roll(some.frames[i], -i % 8, axis=0) for i in walks])
    predicted = judge.predict_labels(begun)["action"]
    assert np.mean(predicted == some.labels["action"][walks]) >= 0.99


@pytest.mark.backend
def test_every_backend_gives_the_stored_logits(judge, repository):
    path = repository / "tests" / "evaluation" / "judge_sprites_logits.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    # A clip that needs no data: eight coloured ramps.
    t, y, x = np.meshgrid(np.arange(8), np.arange(64), np.arange(64), indexing="ij")
    clip = np.stack([4 * x, 4 * y, 8 * t + 2 * x], axis=-1) % 256
    logits = judge(clip[None].astype("uint8"))
    assert set(stored) == set(HEADS)
    for head, values in stored.items():
        found = keras.ops.convert_to_numpy(logits[head])[0]
        np.testing.assert_allclose(found, values, atol=2e-4)
