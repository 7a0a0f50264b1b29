"""Windows, gathering and splits against brute force."""

import numpy as np
import pytest

from halo_keras.data.clip_windows import Window, gather, held_out, windows
from halo_keras.data.take_cache import CachedTake


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 4, 30])
def test_full_windows_are_all_that_fit_and_can_be_read(rng, step, stride):
    for length in (1, 9, 22, 41):
        readable = rng.random(length) > 0.05
        low, high = int(rng.integers(0, 5)), int(rng.integers(1, length + 5))
        found = windows(
            3, readable, num_frames=5, step=step, stride=stride, low=low, high=high
        )
        expected = []
        for start in range(length):
            frames = [start + step * k for k in range(5)]
            begins = start >= low and (start - low) % stride == 0
            if begins and frames[-1] < min(high, length):
                if all(readable[f] for f in frames):
                    expected.append((3, start, step, 5))
        assert [tuple(window) for window in found] == expected


def test_short_windows():
    def counts(length, stride, min_frames=3):
        readable = np.ones(length, bool)
        found = windows(
            0, readable, num_frames=8, step=1, stride=stride, min_frames=min_frames
        )
        return [(window.start, window.count) for window in found]

    assert counts(20, 8) == [(0, 8), (8, 8), (16, 4)]
    assert counts(18, 8) == [(0, 8), (8, 8)]  # two frames are left: too few
    assert counts(5, 8) == [(0, 5)] and counts(2, 8) == []
    assert counts(16, 4) == [(0, 8), (4, 8), (8, 8)]  # (12, 4) would say nothing new
    assert counts(17, 4) == [(0, 8), (4, 8), (8, 8), (12, 5)]
    readable = np.array([1, 0, 1, 1, 0, 1, 1, 1], bool)
    options = {"num_frames": 4, "step": 1, "stride": 4, "min_frames": 3}
    assert windows(0, readable, **options) == [Window(0, 0, 1, 4)]  # frame 4 is broken


def test_gathered_frames_and_mask(rng, tmp_path):
    takes = []
    for index in range(2):
        path = tmp_path / f"{index}.npy"
        np.save(path, rng.integers(0, 256, (12, 4, 4, 3)).astype(np.uint8))
        readable = np.ones(12, bool)
        readable[6] = False
        takes.append(CachedTake(str(index), path, readable, ()))
    chosen = [Window(1, 4, 1, 5), Window(0, 0, 2, 5), Window(1, 9, 1, 3)]
    frames, mask = gather(takes, chosen, 5)
    assert frames.shape == (3, 5, 4, 4, 3) and frames.dtype == np.uint8
    np.testing.assert_array_equal(
        mask, [[1, 1, 0, 1, 1], [1, 1, 1, 0, 1], [1, 1, 1, 0, 0]]
    )
    rows = [(1, [4, 5, 5, 7, 8]), (0, [0, 2, 4, 4, 8]), (1, [9, 10, 11, 11, 11])]
    for row, (take, shown) in zip(frames, rows, strict=True):
        np.testing.assert_array_equal(row, np.load(takes[take].path)[shown])


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
def test_held_out_share(rng, fraction):
    keys = [(int(p), int(a)) for p, a in rng.integers(0, 6, (300, 2))]
    chosen = held_out(keys, fraction, seed=1)
    assert abs(chosen.sum() - 300 * fraction) <= 1
    for person in range(6):
        own = [c for c, key in zip(chosen, keys, strict=True) if key[0] == person]
        assert abs(sum(own) - len(own) * fraction) <= 1
    assert (held_out(keys, fraction, seed=1) == chosen).all()
    assert (held_out(keys, fraction, seed=2) != chosen).any()


def test_held_out_of_few():
    for count in (2, 3, 4):
        for fraction in (0.01, 0.2, 0.99):
            chosen = held_out([()] * count, fraction, seed=0)
            assert 1 <= chosen.sum() < count
    with pytest.raises(ValueError, match="at least two"):
        held_out([()], 0.2, seed=0)
