"""The published architecture, recomputed with NumPy; presets of it; what it learns."""

import keras
import numpy as np
import pytest
from moving_squares import moving_squares

from halo_keras import hub
from halo_keras.evaluation import ClipJudge, JudgeClips, RecurrentJudge, compile_judge
from halo_keras.schema import ConfigError
from halo_keras.training.clipped_adam import ClippedAdam

pytestmark = pytest.mark.backend

SIZES = {
    "frame_shape": (16, 16, 3),
    "num_frames": 3,
    "head_names": ["action", "colour"],
    "head_sizes": [2, 3],
    "channels": (4, 6),
    "features": 5,
    "lstm": 4,
}


def small_judge(**options):
    judge = RecurrentJudge(**{**SIZES, **options})
    judge.build(None)
    return judge


def shaken(judge, seed=0):
    """The judge with every weight drawn anew; variances stay positive."""
    rng = np.random.default_rng(seed)
    for weight in judge.weights:
        value = 0.4 * rng.standard_normal(weight.shape)
        if "variance" in weight.name:
            value = 0.5 + rng.random(weight.shape)
        weight.assign(value.astype("float32"))
    return judge


def arrays(layer):
    return [keras.ops.convert_to_numpy(w).astype("float64") for w in layer.weights]


def by_hand_conv(x, layer):
    """4 x 4, stride 2, one pixel of padding: (N, H, W, C) -> (N, H/2, W/2, D)."""
    kernel, bias = arrays(layer)
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = x.shape[1] // 2, x.shape[2] // 2
    out = np.empty((len(x), height, width, kernel.shape[-1]))
    for i in range(height):
        for j in range(width):
            patch = padded[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4]
            out[:, i, j] = np.tensordot(patch, kernel, 3) + bias
    return out


def by_hand_norm(x, layer):
    gamma, beta, mean, variance = arrays(layer)
    return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def by_hand_lstm(x, layer):
    """The state after the last of the given steps, (N, units)."""
    kernel, recurrent, bias = arrays(layer)
    state = cell = np.zeros((len(x), recurrent.shape[0]))
    for t in range(x.shape[1]):
        gates = x[:, t] @ kernel + state @ recurrent + bias
        into, forget, new, out = np.split(gates, 4, axis=1)
        into, forget, out = (1 / (1 + np.exp(-gate)) for gate in (into, forget, out))
        cell = forget * cell + into * np.tanh(new)
        state = out * np.tanh(cell)
    return state


def test_logits_equal_the_published_architecture_by_hand(rng):
    judge = shaken(small_judge())
    frames = rng.random((2, 3, 16, 16, 3))
    x = frames.reshape(-1, 16, 16, 3)
    for convolution, norm in zip(judge.convolutions, judge.norms, strict=True):
        x = by_hand_norm(by_hand_conv(x, convolution), norm)
        x = np.where(x > 0, x, 0.2 * x)
    kernel, bias = arrays(judge.project)
    x = (x.reshape(len(x), -1) @ kernel + bias).reshape(2, 3, -1)
    x = np.tanh(by_hand_norm(x, judge.feature_norm))
    last = by_hand_lstm(x, judge.forwards)
    first = by_hand_lstm(x[:, ::-1], judge.backwards)
    summary = np.concatenate([last, first], axis=1)
    logits = judge(frames.astype("float32"))
    for index, head in enumerate(judge.head_names):
        (a, b), (c, d) = arrays(judge.hidden[index]), arrays(judge.logits[index])
        expected = np.maximum(summary @ a + b, 0) @ c + d
        found = keras.ops.convert_to_numpy(logits[head])
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_verdict_does_not_depend_on_the_rest_of_the_batch(rng):
    judge = shaken(small_judge())
    frames = rng.integers(0, 256, (5, 3, 16, 16, 3), dtype="uint8")
    together, alone = (
        judge.predict_probabilities(frames, batch_size=size) for size in (5, 1)
    )
    for head in judge.head_names:
        np.testing.assert_allclose(together[head], alone[head], atol=1e-5)


def test_it_learns_and_its_preset_is_the_same_judge(rng, tmp_path):
    keras.utils.set_random_seed(5)
    judge = small_judge(num_frames=4, channels=(8, 16), features=16, lstm=16)
    clips = moving_squares(96, rng)
    # Like judge-sprites-recurrent: whole-batch clipping, averages of batches stored.
    compile_judge(judge, ClippedAdam(5e-3, global_clipnorm=1.0))
    batches = JudgeClips(clips, judge.head_names, 16, seed=1)
    judge.fit(batches, epochs=15, shuffle=False, verbose=0)
    held_out = moving_squares(48, rng)
    accuracy = judge.accuracy(held_out)
    assert accuracy["action"] > 0.9 and accuracy["colour"] > 0.9
    metadata = {"dataset": "squares", "license": "Apache-2.0"}
    hub.save_preset(
        judge, tmp_path / "p", name="judge-squares", metadata=metadata, metrics={}
    )
    again = hub.from_pretrained(tmp_path / "p")
    assert isinstance(again, RecurrentJudge) and again.family == "judge"
    one, other = (j.predict_probabilities(held_out.frames) for j in (judge, again))
    for head in judge.head_names:
        np.testing.assert_allclose(one[head], other[head], atol=1e-6)


def test_it_answers_like_a_clip_judge():
    judge = small_judge()
    other = ClipJudge(**{key: SIZES[key] for key in SIZES if key != "lstm"})
    assert (judge.head_names, judge.head_sizes) == (other.head_names, other.head_sizes)
    assert judge.num_frames == other.num_frames == 3
    twin = RecurrentJudge.from_config(judge.get_config())
    twin.build(None)
    assert [v.shape for v in twin.weights] == [v.shape for v in judge.weights]


def test_bad_arguments_are_refused_with_what_was_expected():
    with pytest.raises(ConfigError, match="lstm must lie in"):
        small_judge(lstm=0)
    with pytest.raises(ValueError, match="RecurrentJudge needs one size for each"):
        small_judge(head_sizes=[2])
    with pytest.raises(ValueError, match=r"RecurrentJudge expects .*3, 16, 16, 3\)"):
        small_judge()(np.zeros((1, 4, 16, 16, 3), "uint8"))
    clipping = keras.optimizers.Adam(1e-3, clipnorm=1.0)
    with pytest.raises(ValueError, match="ClippedAdam"):
        compile_judge(small_judge(), clipping)
