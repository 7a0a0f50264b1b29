"""Real people in four actions, cut out of film strips.

The strips are pictures of 64 x 64 frames side by side, one a person and action, taken
from the Weizmann space-time actions (Gorelick, Blank, Shechtman, Irani & Basri,
"Actions as Space-Time Shapes", 2007): 9 people who bend, jump and wave. Six of the 36
pairs of a person and an action do not exist, so that a model can be asked for them.
Each strip comes with a mirrored copy, frame by frame.

Train and test share people and actions, and never a moment: of a strip of L frames

    test   the last L // 4 frames, or one clip's span where that is longer,
    gap    one clip's span before it, used by neither,
    train  all that is before the gap,

and a mirrored copy is cut at the same frames, so that it is on the same side.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register

LICENSE = "research only"
ATTRIBUTION = (
    "Weizmann space-time actions (Gorelick, Blank, Shechtman, Irani & Basri 2007, "
    "Actions as Space-Time Shapes), as film strips of 64 x 64 frames; for research "
    "only, not to be redistributed"
)

CELL = 64  # height and width of a frame in pixels
ACTION_NAMES = ["bend", "jumping_jack", "one_hand_wave", "two_hand_wave"]
PERSON_NAMES = [f"person{number}" for number in range(9)]
COPY_NAMES = ["original", "mirrored"]
# (person, action): left out on purpose.
ABSENT = (
    (1, "jumping_jack"),
    (2, "one_hand_wave"),
    (4, "bend"),
    (5, "one_hand_wave"),
    (6, "jumping_jack"),
    (8, "two_hand_wave"),
)
PAIRS = tuple(
    (person, action)
    for person in range(len(PERSON_NAMES))
    for action in range(len(ACTION_NAMES))
    if (person, ACTION_NAMES[action]) not in ABSENT
)


@register("actions")
def load_actions(
    split: str,
    source=None,
    *,
    num_frames: int = 8,
    stride: int = 2,
    step: int = 2,
) -> ClipDataset:
    """Clips of 30 pairs of a person and an action, `(num_clips, T, 64, 64, 3)` uint8.

    A clip is `num_frames` frames that are `step` apart, so that it spans
    S = (num_frames - 1) * step + 1 frames of its strip; clips begin `stride` frames
    apart. They are ordered by person, action, copy and begin.

    Labels: `action` (4), `person` (9), `copy` (original or mirrored), `strip` (60).
    States:
    `first_frame`, the index in its strip of a clip's first frame.

    Args:
        split: `"train"` or `"test"`, see this module's text.
        source: the folder with `person0_bend_original.png` and the other 59 strips.
            It is needed: the data may not be redistributed.
        num_frames: T, frames a clip; times are counted in these.
        stride: frames of a strip between two clips' begins.
        step: frames of a strip from one frame of a clip to the next.

    Raises: FileNotFoundError on a missing folder or strip. ValueError without a
        source; on a strip that cannot be read, is no row of 64 x 64 frames, or is
        not the mirror image that it should be; on clips too long for a strip, which
        must hold three of them. Each names the file.
    """
    for name, value in (("num_frames", num_frames), ("stride", stride), ("step", step)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number >= 1, received {value!r}.")
    if source is None:
        raise ValueError(
            "the dataset 'actions' cannot be downloaded. Pass source=FOLDER "
            "(--data-dir FOLDER), the folder with person0_bend_original.png."
        )
    strips = read_strips(Path(source))
    frames, labels, starts = [], [], []
    offsets = step * np.arange(num_frames)
    for (person, action, copy), strip in strips.items():
        try:
            first = clip_starts(len(strip), split, num_frames, stride, step)
        except ValueError as error:
            raise ValueError(f"{strip_name(person, action, copy)}: {error}") from error
        frames.append(strip[first[:, None] + offsets])
        row = (action, person, copy, len(starts))
        labels.append(np.tile(row, (len(first), 1)))
        starts.append(first)
    names = {
        "action": ACTION_NAMES,
        "person": PERSON_NAMES,
        "copy": COPY_NAMES,
        "strip": [strip_name(*each).removesuffix(".png") for each in strips],
    }
    columns = np.concatenate(labels).T
    return ClipDataset(
        name="actions",
        split=split,
        frames=np.concatenate(frames),
        labels=dict(zip(names, columns, strict=True)),
        label_names=names,
        states={"first_frame": np.concatenate(starts)},
        license=LICENSE,
        attribution=ATTRIBUTION,
    )


def clip_starts(length: int, split: str, num_frames: int, stride: int, step: int):
    """Where the clips of a split begin in a strip of `length` frames, `(n,)`.

    Raises: ValueError if the strip does not hold a clip for each split and the gap.
    """
    span = (num_frames - 1) * step + 1
    if length < 3 * span:
        raise ValueError(
            f"a strip of {length} frames must hold 3 clips (train, gap, test), but "
            f"num_frames={num_frames} with step={step} spans {span} frames. Take at "
            f"most num_frames={max(1, (length // 3 - 1) // step + 1)}, or a smaller "
            "step."
        )
    test = length - max(length // 4, span)
    if split == "test":
        return np.arange(test, length - span + 1, stride)
    return np.arange(0, test - 2 * span + 1, stride)


def strip_name(person: int, action: int, copy: int) -> str:
    """The file name of a strip."""
    return f"{PERSON_NAMES[person]}_{ACTION_NAMES[action]}_{COPY_NAMES[copy]}.png"


def read_strips(folder: Path) -> dict[tuple[int, int, int], np.ndarray]:
    """(person, action, copy) to the frames of a strip, `(L, 64, 64, 3)` uint8."""
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder of film strips {folder} does not exist.")
    strips = {}
    for person, action in PAIRS:
        for copy in range(len(COPY_NAMES)):
            path = folder / strip_name(person, action, copy)
            strips[person, action, copy] = _read_strip(path)
        original, mirrored = (strips[person, action, copy] for copy in (0, 1))
        # The split cuts both at the same frames, which is safe only if they agree.
        if not np.array_equal(mirrored, original[:, :, ::-1]):
            raise ValueError(
                f"the film strip {path} must be the mirror image, frame by frame, of "
                f"{strip_name(person, action, 0)}, and is not."
            )
    return strips


def _read_strip(path: Path) -> np.ndarray:
    from PIL import Image

    if not path.is_file():
        raise FileNotFoundError(
            f"the film strip {path} is missing; all {2 * len(PAIRS)} are needed."
        )
    try:
        with Image.open(path) as image:
            width, height = image.size
            fits = height == CELL and width % CELL == 0
            strip = np.asarray(image.convert("RGB")) if fits else None
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(
            f"the film strip {path} is damaged: it cannot be read as a picture "
            f"({error})."
        ) from error
    if strip is None:
        raise ValueError(
            f"the film strip {path} must be a row of frames, {CELL} pixels high and a "
            f"multiple of {CELL} wide, received {width} x {height}."
        )
    return strip.reshape(CELL, -1, CELL, 3).swapaxes(0, 1)
