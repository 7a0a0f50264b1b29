"""sha256 sums of a preset's files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from halo_keras.hub.errors import PresetError
from halo_keras.hub.strict_json import check_file
from halo_keras.hub.weight_layout import MAX_WEIGHT_BYTES


def sha256(path: Path) -> str:
    """The sum of a regular file of at most the size that a weight file may have."""
    check_file(path, MAX_WEIGHT_BYTES)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sums(
    folder: Path, sums: dict[str, str], only: Iterable[str] | None = None
) -> None:
    """Raises `PresetError` for the first file whose content is not the one summed.

    Args:
        folder: where the files lie.
        sums: file name -> hex digits.
        only: the names to check; all of `sums` if None.
    """
    for name in sums if only is None else only:
        if sha256(folder / name) != sums[name]:
            raise PresetError(
                f"{folder / name} is not the file that was published: its sha256 "
                "differs. Copy or fetch the preset again."
            )
