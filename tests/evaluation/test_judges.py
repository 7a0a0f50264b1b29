"""The clip judge: shapes, invariances, learning and what it refuses."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from moving_squares import moving_squares

from halo_keras.evaluation.judge_training import (
    JudgeClips,
    blurred,
    compile_judge,
    started_anywhere,
)
from halo_keras.evaluation.judges import ClipJudge
from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def small_judge(**options):
    options = {
        "frame_shape": (16, 16, 3),
        "num_frames": 4,
        "head_names": ["action", "colour"],
        "head_sizes": [2, 3],
        "channels": (8, 16),
        "features": 16,
        **options,
    }
    judge = ClipJudge(**options)
    judge.build(None)
    return judge


def test_all_weights_exist_after_build_none_and_the_config_rebuilds_it():
    judge = small_judge()
    count = judge.count_params()
    assert judge(np.zeros((1, 4, 16, 16, 3), "uint8"))["action"].shape == (1, 2)
    assert judge.count_params() == count
    assert set(judge.get_config()) == {"name", *ClipJudge.config_fields}
    twin = ClipJudge.from_config(judge.get_config())
    twin.build(None)
    assert [v.shape for v in twin.weights] == [v.shape for v in judge.weights]


def test_the_parameter_count_equals_a_hand_sum():
    frame = (4 * 4 * 3 + 1) * 8 + 2 * 8 + (3 * 3 * 8 + 1) * 16 + 2 * 16
    dense = (2 * 2 * 16 + 1) * 16
    mixing = 2 * (3 * 16 + 1) * 16
    heads = 2 * (2 * 16 + 1) * 16 + (16 + 1) * 2 + (16 + 1) * 3
    assert small_judge().count_params() == frame + dense + mixing + heads


def test_bytes_and_unit_floats_get_the_same_logits(rng):
    judge = small_judge()
    frames = rng.integers(0, 256, (3, 4, 16, 16, 3), dtype="uint8")
    logits = judge(frames)
    scaled = judge(frames.astype("float32") / 255)
    for head in judge.head_names:
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(logits[head]),
            keras.ops.convert_to_numpy(scaled[head]),
            atol=1e-5,
        )


def test_a_verdict_does_not_depend_on_the_rest_of_the_batch(rng):
    judge = small_judge()
    frames = rng.integers(0, 256, (5, 4, 16, 16, 3), dtype="uint8")
    together = judge.predict_probabilities(frames)
    in_pairs = judge.predict_probabilities(frames, batch_size=2)
    for head in judge.head_names:
        np.testing.assert_allclose(together[head], in_pairs[head], atol=1e-5)
        np.testing.assert_allclose(together[head].sum(1), 1, atol=1e-5)
    labels = judge.predict_labels(frames)
    assert np.array_equal(labels["colour"], together["colour"].argmax(1))


def test_with_a_reference_it_reads_each_frame_and_its_change(rng):
    judge = small_judge(reference="first-frame")
    plain = small_judge(frame_shape=(16, 16, 6))
    plain.set_weights(judge.get_weights())
    frames = rng.random((3, 4, 16, 16, 3)).astype("float32")
    both = np.concatenate([frames, frames - frames[:, :1]], axis=-1)
    found, expected = judge.predict_probabilities(frames), plain(both)
    for head in judge.head_names:
        logits = keras.ops.softmax(expected[head])
        np.testing.assert_allclose(
            found[head], keras.ops.convert_to_numpy(logits), atol=1e-5
        )


def test_some_training_clips_are_mirrored(rng):
    data = moving_squares(12, rng)
    clean = {"blur_rate": 0, "noise_rate": 0, "light_rate": 0}
    frames, _ = JudgeClips(data, ["action"], 12, mirror_rate=0.5, **clean)[0]
    stored = {clip.tobytes() for clip in np.rint(255 * frames).astype("uint8")}
    as_it_is = {clip.tobytes() for clip in data.frames}
    turned = {clip[:, :, ::-1].tobytes() for clip in data.frames}
    assert stored <= as_it_is | turned
    assert stored - as_it_is and stored - turned


def test_it_learns_what_can_only_be_seen_over_time(rng):
    keras.utils.set_random_seed(3)
    judge = small_judge()
    clips = JudgeClips(moving_squares(96, rng), judge.head_names, 16, seed=1)
    compile_judge(judge, keras.optimizers.Adam(5e-3))
    history = judge.fit(clips, epochs=12, shuffle=False, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    held_out = moving_squares(48, rng)
    accuracy = judge.accuracy(held_out)
    assert accuracy["action"] > 0.9
    assert accuracy["colour"] > 0.9
    still = replace(held_out, frames=np.repeat(held_out.frames[:, :1], 4, axis=1))
    assert judge.accuracy(still)["action"] < 0.8


def test_batches_repeat_with_the_seed_and_change_with_the_epoch(rng):
    data = moving_squares(12, rng)
    first, again = (JudgeClips(data, ["colour"], 6, seed=4) for _ in range(2))
    assert len(first) == 2
    np.testing.assert_array_equal(first[1][0], again[1][0])
    again.on_epoch_end()
    assert not np.array_equal(first[1][0], again[1][0])
    frames, labels = first[0]
    assert frames.dtype == np.float32
    assert frames.min() >= 0 and frames.max() <= 1
    assert labels["colour"].shape == (6,)


def test_clean_batches_are_the_data_with_only_loops_rolled(rng):
    data = moving_squares(12, rng)
    clean = {"blur_rate": 0, "noise_rate": 0, "light_rate": 0}
    clips = JudgeClips(data, ["action"], 12, rolled_actions=(1,), **clean)
    frames, labels = clips[0]
    rolled = 0
    stored = np.rint(255 * frames).astype("uint8")
    for clip, action in zip(stored, labels["action"], strict=True):
        starts = [
            (n, r)
            for n in range(12)
            for r in range(4)
            if np.array_equal(np.roll(data.frames[n], -r, axis=0), clip)
        ]
        assert len(starts) == 1 and data.labels["action"][starts[0][0]] == action
        rolled += starts[0][1] > 0
        assert action == 1 or starts[0][1] == 0
    assert rolled > 0


def test_blur_equals_a_convolution_inside_and_keeps_the_mean_of_flat_clips(rng):
    from scipy.signal import convolve2d

    clip = rng.random((2, 9, 9, 1)).astype("float32")
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    expected = convolve2d(clip[1, :, :, 0], kernel, mode="valid")
    np.testing.assert_allclose(blurred(clip, 1)[1, 1:-1, 1:-1, 0], expected, atol=1e-6)
    flat = np.full((1, 5, 5, 3), 0.5, "float32")
    np.testing.assert_allclose(blurred(flat, 3), flat, atol=1e-6)


def test_only_loops_start_anywhere(rng):
    frames = np.tile(np.arange(8)[None, :, None], (50, 1, 1))
    loops = np.arange(50) < 25
    started = started_anywhere(frames, loops, rng)
    assert np.array_equal(started[25:], frames[25:])
    assert np.all(np.diff(started[:25, :, 0], axis=1) % 8 == 1)
    assert len(set(started[:25, 0, 0])) > 4


def test_bad_arguments_are_refused_with_what_was_expected(rng):
    with pytest.raises(ValueError, match="one size for each"):
        small_judge(head_sizes=[2])
    with pytest.raises(ConfigError, match="head_sizes"):
        small_judge(head_sizes=[2, 10**9])
    with pytest.raises(ValueError, match=r"\(batch, 4, 16, 16, 3\)"):
        small_judge()(np.zeros((1, 5, 16, 16, 3), "uint8"))
    squares = moving_squares(4, rng)
    with pytest.raises(ValueError, match="no labels \\['size'\\]"):
        small_judge(head_names=["action", "size"]).accuracy(squares)
    with pytest.raises(ValueError, match="smaller batch_size"):
        JudgeClips(squares, ["colour"], 6)
