"""Wrong pixels counted one by one, of models whose futures are known."""

import numpy as np
import pytest

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.evaluation.missing_frames import (
    drawn_pixels,
    frame_horizons,
    missing_frames,
)

LENGTH, SIZE = 8, 6


@pytest.fixture(scope="module")
def clips():
    """A 2 x 2 square that moves right by one pixel a frame, and wraps around."""
    frames = np.zeros((5, LENGTH, SIZE, SIZE, 1), "uint8")
    for n in range(5):
        for t in range(LENGTH):
            for c in (n + t, n + t + 1):
                frames[n, t, n % 3 : n % 3 + 2, c % SIZE] = 255
    return ClipDataset(
        name="squares",
        split="test",
        frames=frames,
        labels={"action": np.zeros(5, int)},
        label_names={"action": ["motion"]},
        license="Apache-2.0",
        attribution="made by this test",
    )


class Model:
    """Knows the clips; `draw(truth, rng)` is what it predicts."""

    def __init__(self, clips, draw):
        self.clips, self.draw = clips, draw

    def truth(self, frames, times):
        found = []
        for clip in frames:  # by its first frame, which is in float or uint8
            known = self.clips.frames[:, 0] > 127
            n = int(np.argmax((known == (clip[0] > 0.5)).all(axis=(1, 2, 3))))
            found.append(self.clips.frames[n][times] / 255)
        return np.array(found, "float32")

    def reconstruct(self, frames, action=None):
        return self.truth(frames, np.arange(frames.shape[1]))

    def forecast(self, frames, times, action=None, seed=0):
        rng = np.random.default_rng(seed)
        return np.stack([self.draw(x, rng) for x in self.truth(frames, times)])


def moved(truth, rng):
    """The truth, or by the fall of a coin two pixels further right."""
    return np.roll(truth, 2 * rng.integers(2), axis=2)


def test_pixels_above_a_half():
    assert drawn_pixels(np.array([0.5, 0.51, 0.1])).tolist() == [False, True, False]
    assert drawn_pixels(np.array([127, 128], "uint8")).tolist() == [False, True]


def test_a_perfect_and_a_blank_model(clips):
    found = missing_frames(Model(clips, lambda x, _: x), clips, (1, 3), num_samples=2)
    blank = missing_frames(Model(clips, lambda x, _: 0 * x), clips, (3,), 2)
    for count in (0, 1, 3):
        assert found[f"missing_{count}_error"] == 0
        assert found[f"missing_{count}_overlap"] == 1
        assert found[f"missing_{count}_area_ratio"] == pytest.approx(1)
        assert found[f"missing_{count}_blank_error"] == pytest.approx(4 / SIZE**2)
    assert blank["missing_3_error"] == blank["missing_3_blank_error"]
    assert blank["missing_3_area_ratio"] == blank["missing_3_overlap"] == 0


def test_only_a_model_that_draws_is_asked_again(clips):
    asked = []

    class Certain(Model):
        def forecast(self, frames, times, action=None):
            asked.append(len(times))
            return super().forecast(frames, times)

    missing_frames(Certain(clips, lambda x, _: x), clips, (2,), num_samples=20)
    assert asked == [2]


def test_each_draw_is_counted_and_so_is_their_vote(clips):
    """A square two pixels off has 8 wrong pixels, twice a blank's 4."""
    found = missing_frames(Model(clips, moved), clips, (4,), 40, batch_size=2)
    share = found["missing_4_error"] * SIZE**2 / 8
    assert 0.2 < share < 0.8
    assert found["missing_4_overlap"] == pytest.approx(1 - share)
    assert found["missing_4_area_ratio"] == pytest.approx(1)
    # By hand: each clip's 40 draws, and the vote of the more frequent place, if any.
    from halo_keras.evaluation.prior_passes import seed_of

    errors, votes = [], []
    for rows in (slice(0, 2), slice(2, 4), slice(4, 5)):
        off = []
        for index in range(40):
            rng = np.random.default_rng(seed_of(0, rows) + index)
            off.append([rng.integers(2) for _ in range(rows.stop - rows.start)])
        for mean in np.mean(off, axis=0):
            errors.append(8 * mean / SIZE**2)
            wrong = 4 if mean == 0.5 else 8 if mean > 0.5 else 0
            votes.append(wrong / SIZE**2)
    assert found["missing_4_error"] == pytest.approx(np.mean(errors))
    assert found["missing_4_vote_error"] == pytest.approx(np.mean(votes))


def test_the_first_frames_are_right_and_the_later_ones_blank(clips):
    def fading(truth, _):
        truth = truth.copy()
        truth[2:] = 0
        return truth

    found = frame_horizons(
        Model(clips, fading), clips, 3, ((1, 2), (3, 5)), num_samples=2
    )
    assert found["horizon_1_2_error"] == 0 and found["horizon_1_2_overlap"] == 1
    assert found["horizon_3_5_error"] == pytest.approx(4 / SIZE**2)
    assert found["horizon_3_5_area_ratio"] == 0
    each = [found[f"horizon_{k}_error"] for k in range(1, 6)]
    assert each == pytest.approx([0, 0, *[4 / SIZE**2] * 3])


def test_errors(clips):
    model = Model(clips, lambda x, _: x)
    with pytest.raises(ValueError, match=r"\[1, 7\] for clips of 8 frames, received 8"):
        missing_frames(model, clips, (8,))
    with pytest.raises(ValueError, match="leave 2 of 8"):
        frame_horizons(model, clips, 6, ((1, 3),))
