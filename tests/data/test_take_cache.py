"""What is worked out once, again, and after an interruption."""

import json

import numpy as np
import pytest
from drawn_faces import save_pictures

from halo_keras.data import take_cache
from halo_keras.data.face_crops import Cropped, crop_centres
from halo_keras.data.frame_sources import FrameSource, TakeError
from halo_keras.data.take_cache import CachedTake, Take
from halo_keras.data.take_report import Skipped, TakeReport


class Crop:
    """Counts what it is asked for; some takes have no face, some stop the run."""

    def __init__(self, stop_at=None):
        self.names, self.stop_at = [], stop_at

    def __call__(self, source):
        self.names.append(source.path.name)
        if source.path.name == self.stop_at:
            raise KeyboardInterrupt
        if source.path.name == "take3":
            raise TakeError("no face", f"no face in {source.path}")
        return crop_centres(source, 8, 3)


@pytest.fixture
def takes(tmp_path, rng):
    made = []
    for index in range(6):
        frames = rng.integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
        folder = save_pictures(tmp_path / "raw" / f"take{index}", frames, "{}.png")
        made.append(Take(folder.name, FrameSource(folder, tuple(folder.iterdir()))))
    return made


def run(takes, folder, crop=None, **settings):
    crop = crop or Crop()
    return take_cache.prepare(takes, folder, settings, crop, verbose=0), crop.names


def same(results, others):
    for one, other in zip(results, others, strict=True):
        if isinstance(one, Skipped):
            assert one == other
        else:
            assert (one.name, one.path, one.notes) == (
                *(other.name, other.path, other.notes),
            )
            np.testing.assert_array_equal(one.frames, other.frames)
            np.testing.assert_array_equal(one.readable, other.readable)


def test_takes_are_made_once_in_order(tmp_path, takes):
    first, made = run(takes, tmp_path / "cache")
    assert sorted(made) == [take.name for take in takes]
    assert [result.name for result in first] == [take.name for take in takes]
    assert first[3] == Skipped("take3", "no face", "no face in take3")
    expected = crop_centres(takes[0].source, 8, 3).frames
    np.testing.assert_array_equal(first[0].frames, expected)
    again, made = run(takes, tmp_path / "cache")
    assert made == []
    same(first, again)


def test_one_thread_or_many(tmp_path, takes, monkeypatch):
    many, _ = run(takes, tmp_path / "many")
    monkeypatch.setattr(take_cache.os, "cpu_count", lambda: 1)
    one, made = run(takes, tmp_path / "one")
    assert made == [take.name for take in takes]
    for a, b in zip(many, one, strict=True):
        assert a.name == b.name and isinstance(a, CachedTake) == isinstance(
            b, CachedTake
        )
        if isinstance(a, CachedTake):
            np.testing.assert_array_equal(a.frames, b.frames)


def test_settings_and_files_have_digests(tmp_path, takes):
    run(takes, tmp_path / "cache", size=8)
    assert len(run(takes, tmp_path / "cache", size=9)[1]) == 6
    assert run(takes, tmp_path / "cache", size=8)[1] == []
    changed = takes[2].source.files[0]
    changed.write_bytes(changed.read_bytes() + b" ")
    assert run(takes, tmp_path / "cache", size=8)[1] == ["take2"]
    fewer = FrameSource(takes[4].source.path, takes[4].source.files[:3])
    takes[4] = Take("take4", fewer)
    results, made = run(takes, tmp_path / "cache", size=8)
    assert made == ["take4"] and len(results[4]) == 3


def test_an_interrupted_run_goes_on(tmp_path, takes, monkeypatch):
    monkeypatch.setattr(take_cache.os, "cpu_count", lambda: 1)
    whole, _ = run(takes, tmp_path / "cache")
    crop = Crop(stop_at="take4")
    with pytest.raises(KeyboardInterrupt):
        run(takes, tmp_path / "other", crop)
    left = {path.suffix for path in (tmp_path / "other").iterdir()}
    assert left <= {".npy", ".json"}  # nothing half-written under another name
    results, made = run(takes, tmp_path / "other")
    assert set(made) < {take.name for take in takes} and "take4" in made
    assert "take0" not in made
    for a, b in zip(whole, results, strict=True):
        if isinstance(a, CachedTake):
            np.testing.assert_array_equal(a.frames, b.frames)


@pytest.mark.parametrize(
    "harm", ["cut frames", "no frames", "cut record", "no record", "other record"]
)
def test_half_written_files_are_made_again(tmp_path, takes, harm):
    first, _ = run(takes, tmp_path / "cache")
    expected = np.array(first[1].frames)
    frames, record = first[1].path, first[1].path.with_suffix(".json")
    if harm == "cut frames":
        frames.write_bytes(frames.read_bytes()[:-100])
    elif harm == "no frames":
        frames.unlink()
    elif harm == "cut record":
        record.write_text(record.read_text()[:-5])
    elif harm == "no record":
        record.unlink()
    else:
        record.write_text(json.dumps({"num_frames": 3, "unreadable": [], "notes": []}))
    stale = frames.with_name(".1234abcd." + frames.name)  # of a run that was killed
    stale.write_bytes(b"half")
    again, made = run(takes, tmp_path / "cache")
    assert made == ["take1"]
    np.testing.assert_array_equal(again[1].frames, expected)


def test_frames_that_cannot_be_read_are_remembered(tmp_path, takes):
    def crop(source):
        frames = np.zeros((3, 2, 2, 3), np.uint8)
        return Cropped(frames, np.array([True, False, True]), ["frame 1 is broken"])

    for _ in range(2):
        results, _ = run(takes[:1], tmp_path / "cache", crop=_counted(crop))
        assert results[0].readable.tolist() == [True, False, True]
        assert results[0].notes == ("frame 1 is broken",)


def _counted(crop):
    crop.names = []
    return crop


def test_report(tmp_path, caplog):
    skipped = [Skipped(f"take{i}", "no face", f"reason {i}") for i in range(7)]
    skipped.append(Skipped("clip.mp4", "unreadable", "codec 'abcd'"))
    report = TakeReport("here", 4, tuple(skipped), (("take9", "a note"),))
    assert report.counts() == {"unreadable": 1, "no face": 7}
    summary = "here: 4 of 12 used, 8 skipped (1 unreadable, 7 no face), 1 notes"
    assert report.summary() == summary
    report.publish(tmp_path / "deep" / "report.txt")
    text = (tmp_path / "deep" / "report.txt").read_text()
    assert text == report.text() and text.endswith(summary + "\n")
    for item in skipped:
        assert f"  {item.name}: {item.reason}\n" in text
    assert "take9: a note" in text
    assert summary in caplog.text and "take4: reason 4" in caplog.text
    assert "and 3 more" in caplog.text
