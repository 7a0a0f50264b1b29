"""Takes, cropped once and kept: one pair of files a take in the cache folder.

A take's files bear a digest of the settings and of its own files' names, sizes and
times of change. So a changed setting or file is worked out anew and nothing else is;
a run that was stopped goes on with the takes that are missing; and reasons why a take
is skipped are kept as well. The record (`.json`) is written after the frames (`.npy`),
each under a temporary name first, and frames that do not fit their record count as
missing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from halo_keras.data.clip_writer import replacing
from halo_keras.data.face_crops import Cropped
from halo_keras.data.frame_sources import FrameSource, TakeError
from halo_keras.data.pinned_download import cache_folder
from halo_keras.data.take_report import KINDS, Skipped

VERSION = 1  # raised when the same settings give other frames


@dataclass(frozen=True)
class Take:
    """One recording: its name (the path below the source) and where its frames are."""

    name: str
    source: FrameSource


@dataclass(frozen=True)
class CachedTake:
    """A cropped take. `frames` is memory-mapped when asked for.

    Attributes:
        name: as of the `Take`.
        path: of the frames.
        readable: bool `(num_frames,)`; a frame that is not is black.
        notes: what was wrong with it, in words.
    """

    name: str
    path: Path
    readable: np.ndarray
    notes: tuple[str, ...]

    @property
    def frames(self) -> np.ndarray:
        """`(num_frames, size, size, channels)` uint8."""
        return np.load(self.path, mmap_mode="r", allow_pickle=False)

    def __len__(self) -> int:
        return len(self.readable)


def digest_of(value) -> str:
    """20 hexadecimal digits of the sha256 of plain JSON values."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def folder_of(dataset: str) -> Path:
    """Where the takes and reports of a dataset are kept."""
    return cache_folder() / dataset


def prepare(
    takes: Iterable[Take],
    folder: Path,
    settings: dict,
    crop: Callable[[FrameSource], Cropped],
    verbose: int = 1,
) -> list[CachedTake | Skipped]:
    """Every take cropped, from the cache where it is there; in the order given.

    The work is done by as many threads as there are processors (OpenCV and Pillow
    compute without Python's lock); a take's result does not depend on their number.

    Args:
        takes: with names of their own.
        folder: of the cache.
        settings: plain JSON values; everything that `crop` depends on.
        crop: cuts one take out; `TakeError` says why it cannot.
        verbose: 1 shows a progress bar if there is anything to do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    takes = list(takes)
    paths = [folder / _file_name(take, settings) for take in takes]
    results = [_read(take, path) for take, path in zip(takes, paths, strict=True)]
    missing = [index for index, result in enumerate(results) if result is None]
    if not missing:
        return results
    bar = keras.utils.Progbar(len(missing), verbose=verbose, unit_name="take")
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        futures = {
            pool.submit(_make, takes[index], paths[index], crop): index
            for index in missing
        }
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            bar.add(1)
    finally:  # an error or Ctrl-C waits only for the takes that have begun
        pool.shutdown(cancel_futures=True)
    return results


def _file_name(take: Take, settings: dict) -> str:
    files = [list(stamp) for stamp in take.source.stamps()]
    return digest_of([VERSION, settings, take.name, files]) + ".npy"


def _make(take: Take, path: Path, crop) -> CachedTake | Skipped:
    try:
        cropped = crop(take.source)
    except TakeError as error:
        reason = str(error).replace(str(take.source.path), take.source.path.name)
        _write_record(path, {"kind": error.kind, "reason": reason})
        return Skipped(take.name, error.kind, reason)
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, cropped.frames)
    unreadable = np.flatnonzero(~cropped.readable).tolist()
    record = {"num_frames": len(cropped.frames), "unreadable": unreadable}
    _write_record(path, {**record, "notes": cropped.notes})
    return CachedTake(take.name, path, cropped.readable, tuple(cropped.notes))


def _write_record(path: Path, record: dict) -> None:
    with replacing(path.with_suffix(".json")) as part:
        part.write_text(json.dumps(record), encoding="utf-8")


def _read(take: Take, path: Path) -> CachedTake | Skipped | None:
    """What the cache holds of a take; None if it is not there, or not whole."""
    try:
        record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if "kind" in record:
            if record["kind"] not in KINDS:
                return None
            return Skipped(take.name, record["kind"], record["reason"])
        readable = np.ones(record["num_frames"], bool)
        readable[record["unreadable"]] = False
        cached = CachedTake(take.name, path, readable, tuple(record["notes"]))
        # A file that was cut short does not map to the shape in its header.
        return cached if cached.frames.shape[0] == len(readable) else None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
