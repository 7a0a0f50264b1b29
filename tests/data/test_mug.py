"""MUG end to end, on a generated copy with its layout, its faults and drawn faces."""

import logging

import numpy as np
import pytest
from drawn_faces import draw_take, save_pictures

from halo_keras import data
from halo_keras.data import mug, mug_protocols
from halo_keras.data.mug_layout import EXPRESSIONS
from halo_keras.data.mug_protocols import PROTOCOLS, Protocol, clips_of, rules_of
from halo_keras.data.take_cache import CachedTake

# Short takes, so that the test is short: the same rules with smaller numbers.
SMALL = Protocol(3, 2, 2, 0.1, 8, False, None, "subject")
NUM_FRAMES = 12


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("mug")
    for index, subject in enumerate(["001", "002", "003", "007"]):
        session = root / subject / "session0" if subject == "002" else root / subject
        for expression in EXPRESSIONS[:3]:
            frames = draw_take(NUM_FRAMES, index)
            folder = session / expression / "take000"
            if subject == "003":
                folder = session / expression  # no take folder
            save_pictures(folder, frames)
        save_pictures(session / "neutral" / "take000", frames[:1])
    corrupt = root / "001" / "anger" / "take000" / "img_0001.jpg"
    corrupt.write_bytes(corrupt.read_bytes()[:500])
    (root / "001" / "anger" / "take001").mkdir()
    save_pictures(root / "001" / "fear" / "take000", draw_take(NUM_FRAMES) // 99)
    save_pictures(root / "007" / "fear" / "take000", draw_take(5))
    broken = save_pictures(root / "007" / "fear" / "take001", draw_take(2))
    for file in broken.iterdir():
        file.write_text("no picture")
    return root


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("HALO_KERAS_CACHE", str(folder))
        yield folder


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(PROTOCOLS, "halo", SMALL)


def load(copy, split, **options):
    return data.load("mug", split, source=copy, verbose=0, **options)


def test_clips_and_labels(copy, small):
    both = [load(copy, split, size=32) for split in ("train", "test")]
    for dataset in both:
        assert dataset.frames.shape[1:] == (3, 32, 32, 3)
        assert dataset.action_names == list(EXPRESSIONS)
        assert dataset.label_names["subject"] == ["001", "002", "003", "007"]
        for subject, take, action in zip(
            *(dataset.labels[name] for name in ("subject", "take", "action")),
            strict=True,
        ):
            name = dataset.label_names["take"][take]
            assert name.startswith(dataset.label_names["subject"][subject])
            assert EXPRESSIONS[action] in name
        assert "no redistribution" in dataset.license
    # 12 frames less the last tenth are 11: clips of frames s, s + 2, s + 4 from
    # s = 0, 2, 4, 6; in one take frame 1 is broken, which none of them has.
    assert sum(len(dataset) for dataset in both) == 12 * 4
    subjects = [set(dataset.labels["subject"]) for dataset in both]
    assert not subjects[0] & subjects[1] and len(subjects[1]) == 1


def test_two_loads_are_equal_and_the_second_reads_the_cache(copy, small, monkeypatch):
    first = load(copy, "train", size=32)
    monkeypatch.setattr(mug, "crop_faces", lambda *_, **__: pytest.fail("not cached"))
    again = load(copy, "train", size=32)
    np.testing.assert_array_equal(first.frames, again.frames)
    other = load(copy, "train", size=32, num_frames=2, split_by="take")
    assert other.frames.shape[1] == 2  # clips are cut anew from the same takes
    assert set(other.labels["subject"]) == {0, 1, 2, 3}


def test_shared_subjects_have_takes_of_their_own(copy, small):
    both = [
        load(copy, split, size=32, split_by="take", test_fraction=0.4, seed=3)
        for split in ("train", "test")
    ]
    takes = [set(dataset.labels["take"]) for dataset in both]
    assert not takes[0] & takes[1] and len(takes[0] | takes[1]) == 12
    assert len(takes[1]) == 5
    assert set(both[0].labels["subject"]) == set(both[1].labels["subject"])


def test_everything_bad_is_reported_and_the_rest_is_used(copy, small, cache, caplog):
    caplog.set_level(logging.INFO)
    report = mug.prepare(copy, SMALL, size=32, verbose=0).report
    assert report.used == 12
    assert report.counts() == {
        **{"empty": 1, "unreadable": 1, "no face": 1, "too short": 1}
    }
    reasons = {item.name: item.reason for item in report.skipped}
    assert set(reasons) == {
        *("001/anger/take001", "001/fear/take000"),
        *("007/fear/take000", "007/fear/take001"),
    }
    assert "none of the 6 frames" in reasons["001/fear/take000"]
    assert "5 frames; the protocol takes those of 8" in reasons["007/fear/take000"]
    assert "img_0000.jpg cannot be read" in reasons["007/fear/take001"]
    notes = dict(report.notes)
    assert "img_0001.jpg cannot be read" in notes["001/anger/take000"]
    assert "not one of the six" in notes["002/session0/neutral"]
    assert report.summary() in caplog.text
    written = [path.read_text() for path in (cache / "mug").glob("report-*.txt")]
    assert report.text() in written


def test_faces_fill_the_clips(copy, small):
    """Eyes, dark, above the middle; skin between mouth and eyes; the mouth opens."""
    dataset = load(copy, "train", size=32)
    grey = dataset.frames.mean(axis=-1).mean(axis=(0, 1))
    assert grey[8:14, 6:13].min() < grey[16:22, 6:13].min() - 20
    assert grey[8:14, 19:26].min() < grey[16:22, 19:26].min() - 20


def test_published_protocols_by_their_numbers():
    halo, line = PROTOCOLS["halo"], PROTOCOLS["c-dsvae"]
    assert (halo.num_frames, halo.step, halo.split_by) == (8, 2, "subject")
    assert (line.num_frames, line.step, line.split_by) == (15, 2, "take")
    assert rules_of("halo", step=4).step == 4


def cached(length, name="001/anger/take000"):
    return CachedTake(name, None, np.ones(length, bool), ())


@pytest.mark.parametrize("length", [39, 40, 63, 160])
def test_halo_windows(length):
    """Every 8 frames, 8 frames with step 2, not in the last tenth, 40 frames up."""
    found = [
        w.frames().tolist() for w in clips_of(0, cached(length), PROTOCOLS["halo"], 0)
    ]
    usable = length - int(0.1 * length)
    starts = [s for s in range(0, length, 8) if s + 14 < usable]
    expected = [list(range(s, s + 16, 2)) for s in starts] if length >= 40 else []
    assert found == expected


@pytest.mark.parametrize("length", [14, 15, 30, 31, 80])
def test_c_dsvae_windows(length):
    """15 frames with step 2 of takes over 30, else neighbours; one random start."""
    starts = set()
    for seed in range(60):
        found = clips_of(0, cached(length), PROTOCOLS["c-dsvae"], seed)
        assert found == clips_of(0, cached(length), PROTOCOLS["c-dsvae"], seed)
        if length < 15:
            assert found == []
            continue
        (window,) = found
        step = 2 if length > 30 else 1
        assert window.step == step and window.count == 15
        assert 0 <= window.start and window.frames()[-1] < length
        starts.add(window.start)
    if length >= 15:
        possible = length - 14 * (2 if length > 30 else 1)
        assert len(starts) > 0.6 * min(possible, 30) or possible == 1


def test_a_random_clip_depends_on_the_take_alone():
    rules = rules_of("halo", clips_per_take=2)
    one = clips_of(0, cached(100), rules, 0)
    moved = clips_of(5, cached(100), rules, 0)
    assert [w.start for w in one] == [w.start for w in moved] and len(one) == 2
    others = [clips_of(0, cached(100, f"{i}"), rules, 0) for i in range(9)]
    assert len({tuple(w.start for w in windows) for windows in others}) > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "hallo"}, "no protocol 'hallo'; did you mean 'halo'"),
        ({"split_by": "subjects"}, "split_by .* did you mean 'subject'"),
        ({"step": 0}, "step must be a whole number >= 1, received 0"),
        ({"size": 4}, r"size must be a whole number in \[8, 512\]"),
        ({"margin": -1}, "margin must lie in"),
        ({"test_fraction": 1}, "test_fraction must lie in"),
        ({"num_frames": 99}, "no clip.*13 too short"),
    ],
)
def test_wrong_options(copy, small, options, message):
    with pytest.raises(ValueError, match=message):
        load(copy, "train", **{"size": 32, **options})


def test_without_a_copy():
    with pytest.raises(ValueError, match="licensed.*mug.ee.auth.gr.*--data-dir"):
        data.load("mug")
    assert mug_protocols.PROTOCOLS is PROTOCOLS
