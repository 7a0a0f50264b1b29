"""Files of clips: what is written is read back; what is broken is named."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from halo_keras.data.clip_files import ClipFileError, read_clip, to_uint8
from halo_keras.data.clip_writer import (
    COMMENT,
    check_output,
    enlarge,
    save_gif,
    save_png,
    write_clip,
)


def few_colours(rng, num_frames=8, size=16, levels=4):
    return (rng.integers(0, levels, (num_frames, size, size, 3)) * 60).astype(np.uint8)


def gif_durations(path):
    """Hundredths of a second of every frame, straight from the file's bytes."""
    data, marker = path.read_bytes(), b"\x21\xf9\x04"
    ends = [i for i in range(len(data)) if data.startswith(marker, i)]
    return [int.from_bytes(data[i + 4 : i + 6], "little") for i in ends]


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("case", ["one table", "own tables", "grey", "one frame"])
def test_gif_is_exact_where_the_palette_allows(tmp_path, rng, case, scale):
    frames = {
        "one table": few_colours(rng),
        # 8 x 125 colours in all, 125 in a frame: each frame needs its own table.
        "own tables": few_colours(rng, levels=5)
        + np.arange(8, dtype=np.uint8)[:, None, None, None],
        "grey": rng.integers(0, 256, (5, 28, 28, 1)).astype(np.uint8),
        "one frame": few_colours(rng, num_frames=1),
    }[case]
    path = save_gif(tmp_path / "a.gif", frames, scale=scale)
    expected = np.repeat(np.repeat(frames, scale, axis=1), scale, axis=2)
    np.testing.assert_array_equal(
        read_clip(path), np.broadcast_to(expected, (*expected.shape[:3], 3))
    )


def test_gif_of_many_colours_is_close(tmp_path):
    """A smooth picture, as a decoder makes it: 4,096 pixels, nearly as many colours."""
    y, x = np.mgrid[:64, :64] / 63
    frames = np.stack(
        [np.stack([x, y, (x * y + t / 8) % 1], axis=-1) for t in range(4)]
    )
    assert len(np.unique(to_uint8(frames)[0].reshape(-1, 3), axis=0)) > 1000
    read = read_clip(save_gif(tmp_path / "a.gif", frames)).astype(float)
    error = read - 255 * frames
    assert np.sqrt((error**2).mean()) < 10
    assert np.abs(error.mean(axis=(1, 2))).max() < 2  # no colour cast


def test_gif_keeps_equal_neighbours(tmp_path, rng):
    frames = np.repeat(few_colours(rng, num_frames=2), 4, axis=0)
    path = save_gif(tmp_path / "a.gif", frames)
    np.testing.assert_array_equal(read_clip(path), frames)
    with Image.open(path) as image:
        assert image.n_frames == 8


@pytest.mark.parametrize("fps", [1, 8, 12.5, 30, 50])
def test_gif_lasts_as_long_as_asked(tmp_path, rng, fps):
    durations = gif_durations(save_gif(tmp_path / "a.gif", few_colours(rng), fps=fps))
    assert len(durations) == 8
    assert max(durations) - min(durations) <= 1
    assert abs(sum(durations) - 100 * 8 / fps) <= 0.5


@pytest.mark.parametrize("fps", [0, -1, 51, float("nan")])
def test_gif_refuses_an_impossible_rate(tmp_path, rng, fps):
    with pytest.raises(ValueError, match=r"fps must lie in \(0, 50\], received"):
        save_gif(tmp_path / "a.gif", few_colours(rng), fps=fps)
    assert listing(tmp_path) == []


def test_files_say_that_they_are_synthetic(tmp_path, rng):
    frames = few_colours(rng, num_frames=3)
    write_clip(tmp_path / "a.gif", frames)
    write_clip(tmp_path / "a.png", frames)
    write_clip(tmp_path / "folder", frames)
    write_clip(tmp_path / "a.npz", frames)
    # The comment extension and the tEXt chunk, byte by byte.
    block = b"\x21\xfe" + bytes([len(COMMENT)]) + COMMENT.encode() + b"\0"
    assert block in (tmp_path / "a.gif").read_bytes()
    chunk = b"tEXtComment\0" + COMMENT.encode()
    for file in [tmp_path / "a.png", *(tmp_path / "folder").iterdir()]:
        assert chunk in file.read_bytes()
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["comment"] == COMMENT.encode()
        assert image.info["loop"] == 0
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert str(arrays["comment"]) == COMMENT


