"""Labels from a table and from Aff-Wild's annotations; mismatches are named."""

import numpy as np
import pytest
from drawn_faces import draw_take, save_pictures, save_video

from halo_keras import data
from halo_keras.data.folder_tables import by_aff_wild, by_csv


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HALO_KERAS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def videos(tmp_path):
    for name in ("a", "b", "sub/c", "d"):
        save_pictures(tmp_path / name, np.zeros((4, 8, 8, 3), np.uint8), "{}.png")
    (tmp_path / "e.gif").write_bytes(b"GIF")
    return tmp_path


def table(root, text):
    (root / "labels.csv").write_text(text, encoding="utf-8")
    return by_csv(root, root / "labels.csv")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_labels(videos, separator):
    rows = ["video,action,person", "sub/c,wave,ben", "a,jump,anna", "e,jump,eva"]
    rows += ["b,wave,ben", r"d,jump,anna"]
    text = "\ufeff" + "\n".join(rows).replace(",", separator) + "\n"
    found = table(videos, text)
    assert {v.take.name: tuple(v.labels.items()) for v in found.videos} == {
        "a": (("action", "jump"), ("person", "anna")),
        "b": (("action", "wave"), ("person", "ben")),
        "d": (("action", "jump"), ("person", "anna")),
        "e.gif": (("action", "jump"), ("person", "eva")),
        "sub/c": (("action", "wave"), ("person", "ben")),
    }
    assert found.skipped == []


def test_rows_and_videos_that_do_not_match(videos):
    found = table(videos, "video,action\na,jump\nsub/cc,wave\nb,\na,wave\n")
    assert [v.take.name for v in found.videos] == ["a"]
    assert {(item.name, item.reason) for item in found.skipped} == {
        ("labels.csv, line 3", "there is no video 'sub/cc'; did you mean 'sub/c'?"),
        ("b", "no action in labels.csv, line 4"),
        ("labels.csv, line 5", "a has a row before; that one is used"),
        *((name, "no row in labels.csv") for name in ("d", "e.gif", "sub/c")),
    }
    assert {item.kind for item in found.skipped} == {"label"}


def test_tables_that_are_none(videos):
    with pytest.raises(FileNotFoundError, match="nothing.csv does not exist"):
        by_csv(videos, videos / "nothing.csv")
    for text in ("", "file,action\na,b\n", "video\na\n", "video,action,action\n"):
        with pytest.raises(ValueError, match="must begin with a line of column names"):
            table(videos, text)
    (videos / "labels.csv").write_bytes(b"video,action\na,\xff\n")
    with pytest.raises(ValueError, match="not UTF-8"):
        by_csv(videos, videos / "labels.csv")


def test_a_table_through_the_loader(videos):
    table(videos, "video,action\na,jump\nb,jump\nd,wave\nsub/c,wave\ne,wave\n")
    dataset = data.load(
        *("folder", "train"),
        source=videos,
        labels="labels.csv",
        **{"num_frames": 4, "size": 8, "verbose": 0},
    )
    assert dataset.action_names == ["jump", "wave"]
    with pytest.raises(FileNotFoundError, match="labls.csv does not exist"):
        data.load("folder", source=videos, labels="labls.csv")


@pytest.fixture
def aff_wild(tmp_path):
    """Three good videos; one without annotation; one of unequal length; one bad."""
    for name in ("105", "112", "113", "200", "201", "202"):
        path = tmp_path / "videos" / "train" / f"{name}.avi"
        save_video(path, draw_take(8))
    save_video(tmp_path / "videos" / "test" / "900.mp4", draw_take(2), "mp4v")
    for track, sign in (("valence", 1), ("arousal", -1)):
        folder = tmp_path / "annotations" / "train" / track
        folder.mkdir(parents=True)
        for number, name in enumerate(("105", "112", "113", "201", "202", "300")):
            values = sign * (0.1 * number + 0.01 * np.arange(8))
            if name == "201":
                values = values[:5]
            text = "\n".join(f"{value:.3f}" for value in values)
            if name == "202" and track == "arousal":
                text = text.replace("-0.450", "missing")
            (folder / f"{name}.txt").write_text(text + "\n")
    return tmp_path


def test_aff_wild(aff_wild):
    found = by_aff_wild(aff_wild)
    names = [video.take.name for video in found.videos]
    assert names == ["105.avi", "112.avi", "113.avi", "201.avi"]
    assert {(item.name, item.reason) for item in found.skipped} == {
        ("200.avi", "there is no readable annotation valence/200.txt"),
        ("202.avi", "arousal/202.txt, line 6, is 'missing', not a number"),
        ("valence/300.txt", "there is no video of this name"),
        ("arousal/300.txt", "there is no video of this name"),
    }
    assert found.notes[0][0] == "videos/test"


def test_aff_wild_clips_carry_their_tracks(aff_wild):
    both = [
        data.load(
            *("folder", split),
            source=aff_wild,
            **{"labels": "aff-wild", "crop": "face", "size": 32, "verbose": 0},
            **{"num_frames": 4, "step": 2, "stride": 1, "min_frames": 2},
        )
        for split in ("train", "test")
    ]
    seen = set()
    for dataset in both:
        assert dataset.action_names == ["motion"]
        for row, video in enumerate(dataset.labels["video"]):
            name = dataset.label_names["video"][video]
            number = ["105.avi", "112.avi", "113.avi", "", "201.avi"].index(name)
            number = min(number, 3)
            valence = dataset.states["valence"][row]
            seen.add(name)
            length = dataset.mask[row].sum()
            start = round((valence[0] - 0.1 * number) / 0.01)
            frames = start + 2 * np.minimum(np.arange(4), length - 1)
            np.testing.assert_allclose(valence, 0.1 * number + 0.01 * frames)
            np.testing.assert_allclose(dataset.states["arousal"][row], -valence)
            assert frames[-1] < (5 if name == "201.avi" else 8)
    assert seen == {"105.avi", "112.avi", "113.avi", "201.avi"}


def test_not_laid_out_like_aff_wild(tmp_path):
    (tmp_path / "videos" / "train").mkdir(parents=True)
    with pytest.raises(ValueError, match="no folder annotations/train/valence"):
        by_aff_wild(tmp_path)
