"""OpenCV, and the face detector that ships in its wheel (the extra `faces`).

Viola & Jones 2001, as a cascade of Haar features: `haarcascade_frontalface_alt`, the
one of HALO's published script for MUG, with its scale factor 1.1 and 5 neighbours.
OpenCV 5 no longer has cascades, so that the extra stays below it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np

CASCADE = "haarcascade_frontalface_alt.xml"
SCALE_FACTOR = 1.1
MIN_NEIGHBOURS = 5
MIN_FACE = 0.1  # of the frame's shorter side; HALO's script: 96 of 896 pixels
MAX_SIDE = 320  # pixels of the longer side in which faces are looked for

_LOCAL = threading.local()  # a cascade keeps state while it looks: one a thread


def opencv():
    """The module `cv2`.

    Raises: ImportError that names the extra.
    """
    # What it prints of damaged videos is in our report, by name.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            "videos and faces are read with OpenCV, which is not installed. "
            'Install it with: pip install "halo-keras[faces]"'
        ) from error
    return cv2


def cascade_path() -> Path:
    """The cascade's file in the installed OpenCV.

    Raises: ImportError if this OpenCV has none (OpenCV 5).
    """
    cv2 = opencv()
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    path = Path(folder) / CASCADE
    if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
        raise ImportError(
            f"OpenCV {cv2.__version__} has no Haar cascade; OpenCV 5 dropped them. "
            'Install an older one with: pip install "halo-keras[faces]"'
        )
    return path


def find_face(frame: np.ndarray) -> tuple[float, float, float] | None:
    """The largest frontal face: (centre x, centre y, side) in pixels, or None.

    Args:
        frame: `(height, width, channels)` uint8 with 1 or 3 channels (RGB).
    """
    cv2 = opencv()
    if not hasattr(_LOCAL, "cascade"):
        _LOCAL.cascade = cv2.CascadeClassifier(str(cascade_path()))
    grey = frame[..., 0]
    if frame.shape[-1] == 3:
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, MAX_SIDE / max(grey.shape))
    if scale < 1:
        size = [max(1, round(scale * side)) for side in grey.shape[::-1]]
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    smallest = max(1, round(MIN_FACE * min(grey.shape)))
    found = _LOCAL.cascade.detectMultiScale(
        np.ascontiguousarray(grey),
        scaleFactor=SCALE_FACTOR,
        minNeighbors=MIN_NEIGHBOURS,
        minSize=(smallest, smallest),
    )
    if not len(found):
        return None
    # Of equally large ones the leftmost: OpenCV's order is not promised.
    left, top, side, _ = max(found.tolist(), key=lambda b: (b[2], -b[0], -b[1]))
    return (left + side / 2) / scale, (top + side / 2) / scale, side / scale
