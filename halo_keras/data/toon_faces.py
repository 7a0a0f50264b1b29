"""Toon faces: drawn people who show six emotions, a procedural stand-in for MUG.

MUG (Aifanti et al. 2010) shows 52 subjects posing anger, disgust, fear, happiness,
sadness and surprise from a neutral face to an apex and back; it is licensed and cannot
be shipped. Here a subject is a vector of numbers (skin, head, hair, eyes, brows, nose,
mouth, ears, glasses, beard), an expression the intensity curve of `toon_expressions`,
and pose, light, scale and background vary from clip to clip.

The drawing is a function of real time: `render` gives the exact frames at any times,
so that the truth of a swap, a tempo or a reversal is known (`playback_times`).
"""

from __future__ import annotations

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register
from halo_keras.data.toon_drawing import SIZE, draw_clip
from halo_keras.data.toon_expressions import ACTION_NAMES, draw_timing, intensity
from halo_keras.data.toon_looks import identity_vectors

LICENSE = "Apache-2.0"
ATTRIBUTION = "drawn by halo-keras; a procedural stand-in for MUG, not MUG"

# All subjects that there are, and how many of each split are drawn unless told.
SUBJECTS = {"train": range(0, 200), "test": range(200, 256)}
NUM_SUBJECTS = {"train": 40, "test": 12}
CLIPS_PER_CELL = {"train": 8, "test": 4}
NUM_FRAMES = 16
# The states that are motion; all others are content and what surrounds it.
MOTION_STATES = (
    *("expression", "start", "onset", "apex", "offset", "peak"),
    *("sway", "sway_rate", "sway_phase"),
)


@register("toon_faces")
def load_toon_faces(
    split: str,
    *,
    num_subjects: int | dict[str, int] | None = None,
    clips_per_cell: int | dict[str, int] | None = None,
    num_frames: int = NUM_FRAMES,
    lengths: tuple[int, int] | None = None,
    speeds: tuple[float, ...] | dict[str, tuple[float, ...]] | None = None,
    seed: int = 0,
) -> ClipDataset:
    """Faces that show an emotion: `(num_clips, num_frames, 64, 64, 3)` uint8.

    Clips are ordered by take, then subject, then action, so that the first six are
    the six expressions of one face. Labels: `action` (6) and `subject` (256, of which
    40 and 12 are used). States, at the clip's first frame where they change:

    - `identity` `(num_clips, 33)`, see `toon_looks.FEATURES`;
    - `expression`, `start`, `onset`, `apex`, `offset` (frames), `peak`: the motion,
      and `intensity` `(num_clips, num_frames)`, what it is at each frame;
    - `yaw`, `pitch`, `roll` (degrees), `scale`, `shift` (pixels), and a slow sway of
      yaw and roll: `sway` (degrees), `sway_rate` (radians a frame), `sway_phase`;
    - `light_level`, `light_slope`, `light_angle`, `background`.

    Args:
        split: `"train"` or `"test"`; their subjects are disjoint.
        num_subjects: the first so many subjects of the split, at most 200 and 56. This
            and the next, and `speeds`, may be a dict from a split to its value.
        clips_per_cell: clips of every subject in every expression, 8 and 4 by
            default. Each has pose, light, scale, background and timing of its own.
        num_frames: frames a clip. The expression begins and ends within the clip.
        lengths: None, or (shortest, longest) length of a clip, at most `num_frames`:
            then `mask` tells which frames count, and the last of them is repeated.
        speeds: None, or speeds one of which each clip is filmed at: frame k is at time
            speed * k, as `times` say, and frames after the clip's last time do not
            count (`mask`). Not with `lengths`.
        seed: of everything random; another seed has other people.

    Raises: ValueError on a number out of range.
    """
    num_subjects, clips_per_cell, speeds = (
        option.get(split) if isinstance(option, dict) else option
        for option in (num_subjects, clips_per_cell, speeds)
    )
    chosen = _whole(num_subjects, NUM_SUBJECTS[split], "num_subjects")
    if chosen > len(SUBJECTS[split]):
        raise ValueError(
            f"num_subjects must lie in [1, {len(SUBJECTS[split])}] for split "
            f"{split!r}, received {chosen}."
        )
    takes = _whole(clips_per_cell, CLIPS_PER_CELL[split], "clips_per_cell")
    num_frames = _whole(num_frames, NUM_FRAMES, "num_frames", least=2)
    _whole(seed, 0, "seed", least=0)
    _check_lengths(lengths, num_frames)
    _check_speeds(speeds, lengths)

    subjects = np.asarray(SUBJECTS[split][:chosen])
    take, subject, action = (
        each.ravel() for each in np.indices((takes, chosen, len(ACTION_NAMES)))
    )
    subject = subjects[subject]
    draws = np.stack(
        [
            np.random.default_rng([seed, 1, *cell]).random(40)
            for cell in zip(take, subject, action, strict=True)
        ]
    )
    length = np.full(len(draws), num_frames)
    if lengths is not None:
        low, high = lengths
        length = low + np.floor((high - low + 1) * draws[:, 39]).astype(int)
    identities = dict(zip(subjects, identity_vectors(seed, subjects), strict=True))
    states = {
        "identity": np.stack([identities[each] for each in subject]),
        "expression": action,
        **draw_timing(draws[:, :5], length - 1.0),
        **_surroundings(draws[:, 5:]),
    }
    times = np.minimum(np.arange(num_frames), length[:, None] - 1)
    mask = None if lengths is None else np.arange(num_frames) < length[:, None]
    if speeds is not None:
        speed = np.asarray(speeds, np.float64)[(len(speeds) * draws[:, 38]).astype(int)]
        times = speed[:, None] * np.arange(num_frames)
        mask = times <= num_frames - 1
    states["intensity"] = intensity(states, times)
    return ClipDataset(
        name="toon_faces",
        split=split,
        frames=render(states, times),
        labels={"action": action, "subject": subject},
        label_names={
            "action": ACTION_NAMES,
            "subject": [f"toon-{i:03d}" for i in range(SUBJECTS["test"].stop)],
        },
        times=None if speeds is None else times,
        mask=mask,
        states=states,
        license=LICENSE,
        attribution=ATTRIBUTION,
    )


