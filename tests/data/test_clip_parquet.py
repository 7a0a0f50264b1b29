"""Clips as parquet: bit for bit back, readable by `datasets`, nothing hostile in."""

import errno
import io
import json
import struct
import zlib

import datasets
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from data import parquet_cases as cases
from PIL import Image

from halo_keras import data
from halo_keras.data.clip_checksum import content_sum
from halo_keras.data.clip_folder import build_folder
from halo_keras.data.clip_parquet import read_split, write_split
from halo_keras.data.description_file import read_description


def read(folder, split="train"):
    return read_split(folder, read_description(folder), split)


@pytest.mark.parametrize("num_shards", [1, 3])
@pytest.mark.parametrize(
    "dataset",
    [cases.video(), cases.video(channels=1), cases.full(), cases.spectrogram()],
    ids=["colour", "grey", "full", "spectrogram"],
)
def test_what_comes_back_is_what_was_written(dataset, num_shards, tmp_path):
    build_folder([dataset], tmp_path / "clips", num_shards)
    found = read(tmp_path / "clips")
    cases.assert_equal(found, dataset)
    assert found.origin == str(tmp_path / "clips")
    assert len(list((tmp_path / "clips/data").iterdir())) == num_shards


def test_plain_datasets_reads_the_same_pixels_and_labels(tmp_path):
    """A second reader, which knows nothing of this package."""
    train, test = cases.full(), cases.full("test", num_clips=4)
    build_folder([train, test], tmp_path / "clips", num_shards=2)
    loaded = datasets.load_dataset(
        str(tmp_path / "clips"), cache_dir=str(tmp_path / "cache")
    )
    assert {name: len(rows) for name, rows in loaded.items()} == {
        "train": 13,
        "test": 4,
    }
    for name, expected in (("train", train), ("test", test)):
        rows = loaded[name].sort("clip")
        assert rows["clip"][:] == list(range(len(expected)))
        frames = [[np.asarray(frame) for frame in clip] for clip in rows["frames"]]
        np.testing.assert_array_equal(frames, expected.frames)
        np.testing.assert_array_equal(rows["action"], expected.labels["action"])
        np.testing.assert_array_equal(rows["times"], expected.times)
        np.testing.assert_array_equal(rows["mask"], expected.mask)
        tracks = [states["track"] for states in rows["states"]]
        np.testing.assert_array_equal(tracks, expected.states["track"])
        names = rows.features["action"].names
        assert names == expected.action_names


def test_files_hold_bytes_and_no_paths(tmp_path):
    build_folder([cases.video()], tmp_path / "clips")
    (file,) = (tmp_path / "clips/data").iterdir()
    frames = pyarrow.parquet.read_table(file).column("frames").to_pylist()
    for clip in frames:
        for picture in clip:
            assert picture["path"] is None
            assert picture["bytes"].startswith(b"\x89PNG")
    for file in (tmp_path / "clips").rglob("*.*"):
        assert str(tmp_path).encode() not in file.read_bytes()


def test_shards_are_fair_samples_and_writing_is_deterministic(tmp_path):
    """Clips sorted by action, as many datasets are: every shard has all actions."""
    action = np.repeat(np.arange(2), 200)
    dataset = cases.video(num_clips=400, labels={"action": action})
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_split(dataset, tmp_path / name, num_shards=4)
    files = sorted((tmp_path / "a/data").iterdir())
    seen = []
    for file in files:
        assert file.read_bytes() == (tmp_path / "b/data" / file.name).read_bytes()
        table = pyarrow.parquet.read_table(file, columns=["clip", "action"])
        assert table.num_rows == 100
        assert 0.35 < np.mean(table["action"].to_numpy()) < 0.65
        seen += table["clip"].to_pylist()
    assert sorted(seen) == list(range(400)) and seen != sorted(seen)


