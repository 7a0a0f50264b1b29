"""A take as square pictures of one size: the face, followed, or the frame's middle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from halo_keras.data.face_boxes import steady_boxes
from halo_keras.data.face_detector import find_face
from halo_keras.data.fit_frames import fit_frames
from halo_keras.data.frame_sources import FrameSource, TakeError

DETECT_EVERY = 2  # frames; heads move little between two, and detection costs most
MIN_FOUND = 0.2  # share of the frames looked at in which a face must be found


class Cropped(NamedTuple):
    """What is kept of a take.

    Attributes:
        frames: `(num_frames, size, size, channels)` uint8.
        readable: bool `(num_frames,)`; where False, the frame is black.
        notes: what was wrong with it, in words.
    """

    frames: np.ndarray
    readable: np.ndarray
    notes: list[str]


def crop_faces(source: FrameSource, size: int, channels: int, margin: float) -> Cropped:
    """The face of a take: found, followed by a steady box, cut out and resized.

    The take is read twice, so that no more than one large frame is held. Faces are
    looked for in every `DETECT_EVERY`-th frame and the boxes made steady by
    `face_boxes.steady_boxes`.

    Args:
        source: the take.
        size: height and width of the result, in pixels.
        channels: 3 (RGB) or 1 (grey).
        margin: added on each side of the detector's box, as a share of its side.

    Raises: `TakeError` without a face, or with one in too few frames.
    """
    detected = []
    looked = 0
    for _, frame, _ in source.read(every=DETECT_EVERY):
        box = None
        if frame is not None:
            looked += 1
            box = find_face(frame)
        detected.append((np.nan,) * 3 if box is None else box)
    if not detected:
        raise TakeError("empty", "it holds no frame")
    boxes = np.asarray(detected, np.float64)
    found = int(np.isfinite(boxes[:, 0]).sum())
    if looked and found < MIN_FOUND * looked:
        where = f"only {found}" if found else "none"
        reason = f"a face was found in {where} of the {looked} frames looked at"
        raise TakeError("no face", reason)
    # Without any readable frame `_collect` says so; boxes are then of no use.
    boxes = steady_boxes(boxes) if found else boxes

    def crop(index, frame):
        x, y, side = boxes[min(index, len(boxes) - 1)]
        return square_crop(frame, x, y, side * (1 + 2 * margin), size, channels)

    cropped = _collect(source, crop, size, channels)
    if found < looked:
        missed = f"no face in {looked - found} of the {looked} frames looked at"
        cropped.notes.append(f"{missed}; their boxes are interpolated")
    return cropped


def crop_centres(source: FrameSource, size: int, channels: int) -> Cropped:
    """The largest centred square of every frame, resized; see `fit_frames`."""

    def crop(index, frame):
        return fit_frames(frame[None], (size, size, channels))[0]

    return _collect(source, crop, size, channels)


def square_crop(frame, x, y, side, size: int, channels: int) -> np.ndarray:
    """The square around (x, y), of any real position and side, as `(size, size, c)`.

    Beyond the frame its border pixels go on. Each new pixel is a weighted mean of
    those it covers (Pillow's antialiased bilinear filter).

    Args:
        frame: `(height, width, 1 or 3)` uint8.
        x, y: centre in pixels; the upper left corner of the frame is (0, 0).
        side: in pixels.
    """
    from PIL import Image

    height, width = frame.shape[:2]
    left, top = x - side / 2, y - side / 2
    outside = max(-left, -top, left + side - width, top + side - height, 0)
    if outside:
        border = int(np.ceil(outside))
        frame = np.pad(frame, ((border, border), (border, border), (0, 0)), "edge")
        left, top = left + border, top + border
    right = min(left + side, frame.shape[1])
    bottom = min(top + side, frame.shape[0])
    image = Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame)
    image = image.resize(
        (size, size), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    image = image.convert("L" if channels == 1 else "RGB")
    return np.asarray(image).reshape(size, size, channels)


def _collect(source, crop, size, channels) -> Cropped:
    frames, readable, notes = [], [], []
    for index, frame, fault in source.read():
        readable.append(frame is not None)
        if frame is None:
            frames.append(np.zeros((size, size, channels), np.uint8))
            notes.append(fault)
        else:
            frames.append(crop(index, frame))
    if not any(readable):
        if notes:
            raise TakeError("unreadable", f"none of its frames can be read: {notes[0]}")
        raise TakeError("empty", "it holds no frame")
    return Cropped(np.stack(frames), np.asarray(readable), notes + source.notes())
