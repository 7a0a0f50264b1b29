"""IDX files: read as they are defined, and damaged ones named."""

import gzip
import struct

import numpy as np
import pytest

from halo_keras.data.idx_files import read_idx
from halo_keras.data.mnist_digits import NOTE, check_digits, read_digits


def idx(array) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + bytes(int(value) for value in array.ravel())


@pytest.fixture
def digits(rng):
    images = rng.integers(0, 256, size=(20, 28, 28), dtype=np.uint8)
    return images, np.arange(20, dtype=np.uint8) % 10


@pytest.fixture
def folder(tmp_path, digits):
    """The test files alone, one of them plain."""
    images, labels = digits
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(labels))
    return tmp_path


def test_values_and_shape_are_those_written(tmp_path, rng):
    array = rng.integers(0, 256, size=(3, 2, 5), dtype=np.uint8)
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx(array)))
    (tmp_path / "b").write_bytes(idx(array))
    for name in ("a.gz", "b"):
        np.testing.assert_array_equal(read_idx(tmp_path / name, 3), array)


@pytest.mark.parametrize(
    "damage, why",
    [
        (lambda b: b[:-7], "promises 30 values of shape .* and there are 23"),
        (lambda b: b + b"x", "there are 31"),
        (lambda b: b"\x1f\x8b" + b[2:], "begins with 1f8b"),
        (lambda b: b[:2] + b"\x0d" + b[3:], "of type 13, expected 8"),
        (lambda b: b[:3] + b"\x02" + b[4:], "it has 2 axes, expected 3"),
        (lambda b: b[:9], "ends within its header"),
        (lambda b: b"", "begins with nothing"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, damage, why):
    path = tmp_path / "digits-idx3-ubyte"
    path.write_bytes(damage(idx(np.zeros((3, 2, 5), np.uint8))))
    with pytest.raises(ValueError, match=f"digits-idx3-ubyte is damaged.*{why}"):
        read_idx(path, 3)


def test_a_truncated_gzip_is_named(folder):
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="t10k-images-idx3-ubyte.gz is damaged"):
        read_digits("test", folder)


def test_every_fifth_test_image_is_a_test_digit_where_there_are_no_others(
    folder, digits
):
    images, labels = digits
    train, test = read_digits("train", folder), read_digits("test", folder)
    np.testing.assert_array_equal(test.images, images[[4, 9, 14, 19]])
    np.testing.assert_array_equal(test.labels, labels[[4, 9, 14, 19]])
    assert len(train.labels) == 16 and train.note == test.note == NOTE
    seen = {image.tobytes() for image in train.images}
    assert not seen & {image.tobytes() for image in test.images}


def test_all_files_are_mnists_own_split(folder, digits):
    images, labels = digits
    (folder / "train-images.idx3-ubyte").write_bytes(idx(images[:3]))
    (folder / "train-labels.idx1-ubyte").write_bytes(idx(labels[:3]))
    train, test = read_digits("train", folder), read_digits("test", folder)
    assert (len(train.labels), len(test.labels)) == (3, 20)
    assert train.note == test.note == ""


def test_what_is_missing_or_does_not_fit_is_said(tmp_path, folder, digits):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_digits("train", tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="neither MNIST's IDX files"):
        read_digits("train", empty)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(digits[1][:-1]))
    with pytest.raises(ValueError, match="as many as .* has labels \\(19\\)"):
        read_digits("test", folder)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="but not t10k-labels"):
        read_digits("test", folder)


@pytest.mark.parametrize("wrong", [[], [3, 3], [10], ["3"], [True], "3", 3, [-1]])
def test_a_wrong_list_of_digits(wrong):
    with pytest.raises(ValueError, match="digits must be a list of different whole"):
        check_digits(wrong)
    assert check_digits([7, 1]) == [1, 7] and check_digits(None) == list(range(10))
