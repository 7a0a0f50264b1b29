"""Protocols that start from one picture, and answers that no model is needed for."""

import numpy as np
import pytest
from evaluation_oracle import (
    KeepsItsOwnAction,
    Oracle,
    OracleJudge,
    toy_clips,
)

from halo_keras.evaluation import from_one_image
from halo_keras.evaluation.metrics import mse, ssim


@pytest.fixture(scope="module")
def clips():
    return toy_clips()


def test_the_truth_continues_from_one_frame(clips):
    class Listens(Oracle):
        def forecast(self, frames, times, action=None):
            asked.append((frames.shape[1], len(times), action.tolist()))
            return super().forecast(frames, times)

    asked = []
    found = from_one_image.generation(Listens(clips), clips, 8, batch_size=10)
    assert [row[:2] for row in asked] == [(1, 8), (1, 8)]
    assert sum((row[2] for row in asked), []) == clips.labels["action"].tolist()
    assert found["generation_8_mse"] == pytest.approx(0, abs=1e-12)
    assert found["generation_8_psnr"] == 100
    assert found["generation_8_ssim"] == pytest.approx(1)


def test_a_black_continuation_is_as_wrong_as_the_loop_is_bright(clips):
    class Black(Oracle):
        def forecast(self, frames, times, action=None):
            return np.zeros((len(frames), len(times), 8, 8, 3), "float32")

    found = from_one_image.generation(Black(clips), clips, 8)
    assert found["generation_8_mse"] == pytest.approx(
        np.mean((clips.frames / 255) ** 2)
    )


def test_image_to_sequence_wants_another_action_of_the_same_character(clips):
    judge = OracleJudge(clips)
    found = from_one_image.image_to_sequence(Oracle(clips), clips, judge, seed=1)
    assert found == {
        "image_to_sequence_action_accuracy": 1.0,
        "image_to_sequence_hat_accuracy": 1.0,
        "image_to_sequence_mse": pytest.approx(0, abs=1e-12),
    }

    class Still(KeepsItsOwnAction):
        def generate(self, image, action, times=None):
            return self.reconstruct(image[:, None])

    still = from_one_image.image_to_sequence(Still(clips), clips, judge, seed=1)
    assert still["image_to_sequence_action_accuracy"] == 0
    assert still["image_to_sequence_hat_accuracy"] == 1


def test_static_baselines_equal_loops_over_clips(clips):
    found = from_one_image.static_baselines(clips, batch_size=7)
    wanted = {}
    for clip in clips.frames / np.float32(255):
        answers = {
            "mean": np.stack([sum(clip) / len(clip)] * len(clip)),
            "still": np.stack([clip[0]] * len(clip)),
            "late": np.stack([clip[t - 1] for t in range(len(clip))]),
            "black": np.zeros_like(clip),
        }
        for name, answer in answers.items():
            one = answer[None].astype("float32"), clip[None]
            wanted.setdefault(f"baseline_{name}_mse", []).append(mse(*one))
            wanted.setdefault(f"baseline_{name}_ssim", []).append(ssim(*one))
    assert found == {
        key: pytest.approx(np.mean(values), abs=1e-6) for key, values in wanted.items()
    }


@pytest.mark.slow
def test_static_baselines_of_sprites(shared_data):
    """The size of errors that mean nothing yet, measured once on all test clips."""
    from halo_keras import data

    test = data.load("sprites", "test", shared_data / "sprites", num_characters=20)
    found = from_one_image.static_baselines(test)
    assert found["baseline_mean_mse"] == pytest.approx(0.0070, rel=0.1)
    assert found["baseline_mean_ssim"] == pytest.approx(0.846, abs=0.01)
    assert found["baseline_late_mse"] == pytest.approx(0.0125, rel=0.1)
    assert found["baseline_black_mse"] == pytest.approx(0.0575, rel=0.15)
