"""Any folder of videos as labelled clips: your own faces, actions, recordings.

    SOURCE/VIDEO                     no labels: one action, "motion"
    SOURCE/ACTION/VIDEO              actions
    SOURCE/PERSON/ACTION/VIDEO       persons and actions
    labels="a.csv", "aff-wild", ...  see `load_folder`

where VIDEO is a file (mp4, avi, gif, ...) or a folder of frames. Every video is
cropped, resized and kept in the cache folder once (`take_cache`). What cannot be used
is reported by name and reason, and the rest is used.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from halo_keras.data import take_cache
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_windows import Window, gather
from halo_keras.data.face_crops import crop_centres, crop_faces
from halo_keras.data.face_detector import CASCADE, cascade_path, opencv
from halo_keras.data.folder_clips import ClipRules, clips_by_split
from halo_keras.data.folder_tables import by_aff_wild, by_csv
from halo_keras.data.folder_videos import Found, Video, by_folders, without_labels
from halo_keras.data.frame_sources import natural
from halo_keras.data.pinned_download import sha256_of
from halo_keras.data.registry import register
from halo_keras.data.take_report import Skipped, TakeReport
from halo_keras.schema import ConfigError, nearest

CROPS = ("centre", "face")
ACTION = "motion"  # the one action of videos without labels


@register("folder")
def load_folder(
    split: str,
    source=None,
    *,
    labels: str = "auto",
    crop: str = "centre",
    margin: float = 0.1,
    size: int = 64,
    channels: int = 3,
    num_frames: int | None = 16,
    step: int = 1,
    stride: int | None = None,
    min_frames: int | None = None,
    split_by: str = "video",
    test_fraction: float = 0.2,
    seed: int = 0,
    license: str = "unknown: videos of the user",
    attribution: str = "videos of the user",
    verbose: int = 1,
) -> ClipDataset:
    """Clips of a folder's videos, `(num_clips, num_frames, size, size, channels)`.

    Labels: `action`, `video` (the path) and what the folders or the table name. With
    `min_frames` or `num_frames=None` clips have different lengths and a `mask`.
    Aff-Wild's valence and arousal are `states`, `(num_clips, num_frames)`.

    Args:
        split: `"train"` or `"test"`.
        source: the folder.
        labels: `"auto"`: from the folders, as above. Or what the folders mean, from
            the source down: `"action/person"`, `"person/_/action"` (`_`: nothing).
            Or a table, `"labels.csv"`, see `folder_tables.by_csv`. Or `"aff-wild"`,
            see `folder_tables.by_aff_wild`. Or `"none"`.
        crop: `"face"`: the face is found, followed and cut out. `"centre"`: the
            largest centred square.
        margin: around the face, as a share of its side.
        size: height and width in pixels.
        channels: 3 (colour) or 1 (grey).
        num_frames: frames a clip; None: each video is one clip, as long as it is.
        step: every `step`-th frame of a video is taken.
        stride: frames of the video between the beginnings of two clips; None: clips
            follow each other without overlap.
        min_frames: the end of a video, or a short one, may be a clip of fewer frames,
            down to this. None: all have `num_frames` (with `num_frames=None`: 2).
        split_by: `"video"`: test videos are in no training clip; an even share of
            every person and action. `"person"`: test persons are in none. `"end"`:
            the last part of each video is the test, and the training ends one clip
            before it.
        test_fraction: share of the videos, persons or frames in the test split.
        seed: of the split.
        license, attribution: of the videos, for cards.
        verbose: 1 shows a progress bar while videos are read.

    Raises: ConfigError (a ValueError) without a source, on a wrong option and if no
        clip is left; FileNotFoundError if source or table is missing; ImportError if
        videos or faces are to be read without the extra `faces`.
    """
    rules = ClipRules(
        num_frames, step, stride, min_frames, split_by, test_fraction, seed
    )
    settings = crop_settings(crop, margin, size, channels)
    root = _check_source(source)
    found = find_videos(root, labels)
    takes, videos, clips, report = prepare(root, found, rules, settings, verbose)
    if not clips[split]:
        raise ConfigError(f"split {split!r} has no clip. {report.summary()}.")
    chosen = clips[split]
    length = rules.num_frames or max(w.count for c in clips.values() for w in c)
    frames, mask = gather(takes, chosen, length)
    values, names = _labels(videos, chosen)
    return ClipDataset(
        name="folder",
        split=split,
        frames=frames,
        labels=values,
        label_names=names,
        mask=mask if rules.ragged else None,
        states=_states(videos, chosen, length),
        license=license,
        attribution=attribution,
    )


def prepare(root: Path, found: Found, rules: ClipRules, settings: dict, verbose=1):
    """Reads and caches all videos, and cuts clips of both splits.

    Args:
        root: the folder, for the report.
        found: its labelled videos.
        rules: how clips are cut.
        settings: of the crop, from `load_folder`.

    Returns: takes and videos that are used, clips by split (their `take` counts these
        takes) and the `TakeReport`, which is logged and written to the cache folder.
    """
    results, folder = read_videos(found, settings, verbose)
    skipped, notes = list(found.skipped), list(found.notes)
    for result in results:
        if isinstance(result, Skipped):
            skipped.append(result)
        else:
            notes += [(result.name, note) for note in result.notes]
    clips, problems, remarks = clips_by_split(found.videos, results, rules)
    skipped, notes = skipped + problems, notes + remarks
    used = sorted({w.take for windows in clips.values() for w in windows})
    place = {index: position for position, index in enumerate(used)}
    clips = {
        split: [window._replace(take=place[window.take]) for window in windows]
        for split, windows in clips.items()
    }
    report = TakeReport(str(root), len(used), tuple(skipped), tuple(notes))
    stamp = take_cache.digest_of([settings, vars(rules), report.text()])
    report.publish(folder / f"report-{stamp}.txt")
    takes = [results[index] for index in used]
    return takes, [found.videos[index] for index in used], clips, report


def read_videos(found: Found, settings: dict, verbose=1):
    """Crops all videos, or finds them in the cache.

    Returns: a `CachedTake` or `Skipped` for each video, and the cache folder.
    """
    if any(v.take.source.is_coded for v in found.videos):
        opencv()
    options = {key: settings[key] for key in ("size", "channels")}
    if settings["crop"] == "face":
        cut = partial(crop_faces, margin=settings["margin"], **options)
    else:
        cut = partial(crop_centres, **options)
    folder = take_cache.folder_of("folder")
    queue = [video.take for video in found.videos]
    return take_cache.prepare(queue, folder / "takes", settings, cut, verbose), folder


def find_videos(root: Path, labels: str) -> Found:
    """The videos of a folder with their labels, see `load_folder`."""
    if not isinstance(labels, str) or not labels:
        raise ConfigError(
            f"labels must be a text that is not empty, received {labels!r}."
        )
    if labels == "auto":
        return by_folders(root, None)
    if labels == "none":
        return without_labels(root)
    if labels == "aff-wild":
        return by_aff_wild(root)
    if labels.lower().endswith((".csv", ".tsv")):
        return by_csv(root, root / labels)
    return by_folders(root, tuple(labels.split("/")))


def _labels(videos: list[Video], chosen: list[Window]):
    """Ids of the chosen clips' classes; names over all videos, so both splits agree."""
    named = {"action": [v.labels.get("action", ACTION) for v in videos]}
    for name in videos[0].labels:
        named[name] = [video.labels[name] for video in videos]
    named["video"] = [video.take.name for video in videos]
    index = [window.take for window in chosen]
    values, names = {}, {}
    for name, classes in named.items():
        names[name] = sorted(set(classes), key=lambda text: natural(Path(text)))
        ids = {text: number for number, text in enumerate(names[name])}
        values[name] = np.asarray([ids[classes[take]] for take in index])
    return values, names


