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

from halo_keras.data import pinned_download
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register

COMMIT = "3ce4048c5227802bd8f1888e293fd3afdba91c0c"
URL = f"https://raw.githubusercontent.com/YingzhenLi/Sprites/{COMMIT}"
LICENSE = "CC-BY-SA-3.0 or GPL-3.0"
ATTRIBUTION = (
    "Sprite sheets by the artists of the Liberated Pixel Cup "
    "(https://lpc.opengameart.org) and of the Universal LPC spritesheet "
    "(https://github.com/jrconway3/Universal-LPC-spritesheet), selected for "
    "Li & Mandt 2018 by https://github.com/YingzhenLi/Sprites; zoo/CREDITS.md "
    "lists sheets and authors"
)

MOTIONS = ("walk", "spellcard", "slash")
DIRECTIONS = ("front", "left", "right")
ACTION_NAMES = [f"{motion}/{way}" for motion in MOTIONS for way in DIRECTIONS]
PART_NAMES = {
    "body": ["light", "tanned", "darkelf", "darkelf2", "dark", "dark2"],
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

_CELL = 64
_SHEET_SIZE = (13 * _CELL, 21 * _CELL)  # width, height in pixels
_ROWS = {  # cell row of each direction
    "walk": {"front": 10, "left": 9, "right": 11},
    "spellcard": {"front": 2, "left": 1, "right": 3},
    "slash": {"front": 14, "left": 13, "right": 15},
}
_COLUMNS = {  # cell column of each frame; the standing pose, walk 0, is never used
    "walk": (8, 1, 2, 3, 4, 5, 6, 7),
    "spellcard": (0, 1, 2, 3, 4, 5, 4, 6),
    "slash": (0, 1, 2, 3, 4, 5, 4, 0),
}
_MAX_SHEET_BYTES = 1_000_000
SHEETS_SHA256 = {
    "body": {
        0: "27d1ac78db37c42f35a20d15c42705efc5e58d47c236cc01423879d4f797f151",
        1: "1535e9228357b884df80f777a0d1dac10ac35e550e4d8d077105ccad014a1460",
        2: "7c241033b4897501cb3721b6c3a9ebfa94b13db10a539edbd9bcc3e0c2a4bcb9",
        3: "055f5aa33fc112d8444b42fce2cf50608a9fbbf2466c54ceaa46c777589a717a",
        4: "57f3b9c510482379aba9a32fc0de7d48e9cbe3dc40f2447283547f773b77ca72",
        5: "91e49453aeab5ebbb4fd2b48253812895dcfb4cb1829b84e24425c66de8f04ff",
    },
    "bottomwear": {
        0: "4ec356c488e272fde2d2d0d722b12a80217871e41161d43ba784caf243969ec2",
        1: "0674312eaa4ab548f8bb31ef95d7dbd46b41555758cec51bd6c3e9fac9a0f936",
        2: "3b464feb0d20ff34b0ca2a6d1fd00766ad86e2229c3d56ff91379fe27588a893",
        3: "b366e84ea0519d06cf693f51e0ee2f9ac32b3132d27c75dfdc4b6f52fca072de",
        4: "4ed7e7702e4f50b9692c0043be04b7296a108d85ea97230fb50d13c150d98771",
        5: "a5c5e7e33f13fe5ad37b5836a5a74fb0d2094a0877c2146961b88688ff85840d",
    },
    "topwear": {
        0: "b917edcf2b3c35d51ef57a6fad67557c5edf048785bea29db09a640d09ac9a90",
        1: "e33c6cb31ed1268a2c0dc73b665b1c9b9420e22baf3321880222bdb22682368b",
        2: "2b9b8fefa08894b7ea536cd62b86d494aefe6e54495c5c1d83460827b13b6448",
        3: "807f5b628592f6747e2814be9435963069dba6c360577168c02f57bbe903433d",
        4: "b51b17878503877e179ce4f9231713bf2b2d2d666c3ec9ee29f4e784469867a2",
        5: "1b6049d43f83ebfda857cc405d1936ac9fd80be480fa6ad239024a6a75ad0372",
    },
    "hair": {
        0: "e4007b0635a239ad16cdebfe90759349ccc73dfc6836c9d19625714be185f43d",
        1: "fa6369f84d3310705df6d8ca8c9d515a7d211e73d2826c50a9cb5bb285652c66",
        2: "1b8046752be7233e829ebe9b11048e171d8d181ee6f68e07042b34f57bb8af0d",
        3: "333783285c5fd94ff434ae5000d2da39aac7940269f173119eaa70d34c8acfa1",
        4: "24df8e9b291cbd444f6c4d12d35b3d43d909cd13f04e6401e0fd8ab10216d5a2",
        5: "4dd471cc20e0b1cf71adcaab01c88598767e5cfe680adacdf560ca91574f17ae",
    },
    "shoes": {
        1: "d56a561616a20a12030d2d40a52eeec63e6d048871bf3b6994221869362151f1",
    },
}


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
    available = NUM_TRAIN if split == "train" else NUM_CHARACTERS - NUM_TRAIN
    wanted = available if num_characters is None else num_characters
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        raise ValueError(f"num_characters must be a whole number, received {wanted!r}.")
    if not 1 <= wanted <= available:
        raise ValueError(
            f"num_characters must lie in [1, {available}] for split {split!r}, "
            f"received {wanted}."
        )
    folder = download() if source is None else Path(source)
    characters = split_characters()[split][:wanted]
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


def download() -> Path:
    """The cache folder with the 25 sheets; fetches those that are not there."""
    folder = pinned_download.cache_folder() / "sprites" / COMMIT[:7]
    for part, sheets in SHEETS_SHA256.items():
        for number, sha256 in sheets.items():
            path = folder / part / f"{number}.png"
            url = f"{URL}/{part}/{number}.png"
            try:
                pinned_download.fetch(url, path, sha256, _MAX_SHEET_BYTES)
            except ConnectionError as error:
                raise ConnectionError(
                    f"{error} The Sprites sheets are not in {folder}. With a copy of "
                    "them, pass source=FOLDER (the folder that holds body/0.png)."
                ) from error
    return folder


def read_sheets(folder: Path, verify: bool = True) -> dict[str, dict[int, np.ndarray]]:
    """RGBA cells of every sheet in clip order: `(9, 8, 64, 64, 4)` uint8 each."""
    if not folder.is_dir():
        raise FileNotFoundError(f"the Sprites folder {folder} does not exist.")
    return {
        part: {
            number: _read_sheet(folder / part / f"{number}.png", verify and sha256)
            for number, sha256 in sheets.items()
        }
        for part, sheets in SHEETS_SHA256.items()
    }


def _read_sheet(path: Path, sha256) -> np.ndarray:
    from PIL import Image

    if not path.is_file():
        raise FileNotFoundError(f"the Sprites sheet {path} is missing.")
    if sha256 and pinned_download.sha256_of(path) != sha256:
        raise ValueError(
            f"the Sprites sheet {path} is damaged or not the published one: its sha256 "
            f"must be {sha256}. Pass verify=False to use sheets of your own."
        )
    try:
        with Image.open(path) as image:
            size = image.size
            sheet = np.asarray(image.convert("RGBA")) if size == _SHEET_SIZE else None
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(
            f"the Sprites sheet {path} cannot be read as a PNG ({error})."
        ) from error
    if sheet is None:
        raise ValueError(
            f"the Sprites sheet {path} must have {_SHEET_SIZE[0]} x {_SHEET_SIZE[1]} "
            f"pixels, received {size[0]} x {size[1]}."
        )
    cells = sheet.reshape(21, _CELL, 13, _CELL, 4).swapaxes(1, 2)
    return np.stack(
        [
            cells[_ROWS[motion][way], list(_COLUMNS[motion])]
            for motion in MOTIONS
            for way in DIRECTIONS
        ]
    )


def character_clips(sheets, characters: np.ndarray) -> np.ndarray:
    """All nine clips of each character: `(9, num_characters, 8, 64, 64, 3)` uint8."""
    layers = {
        part: {number: _Layer(cells) for number, cells in numbered.items()}
        for part, numbered in sheets.items()
    }
    clips = np.empty((9, len(characters), 8, _CELL, _CELL, 3), np.uint8)
    dressed_as, dressed = None, None
    # Sorted by id, neighbours share all but the hair: dress a figure once, then copy.
    for position in np.argsort(characters, kind="stable"):
        *clothes, hair = map(int, np.unravel_index(characters[position], (6, 6, 6, 6)))
        if clothes != dressed_as:
            dressed_as = clothes
            dressed = np.zeros((9 * 8 * _CELL * _CELL, 3), np.uint8)
            layers["body"][clothes[0]].composite_onto(dressed)
            layers["bottomwear"][clothes[1]].composite_onto(dressed)
            layers["topwear"][clothes[2]].composite_onto(dressed)
        figure = dressed.copy()
        layers["hair"][hair].composite_onto(figure)
        layers["shoes"][1].composite_onto(figure)
        clips[:, position] = figure.reshape(9, 8, _CELL, _CELL, 3)
    return clips


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