@pytest.mark.parametrize("name", ["a.png", "a.npz", "folder", "A.GIF", "A.NPZ"])
@pytest.mark.parametrize("channels", [1, 3])
def test_written_clips_are_read_back(tmp_path, rng, name, channels):
    frames = few_colours(rng, num_frames=11)[..., :channels]
    assert write_clip(tmp_path / name, frames) == tmp_path / name
    assert listing(tmp_path) == [name]
    read = read_clip(tmp_path / name)
    if name == "A.GIF":  # always read as colours
        read = read[..., :channels]
    np.testing.assert_array_equal(read, frames)


def test_real_frames_are_rounded(tmp_path, rng):
    frames = rng.random((3, 8, 8, 3)).astype(np.float32)
    write_clip(tmp_path / "a.png", frames)
    np.testing.assert_array_equal(
        read_clip(tmp_path / "a.png"), np.rint(frames * 255).astype(np.uint8)
    )


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((8, 8, 3), np.uint8), r"\(time, height, width, channels\).*\(8, 8"),
        (np.zeros((2, 8, 8, 4), np.uint8), "1 or 3 channels"),
        (np.zeros((0, 8, 8, 3), np.uint8), r"received shape \(0, 8"),
        (np.zeros((2, 8, 8, 3), np.int64), "received dtype int64"),
        (np.full((2, 8, 8, 3), np.nan), "received values from nan"),
        (np.full((2, 8, 8, 3), 200.0), "divide pixels in .0, 255. by 255"),
        (np.full((2, 8, 8, 3), -0.5), "values from -0.5"),
    ],
)
def test_frames_that_are_none_are_refused(tmp_path, frames, message):
    for name in ["a.gif", "a.png", "a.npz", "folder"]:
        with pytest.raises(ValueError, match=message):
            write_clip(tmp_path / name, frames)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("scale", [0, -1, 1.5, True, "2", 10**6])
def test_scale_is_bounded(tmp_path, rng, scale):
    with pytest.raises(ValueError, match="scale"):
        save_gif(tmp_path / "a.gif", few_colours(rng), scale=scale)
    with pytest.raises(ValueError, match="scale"):
        enlarge(few_colours(rng), scale)


def test_folder_is_read_in_natural_order(tmp_path, rng):
    frames = few_colours(rng, num_frames=12)
    for index in rng.permutation(12):
        save_png(tmp_path / f"frame{index}.png", frames[index])
    (tmp_path / "notes.txt").write_text("not a frame", encoding="utf-8")
    np.testing.assert_array_equal(read_clip(tmp_path), frames)


def test_transparent_is_black(tmp_path):
    pixels = np.full((8, 16, 4), 200, np.uint8)
    pixels[:, :8, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = read_clip(tmp_path / "a.png")
    assert read.shape == (2, 8, 8, 3)
    assert read[0].max() == 0


def test_gif_parts_are_composed(tmp_path, rng):
    """A GIF may hold only what changes; the clip is what a viewer shows."""
    first, second = few_colours(rng, num_frames=2, size=12)
    second[:6] = first[:6]
    images = [Image.fromarray(f).quantize(256) for f in (first, second)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:])
    with Image.open(tmp_path / "a.gif") as image:
        image.seek(1)
        assert image.tile and image.tile[0].extents[1] == 6  # only the lower half
    np.testing.assert_array_equal(read_clip(tmp_path / "a.gif"), [first, second])


@pytest.mark.parametrize(
    ("size", "message"),
    [((100, 64), "100 x 64 pixels"), ((64, 512), "64 x 512"), ((20, 8), r"T \* 8")],
)
def test_strip_must_divide_into_squares(tmp_path, size, message):
    Image.new("RGB", size).save(tmp_path / "strip.png")
    with pytest.raises(ClipFileError, match=message) as caught:
        read_clip(tmp_path / "strip.png")
    assert "square frames from left to right" in str(caught.value)
    assert "strip.png" in str(caught.value)


def test_every_truncation_of_a_gif_is_noticed(tmp_path, rng):
    """Pillow alone takes most of them for a shorter clip."""
    data = save_gif(tmp_path / "a.gif", few_colours(rng, 3, 6)).read_bytes()
    assert len(read_clip(tmp_path / "a.gif")) == 3
    for length in range(0, len(data)):
        (tmp_path / "a.gif").write_bytes(data[:length])
        with pytest.raises(ClipFileError, match="cannot read GIF .*a.gif"):
            read_clip(tmp_path / "a.gif")


def test_damaged_bytes_give_frames_or_a_clear_error(tmp_path, rng):
    path = tmp_path / "a.gif"
    data = save_gif(path, few_colours(rng, 3, 6)).read_bytes()
    for position in rng.integers(0, len(data), 300):
        damaged = bytearray(data)
        damaged[position] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            assert read_clip(path).dtype == np.uint8
        except ClipFileError as error:
            assert "a.gif" in str(error)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.jpg", "a.npz"])
