"""The 25 sheets of Sprites: where they come from, how they are laid out and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from halo_keras.data import pinned_download

COMMIT = "3ce4048c5227802bd8f1888e293fd3afdba91c0c"
URL = f"https://raw.githubusercontent.com/YingzhenLi/Sprites/{COMMIT}"
MOTIONS = ("walk", "spellcard", "slash")
DIRECTIONS = ("front", "left", "right")

CELL = 64
_SHEET_SIZE = (13 * CELL, 21 * CELL)  # width, height in pixels
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


def clip_cells() -> np.ndarray:
    """(row, column) of each frame of the nine clips: `(9, 8, 2)`."""
    return np.asarray(
        [
            [(_ROWS[motion][way], column) for column in _COLUMNS[motion]]
            for motion in MOTIONS
            for way in DIRECTIONS
        ]
    )


def pose_cells() -> np.ndarray:
    """(row, column) of every cell of a sheet that is drawn on, row by row: `(178, 2)`.

    Four rows each (from behind, left, front, right) of casting, thrusting, walking,
    slashing and shooting, and one of falling.
    """
    counts = [7] * 4 + [8] * 4 + [9] * 4 + [6] * 4 + [13] * 4 + [6]
    columns = np.concatenate([np.arange(count) for count in counts])
    return np.stack([np.repeat(np.arange(len(counts)), counts), columns], axis=1)


def read_sheets(
    folder: Path, verify: bool = True, cells: np.ndarray | None = None
) -> dict[str, dict[int, np.ndarray]]:
    """RGBA cells of every sheet: `(..., 64, 64, 4)` uint8 each.

    Args:
        folder: the one that holds `body/0.png`.
        verify: demand the published sheets, by sha256.
        cells: which, `(..., 2)` rows and columns; None for `clip_cells()`.
    """
    cells = clip_cells() if cells is None else cells
    if not folder.is_dir():
        raise FileNotFoundError(f"the Sprites folder {folder} does not exist.")
    return {
        part: {
            number: _read_sheet(folder / part / f"{number}.png", verify and sha256)[
                cells[..., 0], cells[..., 1]
            ]
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
    return sheet.reshape(21, CELL, 13, CELL, 4).swapaxes(1, 2)  # (21, 13, 64, 64, 4)
