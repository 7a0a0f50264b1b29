"""A look at a folder of videos: which clips to cut from it, and how large."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from halo_keras.data.folder import crop_settings, find_videos, read_videos
from halo_keras.data.frame_sources import TakeError
from halo_keras.schema import ConfigError

LENGTHS = (16, 12, 8, 6, 4, 3, 2)
ENOUGH = 600  # clips, below which windows overlap
_LOOKED_AT = 24  # videos
_GREY = 3  # levels by which the channels of a grey picture may differ


@dataclass(frozen=True)
class Survey:
    """What a folder holds, and the options of `load_folder` that fit it.

    Attributes:
        num_videos: that can be read.
        action_names: none without labels.
        width, height: of most videos, in pixels.
        shortest: frames that all but the shortest tenth of the videos have.
        num_clips: about so many, of both splits together.
        options: `size`, `channels`, `num_frames`, `step`, `stride`, `split_by`.
    """

    num_videos: int
    action_names: list[str]
    width: int
    height: int
    shortest: int
    num_clips: int
    options: dict

    @property
    def num_actions(self) -> int:
        """At least 1."""
        return max(1, len(self.action_names))

    def text(self) -> str:
        """What was found and what follows from it, in three lines."""
        o = self.options
        colour = {1: "grey", 3: "in colour"}[o["channels"]]
        labels = "no labels: one operator, unconditional"
        if self.num_actions > 1:
            labels = f"{self.num_actions} actions, an operator each"
        return (
            f"{self.num_videos} videos of mostly {self.width} x {self.height} pixels, "
            f"{colour}, most of them {self.shortest} frames or longer; {labels}.\n"
            f"Clips: {o['num_frames']} frames of {o['size']} x {o['size']}, one of "
            f"every {o['step']}, beginning {o['stride']} frames apart; about "
            f"{self.num_clips} clips.\n"
            f"Test: {_TESTS[o['split_by']]}"
        )


_TESTS = {
    "video": "a fifth of the videos, which are in no training clip.",
    "end": "the end of each video, as there are too few to leave some out.",
}


def survey(
    source, labels: str = "auto", size: int | None = None, channels: int | None = None
) -> Survey:
    """Reads a folder's videos once (they are kept, see `take_cache`) and looks at them.

    - size: 64, or 32 for videos that are smaller than 48 pixels;
    - channels: 1 if every frame looked at is grey;
    - num_frames: 16, or fewer where most videos are shorter;
    - step: 2 if videos hold four such clips at that pace, 1 otherwise;
    - stride: no overlap, or a quarter of a clip where there are few clips;
    - split_by: `"video"`, or `"end"` for fewer than five videos.

    Args:
        source: the folder.
        labels: see `load_folder`.
        size, channels: given, in place of those found.

    Raises: ConfigError if no video can be read, FileNotFoundError without the folder.
    """
    if source is None:
        raise ConfigError(
            "pass the folder of your videos with --data-dir: FOLDER/ACTION/VIDEO, "
            "FOLDER/PERSON/ACTION/VIDEO, or videos without labels. A video is an mp4, "
            "avi or gif file or a folder of PNG or JPEG frames."
        )
    root = Path(source)
    found = find_videos(root, labels)
    shapes, grey = _look(found.videos)
    if not shapes:
        raise ConfigError(f"none of the {len(found.videos)} videos of {root} is read.")
    (height, width), _ = Counter(shapes).most_common(1)[0]
    size = size or (64 if min(height, width) >= 48 else 32)
    channels = channels or (1 if grey else 3)
    settings = crop_settings("centre", 0.0, size, channels)
    results, _ = read_videos(found, settings)
    lengths = np.asarray([len(take) for take in results if hasattr(take, "frames")])
    if not lengths.size:
        raise ConfigError(f"none of the {len(found.videos)} videos of {root} is read.")
    split_by = "video" if len(lengths) >= 5 else "end"
    shortest = int(np.quantile(lengths, 0.1, method="lower"))
    room = shortest if split_by == "video" else shortest // 5
    num_frames = next((n for n in LENGTHS if n <= room), 2)
    step = 2 if room >= 4 * 2 * num_frames else 1
    stride = step * num_frames
    if _count(lengths, num_frames, step, stride) < ENOUGH:
        stride = max(1, stride // 4)
    return Survey(
        num_videos=len(lengths),
        action_names=sorted(
            {v.labels["action"] for v in found.videos if "action" in v.labels}
        ),
        width=width,
        height=height,
        shortest=shortest,
        num_clips=_count(lengths, num_frames, step, stride),
        options={
            "size": size,
            "channels": channels,
            "num_frames": num_frames,
            "step": step,
            "stride": stride,
            "split_by": split_by,
        },
    )


def _look(videos) -> tuple[list[tuple[int, int]], bool]:
    """(height, width) of a few videos, and whether they are all grey."""
    spread = np.linspace(0, len(videos) - 1, min(len(videos), _LOOKED_AT)).astype(int)
    shapes, grey = [], True
    for index in np.unique(spread):
        try:
            for _, frame, _ in videos[index].take.source.read():
                if frame is not None:
                    shapes.append(frame.shape[:2])
                    grey &= _is_grey(frame)
                    break
        except TakeError:
            continue  # reading all of them reports it by name
    return shapes, grey


def _is_grey(frame: np.ndarray) -> bool:
    if frame.ndim == 2 or frame.shape[-1] == 1:
        return True
    return int(np.ptp(frame.astype(int), axis=-1).max()) <= _GREY


def _count(lengths, num_frames: int, step: int, stride: int) -> int:
    span = step * (num_frames - 1) + 1
    return int(np.maximum(0, (lengths - span) // stride + 1).sum())