def test_the_checksum_is_of_the_content_and_of_all_of_it():
    base = cases.full()
    same = [
        cases.full("test"),
        data.ClipDataset(**{**vars(base), "license": "MIT", "options": None}),
        data.ClipDataset(
            **{
                **vars(base),
                "labels": {k: v.astype("int16") for k, v in base.labels.items()},
            }
        ),
        data.ClipDataset(**{**vars(base), "frames": np.asfortranarray(base.frames)}),
    ]
    assert {content_sum(dataset) for dataset in same} == {content_sum(base)}
    frames, times = base.frames.copy(), base.times.copy()
    frames[-1, -1, -1, -1, -1] ^= 1
    times[3, 2] += 1e-9
    angle = {**base.states, "angle": -base.states["angle"]}
    other = [
        {"frames": frames},
        {"times": times},
        {"times": None},
        {"mask": None},
        {"states": angle},
        {"labels": {**base.labels, "person": base.labels["person"][::-1]}},
        {"label_names": {"action": ["right, up", "left"]}},
    ]
    sums = {content_sum(data.ClipDataset(**{**vars(base), **o})) for o in other}
    assert len(sums) == len(other) and content_sum(base) not in sums


@pytest.mark.parametrize("num_shards", [0, 14, True, 2.0])
def test_a_number_of_shards_out_of_range(num_shards, tmp_path):
    with pytest.raises(ValueError, match=r"num_shards must .* \[1, 13\]"):
        write_split(cases.video(), tmp_path, num_shards)