@pytest.mark.parametrize("content", [b"", b"hello, this is no picture", b"GIF89a"])
def test_unreadable_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClipFileError, match=f"cannot read .*{name}"):
        read_clip(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.npz"])
def test_truncated_files_are_named(tmp_path, rng, name):
    data = write_clip(tmp_path / name, few_colours(rng)).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ClipFileError, match=name):
        read_clip(tmp_path / name)


def test_missing_unknown_and_empty(tmp_path):
    with pytest.raises(ClipFileError, match="does not exist; expected a GIF"):
        read_clip(tmp_path / "a.gif")
    (tmp_path / "a.mp4").write_bytes(b"x")
    with pytest.raises(ClipFileError, match="unknown kind; expected a GIF"):
        read_clip(tmp_path / "a.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ClipFileError, match="no PNG or JPEG frame"):
        read_clip(tmp_path / "empty")


def test_odd_frame_of_a_folder_is_named(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "0.png")
    Image.new("RGB", (8, 9)).save(tmp_path / "1.png")
    with pytest.raises(ClipFileError, match=r"one size.*\(8, 8\).*1.png has \(9, 8\)"):
        read_clip(tmp_path)


def test_npz_arrays_are_checked(tmp_path, rng):
    frames = few_colours(rng)
    path = tmp_path / "a.npz"
    np.savez(path, frames / np.float32(255))  # the only array, whatever its name
    np.testing.assert_array_equal(read_clip(path), frames)
    np.savez(path, frames=frames[..., 0])  # grey without the channel axis
    np.testing.assert_array_equal(read_clip(path), frames[..., :1])
    for arrays, message in [
        ({"a": frames, "b": frames}, r"holds \['a', 'b'\], but no array 'frames'"),
        ({"frames": frames[0, 0]}, r"shape \(16, 3\)"),
        ({"frames": frames.astype(int)}, "dtype int64"),
        ({"frames": np.array([[[[object()]]]])}, "[Oo]bject arrays"),
        ({}, "no array 'frames'"),
    ]:
        np.savez(path, **arrays)
        with pytest.raises(ClipFileError, match=message):
            read_clip(path)


def test_size_is_checked_before_pixels_are_decoded(tmp_path):
    """A small file that claims 10^12 pixels is refused by its header alone."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 999, 999, 3)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("frames.npy", header.getvalue())
    with pytest.raises(ClipFileError, match="too large: 1000000 frames"):
        read_clip(tmp_path / "a.npz")
    gif = save_gif(tmp_path / "a.gif", np.zeros((1, 4, 4, 3), np.uint8)).read_bytes()
    (tmp_path / "a.gif").write_bytes(gif[:6] + b"\xff\xff\xff\xff" + gif[10:])
    with pytest.raises(ClipFileError, match="a.gif: .*4294836225 pixels"):
        read_clip(tmp_path / "a.gif")


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.npz", "folder"])
def test_a_failed_write_leaves_nothing(tmp_path, rng, monkeypatch, name):
    frames = few_colours(rng)
    if "." in name:
        (tmp_path / name).write_bytes(b"what was there before")

    def fail(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    monkeypatch.setattr("PIL.Image.Image.save", fail)
    monkeypatch.setattr("numpy.savez_compressed", fail)
    with pytest.raises(OSError, match="No space left"):
        write_clip(tmp_path / name, frames)
    monkeypatch.undo()
    if "." in name:
        assert listing(tmp_path) == [name]
        assert (tmp_path / name).read_bytes() == b"what was there before"
    else:
        assert listing(tmp_path) == []


def test_output_names_are_checked_first(tmp_path, rng):
    with pytest.raises(ClipFileError, match="end in .gif or .png or .npz or nothing"):
        check_output(tmp_path / "a.mp4")
    with pytest.raises(ClipFileError, match="there is no folder .*missing; make it"):
        check_output(tmp_path / "missing" / "a.gif")
    (tmp_path / "a.gif").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    for name in ["a.gif", "file"]:
        with pytest.raises(ClipFileError, match="choose another name"):
            check_output(tmp_path / name)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_bytes(b"x")
    with pytest.raises(ClipFileError, match="not empty"):
        check_output(tmp_path / "full")
    (tmp_path / "empty").mkdir()
    frames = few_colours(rng, num_frames=2)
    np.testing.assert_array_equal(
        read_clip(write_clip(tmp_path / "empty", frames)), frames
    )


def test_real_film_strip_is_read(shared_data):
    """Real video as strips of 64 x 64 frames: 61 of them here."""
    path = shared_data / "actions" / "person0_bend_original.png"
    frames = read_clip(path)
    pixels = np.asarray(Image.open(path))
    assert frames.shape == (61, 64, 64, 3)
    np.testing.assert_array_equal(frames[7], pixels[:, 7 * 64 : 8 * 64])
