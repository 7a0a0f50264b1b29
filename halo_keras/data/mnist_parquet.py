"""MNIST in the parquet schema of `ylecun/mnist`: columns `image` and `label`, exactly.

    mnist/train-00000-of-00001.parquet, mnist/test-00000-of-00001.parquet
    image   `Image()`: a grey PNG of 28 x 28 pixels, by its bytes
    label   `ClassLabel(names=["0", ..., "9"])`

The same two files can lie in a folder on disk.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from halo_keras.data.clip_parquet import open_parquet
from halo_keras.data.clip_rows import from_png

SIZE = 28
DIGIT_NAMES = [str(digit) for digit in range(10)]
SPLITS = ("train", "test")
FILE = "mnist/{split}-00000-of-00001.parquet"
MAX_BYTES = 256 * 1024 * 1024
MAX_DIGITS = 1_000_000
_ROWS_AT_ONCE = 1024


def read_mnist(
    split: str, source: str | PathLike = "hf://ylecun/mnist", **access
) -> tuple[np.ndarray, np.ndarray]:
    """Digits and what they are.

    Args:
        split: `"train"` or `"test"`.
        source: `hf://owner/name[@revision]`, or a folder that holds the files, with or
            without the folder `mnist` around them.
        **access: `cache_dir`, `token`, `local_files_only`, ... of `client.fetch`.

    Returns: images `(num_digits, 28, 28)` uint8, white on black, and labels
        `(num_digits,)` int64 in [0, 9].
    Raises: HubError if the Hub cannot be asked; FileNotFoundError without the file;
        ValueError naming the file if it has not this schema, or is damaged.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {list(SPLITS)}, received {split!r}.")
    name = FILE.format(split=split)
    if str(source).startswith("hf://"):
        from halo_keras.hub import client, handles

        handle = handles.parse(str(source))
        fetched = client.fetch(
            handle.repo_id,
            files=[name],
            revision=handle.revision,
            repo_type="dataset",
            max_bytes=MAX_BYTES,
            **access,
        )
        return _read(fetched.folder / name, f"{handle}: {name}")
    path = Path(source) / name
    if not path.is_file() and (Path(source) / path.name).is_file():
        path = Path(source) / path.name
    return _read(path, str(path))


def _read(path: Path, where: str) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow
    from datasets import ClassLabel, Features, Image

    expected = Features({"image": Image(), "label": ClassLabel(names=DIGIT_NAMES)})
    with open_parquet(path, expected, where) as file:
        count = file.metadata.num_rows
        if not 1 <= count <= MAX_DIGITS:
            raise ValueError(f"{where}: 1 to {MAX_DIGITS} digits expected: {count}.")
        images = np.empty((count, SIZE, SIZE), np.uint8)
        labels = np.empty(count, "int64")
        row = 0
        try:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                pictures = batch.column("image").to_pylist()
                digits = batch.column("label").to_pylist()
                for picture, digit in zip(pictures, digits, strict=True):
                    at = f"{where}, row {row}"
                    if digit is None or not 0 <= digit <= 9:
                        raise ValueError(f"{at}: label {digit} is no digit.")
                    # A path beside the bytes is a name, and is not opened.
                    content = None if picture is None else picture["bytes"]
                    images[row] = from_png(content, (SIZE, SIZE, 1), at)[..., 0]
                    labels[row] = digit
                    row += 1
        except (pyarrow.ArrowException, OSError) as error:
            raise ValueError(f"{where} is damaged: {error}") from error
    return images, labels
