"""The videos of a folder, and what their folders say about them.

A video is a file (mp4, avi, gif, ...) or a folder of PNG or JPEG frames. Where a folder
holds videos, pictures beside them are taken for thumbnails.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from halo_keras.data.frame_sources import FrameSource, is_picture, is_video, natural
from halo_keras.data.take_cache import Take
from halo_keras.data.take_report import Skipped
from halo_keras.schema import ConfigError

# What the names of the folders above a video mean, by their number.
LEVELS = {0: (), 1: ("action",), 2: ("person", "action")}


class Video(NamedTuple):
    """A video with its labels.

    Attributes:
        take: its name is the path below the source.
        labels: names of its classes, for instance `{"person": "anna", ...}`.
        tracks: float `(num_labelled_frames,)` arrays, values of every frame.
    """

    take: Take
    labels: dict[str, str]
    tracks: dict[str, np.ndarray]


class Found(NamedTuple):
    """The labelled videos of a folder and what is not among them."""

    videos: list[Video]
    skipped: list[Skipped]
    notes: list[tuple[str, str]]


def find_takes(root: Path) -> tuple[list[Take], list[Skipped]]:
    """All videos below a folder, in natural order of their paths; empty folders.

    Raises: FileNotFoundError if there is no such folder; ConfigError if it holds
        neither a video nor a picture.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"the folder of videos {root} does not exist.")
    takes, empty = [], []
    for path, inner, files in os.walk(root, followlinks=True):
        folder = Path(path)
        inner[:] = sorted(
            (name for name in inner if not name.startswith(".")),
            key=lambda name: natural(Path(name)),
        )
        files = sorted((folder / name for name in files), key=natural)
        videos = [file for file in files if is_video(file)]
        pictures = [file for file in files if is_picture(file)]
        for file in videos:
            takes.append(Take(_name(file, root), FrameSource(file)))
        if pictures and not videos:
            source = FrameSource(folder, tuple(pictures))
            takes.append(Take(_name(folder, root), source))
        elif not inner and not videos and folder != root:
            reason = "the folder holds neither a video nor a picture"
            empty.append(Skipped(_name(folder, root), "empty", reason))
    if not takes:
        raise ConfigError(
            f"{root} holds no video: expected mp4, avi or gif files, or folders of "
            "PNG or JPEG frames, in any number of folders."
        )
    return takes, empty


def without_labels(root: Path) -> Found:
    """All videos, whatever their folders are named."""
    takes, skipped = find_takes(root)
    return Found([Video(take, {}, {}) for take in takes], skipped, [])


def by_folders(root: Path, levels: tuple[str, ...] | None) -> Found:
    """Labels from the names of the folders above each video.

    Args:
        root: the folder.
        levels: what each folder from the root down means, `"_"` for nothing. None:
            none for videos at the root, `action` one folder below, `person` and
            `action` two below, whichever most videos are.

    Videos with more or fewer folders above them are skipped as `label`.

    Raises: ConfigError if two levels have one name, or none is known for the depth.
    """
    named = [level for level in levels or () if level != "_"]
    if len(set(named)) < len(named) or not all(named) and levels is not None:
        raise ConfigError(
            "labels must say what the folders mean, each once, as in 'person/action', "
            f"received {'/'.join(levels)!r}."
        )
    takes, skipped = find_takes(root)
    parts = {take.name: Path(take.name).parts[:-1] for take in takes}
    if levels is None:
        depths = Counter(len(above) for above in parts.values())
        depth = max(depths, key=lambda d: (depths[d], d))
        if depth not in LEVELS:
            raise ConfigError(
                f"the videos of {root} lie {depth} folders deep ({takes[0].name}), so "
                "that it is not known what the folders mean. Say it with labels, for "
                "instance labels='person/_/action' ('_' is ignored)."
            )
        levels = LEVELS[depth]
    videos = []
    for take in takes:
        above = parts[take.name]
        if len(above) != len(levels):
            wanted = "/".join([*(level.upper() for level in levels), "VIDEO"])
            reason = f"lies {len(above)} folders deep, where {wanted} is expected"
            skipped.append(Skipped(take.name, "label", reason))
            continue
        named = zip(levels, above, strict=True)
        labels = {level: name for level, name in named if level != "_"}
        videos.append(Video(take, labels, {}))
    return Found(videos, skipped, [])


def _name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    return root.resolve().name if name == "." else name
