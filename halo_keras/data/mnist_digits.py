"""MNIST's digits from wherever they are: Keras, IDX files, or parquet.

Motion is made from them by `rotating_mnist` and `moving_mnist`. Training digits are
MNIST's training images and test digits its test images. Where only the 10,000 test
images are, every fifth of them (index 4, 9, 14, ...) is a test digit and the others
train: fewer and other digits than everybody else's, which `Digits.note` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from halo_keras.data.idx_files import read_idx
from halo_keras.data.mnist_parquet import DIGIT_NAMES, FILE, SIZE, read_mnist
from halo_keras.schema import nearest

LICENSE = "CC-BY-SA-3.0"
ATTRIBUTION = "MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges"
STEMS = {"train": "train", "test": "t10k"}
EVERY = 5  # of the test images, one is a test digit where there are no others
NOTE = (
    "; of MNIST only the 10,000 test images, every fifth of which is a test digit and "
    "the others training digits"
)


@dataclass(frozen=True)
class Digits:
    """Pictures of single digits.

    Attributes:
        images: `(num_digits, 28, 28)` uint8, white on black.
        labels: `(num_digits,)` int64 in [0, 9].
        note: what is unusual about the split, for the attribution; or "".
    """

    images: np.ndarray
    labels: np.ndarray
    note: str = ""


def read_digits(split: str, source=None) -> Digits:
    """The digits of a split, in MNIST's order.

    Args:
        split: `"train"` or `"test"`.
        source: None: `keras.datasets.mnist`, which downloads them once; a folder with
            the IDX files (`t10k-images-idx3-ubyte.gz`, ..., plain or gzipped) or with
            the parquet files of `ylecun/mnist`; or the `hf://` handle of that.

    Raises: FileNotFoundError that names what was looked for; ValueError naming a
        damaged file; ConnectionError if Keras cannot download; HubError.
    """
    if source is None:
        return Digits(*_from_keras(split))
    if str(source).startswith("hf://"):
        return Digits(*read_mnist(split, source))
    folder = Path(source)
    if not folder.is_dir():
        raise FileNotFoundError(f"the MNIST folder {folder} does not exist.")
    if _idx_path(folder, STEMS[split], "images") is not None:
        if _idx_path(folder, STEMS["train"], "images") is not None:
            return Digits(*_from_idx(folder, STEMS[split]))
    if _idx_path(folder, STEMS["test"], "images") is not None:
        images, labels = _from_idx(folder, STEMS["test"])
        is_test = np.arange(len(labels)) % EVERY == EVERY - 1
        chosen = is_test if split == "test" else ~is_test
        return Digits(images[chosen], labels[chosen], NOTE)
    name = Path(FILE.format(split=split))
    if (folder / name).is_file() or (folder / name.name).is_file():
        return Digits(*read_mnist(split, folder))
    raise FileNotFoundError(
        f"{folder} holds neither MNIST's IDX files (t10k-images-idx3-ubyte.gz and "
        f"t10k-labels-idx1-ubyte.gz, with those named train-... beside them or not) "
        f"nor {name} of ylecun/mnist."
    )


def check_digits(digits) -> list[int]:
    """A list of different digits in [0, 9], sorted; None is all of them.

    Raises: ValueError that says what is wrong with it.
    """
    if digits is None:
        return list(range(10))
    fits = (
        isinstance(digits, Sequence)
        and not isinstance(digits, str)
        and len(digits) > 0
        and all(isinstance(d, (int, np.integer)) for d in digits)
        and not any(isinstance(d, bool) for d in digits)
        and all(0 <= d <= 9 for d in digits)
        and len(set(digits)) == len(digits)
    )
    if not fits:
        odd = digits
        if isinstance(digits, (list, tuple)) and len(digits):
            known = [d for d in digits if d not in range(10) or isinstance(d, bool)]
            odd = known[0] if known else digits
        hint = nearest(odd, DIGIT_NAMES) if isinstance(odd, str) else ""
        raise ValueError(
            "digits must be a list of different whole numbers from 0 to 9, such as "
            f"[3] or [1, 4, 7], received {digits!r}{hint or '.'}"
        )
    return sorted(int(d) for d in digits)


def of_classes(digits: Digits, wanted) -> Digits:
    """The digits whose class is among `wanted` (see `check_digits`), in order."""
    kept = np.isin(digits.labels, check_digits(wanted))
    return Digits(digits.images[kept], digits.labels[kept], digits.note)


def _from_keras(split: str) -> tuple[np.ndarray, np.ndarray]:
    import keras

    try:
        train, test = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a plain Exception without a network
        raise ConnectionError(
            f"keras.datasets.mnist could not be read ({error}). With MNIST's files, "
            "pass source=FOLDER (--data-dir FOLDER)."
        ) from error
    images, labels = train if split == "train" else test
    return images, labels.astype("int64")


def _from_idx(folder: Path, stem: str) -> tuple[np.ndarray, np.ndarray]:
    paths = {what: _idx_path(folder, stem, what) for what in ("images", "labels")}
    if paths["labels"] is None:
        raise FileNotFoundError(
            f"{folder} holds {paths['images'].name} but not {stem}-labels-idx1-ubyte."
        )
    images, labels = read_idx(paths["images"], 3), read_idx(paths["labels"], 1)
    if images.shape[1:] != (SIZE, SIZE) or len(images) != len(labels):
        raise ValueError(
            f"{paths['images']} must hold pictures of {SIZE} x {SIZE} pixels, as many "
            f"as {paths['labels'].name} has labels ({len(labels)}), and is of shape "
            f"{images.shape}."
        )
    if labels.max(initial=0) > 9:
        raise ValueError(f"{paths['labels']} holds the label {labels.max()}: no digit.")
    return images, labels.astype("int64")


def _idx_path(folder: Path, stem: str, what: str) -> Path | None:
    rank = {"images": 3, "labels": 1}[what]
    for dash in ("-", "."):
        for end in (".gz", ""):
            path = folder / f"{stem}-{what}{dash}idx{rank}-ubyte{end}"
            if path.is_file():
                return path
    return None