def render(states: dict, times) -> np.ndarray:
    """Exact frames at any real times: `(num_clips, num_times, 64, 64, 3)` uint8.

    With `{**a, **{name: b[name] for name in MOTION_STATES}}` this is the truth of
    `swap_motion`: the faces of `a` do what those of `b` do.

    Args:
        states: as in `load_toon_faces`; all but `intensity` are read.
        times: `(num_times,)` or `(num_clips, num_times)`, in frames. Before `start`
            and after the offset a face is neutral.
    """
    strength = intensity(states, times)
    times = np.broadcast_to(np.asarray(times, np.float64), strength.shape)
    frames = np.empty((*strength.shape, SIZE, SIZE, 3), np.uint8)
    for clip, clip_times in enumerate(times):
        state = {name: value[clip] for name, value in states.items()}
        # A repeated last frame need not be drawn again.
        own, place = np.unique(clip_times, return_inverse=True)
        first = np.searchsorted(own, clip_times)
        values = np.empty(len(own))
        values[first] = strength[clip]
        frames[clip] = draw_clip(state, own, values)[place]
    return frames


def playback_times(num_frames: int, speed: float = 1.0) -> np.ndarray:
    """Times at which a clip is seen when it is played at `speed`: `(num_frames,)`.

    t_k = speed * k; a negative speed runs back from the same last time to 0, so that
    -1 is the reversed clip. `render(states, playback_times(16, 2))` is a clip at
    double speed.
    """
    if not np.isfinite(speed) or speed == 0:
        raise ValueError(f"speed must be a finite number, not 0, received {speed!r}.")
    times = abs(speed) * np.arange(_whole(num_frames, None, "num_frames"))
    return times if speed > 0 else times[::-1]


def _surroundings(u: np.ndarray) -> dict:
    """Pose, scale, light and background of clips from `(num_clips, 35)` numbers."""

    def within(low, high, column):
        return low + (high - low) * u[:, column]

    # Yaw and roll with their sway stay within 15 degrees.
    return {
        "yaw": within(-13, 13, 0),
        "roll": within(-13, 13, 1),
        "pitch": within(-8, 8, 2),
        "scale": within(0.86, 1.08, 3),
        "shift": np.stack([within(-3, 3, 4), within(-2, 2, 5)], axis=1),
        "sway": np.stack([within(0.5, 2, 6), within(0.5, 2, 7)], axis=1),
        "sway_rate": 2 * np.pi / np.stack([within(24, 48, 8), within(24, 48, 9)], 1),
        "sway_phase": 2 * np.pi * u[:, 10:12],
        "light_level": within(0.7, 1.15, 12),
        "light_slope": within(0, 0.35, 13),
        "light_angle": within(0, 2 * np.pi, 14),
        "background": u[:, 15:28],
    }


def _check_lengths(lengths, num_frames):
    if lengths is None:
        return
    try:
        low, high = map(int, lengths)
    except (TypeError, ValueError):
        low, high = 0, 0
    if not 2 <= low <= high <= num_frames or tuple(lengths) != (low, high):
        raise ValueError(
            f"lengths must be (shortest, longest), whole numbers with 2 <= shortest <= "
            f"longest <= num_frames = {num_frames}, received {lengths!r}."
        )


def _check_speeds(speeds, lengths):
    if speeds is None:
        return
    array = np.asarray(speeds)
    finite = array.dtype.kind in "if" and np.isfinite(array).all()
    if array.ndim != 1 or not array.size or not finite or array.min() <= 0:
        raise ValueError(
            f"speeds must be a list of finite numbers above 0, received {speeds!r}."
        )
    if lengths is not None:
        raise ValueError("give toon_faces speeds or lengths, not both.")


def _whole(value, default, name: str, least: int = 1) -> int:
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"{name} must be a whole number >= {least}, received {value!r}."
        )
    return value
