"""Sprites: game characters of four exchangeable parts that walk, cast and slash.

Li & Mandt 2018 (DSVAE), after the public scripts of YingzhenLi/Sprites: 1,296
characters (6 bodies x 6 bottomwears x 6 topwears x 6 hairs) in 9 motions (walk,
spellcard, slash x front, left, right) of 8 frames. A sheet has 13 x 21 cells of
64 x 64 pixels; a character is an opaque black canvas with body, bottomwear,
topwear, hair and shoes composited in that order. The scripts scale by 1/256; here
frames stay uint8.

Characters are split 1,000 / 296 by the scripts' permutation, so the characters of
the two splits are disjoint. Clips are ordered by action, then by that permutation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register
from halo_keras.data.sprite_sheets import (
    CELL,
    DIRECTIONS,
    MOTIONS,
    download,
    read_sheets,
)

LICENSE = "CC-BY-SA-3.0 or GPL-3.0"
ATTRIBUTION = (
    "Sprite sheets by the artists of the Liberated Pixel Cup "
    "(https://lpc.opengameart.org) and of the Universal LPC spritesheet "
    "(https://github.com/jrconway3/Universal-LPC-spritesheet), selected for "
    "Li & Mandt 2018 by https://github.com/YingzhenLi/Sprites; zoo/CREDITS.md "
    "lists sheets and authors"
)

ACTION_NAMES = [f"{motion}/{way}" for motion in MOTIONS for way in DIRECTIONS]
PART_NAMES = {
    "body": ["light", "tanned2", "darkelf", "darkelf2", "dark", "dark2"],
    "bottomwear": [
        *("white pants", "golden greaves", "red pants", "metal greaves"),
        *("teal pants", "formal pants"),
    ],
    "topwear": [
        *("maroon longsleeve", "teal longsleeve", "white longsleeve"),
        *("plate chest", "leather chest", "formal shirt and tie"),
    ],
    "hair": [
        *("green messy", "blue longknot", "light blonde messy", "white bangs"),
        *("ruby red plain", "purple jewfro"),
    ],
}
NUM_CHARACTERS = 6**4
NUM_TRAIN = 1000
NUM_FRAMES = 8


@register("sprites")
def load_sprites(
    split: str,
    source=None,
    *,
    num_characters: int | None = None,
    verify: bool = True,
) -> ClipDataset:
    """The 9,000 training or 2,664 test clips, `(num_clips, 8, 64, 64, 3)` uint8.

    Labels: `action` = 3 * motion + direction, `body`, `bottomwear`, `topwear`,
    `hair` (6 each) and `character` = ((body * 6 + bottomwear) * 6 + topwear) * 6
    + hair. All 9,000 clips take 885 MB.

    Args:
        split: `"train"` or `"test"`.
        source: a folder with `body/0.png` ... `shoes/1.png` (a copy of
            YingzhenLi/Sprites is one). None: the 25 sheets are downloaded once from
            that repository at a fixed commit into the cache folder.
        num_characters: only the first so many characters of the split.
        verify: demand the published sheets, by sha256. False takes any sheets of
            the right size.

    Raises: FileNotFoundError on a missing sheet; ValueError on a sheet that is
        damaged, of another size or, with `verify`, not the published one;
        ConnectionError if a sheet is neither in the cache nor can be downloaded.
        Each names the file.
    """
    characters = first_characters(split, num_characters)
    wanted = len(characters)
    folder = download() if source is None else Path(source)
    frames = character_clips(read_sheets(folder, verify), characters)
    ids = np.unravel_index(characters, (6, 6, 6, 6))
    parts = dict(zip(PART_NAMES, ids, strict=True))
    names = ["-".join(map(str, part)) for part in np.ndindex(6, 6, 6, 6)]
    return ClipDataset(
        name="sprites",
        split=split,
        frames=frames.reshape(-1, *frames.shape[2:]),
        labels={
            "action": np.repeat(np.arange(9), wanted),
            **{part: np.tile(value, 9) for part, value in parts.items()},
            "character": np.tile(characters, 9),
        },
        label_names={"action": ACTION_NAMES, **PART_NAMES, "character": names},
        license=LICENSE,
        attribution=ATTRIBUTION,
    )


def first_characters(split: str, count: int | None) -> np.ndarray:
    """The first so many characters of a split, None for all; checked: `(count,)`."""
    available = NUM_TRAIN if split == "train" else NUM_CHARACTERS - NUM_TRAIN
    wanted = available if count is None else count
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise ValueError(f"num_characters must be a whole number, received {wanted!r}.")
    if not 1 <= wanted <= available:
        raise ValueError(
            f"num_characters must lie in [1, {available}] for split {split!r}, "
            f"received {wanted}."
        )
    return split_characters()[split][:wanted]


def split_characters() -> dict[str, np.ndarray]:
    """Ids of the characters of each split, in the order of the public scripts."""
    order = np.random.RandomState(423).permutation(NUM_CHARACTERS)
    return {"train": order[:NUM_TRAIN], "test": order[NUM_TRAIN:]}


def loop(frames, num_frames: int, start=0):
    """The clip as a loop: frame t of the result is frame (start + t) mod T.

    Every motion of Sprites is made to be repeated, so this is the exact continuation.

    Args:
        frames: `(num_clips, T, height, width, channels)`.
        num_frames: number of frames asked for.
        start: whole number, or one a clip `(num_clips,)`, of any sign.

    Returns: `(num_clips, num_frames, height, width, channels)`.
    """
    frames = np.asarray(frames)
    if frames.ndim != 5:
        raise ValueError(
            "frames must be (num_clips, num_frames, height, width, channels), "
            f"received shape {frames.shape}."
        )
    start = np.broadcast_to(np.asarray(start), frames.shape[:1])
    index = (start[:, None] + np.arange(num_frames)) % frames.shape[1]
    return frames[np.arange(len(frames))[:, None], index]


def character_clips(sheets, characters: np.ndarray) -> np.ndarray:
    """All nine clips of each character: `(9, num_characters, 8, 64, 64, 3)` uint8."""
    frames = character_frames(sheets, characters)
    frames = frames.reshape(len(characters), 9, NUM_FRAMES, CELL, CELL, 3)
    return np.ascontiguousarray(frames.swapaxes(0, 1))


def character_frames(sheets, characters: np.ndarray) -> np.ndarray:
    """Each character in each cell: `(num_characters, num_cells, 64, 64, 3)` uint8.

    Args:
        sheets: of `sprite_sheets.read_sheets`; all axes of the cells count as one.
        characters: `(num_characters,)` ids.
    """
    layers = {
        part: {number: _Layer(cells) for number, cells in numbered.items()}
        for part, numbered in sheets.items()
    }
    one = next(iter(sheets["body"].values()))
    num_pixels = one[..., 0].size
    shape = (num_pixels // CELL**2, CELL, CELL, 3)
    frames = np.empty((len(characters), *shape), np.uint8)
    dressed_as, dressed = None, None
    # Sorted by id, neighbours share all but the hair: dress a figure once, then copy.
    for position in np.argsort(characters, kind="stable"):
        *clothes, hair = map(int, np.unravel_index(characters[position], (6, 6, 6, 6)))
        if clothes != dressed_as:
            dressed_as = clothes
            dressed = np.zeros((num_pixels, 3), np.uint8)
            layers["body"][clothes[0]].composite_onto(dressed)
            layers["bottomwear"][clothes[1]].composite_onto(dressed)
            layers["topwear"][clothes[2]].composite_onto(dressed)
        figure = frames[position].reshape(num_pixels, 3)  # a view
        figure[...] = dressed
        layers["hair"][hair].composite_onto(figure)
        layers["shoes"][1].composite_onto(figure)
    return frames


class _Layer:
    """The visible pixels of one sheet: most cells are almost empty."""

    def __init__(self, cells: np.ndarray):
        pixels = cells.reshape(-1, 4)
        alpha = pixels[:, 3]
        self.opaque = np.flatnonzero(alpha == 255)
        self.opaque_colour = pixels[self.opaque, :3]
        self.blended = np.flatnonzero((alpha > 0) & (alpha < 255))
        self.colour = pixels[self.blended, :3].astype(np.uint32)
        self.alpha = pixels[self.blended, 3:].astype(np.uint32)

    def composite_onto(self, canvas: np.ndarray):
        """In place, onto opaque `(num_pixels, 3)`: Pillow's alpha_composite, exactly.

        On an opaque canvas Pillow computes round((colour a + below (255 - a)) / 255)
        in fixed point with 7 extra bits: x / 255 as (x + (x >> 8)) >> 8.
        """
        canvas[self.opaque] = self.opaque_colour
        below = canvas[self.blended]
        weighted = (self.colour * self.alpha + below * (255 - self.alpha)) << 7
        weighted += 0x80 << 7
        canvas[self.blended] = ((weighted + (weighted >> 8)) >> 8) >> 7
