"""The two published ways of taking clips from MUG, named and changeable.

Neither publication fixes which frames of a take are used: HALO's paper and the C-DSVAE
line both draw a random subsequence, the latter anew at each read, test included. Here
every draw follows from the seed and the take's name, so that two loads are equal.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from halo_keras.data.clip_windows import Window, windows
from halo_keras.data.take_cache import CachedTake
from halo_keras.schema import ConfigError, nearest


@dataclass(frozen=True)
class Protocol:
    """How clips are taken from a take.

    Attributes:
        num_frames: T, frames a clip.
        step: every `step`-th frame is taken.
        stride: frames between the beginnings of two candidate clips.
        end_fraction: share of each take's end that is left out.
        min_frames: takes of fewer frames are skipped.
        slow_short_takes: takes of at most `step * num_frames` frames are read with
            step 1, so that they give a clip at all.
        clips_per_take: so many of the candidates, at random; None takes all.
        split_by: `"subject"` (test subjects are in no training clip) or `"take"`
            (test takes are of the training subjects).
    """

    num_frames: int
    step: int
    stride: int
    end_fraction: float
    min_frames: int
    slow_short_takes: bool
    clips_per_take: int | None
    split_by: str


PROTOCOLS = {
    # The paper (Khan & Storkey 2022, section 4): every 2nd frame. The rest is of its
    # published script prepareMUG.py: T = 8, a window every 8 frames, the last 10 % of
    # a take left out, takes under 40 frames skipped, subjects split 80 : 20. That
    # script itself takes every 4th frame (step=4).
    "halo": Protocol(8, 2, 8, 0.1, 40, False, None, "subject"),
    # C-DSVAE, SPYL, DBSE, DiffSDA: T = 15, step 2 from a random frame of takes of more
    # than 30 frames, else 15 neighbours; takes under 15 frames dropped; training and
    # test share the subjects.
    "c-dsvae": Protocol(15, 2, 1, 0.0, 15, True, 1, "take"),
}
SPLITS_BY = ("subject", "take")


def clips_of(index: int, take: CachedTake, rules: Protocol, seed: int) -> list[Window]:
    """The clips of one take by the rules; none if it is too short."""
    if len(take) < rules.min_frames:
        return []
    step = rules.step
    if rules.slow_short_takes and len(take) <= step * rules.num_frames:
        step = 1
    found = windows(
        index,
        take.readable,
        num_frames=rules.num_frames,
        step=step,
        stride=rules.stride,
        high=len(take) - int(rules.end_fraction * len(take)),
    )
    if rules.clips_per_take is None or len(found) <= rules.clips_per_take:
        return found
    # By name, so that a take's clips do not depend on which others are there.
    rng = np.random.default_rng([4, seed, zlib.crc32(take.name.encode())])
    chosen = rng.choice(len(found), rules.clips_per_take, replace=False)
    return [found[i] for i in sorted(chosen)]


def too_short(take: CachedTake, rules: Protocol) -> str:
    """Why `clips_of` gives none, in words."""
    if len(take) < rules.min_frames:
        return f"{len(take)} frames; the protocol takes those of {rules.min_frames} up"
    what = f"{rules.num_frames} frames, every {rules.step}-th"
    return f"no clip of {what}, without a damaged frame, fits in {len(take)} frames"


def rules_of(
    protocol: str,
    split_by=None,
    num_frames=None,
    step=None,
    stride=None,
    clips_per_take=None,
) -> Protocol:
    """The protocol of this name, with what is given instead of its own values.

    Raises: ConfigError on an unknown name or a number out of range.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(
            f"mug has no protocol {protocol!r}{nearest(protocol, PROTOCOLS)}. "
            f"Known: {', '.join(PROTOCOLS)}."
        )
    numbers = {
        "num_frames": num_frames,
        "step": step,
        "stride": stride,
        "clips_per_take": clips_per_take,
    }
    given = {key: value for key, value in numbers.items() if value is not None}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{key} must be a whole number >= 1, received {value!r}.")
    if split_by is not None:
        if split_by not in SPLITS_BY:
            raise ConfigError(
                f"split_by must be one of {list(SPLITS_BY)}, received {split_by!r}"
                f"{nearest(split_by, SPLITS_BY)}."
            )
        given["split_by"] = split_by
    return replace(PROTOCOLS[protocol], **given)
