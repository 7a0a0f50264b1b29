"""The detector finds drawn faces; crops follow them and are what a slow sum gives."""

import numpy as np
import pytest
from drawn_faces import draw_face, draw_take, save_pictures
from PIL import Image

from halo_keras.data import face_crops, face_detector
from halo_keras.data.frame_sources import FrameSource, TakeError, natural


def source_of(folder):
    return FrameSource(folder, tuple(sorted(folder.iterdir(), key=natural)))


def test_drawn_faces_are_found_where_they_are(rng):
    for _ in range(12):
        side = rng.uniform(50, 90)
        x, y = rng.uniform(52, 68, 2)
        frame = draw_face(centre=(x, y), side=side, mouth=rng.random())
        found = face_detector.find_face(frame)
        assert found is not None
        assert np.hypot(found[0] - x, found[1] - y) < 0.12 * side
        assert 0.9 < found[2] / side < 1.5


def test_large_frames_are_searched_small_and_grey_ones_too():
    frame = draw_face(size=640, centre=(300, 340), side=200)
    for picture in (frame, frame.mean(axis=-1, keepdims=True).astype(np.uint8)):
        x, y, side = face_detector.find_face(picture)
        assert np.hypot(x - 300, y - 340) < 20 and 180 < side < 280
    assert face_detector.find_face(np.full((90, 120, 3), 128, np.uint8)) is None


def test_opencv_without_cascades_or_not_there_names_the_extra(monkeypatch):
    monkeypatch.setattr(face_detector, "CASCADE", "haarcascade_nobody.xml")
    with pytest.raises(ImportError, match=r"no Haar cascade.*halo-keras\[faces\]"):
        face_detector.cascade_path()
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(ImportError, match=r"pip install \"halo-keras\[faces\]\""):
        face_detector.opencv()


def test_a_square_is_cut_out_where_it_is_asked_for(rng):
    """Whole pixels, no resizing: slices; the border goes on outside."""
    frame = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    inside = face_crops.square_crop(frame, 20, 16, 12, 12, 3)
    np.testing.assert_array_equal(inside, frame[10:22, 14:26])
    outside = face_crops.square_crop(frame, 2, 38, 12, 12, 3)
    rows, columns = np.clip(range(32, 44), 0, 39), np.clip(range(-4, 8), 0, 49)
    np.testing.assert_array_equal(outside, frame[rows][:, columns])


def test_resizing_is_the_mean_with_a_triangle_of_weights(rng):
    """Against the definition of the filter, at a real-valued position and side."""
    frame = rng.integers(0, 256, (48, 60, 1)).astype(np.uint8)
    x, y, side, size = 30.3, 21.6, 29.5, 8
    scale = side / size
    expected = np.zeros((size, size))

    def weights(low, count, k):
        centre = low + (k + 0.5) * scale
        w = np.maximum(0, 1 - np.abs(np.arange(count) + 0.5 - centre) / scale)
        return w / w.sum()

    for i in range(size):
        for j in range(size):
            row = weights(y - side / 2, 48, i)
            column = weights(x - side / 2, 60, j)
            expected[i, j] = row @ frame[..., 0] @ column
    out = face_crops.square_crop(frame, x, y, side, size, 1)[..., 0]
    assert np.abs(out - expected).max() < 1.5  # rounded twice


def test_faces_are_followed(tmp_path):
    """The face drifts by 40 pixels; in the crops it stays where it is."""
    frames = [draw_face(160, (60 + 2 * t, 80), 60) for t in range(20)]
    cropped = face_crops.crop_faces(
        source_of(save_pictures(tmp_path / "a", frames)), 64, 3, margin=0.1
    )
    assert cropped.frames.shape == (20, 64, 64, 3) and cropped.readable.all()
    assert cropped.notes == []
    fixed = np.stack([face_crops.square_crop(f, 80, 80, 84, 64, 3) for f in frames])

    def change(crops):
        return np.abs(crops[5:15].astype(int) - crops[10]).mean()

    assert change(cropped.frames) < 0.4 * change(fixed)
    # The face fills the crop: skin in the middle, margins given by the option.
    wide = face_crops.crop_faces(source_of(tmp_path / "a"), 64, 1, margin=0.6)
    assert wide.frames.shape == (20, 64, 64, 1)
    background = (np.abs(wide.frames.astype(int) - 107) < 12).mean()
    assert background > 0.3


def test_a_face_missing_for_a_while_is_bridged_and_noted(tmp_path):
    frames = draw_take(24)
    frames[8:14] = 100
    cropped = face_crops.crop_faces(
        source_of(save_pictures(tmp_path / "a", frames)), 32, 3, margin=0
    )
    assert cropped.readable.all()
    assert cropped.notes == [
        "no face in 3 of the 12 frames looked at; their boxes are interpolated"
    ]


@pytest.mark.parametrize(
    ("faces", "message"), [(0, "none of the 12"), (2, "only 1 of the 12")]
)
def test_too_few_faces(tmp_path, faces, message):
    frames = np.full((24, 120, 120, 3), 100, np.uint8)
    frames[:faces] = draw_take(24)[:faces]
    with pytest.raises(TakeError, match=message) as caught:
        face_crops.crop_faces(
            source_of(save_pictures(tmp_path / "a", frames)), 32, 3, margin=0
        )
    assert caught.value.kind == "no face"


def test_whole_frames_take_the_middle(tmp_path):
    frames = np.zeros((2, 20, 40, 3), np.uint8)
    frames[:, :, 10:30] = 200
    folder = save_pictures(tmp_path / "a", frames, "{}.png")
    cropped = face_crops.crop_centres(source_of(folder), 10, 3)
    np.testing.assert_array_equal(cropped.frames, np.full((2, 10, 10, 3), 200))


def test_damaged_and_odd_pictures_are_faults_of_their_frame(tmp_path):
    folder = save_pictures(tmp_path / "a", draw_take(8))
    whole = (folder / "img_0002.jpg").read_bytes()
    (folder / "img_0002.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "img_0003.jpg").write_text("no picture")
    (folder / "img_0004.jpg").write_bytes(b"")
    Image.new("RGB", (60, 50)).save(folder / "img_0005.jpg")
    (folder / "img_0006.jpg").unlink()
    (folder / "img_0006.jpg").symlink_to(folder / "gone.jpg")
    cropped = face_crops.crop_faces(source_of(folder), 32, 3, margin=0)
    assert cropped.readable.tolist() == [True, True] + 5 * [False] + [True]
    assert not cropped.frames[2:7].any()
    for name, note in zip(range(2, 7), cropped.notes[:5], strict=True):
        assert note.startswith(f"img_000{name}.jpg ") and str(tmp_path) not in note
    assert "50 x 60 pixels, the first is 120 x 120" in cropped.notes[3]
    for file in folder.iterdir():
        file.unlink()
        file.write_text("no picture")
    with pytest.raises(TakeError, match="none of its frames can be read: img_0000"):
        face_crops.crop_centres(source_of(folder), 32, 3)
