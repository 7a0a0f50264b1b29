"""MUG: 52 people who act six expressions, filmed frontally (Aifanti et al. 2010).

The database needs a licence and cannot be shipped or downloaded here: pass the folder
of a licensed copy as the source. Faces are found, followed and cut out once and kept in
the cache folder (`take_cache`); clips are then taken by one of two published protocols,
`mug_protocols.PROTOCOLS`. They differ in length, step and split, so numbers of one are
not comparable with numbers of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from halo_keras.data import take_cache
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_windows import Window, gather, held_out
from halo_keras.data.face_crops import crop_faces
from halo_keras.data.face_detector import CASCADE, cascade_path
from halo_keras.data.mug_layout import EXPRESSIONS, read_layout
from halo_keras.data.mug_protocols import (
    PROTOCOLS,
    Protocol,
    clips_of,
    rules_of,
    too_short,
)
from halo_keras.data.pinned_download import sha256_of
from halo_keras.data.registry import register
from halo_keras.data.take_cache import CachedTake
from halo_keras.data.take_report import Skipped, TakeReport
from halo_keras.schema import ConfigError

LICENSE = "MUG database licence: research use by its holder, no redistribution"
ATTRIBUTION = (
    "MUG Facial Expression Database, Multimedia Understanding Group, Aristotle "
    "University of Thessaloniki (Aifanti, Papachristou & Delopoulos 2010)"
)
NO_SOURCE = (
    "MUG is licensed and can be neither shipped nor downloaded. Ask its authors for a "
    "licence and a copy at https://mug.ee.auth.gr/fed/ and pass the folder of the "
    "subjects as source (--data-dir for a recipe). The dataset 'toon_faces' is a "
    "computed stand-in that needs no files."
)


@register("mug")
def load_mug(
    split: str,
    source=None,
    *,
    protocol: str = "halo",
    split_by: str | None = None,
    num_frames: int | None = None,
    step: int | None = None,
    stride: int | None = None,
    clips_per_take: int | None = None,
    test_fraction: float = 0.2,
    size: int = 64,
    margin: float = 0.0,
    seed: int = 0,
    verbose: int = 1,
) -> ClipDataset:
    """Faces acting expressions, `(num_clips, num_frames, size, size, 3)` uint8.

    Labels: `action` (the six `EXPRESSIONS`), `subject` and `take` (their folders).
    What is skipped, and why, is logged and written to a report in the cache folder;
    `prepare` gives it as a value.

    Args:
        split: `"train"` or `"test"`.
        source: the folder of a licensed copy, see `mug_layout`.
        protocol: `"halo"` or `"c-dsvae"`, see `PROTOCOLS`.
        split_by: `"subject"` or `"take"` instead of the protocol's.
        num_frames, step, stride, clips_per_take: instead of the protocol's, see
            `mug_protocols.Protocol`. `clips_per_take=1` with `"halo"` is its paper's
            one random subsequence.
        test_fraction: share of the subjects, or of the takes, in the test split.
        size: height and width in pixels.
        margin: added to each side of the detector's box, as a share of its side; the
            published scripts add none.
        seed: of the split and of random clips.
        verbose: 1 shows a progress bar while faces are cut out.

    Raises: ValueError without a source, on an unknown option value and if the split
        has no clip; FileNotFoundError if the source is missing; ImportError without
        the extra `faces`.
    """
    rules = rules_of(protocol, split_by, num_frames, step, stride, clips_per_take)
    prepared = prepare(
        source, rules, size=size, margin=margin, seed=seed, verbose=verbose
    )
    chosen = prepared.choose(split, rules.split_by, test_fraction, seed)
    if not chosen:
        raise ConfigError(
            f"split {split!r} of mug has no clip. {prepared.report.summary()}."
        )
    frames, _ = gather(prepared.takes, chosen, rules.num_frames)
    index = np.asarray([window.take for window in chosen])
    names = {
        "action": list(EXPRESSIONS),
        "subject": prepared.subject_names,
        "take": [take.name for take in prepared.takes],
    }
    return ClipDataset(
        name="mug",
        split=split,
        frames=frames,
        labels={
            "action": np.asarray(prepared.expressions)[index],
            "subject": np.asarray(prepared.subjects)[index],
            "take": index,
        },
        label_names=names,
        license=LICENSE,
        attribution=ATTRIBUTION,
    )


@dataclass(frozen=True)
class Prepared:
    """The usable takes of a copy of MUG, their labels and their clips.

    Attributes:
        takes, subjects, expressions: of each usable take, labels as ids.
        windows: the clips, ordered by take.
        subject_names: all subjects of the copy, also those without a usable take.
        report: what became of every take.
    """

    takes: list[CachedTake]
    subjects: list[int]
    expressions: list[int]
    windows: list[Window]
    subject_names: list[str]
    report: TakeReport

    def choose(self, split, split_by, test_fraction, seed) -> list[Window]:
        """The clips of a split. Subjects are drawn among all of the copy."""
        if not 0 < test_fraction < 1:
            raise ConfigError(
                f"test_fraction must lie in (0, 1), received {test_fraction!r}."
            )
        if split_by == "subject":
            keys = [() for _ in self.subject_names]
            test = held_out(keys, test_fraction, seed)[self.subjects]
        else:
            keys = list(zip(self.subjects, self.expressions, strict=True))
            test = held_out(keys, test_fraction, seed)
        return [w for w in self.windows if test[w.take] == (split == "test")]


def prepare(
    source,
    rules: Protocol = PROTOCOLS["halo"],
    *,
    size: int = 64,
    margin: float = 0.0,
    seed: int = 0,
    verbose: int = 1,
) -> Prepared:
    """Finds, cuts out and caches all takes; see `load_mug`.

    The report is logged and written beside the cached takes.
    """
    if source is None:
        raise ConfigError(NO_SOURCE)
    settings = _check_settings(size, margin)
    layout = read_layout(Path(source))
    folder = take_cache.folder_of("mug")
    crop = partial(crop_faces, size=size, channels=3, margin=margin)
    takes = [item.take for item in layout.takes]
    results = take_cache.prepare(takes, folder / "takes", settings, crop, verbose)
    skipped, notes = list(layout.skipped), list(layout.notes)
    subjects = layout.subjects
    found = Prepared([], [], [], [], subjects, TakeReport(str(source), 0))
    for item, result in zip(layout.takes, results, strict=True):
        if isinstance(result, CachedTake):
            notes += [(result.name, note) for note in result.notes]
            clips = clips_of(len(found.takes), result, rules, seed)
            if clips:
                found.takes.append(result)
                found.subjects.append(subjects.index(item.subject))
                found.expressions.append(EXPRESSIONS.index(item.expression))
                found.windows.extend(clips)
                continue
            result = Skipped(result.name, "too short", too_short(result, rules))
        skipped.append(result)
    used = len(found.takes)
    report = TakeReport(str(source), used, tuple(skipped), tuple(notes))
    stamp = take_cache.digest_of([settings, vars(rules), report.text()])
    report.publish(folder / f"report-{stamp}.txt")
    return replace(found, report=report)


def _check_settings(size, margin) -> dict:
    """The crop's settings as plain values, and the detector's digest."""
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 512:
        raise ConfigError(
            f"size must be a whole number in [8, 512], received {size!r}."
        )
    if not 0 <= margin <= 2:
        raise ConfigError(f"margin must lie in [0, 2], received {margin!r}.")
    detector = [CASCADE, sha256_of(cascade_path())]
    return {"size": size, "channels": 3, "margin": margin, "detector": detector}
