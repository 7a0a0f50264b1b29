"""Videos, GIFs and folders of frames give the frames that were put in."""

import numpy as np
import pytest
from drawn_faces import draw_take, save_pictures, save_video

from halo_keras.data import frame_sources
from halo_keras.data.clip_writer import save_gif
from halo_keras.data.frame_sources import FrameSource, TakeError, natural


@pytest.fixture(scope="module")
def frames():
    return draw_take(9)


def frames_of(source, every=1):
    read = list(source.read(every))
    assert [index for index, _, _ in read] == list(range(len(read)))
    return [frame for _, frame, _ in read]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("A.AVI", "MJPG")]
)
def test_videos(tmp_path, frames, name, codec):
    source = FrameSource(save_video(tmp_path / name, frames, codec))
    assert source.is_coded
    read = np.stack(frames_of(source))
    assert read.shape == frames.shape
    # Lossy, but the right frame in the right colours.
    assert np.abs(read.astype(int) - frames).mean() < 4
    some = frames_of(source, every=4)
    assert [frame is not None for frame in some] == [i % 4 == 0 for i in range(9)]
    np.testing.assert_array_equal(some[4], read[4])
    assert source.notes() == []


def test_gifs_and_folders_of_frames(tmp_path, frames):
    gif = FrameSource(save_gif(tmp_path / "a.gif", frames))
    assert not gif.is_coded and len(frames_of(gif)) == 9
    folder = save_pictures(tmp_path / "a", frames, "{}.png")
    source = FrameSource(folder, tuple(sorted(folder.iterdir(), key=natural)))
    np.testing.assert_array_equal(np.stack(frames_of(source)), frames)
    assert [name for name, _, _ in source.stamps()] == [f"{i}.png" for i in range(9)]


def test_a_video_that_breaks_off_keeps_its_beginning(tmp_path, frames):
    path = save_video(tmp_path / "a.avi", np.repeat(frames, 4, axis=0))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = FrameSource(path)
    try:
        count = len(frames_of(source))
    except TakeError as error:  # some builds refuse a file without an index
        assert error.kind == "unreadable"
        return
    assert 8 <= count <= 20
    if source.notes():
        assert "it breaks off" in source.notes()[0]


@pytest.mark.parametrize("content", [b"", b"no video at all", b"RIFF\0\0\0\0AVI LIST"])
@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.gif"])
def test_what_cannot_be_decoded(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TakeError) as caught:
        frames_of(FrameSource(tmp_path / name))
    assert caught.value.kind == "unreadable"


def test_an_unknown_codec_is_named(tmp_path, frames):
    path = save_video(tmp_path / "a.avi", frames)
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"ZZZZ"))
    with pytest.raises(TakeError, match=r"'ZZZZ'|neither open nor decode"):
        frames_of(FrameSource(path))


def test_a_very_long_video_is_cut_and_noted(tmp_path, frames, monkeypatch):
    monkeypatch.setattr(frame_sources, "MAX_FRAMES", 5)
    source = FrameSource(save_video(tmp_path / "a.avi", frames))
    assert len(frames_of(source)) == 5
    assert source.notes() == ["only its first 5 frames are used"]


def test_natural_order(tmp_path):
    names = ["a10.png", "a9.png", "A1.png", "b.png", "2.png", "10.png"]
    ordered = sorted((tmp_path / name for name in names), key=natural)
    assert [path.name for path in ordered] == [
        *("2.png", "10.png", "A1.png", "a9.png", "a10.png", "b.png"),
    ]
