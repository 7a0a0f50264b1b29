"""A user's own folder: labels, splits, lengths, and everything that can be wrong."""

import numpy as np
import pytest
from drawn_faces import draw_take, save_pictures, save_video

from halo_keras import data
from halo_keras.data import take_cache
from halo_keras.data.clip_writer import save_gif
from halo_keras.data.fit_frames import fit_frames


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("HALO_KERAS_CACHE", str(folder))
        yield folder


def stripes(rng, num_frames, size=12):
    """Frames that all differ, exact in PNG; frame t has t in its first pixel."""
    frames = rng.integers(0, 256, (num_frames, size, size, 3)).astype(np.uint8)
    frames[:, 0, 0, 0] = np.arange(num_frames)
    return frames


@pytest.fixture
def people(tmp_path, rng):
    """Four people, two actions, folders of 10 frames."""
    for person in ("anna", "ben", "carl", "dora"):
        for action in ("jump", "wave"):
            folder = tmp_path / person / action / "one"
            save_pictures(folder, stripes(rng, 10), "{}.png")
    return tmp_path


def load(source, split="train", **options):
    settings = {"size": 12, "num_frames": 4, "verbose": 0, **options}
    return data.load("folder", split, source=source, **settings)


def first_frames(dataset):
    """Number of the video's frame that each frame of each clip is."""
    return dataset.frames[:, :, 0, 0, 0]


def report_of(cache):
    newest = max(
        (cache / "folder").glob("report-*"), key=lambda p: p.stat().st_mtime_ns
    )
    return newest.read_text()


