"""The frame judge: frames are judged one by one, and it learns what one frame shows."""

import keras
import numpy as np
import pytest
from moving_squares import moving_squares

from halo_keras import hub
from halo_keras.evaluation import FrameJudge, JudgeClips, JudgeFrames, compile_judge
from halo_keras.evaluation.protocols import judged_real_clips

pytestmark = pytest.mark.backend


def small_judge():
    judge = FrameJudge(
        frame_shape=(16, 16, 3),
        head_names=["action", "colour"],
        head_sizes=[2, 3],
        channels=(8, 16),
        features=16,
    )
    judge.build(None)
    return judge


def test_each_frame_is_judged_by_itself(rng):
    judge = small_judge()
    frames = rng.integers(0, 256, (3, 5, 16, 16, 3), dtype="uint8")
    whole = judge.predict_probabilities(frames)
    assert whole["colour"].shape == (3, 5, 3)
    for clip, time in ((0, 4), (2, 1)):
        single = judge.predict_probabilities(frames[clip : clip + 1, time : time + 1])
        for head in judge.head_names:
            np.testing.assert_allclose(
                single[head][0, 0], whole[head][clip, time], atol=1e-5
            )
    labels = judge.predict_labels(frames)["action"]
    assert np.array_equal(labels, whole["action"].argmax(-1))


def test_batches_give_each_frame_the_labels_of_its_clip(rng):
    data = moving_squares(12, rng)
    clips, frames = (
        kind(data, ["action", "colour"], 6, seed=4)
        for kind in (JudgeClips, JudgeFrames)
    )
    np.testing.assert_array_equal(clips[1][0], frames[1][0])
    for head, labels in frames[1][1].items():
        assert labels.shape == (6, 4)
        assert np.array_equal(labels, np.stack([clips[1][1][head]] * 4, axis=1))


def test_it_learns_the_colour_but_no_action_and_says_so(rng, tmp_path):
    keras.utils.set_random_seed(7)
    judge = small_judge()
    compile_judge(judge, keras.optimizers.Adam(5e-3))
    batches = JudgeFrames(moving_squares(96, rng), judge.head_names, 16, seed=1)
    judge.fit(batches, epochs=6, shuffle=False, verbose=0)
    held_out = moving_squares(48, rng)
    accuracy = judge.accuracy(held_out)
    predicted = judge.predict_labels(held_out.frames)
    for head, value in accuracy.items():
        hits = [
            label == truth
            for row, truth in zip(predicted[head], held_out.labels[head], strict=True)
            for label in row
        ]
        assert value == np.mean(hits)
    # A square alone does not tell where it came from, its place only hints at it.
    assert accuracy["colour"] > 0.9 > accuracy["action"] + 0.05
    real = judged_real_clips(held_out, judge, batch_size=7)
    assert real["judge_real_action_accuracy"] == pytest.approx(accuracy["action"])
    first = np.mean(predicted["action"][:, 0] == held_out.labels["action"])
    assert real["judge_still_action_accuracy"] == pytest.approx(first)
    metadata = {"dataset": "squares", "license": "Apache-2.0"}
    hub.save_preset(
        judge, tmp_path / "p", name="judge-squares", metadata=metadata, metrics={}
    )
    again = hub.from_pretrained(tmp_path / "p")
    assert isinstance(again, FrameJudge) and again.num_frames is None
    found = again.predict_probabilities(held_out.frames)["action"]
    expected = judge.predict_probabilities(held_out.frames)["action"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_frames_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(batch, time, 16, 16, 3\), received"):
        small_judge()(np.zeros((1, 16, 16, 3), "uint8"))
    with pytest.raises(ValueError, match="FrameJudge needs at least one clip"):
        small_judge().predict_labels(np.zeros((0, 4, 16, 16, 3), "uint8"))
