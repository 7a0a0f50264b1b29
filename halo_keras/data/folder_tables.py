"""Labels of videos from files: a CSV table, or the annotations of Aff-Wild."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from halo_keras.data.folder_videos import Found, Video, find_takes
from halo_keras.data.frame_sources import natural
from halo_keras.data.take_report import Skipped
from halo_keras.schema import ConfigError, nearest

TRACKS = ("valence", "arousal")
AFF_WILD = (
    "videos/train/NAME.mp4 (or .avi), annotations/train/valence/NAME.txt and "
    "annotations/train/arousal/NAME.txt"
)


def by_csv(root: Path, table: Path) -> Found:
    """Labels from a table with a column `video` and one column a label.

    `video` is the path below the folder, with or without the suffix. Columns are
    separated by comma, semicolon or tab. A row that names no video, a second row of
    one, an empty cell and a video without a row are skipped as `label`, by name.

    Raises: FileNotFoundError without the table; ConfigError if it has no header with
        `video` and a label, or is not UTF-8.
    """
    takes, skipped = find_takes(root)
    by_name = {}
    for take in takes:
        by_name.setdefault(str(Path(take.name).with_suffix("").as_posix()), take)
    by_name.update({take.name: take for take in takes})
    labelled: dict[str, Video] = {}
    rejected = set()
    for number, row in _rows(table):
        name = row.pop("video").strip().replace("\\", "/").removeprefix("./")
        where = f"{table.name}, line {number}"
        take = by_name.get(name)
        labels = {key: (value or "").strip() for key, value in row.items() if key}
        if take is None:
            reason = f"there is no video {name!r}{nearest(name, by_name)}"
            skipped.append(Skipped(where, "label", reason))
        elif take.name in labelled:
            reason = f"{take.name} has a row before; that one is used"
            skipped.append(Skipped(where, "label", reason))
        elif not all(labels.values()):
            empty = next(key for key, value in labels.items() if not value)
            skipped.append(Skipped(take.name, "label", f"no {empty} in {where}"))
            rejected.add(take.name)
        else:
            labelled[take.name] = Video(take, labels, {})
    for take in takes:
        if take.name not in labelled and take.name not in rejected:
            skipped.append(Skipped(take.name, "label", f"no row in {table.name}"))
    videos = [labelled[take.name] for take in takes if take.name in labelled]
    return Found(videos, skipped, [])


def by_aff_wild(root: Path) -> Found:
    """The annotated videos of Aff-Wild (Kollias et al. 2018), with their tracks.

    Valence and arousal are one number a line and a frame. A file with more or fewer
    lines than the video has frames is noted and the common part used; one with a line
    that is no number, and a video or an annotation without the other, are skipped as
    `label`.

    Raises: ConfigError if the folder is not laid out so.
    """
    folder = root / "videos" / "train"
    annotations = root / "annotations" / "train"
    missing = [
        p for p in (folder, *(annotations / t for t in TRACKS)) if not p.is_dir()
    ]
    if missing:
        raise ConfigError(
            f"{root} is not laid out like Aff-Wild: there is no folder "
            f"{missing[0].relative_to(root).as_posix()}. Expected {AFF_WILD}."
        )
    takes, skipped = find_takes(folder)
    videos, notes = [], []
    for take in takes:
        stem = Path(take.name).stem if take.source.files is None else take.name
        files = [annotations / track / f"{stem}.txt" for track in TRACKS]
        try:
            values = [_track(file) for file in files]
        except ValueError as error:
            skipped.append(Skipped(take.name, "label", str(error)))
            continue
        length = min(map(len, values))
        tracks = {t: v[:length] for t, v in zip(TRACKS, values, strict=True)}
        videos.append(Video(take, {}, tracks))
    stems = {Path(take.name).stem for take in takes}
    for track in TRACKS:
        for file in sorted((annotations / track).glob("*.txt"), key=natural):
            if file.stem not in stems:
                reason = "there is no video of this name"
                skipped.append(Skipped(f"{track}/{file.name}", "label", reason))
    others = [f.name for f in (root / "videos").iterdir() if f.is_dir() and f != folder]
    for name in sorted(others):
        notes.append((f"videos/{name}", "left out: only videos/train has annotations"))
    return Found(videos, skipped, notes)


def _rows(table: Path):
    """(line number, row) of a CSV with a header."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"the table of labels {table} does not exist."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"the table of labels {table} is not UTF-8.") from error
    lines = text.splitlines()
    header = lines[0] if lines else ""
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(lines, delimiter=delimiter)
    columns = [column.strip() for column in reader.fieldnames or ()]
    if "video" not in columns or len(set(columns)) != len(columns) or len(columns) < 2:
        raise ConfigError(
            f"the table of labels {table} must begin with a line of column names, each "
            "once: 'video' and at least one label, as in 'video,action'. "
            f"Received {header[:80]!r}."
        )
    reader.fieldnames = columns
    for row in reader:
        row["video"] = row["video"] or ""
        yield reader.line_num, row


def _track(file: Path) -> np.ndarray:
    """One finite number a line. Raises: ValueError that names the file and line."""
    name = f"{file.parent.name}/{file.name}"
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"there is no readable annotation {name}") from None
    values = []
    for number, line in enumerate(lines, 1):
        try:
            values.append(float(line))
        except ValueError:
            values.append(np.nan)
        if not np.isfinite(values[-1]):
            raise ValueError(f"{name}, line {number}, is {line[:20]!r}, not a number")
    if not values:
        raise ValueError(f"{name} is empty")
    return np.asarray(values)
