"""Faces drawn well enough that OpenCV's detector finds them, and folders of them."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FACE = 100  # units: the detector's box is about as many wide


def draw_face(
    size=120,
    centre=(60, 60),
    side=60,
    mouth=0.0,
    skin=(224, 180, 150),
    back=(90, 110, 130),
) -> np.ndarray:
    """One frontal face, `(size, size, 3)` uint8.

    Args:
        centre, side: of the face in pixels, about as the detector sees them.
        mouth: how far open, in [0, 1].
    """
    fine = 3
    image = Image.new("RGB", (size * fine, size * fine), back)
    draw = ImageDraw.Draw(image)
    unit = side / FACE

    def ellipse(x, y, rx, ry, fill):
        x, y = centre[0] + x * unit, centre[1] + (y + 5) * unit
        rx, ry = rx * unit, ry * unit
        box = np.array([x - rx, y - ry, x + rx, y + ry]) * fine
        draw.ellipse(box.tolist(), fill=fill)

    dark = tuple(int(0.55 * c) for c in skin)
    ellipse(0, -8, 56, 72, (60, 40, 30))  # hair
    ellipse(0, 8, 48, 62, skin)
    for way in (-1, 1):
        ellipse(20 * way, -14, 15, 9, dark)
        ellipse(20 * way, -13, 9, 5, (240, 240, 240))
        ellipse(20 * way, -13, 5, 5, (30, 20, 20))
        ellipse(20 * way, -25, 14, 3, (50, 35, 30))
        ellipse(5 * way, 17, 4, 3, dark)
    ellipse(0, 2, 5, 16, tuple(min(255, int(1.1 * c)) for c in skin))
    ellipse(0, 38, 18, 5 + 8 * mouth, (140, 50, 50))
    image = image.resize((size, size), Image.Resampling.BOX)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)))


def draw_take(num_frames, subject=0, **options) -> np.ndarray:
    """A face that moves a little and opens its mouth: `(num_frames, 120, 120, 3)`."""
    skin = tuple(
        int(c) for c in np.array([224, 180, 150]) * (0.7 + 0.1 * (subject % 4))
    )
    options = {"skin": skin, **options}
    frames = []
    for t in range(num_frames):
        phase = t / max(1, num_frames - 1)
        centre = (58 + 4 * phase, 60 - 2 * phase)
        frames.append(draw_face(centre=centre, mouth=np.sin(np.pi * phase), **options))
    return np.stack(frames)


def save_pictures(folder: Path, frames, pattern="img_{:04d}.jpg") -> Path:
    """Frames as pictures of a folder; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / pattern.format(index), quality=95)
    return folder


def save_video(path: Path, frames, codec="MJPG", fps=25) -> Path:
    """Frames as a video by OpenCV; returns the path."""
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*codec), fps, (width, height)
    )
    assert writer.isOpened(), f"this OpenCV cannot write {codec}"
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    return path
