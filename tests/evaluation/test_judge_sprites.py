"""The bundled judges: what those of Sprites print on real clips; logits everywhere."""

import json

import keras
import numpy as np
import pytest
from make_judge_logits import REFERENCE, ramps

from halo_keras import data
from halo_keras.evaluation import FrameJudge
from halo_keras.hub import list_presets
from halo_keras.hub.presets import from_pretrained, read_metrics

HEADS = {"action": 9, "body": 6, "bottomwear": 6, "topwear": 6, "hair": 6}
BUNDLED = [info.name for info in list_presets() if info.family == "judge"]
OF_SPRITES = [name for name in BUNDLED if name.startswith("judge-sprites")]


@pytest.fixture(scope="module", params=OF_SPRITES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def judge(name):
    return from_pretrained(name)


@pytest.fixture(scope="module")
def some(shared_data):
    test = data.load("sprites", "test", source=shared_data / "sprites")
    return test.subset(np.arange(0, len(test), 23))


def test_it_has_the_five_heads_and_printed_what_it_scores(name, judge):
    assert dict(zip(judge.head_names, judge.head_sizes, strict=True)) == HEADS
    metrics = read_metrics(name)
    assert metrics["test"]["num_clips"] == 2664
    printed = {head: metrics["test"][f"judge_real_{head}_accuracy"] for head in HEADS}
    still = metrics["test"]["judge_still_action_accuracy"]
    if isinstance(judge, FrameJudge):
        # Frames do not tell every action: the ceiling, in each place of the clip.
        by_frame = list(metrics["test_by_frame"].values())
        assert len(by_frame) == 8 and by_frame[0] == pytest.approx(still)
        assert printed.pop("action") == pytest.approx(np.mean(by_frame))
    else:
        assert still < 0.6  # it looks at the motion
    for head, accuracy in printed.items():
        assert accuracy >= 0.995, head


def test_real_clips_of_test_characters_are_named_as_printed(name, judge, some):
    printed = read_metrics(name)["test"]
    for head, accuracy in judge.accuracy(some).items():
        expected = printed[f"judge_real_{head}_accuracy"]
        spread = np.sqrt(max(expected * (1 - expected), 0.005) / len(some))
        assert abs(accuracy - expected) < 4 * spread, head


def test_walks_are_known_at_every_phase(judge, some):
    if isinstance(judge, FrameJudge):
        pytest.skip("a frame has no phase")
    walks = np.flatnonzero(some.labels["action"] < 3)
    begun = np.stack([np.roll(some.frames[i], -i % 8, axis=0) for i in walks])
    predicted = judge.predict_labels(begun)["action"]
    assert np.mean(predicted == some.labels["action"][walks]) >= 0.97


@pytest.mark.backend
@pytest.mark.parametrize("bundled", BUNDLED)
def test_every_backend_gives_the_stored_logits(bundled):
    path = REFERENCE / f"{bundled}.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    judge = from_pretrained(bundled)
    logits = judge(ramps(judge.num_frames or 8))
    assert set(stored) == set(logits)
    for head, values in stored.items():
        found = keras.ops.convert_to_numpy(logits[head])[0]
        np.testing.assert_allclose(found, values, atol=2e-4)


def test_there_are_logits_of_every_bundled_judge():
    assert {path.stem for path in REFERENCE.glob("judge-*.json")} == set(BUNDLED)
