"""Where the frames of a take come from: a video file, a GIF or a folder of pictures.

A source is read one frame at a time and can be read again. A damaged picture is a fault
of that frame; a video that cannot be decoded at all is a `TakeError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from halo_keras.data.clip_files import (
    MAX_FRAMES,
    PICTURES,
    ClipFileError,
    read_clip,
    read_picture,
)
from halo_keras.data.face_detector import opencv

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
# (index, RGB or grey frame, fault); without a frame, `fault` says why, and is empty
# where the frame was not asked for.
Read = tuple[int, np.ndarray | None, str]


class TakeError(ValueError):
    """A take cannot be used. `kind` is one of `take_report.KINDS`."""

    def __init__(self, kind: str, reason: str):
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True)
class FrameSource:
    """The frames of one take.

    Attributes:
        path: of the video, or of the folder.
        files: the pictures of a folder, in order; None for a video file.
    """

    path: Path
    files: tuple[Path, ...] | None = None
    _notes: dict = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_coded(self) -> bool:
        """Whether OpenCV is needed to decode it."""
        return self.files is None and self.path.suffix.lower() != ".gif"

    def read(self, every: int = 1) -> Iterator[Read]:
        """All indices in order, with the frame at each `every`-th.

        Raises: `TakeError` if nothing can be decoded.
        """
        if self.files is not None:
            return self._read_pictures(every)
        return self._read_video(every) if self.is_coded else self._read_gif(every)

    def notes(self) -> list[str]:
        """What reading to the end found wrong with the take as a whole."""
        return list(self._notes.values())

    def stamps(self) -> list[tuple[str, int, int]]:
        """(name, size in bytes, time of change in ns) of every file behind it."""
        found = []
        for file in [self.path] if self.files is None else self.files:
            try:
                state = file.stat()
                found.append((file.name, state.st_size, state.st_mtime_ns))
            except OSError:  # a broken link; reading it says so by name
                found.append((file.name, -1, 0))
        return found

    def _read_pictures(self, every):
        shape = None
        for index, file in enumerate(self.files):
            if index % every:
                yield index, None, ""
                continue
            try:
                frame = read_picture(file)
            except ClipFileError as error:
                reason = str(error.__cause__ or error).replace(f"{file.parent}/", "")
                yield index, None, f"{file.name} cannot be read ({reason.rstrip('.')})"
                continue
            shape = shape or frame.shape[:2]
            if frame.shape[:2] != shape:
                (h, w), (own_h, own_w) = shape, frame.shape[:2]
                odd = f"{file.name} is {own_h} x {own_w} pixels, the first is {h} x {w}"
                yield index, None, odd
                continue
            yield index, frame, ""

    def _read_gif(self, every):
        try:
            frames = read_clip(self.path)
        except ClipFileError as error:
            raise TakeError("unreadable", str(error)) from error
        for index, frame in enumerate(frames):
            yield index, None if index % every else frame, ""

    def _read_video(self, every):
        cv2 = opencv()
        # Left to choose, OpenCV takes `v105.avi` for one of a series of pictures.
        video = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        try:
            if not video.isOpened():
                reason = "OpenCV can neither open nor decode it"
                raise TakeError("unreadable", f"{reason}; convert it to H.264 in mp4")
            expected = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
            index = 0
            while video.grab():
                frame = None
                if index % every == 0:
                    done, frame = video.retrieve()
                    if not done or frame is None:
                        break
                    frame = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                yield index, frame, ""
                index += 1
                if index == MAX_FRAMES:
                    self._notes["long"] = f"only its first {MAX_FRAMES} frames are used"
                    return
            if index == 0:
                code = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
                name = repr(code.decode("latin1"))
                reason = f"no frame can be decoded (codec {name})"
                raise TakeError("unreadable", f"{reason}; convert it to H.264 in mp4")
            # Some containers only estimate the number of their frames.
            if expected - index > max(1, 0.02 * expected):
                ends = f"it breaks off: {index} of {expected} frames can be decoded"
                self._notes["short"] = ends
        except cv2.error as error:
            reason = f"OpenCV fails on it ({str(error).strip()})"
            raise TakeError("unreadable", reason) from error
        finally:
            video.release()


def natural(path: Path) -> list:
    """Sort key of a path's name in which `img2` comes before `img10`."""
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if part.isdecimal() else part.lower() for part in parts]


def is_picture(path: Path) -> bool:
    """A PNG or JPEG by its name, and no hidden file."""
    return path.suffix.lower() in PICTURES and not path.name.startswith(".")


def is_video(path: Path) -> bool:
    """A video or GIF by its name, and no hidden file."""
    suffix = path.suffix.lower()
    return suffix in (*VIDEOS, ".gif") and not path.name.startswith(".")
