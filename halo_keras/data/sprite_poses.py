"""Sprites' characters in all 178 poses of their sheets, as sets without an order.

Helminger et al. 2018 (UnorderedVAE), appendix A: the 1,296 characters of Sprites (see
`sprites`), but instead of single actions "the whole sheet, which consists of 178
different poses": casting, thrusting, walking, slashing and shooting, from four sides
each, and falling. The characters of the splits are those of `sprites`, disjoint.

The sheets say nothing of time, so there is none here: `form="sets"` gives a clip a
character, whose frames are its poses in the order of the sheet; `form="frames"` a clip
of one frame a pose, labelled with its place on the sheet, for judges.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from halo_keras.data import sprites
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register
from halo_keras.data.sprite_sheets import download, pose_cells, read_sheets

LICENSE = sprites.LICENSE
ATTRIBUTION = sprites.ATTRIBUTION
ACTION_NAMES = ["poses"]
FORMS = ("sets", "frames")
NUM_POSES = 178
ROW_NAMES = [
    *(
        f"{motion}/{way}"
        for motion in ("spellcard", "thrust", "walk", "slash", "shoot")
        for way in ("back", "left", "front", "right")
    ),
    "fall/front",
]
NUM_CELLS = 13  # columns of a sheet; a row has at most so many poses


@register("sprite_poses")
def load_sprite_poses(
    split: str,
    source=None,
    *,
    form: str = "sets",
    num_characters: int | dict | None = None,
    verify: bool = True,
) -> ClipDataset:
    """Characters in all poses: `(num_characters, 178, 64, 64, 3)` uint8 sets.

    Labels: `action` (one, `"poses"`), `body`, `bottomwear`, `topwear`, `hair` and
    `character`, as of `sprites`; with `form="frames"`, clips `(178 num_characters, 1,
    64, 64, 3)`, character by character, and also `row` (21) and `cell` (13), the place
    on the sheet. The 1,000 training characters take 2.2 GB.

    Args:
        split: `"train"` or `"test"`.
        source, verify: as of `sprites`.
        num_characters: the first so many characters of the split; or a dict from a
            split to its number, where a split that is not named has all.
        form: `"sets"` or `"frames"`, which share the same pictures.

    Raises: as of `sprites`; ValueError on another form.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {list(FORMS)}, received {form!r}.")
    if isinstance(num_characters, dict):
        num_characters = num_characters.get(split)
    characters = sprites.first_characters(split, num_characters)
    folder = download() if source is None else Path(source)
    cells = pose_cells()
    sheets = read_sheets(folder, verify, cells)
    frames = sprites.character_frames(sheets, characters)
    ids = np.unravel_index(characters, (6, 6, 6, 6))
    labels = {
        "action": np.zeros(len(characters), np.int64),
        **dict(zip(sprites.PART_NAMES, ids, strict=True)),
        "character": characters,
    }
    names = ["-".join(map(str, part)) for part in np.ndindex(6, 6, 6, 6)]
    label_names = {
        "action": ACTION_NAMES,
        **sprites.PART_NAMES,
        "character": names,
    }
    if form == "frames":
        frames = frames.reshape(-1, 1, *frames.shape[2:])
        labels = {name: np.repeat(value, NUM_POSES) for name, value in labels.items()}
        labels["row"] = np.tile(cells[:, 0], len(characters))
        labels["cell"] = np.tile(cells[:, 1], len(characters))
        label_names["row"] = ROW_NAMES
        label_names["cell"] = [str(cell) for cell in range(NUM_CELLS)]
    return ClipDataset(
        name="sprite_poses",
        split=split,
        frames=frames,
        labels=labels,
        label_names=label_names,
        license=LICENSE,
        attribution=ATTRIBUTION,
    )
