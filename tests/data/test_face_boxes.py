"""Steady boxes: each step against a loop that does the same the dull way."""

import numpy as np
import pytest

from halo_keras.data import face_boxes


def track(rng, num_frames=60, missing=12, wild=4):
    """A slow track with jitter, some detections missing and some far off."""
    t = np.arange(num_frames)
    boxes = np.stack([100 + 0.5 * t, 80 + 5 * np.sin(t / 9), 60 + 0.1 * t], axis=1)
    boxes += rng.normal(0, 1, boxes.shape)
    order = rng.permutation(num_frames)
    boxes[order[:missing]] = np.nan
    bad = order[missing : missing + wild]
    boxes[bad[::2], 0] += 90
    boxes[bad[1::2], 2] *= 2
    return boxes, sorted(bad)


def test_outliers_are_those_far_from_the_median_of_their_neighbours(rng):
    boxes, bad = track(rng)
    kept = face_boxes.without_outliers(boxes, reach=7)
    for i, box in enumerate(boxes):
        near = [b for j, b in enumerate(boxes) if abs(i - j) <= 7 and b[0] == b[0]]
        x, y, s = (sorted(v)[len(v) // 2] for v in zip(*near, strict=True))
        if len(near) % 2 == 0:
            halves = [sorted(v)[len(v) // 2 - 1] for v in zip(*near, strict=True)]
            x, y, s = ((a + b) / 2 for a, b in zip((x, y, s), halves, strict=True))
        far = ((box[0] - x) ** 2 + (box[1] - y) ** 2) ** 0.5 > 0.3 * s
        good = box[0] == box[0] and not far and 1 / 1.4 <= box[2] / s <= 1.4
        assert (kept[i] == box).all() if good else np.isnan(kept[i]).all()
    lost = np.isfinite(boxes[:, 0]) & np.isnan(kept[:, 0])
    assert np.flatnonzero(lost).tolist() == bad


def test_gaps_are_filled_on_straight_lines_and_ends_held(rng):
    boxes, _ = track(rng, wild=0)
    boxes[:3] = boxes[-2:] = np.nan
    out = face_boxes.filled(boxes)
    found = [i for i in range(len(boxes)) if boxes[i, 0] == boxes[i, 0]]
    for i in range(len(boxes)):
        before = max((j for j in found if j <= i), default=found[0])
        after = min((j for j in found if j >= i), default=found[-1])
        part = 0 if before == after else (i - before) / (after - before)
        expected = (1 - part) * boxes[before] + part * boxes[after]
        np.testing.assert_allclose(out[i], expected, rtol=1e-12)


@pytest.mark.parametrize("num_frames", [1, 5, 60])
def test_smoothing_is_a_gaussian_mean_of_the_frames_there_are(rng, num_frames):
    boxes = rng.normal(50, 9, (num_frames, 3))
    out = face_boxes.smoothed(boxes, sigma=2.5)
    for t in range(num_frames):
        total, weights = 0.0, 0.0
        for s in range(num_frames):
            if abs(t - s) <= 7:
                weight = np.exp(-((t - s) ** 2) / (2 * 2.5**2))
                total, weights = total + weight * boxes[s], weights + weight
        np.testing.assert_allclose(out[t], total / weights, rtol=1e-10)


def test_a_steady_box_is_calm_and_on_the_track(rng):
    boxes, _ = track(rng)
    t = np.arange(60)
    truth = np.stack([100 + 0.5 * t, 80 + 5 * np.sin(t / 9), 60 + 0.1 * t], axis=1)
    out = face_boxes.steady_boxes(boxes)
    assert np.abs(out - truth).max() < 3.5  # the ends lean inwards
    assert np.abs(out - truth)[8:-8].max() < 1.6
    assert np.abs(np.diff(out, axis=0)).max() < 1.2 < np.nanmax(np.abs(np.diff(boxes)))


def test_without_any_detection():
    with pytest.raises(ValueError, match="every row is NaN"):
        face_boxes.steady_boxes(np.full((4, 3), np.nan))
