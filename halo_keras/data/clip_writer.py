"""Writing clips: animated GIF, PNG strip, folder of frames, `.npz`.

What is written carries the comment `COMMENT`, appears under its name only when it
is complete, and has exactly as many frames as the clip (Pillow's own GIF writer
merges equal neighbours into one longer frame, so a still tail would be lost).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from pathlib import Path

import numpy as np
from PIL import GifImagePlugin, Image, PngImagePlugin

from halo_keras.data.clip_files import MAX_PIXELS, ClipFileError, to_uint8

COMMENT = "synthetic: halo-keras"
WRITABLE = (".gif", ".png", ".npz", "")


def write_clip(path, frames, fps=8, scale=1) -> Path:
    """Writes one clip; the kind follows from the name, none is a folder of PNG frames.

    Args:
        path: ends in `.gif`, `.png` (a strip from left to right), `.npz` or nothing.
        frames: `(time, height, width, channels)`, uint8 or real numbers in [0, 1].
        fps: frames a second of a GIF, see `save_gif`.
        scale: each pixel becomes scale x scale pixels (not in `.npz`).
    Returns: the path.
    Raises: `ClipFileError` for a name that cannot be written, `ValueError` for frames.
    """
    path = check_output(path)
    frames = to_uint8(frames)
    suffix = path.suffix.lower()
    if suffix == ".gif":
        save_gif(path, frames, fps=fps, scale=scale)
    elif suffix == ".png":
        save_png(path, enlarge(np.concatenate(list(frames), axis=1), scale))
    elif suffix == ".npz":
        save_npz(path, frames)
    else:
        digits = len(str(len(frames) - 1))
        with replacing(path) as part:
            part.mkdir()
            for index, frame in enumerate(enlarge(frames, scale)):
                save_png(part / f"frame{index:0{digits}d}.png", frame)
    return path


def check_output(path, suffixes=WRITABLE) -> Path:
    """`path`, if something can be written there; ask before the long work."""
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        kinds = " or ".join(s or "nothing (a folder of frames)" for s in suffixes)
        raise ClipFileError(f"cannot write {path}: its name must end in {kinds}.")
    if not path.parent.is_dir():
        raise ClipFileError(
            f"cannot write {path}: there is no folder {path.parent}; make it first."
        )
    if path.exists() and path.is_dir() != (path.suffix == ""):
        raise ClipFileError(
            f"cannot write {path}: a file or folder of that name and another kind is "
            "there; choose another name."
        )
    if path.is_dir() and any(path.iterdir()):
        raise ClipFileError(
            f"cannot write {path}: that folder is not empty; choose another name."
        )
    return path


def save_gif(path, frames, fps=8, comment=COMMENT, scale=1) -> Path:
    """Writes frames as a looped GIF, exactly if a frame has at most 256 colours.

    One colour table serves the whole clip if its colours fit, else each frame has its
    own; a frame with more colours is quantised by median cut, without dithering.

    Args:
        path: ends in `.gif`.
        frames: `(time, height, width, channels)`, uint8 or real numbers in [0, 1].
        fps: frames a second, in (0, 50] (viewers slow faster ones down). GIF counts
            hundredths of a second: the rounding is spread over the frames, so that
            the whole keeps its length.
        comment: the text of the GIF's comment extension.
        scale: each pixel becomes scale x scale pixels.
    Returns: the path.
    """
    path = check_output(path, (".gif",))
    frames = to_uint8(frames)
    if not 0 < fps <= 50:
        raise ValueError(f"fps must lie in (0, 50], received {fps!r}.")
    size = _scaled(frames, scale)
    images = [image.resize(size) for image in _palette_images(frames)]
    tables = [bytes(image.palette.palette) for image in images]
    own_tables = any(table != tables[0] for table in tables)
    ends = np.round(np.arange(len(images) + 1) * 100 / fps).astype(int)
    info = {"loop": 0, "comment": comment}
    blocks = list(GifImagePlugin.getheader(images[0].copy(), info=info)[0])
    for image, centiseconds in zip(images, np.diff(ends), strict=True):
        blocks += GifImagePlugin.getdata(
            image, duration=10 * int(centiseconds), include_color_table=own_tables
        )
    with replacing(path) as part:
        part.write_bytes(b"".join(blocks) + b";")
    return path


def save_png(path, image, comment=COMMENT) -> Path:
    """Writes `(height, width, channels)` uint8 as PNG with a tEXt comment."""
    path = check_output(path, (".png",))
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", comment)
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    with replacing(path) as part:
        picture.save(part, format="PNG", pnginfo=text)
    return path


def save_npz(path, frames, comment=COMMENT) -> Path:
    """Writes arrays `frames` (as it is) and `comment`; read back without pickle."""
    path = check_output(path, (".npz",))
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, frames=frames, comment=np.array(comment))
    return path


def enlarge(frames, scale) -> np.ndarray:
    """`(..., height, width, channels)` with each pixel repeated scale x scale times."""
    _scaled(frames, scale)
    return frames.repeat(scale, axis=-3).repeat(scale, axis=-2)


@contextlib.contextmanager
def replacing(path):
    """Gives a temporary path beside `path`, which takes the name only on success."""
    path = Path(path)
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield part
        if path.is_dir():
            path.rmdir()  # it is empty, or `check_output` had refused it
        os.replace(part, path)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)


def _scaled(frames, scale):
    """`(width, height)` after enlarging, within bounds."""
    if isinstance(scale, bool) or not isinstance(scale, int) or scale < 1:
        raise ValueError(f"scale must be a whole number >= 1, received {scale!r}.")
    if frames[..., 0].size * scale**2 > MAX_PIXELS:
        raise ValueError(
            f"scale {scale} would make more than {MAX_PIXELS} pixels of frames of "
            f"shape {frames.shape}; choose a smaller one."
        )
    return frames.shape[-2] * scale, frames.shape[-3] * scale


def _palette_images(frames):
    """Frames as Pillow palette images, exact where 256 colours allow it."""
    frames = np.broadcast_to(frames, (*frames.shape[:-1], 3)).astype(np.uint32)
    codes = frames[..., 0] << 16 | frames[..., 1] << 8 | frames[..., 2]
    all_colours = np.unique(codes)
    for code, frame in zip(codes, frames.astype(np.uint8), strict=True):
        table = all_colours if len(all_colours) <= 256 else np.unique(code)
        if len(table) > 256:
            yield Image.fromarray(frame).quantize(
                256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
            )
            continue
        image = Image.fromarray(np.searchsorted(table, code).astype(np.uint8), "P")
        rgb = np.stack([table >> 16, table >> 8 & 255, table & 255], axis=-1)
        image.putpalette(rgb.astype(np.uint8).tobytes())
        yield image