def test_a_label_that_would_hide_a_column(tmp_path):
    bad = cases.video(labels={"action": np.zeros(13, int), "frames": np.zeros(13, int)})
    with pytest.raises(ValueError, match="no label may be called 'frames'"):
        build_folder([bad], tmp_path / "clips")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    folder = tmp_path / "clips"
    build_folder([cases.full()], folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}

    def full_disk(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("halo_keras.data.clip_parquet.to_table", full_disk)
    with pytest.raises(OSError, match="No space left"):
        build_folder([cases.full("test", num_clips=4)], folder)
    with pytest.raises(OSError, match="No space left"):
        build_folder([cases.full()], tmp_path / "new")
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    assert [path.name for path in tmp_path.iterdir()] == ["clips"]


def test_splits_are_added_but_not_replaced_or_mixed(tmp_path):
    folder = tmp_path / "clips"
    build_folder([cases.full()], folder)
    build_folder([cases.full("test", num_clips=4)], folder)
    assert list(read_description(folder).splits) == ["train", "test"]
    cases.assert_equal(read(folder), cases.full())
    cases.assert_equal(read(folder, "test"), cases.full("test", num_clips=4))
    with pytest.raises(FileExistsError, match="holds a split 'train' already"):
        build_folder([cases.full()], folder)
    with pytest.raises(ValueError, match="with another times"):
        build_folder([cases.video("more")], folder)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/note.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        build_folder([cases.full()], tmp_path / "other")
    with pytest.raises(ValueError, match="no split 'tets'; did you mean 'test'"):
        read(folder, "tets")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips", "other"]


def test_load_reads_a_folder_by_name_and_compares_options(tmp_path):
    folder = tmp_path / "clips"
    made = data.load("balls", "test", num_clips=4, num_frames=5)
    assert made.options["num_frames"] == 5 and made.options["orbits"] == "same"
    assert made.subset([0]).options is None
    build_folder([made], folder)
    found = data.load("balls", "test", source=folder)
    cases.assert_equal(found, made)
    again = data.load("balls", "test", source=str(folder), num_frames=5)
    np.testing.assert_array_equal(again.frames, made.frames)
    assert f"read from: {folder}" in found.describe()
    for options, message in (
        ({"num_frames": 16}, "made with num_frames=5, asked for is 16"),
        ({"num_frame": 5}, "no option 'num_frame'; did you mean 'num_frames'"),
    ):
        with pytest.raises(ValueError, match=message):
            data.load("balls", "test", source=folder, **options)
    with pytest.raises(ValueError, match="holds 'balls', not 'sprites'"):
        data.load("sprites", "test", source=folder)
    with pytest.raises(ValueError, match="no split 'train'. It holds: test"):
        data.load("balls", "train", source=folder)


def test_options_of_unknown_origin_are_refused(tmp_path):
    build_folder([cases.video()], tmp_path / "clips")
    with pytest.raises(ValueError, match="does not say with which options"):
        data.load("noise", source=tmp_path / "clips", num_clips=3)
    assert len(data.load("noise", source=tmp_path / "clips")) == 13


# ---- what a stranger could put there -------------------------------------------------


def png(size=(6, 5), mode="RGB", kind="PNG"):
    file = io.BytesIO()
    Image.new(mode, size).save(file, format=kind)
    return file.getvalue()


def bomb(side=20_000):
    """A PNG of a few bytes that claims so many pixels a side."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    packed = [
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", crc32(kind, data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def crc32(kind, data):
    return zlib.crc32(data, zlib.crc32(kind))


PICTURES = {
    "bomb": ({"bytes": bomb(), "path": None}, "no usable PNG .*bomb"),
    "path": ({"bytes": None, "path": "/etc/passwd"}, "paths are not followed"),
    "both": ({"bytes": png(), "path": "a.png"}, "paths are not followed"),
    "address": ({"bytes": None, "path": "http://x/a.png"}, "paths are not followed"),
    "nothing": ({"bytes": None, "path": None}, "has no bytes"),
    "null": (None, "paths are not followed"),
    "garbage": ({"bytes": b"hello", "path": None}, "no usable PNG"),
    "truncated": ({"bytes": png()[:45], "path": None}, "no usable PNG"),
    "jpeg": ({"bytes": png(kind="JPEG"), "path": None}, "no usable PNG"),
    "large": ({"bytes": png((3000, 3000)), "path": None}, "received 3000 x 3000"),
    "grey": ({"bytes": png(mode="L"), "path": None}, "received 6 x 5 in L"),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_strangers(kind, tmp_path):
    picture, message = PICTURES[kind]

    def change(rows):
        rows[2]["frames"][1] = picture

    folder = tampered(tmp_path, change)
    with pytest.raises(ValueError, match=message) as raised:
        read(folder)
    assert "train-00000-of-00001.parquet, row 2" in str(raised.value)


def swap_clips(rows):
    rows[0]["clip"], rows[1]["clip"] = rows[1]["clip"], rows[0]["clip"]


ROWS = {
    "swapped": (swap_clips, "checksum differs"),
    "twice": (lambda rows: rows[0].update(clip=rows[1]["clip"]), "twice or out of"),
    "outside": (lambda rows: rows[0].update(clip=10**6), "twice or out of range"),
    "label": (lambda rows: rows[0].update(action=9), r"must be in \[0, 2\)"),
    "no label": (lambda rows: rows[0].update(action=None), "a value of action is miss"),
    "times": (lambda rows: rows[0]["times"].pop(), r"expected times of shape \(3,\)"),
    "frames": (lambda rows: rows[0]["frames"].pop(), "expected 3 frames, received 2"),
    "no frames": (lambda rows: rows[0].update(frames=None), "received none"),
    "nan": (lambda rows: rows[0]["states"].update(angle=float("nan")), "finite"),
    "fewer": (lambda rows: rows.pop(), "has 12 rows, clips.json says 13"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_of_strangers(kind, tmp_path):
    change, message = ROWS[kind]
    folder = tampered(tmp_path, change)
    with pytest.raises(ValueError, match=message):
        read(folder)


def tampered(tmp_path, change):
    """A folder whose only file has changed rows, in the same schema."""
    folder = tmp_path / "clips"
    build_folder([cases.full()], folder)
    (file,) = (folder / "data").iterdir()
    table = pyarrow.parquet.read_table(file)
    rows = table.to_pylist()
    change(rows)
    changed = pyarrow.Table.from_pylist(rows, schema=table.schema)
    pyarrow.parquet.write_table(changed, file)
    return folder


def test_files_of_strangers(tmp_path):
    folder = tmp_path / "clips"
    build_folder([cases.video()], folder)
    (file,) = (folder / "data").iterdir()
    whole = file.read_bytes()
    for content, message in (
        (b"", "no usable parquet file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "no usable parquet file"),
        (whole[: len(whole) // 2], "no usable parquet file"),
        (whole[:200] + b"\0" * 400 + whole[600:], "damaged|PNG|checksum|expected"),
    ):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read(folder)
    pyarrow.parquet.write_table(pyarrow.table({"clip": [1], "frames": ["x"]}), file)
    with pytest.raises(ValueError, match="expected the columns .*'action'"):
        read(folder)
    file.unlink()
    with pytest.raises(FileNotFoundError, match="is missing"):
        read(folder)


DESCRIPTIONS = {
    "not json": (b"{", "cannot be used"),
    "utf-16": ('{"a": 1}'.encode("utf-16"), "cannot be used"),
    "list": (b"[]", "expected an object"),
    "deep": (b"[" * 100_000, "nested too deeply|cannot be used"),
    "huge": (b" " * (4 * 1024 * 1024 + 1), "larger than"),
    "version": ({"format_version": 2}, "format_version must lie in"),
    "extra": ({"module": "os"}, "no argument 'module'"),
    "dtype": ({"dtype": "object"}, "dtype must be one of"),
    "float video": ({"dtype": "float32"}, "a video is of uint8"),
    "range": ({"value_range": [0, float("1e300")]}, "value_range"),
    "times": ({"times": 1}, "true or false"),
    "label": ({"labels": {"action": ["a"], "frames": None}}, "called 'frames'"),
    "states": ({"states": {"x": "O"}}, "must be one of"),
    "no split": ({"splits": {}}, "no split"),
    "name": ({"name": "a\x1b[31m"}, "printable"),
}
SPLITS = {
    "path": ({"files": {"../../etc/passwd": 13}}, "is no file of a dataset"),
    "absolute": ({"files": {"/data/a-00000-of-00001.parquet": 13}}, "is no file"),
    "rows": (
        {"files": {"data/train-00000-of-00001.parquet": 12}},
        "do not hold its 13",
    ),
    "shape": ({"clip_shape": [3, 5, 6]}, "clip_shape"),
    "bomb": ({"clip_shape": [3, 10**9, 10**9, 3]}, "must lie in"),
    "negative": ({"num_clips": -1}, "num_clips must lie in"),
    "sum": ({"sha256": "x"}, "64 hexadecimal digits"),
    "states": ({"state_shapes": {"x": []}}, "must have the states' names"),
}


@pytest.mark.parametrize("kind", [*DESCRIPTIONS, *(f"split {name}" for name in SPLITS)])
def test_descriptions_of_strangers(kind, tmp_path):
    folder = tmp_path / "clips"
    build_folder([cases.video()], folder)
    path = folder / "clips.json"
    plain = json.loads(path.read_text())
    if kind.startswith("split "):
        change, message = SPLITS[kind.removeprefix("split ")]
        plain["splits"]["train"].update(change)
    else:
        change, message = DESCRIPTIONS[kind]
        if isinstance(change, dict):
            plain.update(change)
    content = change if isinstance(change, bytes) else json.dumps(plain).encode()
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_description(folder)
    assert "clips.json" in str(raised.value)


def test_clips_that_no_memory_holds(tmp_path):
    """The description may claim what it likes; nothing is touched before it is read."""
    folder = tmp_path / "clips"
    build_folder([cases.video()], folder)
    path = folder / "clips.json"
    plain = json.loads(path.read_text())
    split = plain["splits"]["train"]
    split.update(num_clips=2**40, clip_shape=[65536, 65536, 65536, 3])
    split["files"] = dict.fromkeys(split["files"], 2**40)
    path.write_text(json.dumps(plain))
    with pytest.raises(ValueError, match="do not fit|rows, clips.json says"):
        read(folder)