def test_two_levels_are_person_and_action(people):
    both = [load(people, split, test_fraction=0.25) for split in ("train", "test")]
    assert [len(dataset) for dataset in both] == [12, 4]  # 2 clips of 4 in 10 frames
    for dataset in both:
        assert dataset.action_names == ["jump", "wave"]
        assert dataset.label_names["person"] == ["anna", "ben", "carl", "dora"]
        assert dataset.mask is None and dataset.states is None
        for person, action, video in zip(
            *(dataset.labels[n] for n in ("person", "action", "video")), strict=True
        ):
            name = dataset.label_names["video"][video]
            assert name == "/".join(
                [
                    dataset.label_names["person"][person],
                    *(dataset.action_names[action], "one"),
                ]
            )
        expected = np.tile([[0, 1, 2, 3], [4, 5, 6, 7]], (len(dataset) // 2, 1))
        np.testing.assert_array_equal(first_frames(dataset), expected)
    videos = [set(dataset.labels["video"]) for dataset in both]
    assert not videos[0] & videos[1]


def test_whole_frames_are_fitted_as_fit_frames_does(people, rng):
    dataset = load(people, size=8, channels=1)
    name = dataset.label_names["video"][dataset.labels["video"][0]]
    from halo_keras.data.clip_files import read_clip

    expected = fit_frames(read_clip(people / name)[:4], (8, 8, 1))
    np.testing.assert_array_equal(dataset.frames[0], expected)


def test_held_out_persons(people):
    both = [load(people, s, split_by="person", seed=2) for s in ("train", "test")]
    persons = [set(dataset.labels["person"]) for dataset in both]
    assert not persons[0] & persons[1] and len(persons[1]) == 1
    assert both[0].label_names == both[1].label_names


def test_the_end_of_each_video(people):
    """Test: the last half of 10 frames; training ends a clip of 2 before that."""
    options = {"split_by": "end", "test_fraction": 0.5, "num_frames": 2, "stride": 1}
    train, test = load(people, "train", **options), load(people, "test", **options)
    assert set(first_frames(test).ravel()) == set(range(5, 10))
    assert set(first_frames(train).ravel()) == set(range(3))
    assert len(train) == 8 * 2 and len(test) == 8 * 4


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("stride", [None, 1, 3])
def test_step_and_stride(people, step, stride):
    dataset = load(people, num_frames=3, step=step, stride=stride)
    one = dataset.labels["video"] == dataset.labels["video"][0]
    every = stride or 3 * step
    starts = [s for s in range(0, 10, every) if s + 2 * step < 10]
    expected = [[s, s + step, s + 2 * step] for s in starts]
    np.testing.assert_array_equal(first_frames(dataset)[one], expected)


def test_clips_of_different_length(tmp_path, rng):
    for index, count in enumerate([3, 7, 12, 5]):
        frames = stripes(rng, count)
        save_pictures(tmp_path / "wave" / f"v{index}", frames, "{}.png")
    both = [load(tmp_path, s, num_frames=None, seed=1) for s in ("train", "test")]
    assert {dataset.num_frames for dataset in both} == {12}
    lengths = np.concatenate([dataset.mask.sum(axis=1) for dataset in both])
    assert sorted(lengths) == [3, 5, 7, 12]
    for dataset in both:
        for shown, mask in zip(first_frames(dataset), dataset.mask, strict=True):
            length = mask.sum()
            assert mask[:length].all()
            np.testing.assert_array_equal(shown, np.minimum(np.arange(12), length - 1))
    some = load(tmp_path, num_frames=5, min_frames=3)
    assert some.mask is not None and set(some.mask.sum(axis=1)) <= {3, 4, 5}


def test_labels_by_name(tmp_path, rng):
    for name in ("wave/x/anna/a", "wave/x/ben/b", "jump/y/anna/c", "jump/y/ben/d"):
        save_pictures(tmp_path / name, stripes(rng, 4), "{}.png")
    with pytest.raises(ValueError, match="3 folders deep.*labels='person/_/action'"):
        load(tmp_path)
    dataset = load(tmp_path, labels="action/_/person")
    assert dataset.action_names == ["jump", "wave"]
    assert dataset.label_names["person"] == ["anna", "ben"]
    assert "_" not in dataset.labels
    plain = load(tmp_path, labels="none")
    assert plain.action_names == ["motion"] and set(plain.labels) == {"action", "video"}
    with pytest.raises(ValueError, match="each once"):
        load(tmp_path, labels="action/action/person")


def test_every_kind_of_file_in_one_folder_of_actions(tmp_path, rng):
    frames = draw_take(6)
    save_video(tmp_path / "smile" / "a.avi", frames)
    save_video(tmp_path / "smile" / "b.mp4", frames, "mp4v")
    save_pictures(tmp_path / "laugh" / "d", frames)
    save_gif(tmp_path / "laugh" / "c.gif", frames)
    both = [
        load(tmp_path, s, crop="face", size=32, num_frames=6, test_fraction=0.5)
        for s in ("train", "test")
    ]
    names = {
        dataset.label_names["video"][i]
        for dataset in both
        for i in dataset.labels["video"]
    }
    assert names == {"smile/a.avi", "smile/b.mp4", "laugh/c.gif", "laugh/d"}
    clips = np.concatenate([dataset.frames for dataset in both]).astype(int)
    assert clips.shape == (4, 6, 32, 32, 3)
    # One face, four codecs: the crops agree up to compression.
    assert np.abs(clips - clips[0]).mean() < 8


def test_everything_bad_is_reported_and_the_rest_is_used(people, cache, rng, caplog):
    (people / "anna" / "jump" / "broken.mp4").write_bytes(b"no video")
    (people / "anna" / "jump" / "empty").mkdir()
    save_pictures(people / "anna" / "jump" / "still", stripes(rng, 1), "{}.png")
    save_pictures(people / "stray", stripes(rng, 4), "{}.png")
    save_pictures(people / "ben" / "wave" / "noise", stripes(rng, 10), "{}.png")
    damaged = people / "ben" / "wave" / "one" / "5.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    both = [load(people, split) for split in ("train", "test")]
    # All 9 whole videos give 2 clips, but for the second of the damaged one.
    assert sum(map(len, both)) == 9 * 2 - 1
    text = report_of(cache)
    # No thumbnails: "jump" holds a video, so that its folders are videos still.
    for line in (
        "anna/jump/broken.mp4: OpenCV can neither open nor decode it",
        "anna/jump/empty: the folder holds neither a video nor a picture",
        "anna/jump/still: it has 1 frame; no clip of 4 frames fits in",
        "stray: lies 0 folders deep, where PERSON/ACTION/VIDEO is expected",
        "ben/wave/one: 5.png cannot be read",
    ):
        assert line in text
    counts = "9 of 13 used, 4 skipped (1 empty, 1 unreadable, 1 too short, 1 label)"
    assert counts in text and counts in caplog.text
    with pytest.raises(ValueError, match="has no clip.*10 no face"):
        load(people, crop="face")


def test_the_cache_is_shared_by_clip_settings_not_by_crops(people, monkeypatch):
    load(people)
    made = []
    original = take_cache._make

    def counted(take, *rest):
        made.append(take.name)
        return original(take, *rest)

    monkeypatch.setattr(take_cache, "_make", counted)
    load(people, num_frames=2, step=2, split_by="end", test_fraction=0.3)
    assert made == []
    load(people, size=10)
    assert len(made) == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": "faces"}, "crop must be .* did you mean 'face'"),
        ({"channels": 2}, "channels must be 1 or 3"),
        ({"size": 2}, "size must be"),
        ({"num_frames": 0}, "num_frames must be a whole number >= 1"),
        ({"num_frames": None, "stride": 2}, "every video is one clip"),
        ({"min_frames": 9}, "min_frames must be at most num_frames"),
        ({"split_by": "persons"}, "did you mean 'person'"),
        ({"test_fraction": 0}, "test_fraction must lie in"),
        ({"labels": ""}, "labels must be a text"),
        ({"num_frames": 99}, "no clip.*8 too short"),
    ],
)
def test_wrong_options(people, options, message):
    with pytest.raises(ValueError, match=message):
        load(people, **options)


def test_wrong_sources(tmp_path, rng):
    with pytest.raises(ValueError, match="pass their folder.*--data-dir"):
        data.load("folder")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no video"):
        load(tmp_path)
    save_pictures(tmp_path / "one", stripes(rng, 10), "{}.png")
    with pytest.raises(ValueError, match="at least two.*split_by='end'"):
        load(tmp_path)
    options = {"split_by": "end", "test_fraction": 0.4, "num_frames": 2}
    assert len(load(tmp_path, **options)) == 2
    with pytest.raises(ValueError, match="needs a label 'person'"):
        load(tmp_path, split_by="person")
