"""How the videos of a folder are cut into clips, and which of them are the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from halo_keras.data.clip_windows import Window, held_out, windows
from halo_keras.data.folder_videos import Video
from halo_keras.data.take_cache import CachedTake
from halo_keras.data.take_report import Skipped
from halo_keras.schema import ConfigError, nearest

SPLITS_BY = ("video", "person", "end")
SHORTEST = 2  # frames of a clip of its own length


@dataclass(frozen=True)
class ClipRules:
    """Length, step and split of clips; for the meaning see `folder.load_folder`.

    Raises: ConfigError that names the option.
    """

    num_frames: int | None = 16
    step: int = 1
    stride: int | None = None
    min_frames: int | None = None
    split_by: str = "video"
    test_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self):
        optional = ("num_frames", "stride", "min_frames")
        for name in (*optional, "step"):
            value = getattr(self, name)
            if value is None and name in optional:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(
                    f"{name} must be a whole number >= 1, received {value!r}."
                )
        if self.split_by not in SPLITS_BY:
            raise ConfigError(
                f"split_by must be one of {list(SPLITS_BY)}, received "
                f"{self.split_by!r}{nearest(self.split_by, SPLITS_BY)}."
            )
        if not 0 < self.test_fraction < 1:
            raise ConfigError(
                f"test_fraction must lie in (0, 1), received {self.test_fraction!r}."
            )
        if self.num_frames is None and (self.split_by == "end" or self.stride):
            raise ConfigError(
                "with num_frames=None every video is one clip, so that split_by='end' "
                "and stride have no meaning. Give num_frames."
            )
        if self.num_frames and self.min_frames and self.min_frames > self.num_frames:
            raise ConfigError(
                f"min_frames must be at most num_frames ({self.num_frames}), "
                f"received {self.min_frames}."
            )

    @property
    def ragged(self) -> bool:
        """Whether clips may have different lengths."""
        return self.num_frames is None or self.min_frames is not None

    @property
    def span(self) -> int:
        """Frames of the video that a clip covers."""
        return self.step * (self.num_frames - 1) + 1

    def clips(self, take: int, readable, low: int, high: int) -> list[Window]:
        """The clips of one video between two of its frames."""
        if self.num_frames is None:
            low += int(np.argmax(readable[low:high]))  # a clip begins with a frame
            length = max(1, high - low)
            whole = {"num_frames": length, "stride": length}
            shortest = self.min_frames or SHORTEST
        else:
            stride = self.stride or self.step * self.num_frames
            whole = {"num_frames": self.num_frames, "stride": stride}
            shortest = self.min_frames
        return windows(
            take,
            readable,
            step=self.step,
            low=low,
            high=high,
            min_frames=shortest,
            **whole,
        )


def clips_by_split(
    videos: list[Video], results: list[CachedTake | Skipped], rules: ClipRules
) -> tuple[dict[str, list[Window]], list[Skipped], list[tuple[str, str]]]:
    """Clips of both splits, videos that give none, and notes.

    Which videos are held out does not depend on which can be used: a repaired file
    moves no other one.

    Raises: ConfigError if the videos cannot be split as asked.
    """
    clips = {"train": [], "test": []}
    skipped, notes = [], []
    test = None if rules.split_by == "end" else _held_out(videos, rules)
    for index, (video, take) in enumerate(zip(videos, results, strict=True)):
        if isinstance(take, Skipped):
            continue
        length = len(take)
        for track, values in video.tracks.items():
            if len(values) != len(take):
                note = f"{len(values)} values of {track} for {len(take)} frames"
                notes.append((take.name, f"{note}; the common part is used"))
                length = min(length, len(values))
        if test is None:
            cut = int(np.ceil(length * (1 - rules.test_fraction)))
            spans = {"train": (0, max(0, cut - rules.span)), "test": (cut, length)}
        else:
            spans = {"test" if test[index] else "train": (0, length)}
        found = {
            split: rules.clips(index, take.readable, *span)
            for split, span in spans.items()
        }
        for split, own in found.items():
            clips[split].extend(own)
        if not any(found.values()):
            reason = _too_short(take, length, rules)
            skipped.append(Skipped(take.name, "too short", reason))
    return clips, skipped, notes


def _held_out(videos: list[Video], rules: ClipRules) -> np.ndarray:
    person = [video.labels.get("person", "") for video in videos]
    try:
        if rules.split_by == "video":
            actions = [video.labels.get("action", "") for video in videos]
            keys = list(zip(person, actions, strict=True))
            return held_out(keys, rules.test_fraction, rules.seed)
        if not all(person):
            raise ValueError(
                "split_by='person' needs a label 'person': folders PERSON/ACTION, or a "
                "column of that name."
            )
        names = sorted(set(person))
        own = held_out([()] * len(names), rules.test_fraction, rules.seed)
        return own[[names.index(name) for name in person]]
    except ValueError as error:
        raise ConfigError(
            f"{error} split_by='end' takes the last part of every video for the test."
        ) from error


def _too_short(take: CachedTake, length: int, rules: ClipRules) -> str:
    frames = f"{length} frame" + "s" * (length != 1)
    shortest = rules.min_frames or rules.num_frames or SHORTEST
    what = f"{shortest} frames" + (f", one in {rules.step}" if rules.step > 1 else "")
    broken = int((~take.readable).sum())
    damaged = f", {broken} of them damaged" if broken else ""
    return f"it has {frames}{damaged}; no clip of {what} fits in"
