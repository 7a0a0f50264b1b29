"""Reading clips: animated GIF, PNG strip, folder of frames, `.npz`.

A file is read whole or refused: a truncated GIF, an odd frame in a folder or a strip
that does not divide into squares is an error that names the file.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

PICTURES = (".png", ".jpg", ".jpeg")
MAX_FRAMES = 10_000
MAX_PIXELS = 2**27  # of all frames of a clip together: 400 MB of RGB
EXPECTED = (
    "a GIF, a PNG or JPEG strip of square frames from left to right, a folder of "
    "PNG or JPEG frames, or an .npz file with an array 'frames'"
)


class ClipFileError(ValueError):
    """A clip file is missing, damaged, too large or not of a known kind."""


def read_clip(path) -> np.ndarray:
    """The frames of a file or folder, uint8, in the order in which they are shown.

    - `.gif`: every frame, composed as a viewer shows it; transparent is black.
    - `.png`, `.jpg`: a strip of T square frames side by side, so its width is T times
      its height; T = 1 is a single picture.
    - a folder: its PNG and JPEG files, `frame2` before `frame10`.
    - `.npz`: the array `frames` (or the only array), `(time, height, width, channels)`
      or `(time, height, width)`, uint8 or real numbers in [0, 1].

    Returns: `(time, height, width, channels)` uint8, channels 3 (1 from `.npz` or grey
        pictures).
    Raises: `ClipFileError`, naming the file, what is wrong and what is expected.
    """
    path = Path(path)
    if not path.exists():
        raise ClipFileError(f"{path} does not exist; expected {EXPECTED}.")
    if path.is_dir():
        return _read_folder(path)
    suffix = path.suffix.lower()
    if suffix == ".gif":
        return _read_gif(path)
    if suffix in PICTURES:
        return _read_strip(path)
    if suffix == ".npz":
        return _read_npz(path)
    raise ClipFileError(f"{path} is of an unknown kind; expected {EXPECTED}.")


def to_uint8(frames, ndim=4) -> np.ndarray:
    """Frames as uint8: kept if they are, else round(255 x) of numbers in [0, 1]."""
    frames = np.asarray(frames)
    axes = "(time, height, width, channels)"
    if ndim == 5:
        axes = "(batch, time, height, width, channels)"
    if frames.ndim != ndim or frames.shape[-1] not in (1, 3) or 0 in frames.shape:
        raise ValueError(
            f"expected frames {axes} with 1 or 3 channels, "
            f"received shape {frames.shape}."
        )
    if frames.dtype == np.uint8:
        return frames
    if frames.dtype.kind != "f":
        raise ValueError(
            "expected frames of dtype uint8, or real numbers in [0, 1], "
            f"received dtype {frames.dtype}."
        )
    low, high = float(frames.min()), float(frames.max())
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # NaN fails too
        raise ValueError(
            f"expected real frames in [0, 1], received values from {low:g} to "
            f"{high:g}; divide pixels in [0, 255] by 255, or pass them as uint8."
        )
    return np.round(255 * np.clip(frames, 0, 1)).astype(np.uint8)


def _read_gif(path):
    data = path.read_bytes()
    num_frames = _count_gif_frames(data, path)
    with _naming(path, "GIF"):
        with Image.open(io.BytesIO(data), formats=["GIF"]) as image:
            _check_size(path, num_frames, *image.size)
            frames = [_pixels(frame) for frame in ImageSequence.Iterator(image)]
        if len(frames) != num_frames or len({f.shape[:2] for f in frames}) > 1:
            raise ValueError("its frames do not fit together; the file is damaged")
    return np.stack([np.broadcast_to(f, (*f.shape[:2], 3)) for f in frames])


def _count_gif_frames(data, path):
    """Walks the blocks to the trailer: Pillow takes a truncated GIF for a short one."""

    def table(flags):
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise ClipFileError(
            f"cannot read GIF {path}: it does not begin like one; expected {EXPECTED}."
        )
    position, num_frames = 13, 0
    try:
        position += table(data[10])
        while data[position] != 0x3B:  # the trailer
            if data[position] == 0x2C:  # an image: 10 bytes, colours, code size
                position += 11 + table(data[position + 9])
                num_frames += 1
            elif data[position] == 0x21:  # an extension: 2 bytes
                position += 2
            else:
                raise IndexError
            while data[position]:  # sub-blocks, each after its length
                position += data[position] + 1
            position += 1
    except IndexError:
        raise ClipFileError(
            f"cannot read GIF {path}: it is truncated or damaged at byte "
            f"{min(len(data), position)}; save or download it again."
        ) from None
    if not num_frames:
        raise ClipFileError(f"cannot read GIF {path}: it holds no frame.")
    return num_frames


def _read_strip(path):
    image = read_picture(path)
    height, width = image.shape[:2]
    num_frames, rest = divmod(width, height)
    if rest or not num_frames:
        raise ClipFileError(
            f"{path} is {width} x {height} pixels (width x height): expected a strip "
            f"of T square frames from left to right, so a width of T * {height}; give "
            f"frames of another shape as a GIF, an .npz file or a folder of frames."
        )
    return np.stack(np.split(image, num_frames, axis=1))


def _read_folder(path):
    def natural(file):
        return [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", file.name)]

    files = [f for f in path.iterdir() if f.suffix.lower() in PICTURES]
    files = sorted((f for f in files if not f.name.startswith(".")), key=natural)
    if not files:
        raise ClipFileError(f"the folder {path} holds no PNG or JPEG frame.")
    frames = []
    for file in files:
        frames.append(read_picture(file))
        if frames[-1].shape[:2] != frames[0].shape[:2]:
            raise ClipFileError(
                "the frames of a folder must have one size (height, width): "
                f"{files[0]} has {frames[0].shape[:2]}, "
                f"{file} has {frames[-1].shape[:2]}."
            )
        _check_size(path, len(files), *frames[0].shape[:2])
    channels = max(frame.shape[-1] for frame in frames)
    return np.stack([np.broadcast_to(f, (*f.shape[:2], channels)) for f in frames])


def read_picture(path):
    """One PNG or JPEG: `(height, width, 1 or 3)` uint8; `ClipFileError` if damaged."""
    with _naming(path, "picture"), Image.open(path, formats=["PNG", "JPEG"]) as image:
        _check_size(path, 1, *image.size)
        return _pixels(image)


def _read_npz(path):
    with _naming(path, ".npz file"), zipfile.ZipFile(path) as archive:
        names = [n[:-4] for n in archive.namelist() if n.endswith(".npy")]
        names = [n for n in names if n != "comment"]
        name = "frames" if "frames" in names or len(names) != 1 else names[0]
        if name not in names:
            raise ValueError(f"it holds {sorted(names)}, but no array 'frames'")
        with archive.open(f"{name}.npy") as file:  # the header, before any pixel
            old = np.lib.format.read_magic(file) == (1, 0)
            header = "read_array_header_1_0" if old else "read_array_header_2_0"
            shape = getattr(np.lib.format, header)(file)[0]
        shape = (*shape, 1) if len(shape) == 3 else shape
        if len(shape) != 4:
            raise ValueError(
                f"its array {name!r} has shape {shape}, where "
                "(time, height, width, channels) is expected"
            )
        _check_size(path, *shape[:3])
        with archive.open(f"{name}.npy") as file:
            frames = np.lib.format.read_array(file, allow_pickle=False)
        return to_uint8(frames.reshape(shape))


def _pixels(image):
    """`(height, width, 3)`, or 1 channel of a grey picture; transparent is black."""
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return np.asarray(image.convert("L"))[..., None]
    rgba = image.convert("RGBA")
    black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
    return np.asarray(Image.alpha_composite(black, rgba).convert("RGB"))


def _check_size(path, num_frames, height, width):
    if num_frames > MAX_FRAMES or num_frames * height * width > MAX_PIXELS:
        raise ClipFileError(
            f"{path} is too large: {num_frames} frames of {width} x {height} pixels; "
            f"at most {MAX_FRAMES} frames and {MAX_PIXELS} pixels in all are read."
        )


@contextlib.contextmanager
def _naming(path, kind):
    """Turns what the decoders raise on a damaged file into one error with its name."""
    try:
        yield
    except ClipFileError:
        raise
    except (
        OSError,  # Pillow's UnidentifiedImageError is one
        EOFError,
        KeyError,
        OverflowError,
        SyntaxError,
        ValueError,
        struct.error,
        zipfile.BadZipFile,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        reason = str(error).rstrip(".")
        raise ClipFileError(f"cannot read {kind} {path}: {reason}.") from error
