"""The judge of speech learns, keeps its claims, and travels as a preset."""

import keras
import numpy as np
import pytest
from keras import ops
from toy_speech import toy_speech

from halo_keras.evaluation.judge_training import compile_judge
from halo_keras.evaluation.speech_judge_training import JudgeSegments, smoothed
from halo_keras.evaluation.speech_judges import SpeechJudge
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def make_judge(clips, **options):
    sizes = {"features": 24, "depth": 1, **options}
    judge = SpeechJudge(
        clips.frame_shape,
        clips.value_range,
        ["speaker", "phone"],
        [4, 3],
        frame_heads=["phone"],
        **sizes,
    )
    judge.build(None)
    return judge


@pytest.fixture(scope="module")
def clips():
    return toy_speech(utterances=8, segments=3)


def test_it_learns_who_and_what(clips):
    keras.utils.set_random_seed(0)
    judge = make_judge(clips)
    compile_judge(judge, keras.optimizers.Adam(5e-3))
    batches = JudgeSegments(clips, judge.head_names, 24, seed=1)
    judge.fit(batches, epochs=12, verbose=0, shuffle=False)
    test = toy_speech(utterances=2, seed=1)
    said = judge.predict_labels(test.frames)
    assert said["speaker"].shape == (16,) and said["phone"].shape == (16, 8)
    assert np.mean(said["speaker"] == test.labels["speaker"]) == 1
    there = test.states["phone"] >= 0
    assert np.mean((said["phone"] == test.states["phone"])[there]) > 0.95


def test_loudness_and_neighbours_do_not_matter(clips, rng):
    judge = make_judge(clips)
    quieter = judge.predict_probabilities(clips.frames[:5] * 0.9 - 0.3)
    other = judge.predict_probabilities(clips.frames[:5] * 0.9)
    alone = judge.predict_probabilities(clips.frames[2:3] * 0.9)
    for head, table in other.items():
        np.testing.assert_allclose(quieter[head], table, atol=1e-5)
        np.testing.assert_allclose(alone[head][0], table[2], atol=1e-5)
        np.testing.assert_allclose(table.sum(axis=-1), 1, atol=1e-6)


def test_the_equations_in_numpy(clips):
    judge = make_judge(clips)
    x = clips.frames[:3].astype("float64")
    low, high = clips.value_range
    x = (x - low) / (high - low)
    x = x - x.mean(axis=-1, keepdims=True)

    def dense(layer, x):
        kernel, bias = (ops.convert_to_numpy(w) for w in layer.weights)
        return x @ kernel + bias

    def silu(x):
        return x / (1 + np.exp(-x))

    x = dense(judge.read, x)
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    x = silu((x - mean) / np.sqrt(variance + judge.norm.epsilon))
    kernel, bias = (ops.convert_to_numpy(w) for w in judge.mixers[0].weights)
    padded = np.pad(x, [(0, 0), (1, 1), (0, 0)])
    mixed = sum(padded[:, k : k + 8] @ kernel[k] for k in range(3)) + bias
    x = x + silu(mixed)
    pooled = np.concatenate([x.mean(axis=1), x.max(axis=1)], axis=-1)
    speaker = dense(judge.logits[0], np.maximum(dense(judge.hidden[0], pooled), 0))
    phone = dense(judge.logits[1], np.maximum(dense(judge.hidden[1], x), 0))
    found = judge(clips.frames[:3])
    for head, wanted in (("speaker", speaker), ("phone", phone)):
        logits = ops.convert_to_numpy(found[head])
        np.testing.assert_allclose(logits, wanted, atol=1e-4)


def test_frames_without_a_phone_do_not_count(clips):
    judge = make_judge(clips)
    compile_judge(judge, keras.optimizers.SGD(0.0))
    frames = clips.frames[:4]
    phone = np.array(clips.states["phone"][:4], int)
    phone[:, ::2] = -1
    labels = {"speaker": clips.labels["speaker"][:4], "phone": phone}
    found = judge.evaluate(frames, labels, verbose=0, return_dict=True)
    tables = judge.predict_probabilities(frames)
    there = phone >= 0
    wanted = -np.log(
        np.take_along_axis(tables["phone"], np.maximum(phone, 0)[..., None], -1)[..., 0]
    )[there].mean()
    rows = np.arange(4)
    wanted -= np.log(tables["speaker"][rows, labels["speaker"]]).mean()
    assert found["loss"] == pytest.approx(wanted, rel=1e-4)


def test_a_preset_of_it(clips, tmp_path):
    from halo_keras import from_pretrained
    from halo_keras.hub.saving import save_preset

    judge = make_judge(clips)
    facts = {
        "version": 1,
        "dataset": "toy_speech",
        "license": clips.license,
        "attribution": clips.attribution,
    }
    save_preset(
        judge, tmp_path / "judge-toy", name="judge-toy", metadata=facts, metrics={}
    )
    again = from_pretrained(tmp_path / "judge-toy")
    assert type(again) is SpeechJudge and again.frame_heads == ("phone",)
    wanted = judge.predict_probabilities(clips.frames[:2])
    for head, table in again.predict_probabilities(clips.frames[:2]).items():
        np.testing.assert_array_equal(table, wanted[head])


def test_batches_are_functions_of_seed_and_epoch(clips):
    one, same, other = (
        JudgeSegments(clips, ["speaker", "phone"], 16, seed=s)[1] for s in (3, 3, 4)
    )
    np.testing.assert_array_equal(one[0], same[0])
    assert not np.array_equal(one[0], other[0])
    assert one[0].dtype == np.float32 and one[1]["phone"].shape == (16, 8)
    low, high = np.float32(clips.value_range)
    assert low <= one[0].min() and one[0].max() <= high
    plain = JudgeSegments(
        clips, ["speaker"], 16, seed=3, blur_rate=0, level_rate=0, noise_rate=0
    )
    chosen = plain.order(0)[:16]
    np.testing.assert_array_equal(plain[0][0], clips.frames[chosen])


def test_smoothing_by_loops(rng):
    x = rng.normal(size=(2, 4, 5)).astype("float32")
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1)], mode="edge")
    wanted = sum(
        a * b * padded[:, i : i + 4, j : j + 5] / 16
        for i, a in enumerate((1, 2, 1))
        for j, b in enumerate((1, 2, 1))
    )
    np.testing.assert_allclose(smoothed(x), wanted, atol=1e-5)


def test_errors(clips):
    judge = make_judge(clips)
    with pytest.raises(ValueError, match=r"segments \(batch, time, 200\)"):
        judge(np.zeros((2, 8, 100), "float32"))
    with pytest.raises(ValueError, match="Known: speaker"):
        judge.embed(clips.frames[:1], "phone")
    with pytest.raises(ConfigError, match="frame_heads must be among"):
        SpeechJudge((200,), (0, 1), ["speaker"], [2], ["word"])
    with pytest.raises(ConfigError, match="one size for each"):
        SpeechJudge((200,), (0, 1), ["speaker"], [2, 3])
    with pytest.raises(ConfigError, match="lowest, highest"):
        SpeechJudge((200,), (1, 1), ["speaker"], [2])
    with pytest.raises(ValueError, match="names 'word', which neither"):
        JudgeSegments(clips, ["word"])