def _states(videos: list[Video], chosen: list[Window], length: int):
    """Tracks at the frames of the clips; beyond a clip's end its last value stays."""
    if not videos[0].tracks:
        return None
    states = {name: np.empty((len(chosen), length)) for name in videos[0].tracks}
    for row, window in enumerate(chosen):
        index = np.resize(window.frames(), length)
        index[window.count :] = index[window.count - 1]
        for name, values in states.items():
            values[row] = videos[window.take].tracks[name][index]
    return states


def _check_source(source) -> Path:
    if source is None:
        raise ConfigError(
            "the dataset 'folder' is read from your own videos: pass their folder as "
            "source (--data-dir for a recipe). Expected in it: ACTION/VIDEO or "
            "PERSON/ACTION/VIDEO, where VIDEO is an mp4, avi or gif file or a folder "
            "of PNG or JPEG frames."
        )
    return Path(source)


def crop_settings(crop, margin, size, channels) -> dict:
    """The crop's settings as plain values: what the cache's digest is made of."""
    if crop not in CROPS:
        raise ConfigError(
            f"crop must be one of {list(CROPS)}, received {crop!r}"
            f"{nearest(crop, CROPS)}."
        )
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 512:
        raise ConfigError(
            f"size must be a whole number in [8, 512], received {size!r}."
        )
    if channels not in (1, 3):
        raise ConfigError(f"channels must be 1 or 3, received {channels!r}.")
    settings = {"crop": crop, "size": size, "channels": channels}
    if crop == "face":
        if not 0 <= margin <= 2:
            raise ConfigError(f"margin must lie in [0, 2], received {margin!r}.")
        settings["margin"] = margin
        settings["detector"] = [CASCADE, sha256_of(cascade_path())]
    return settings
