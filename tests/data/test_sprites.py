"""Sprites against Pillow's own compositing and the published recipe's check values."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import pinned_download, sprite_sheets, sprites


@pytest.fixture(scope="session")
def sheets(shared_data) -> Path:
    folder = shared_data / "sprites"
    if not folder.is_dir():
        pytest.skip("the Sprites sheets are not here")
    return folder


@pytest.fixture
def copy(sheets, tmp_path) -> Path:
    for part, numbers in sprite_sheets.SHEETS_SHA256.items():
        (tmp_path / part).mkdir()
        for number in numbers:
            shutil.copy(sheets / part / f"{number}.png", tmp_path / part)
    return tmp_path


def test_split_is_the_published_permutation():
    characters = sprites.split_characters()
    train, test = characters["train"], characters["test"]
    assert (len(train), len(test)) == (1000, 296)
    first = [1116, 1135, 17, 469, 1293, 491, 869, 961, 91, 793]
    assert train[:10].tolist() == first
    first = [884, 1285, 252, 297, 947, 713, 1063, 643, 299, 523]
    assert test[:10].tolist() == first
    assert test[-2:].tolist() == [56, 1262]
    assert sorted([*train, *test]) == list(range(1296))


def composited(folder, ids):
    """A whole sheet of one character, by Pillow."""
    from PIL import Image

    canvas = Image.new("RGBA", (832, 1344), "black")
    body, bottomwear, topwear, hair = ids
    for name in (
        f"body/{body}.png",
        f"bottomwear/{bottomwear}.png",
        f"topwear/{topwear}.png",
        f"hair/{hair}.png",
        "shoes/1.png",
    ):
        layer = Image.open(folder / name).convert("RGBA")
        canvas = Image.alpha_composite(canvas, layer)
    return canvas


def cropped(canvas, row, columns):
    """One clip, cell by cell."""
    boxes = [(64 * c, 64 * row, 64 * c + 64, 64 * row + 64) for c in columns]
    return np.stack([np.asarray(canvas.crop(box))[..., :3] for box in boxes])


# (row of front, left, right) and columns, written out once more from the recipe.
RECIPE = {
    "walk": ((10, 9, 11), (8, 1, 2, 3, 4, 5, 6, 7)),
    "spellcard": ((2, 1, 3), (0, 1, 2, 3, 4, 5, 4, 6)),
    "slash": ((14, 13, 15), (0, 1, 2, 3, 4, 5, 4, 0)),
}


def test_clips_equal_pillow_on_every_sheet(sheets):
    # Six characters that together wear every sheet, all nine motions of each.
    ids = [(k, (k + 1) % 6, (k + 2) % 6, (k + 3) % 6) for k in range(6)]
    characters = np.array([((a * 6 + b) * 6 + c) * 6 + d for a, b, c, d in ids])
    clips = sprites.character_clips(sprite_sheets.read_sheets(sheets), characters)
    for column, parts in enumerate(ids):
        canvas = composited(sheets, parts)
        for m, (rows, columns) in enumerate(RECIPE.values()):
            for d, row in enumerate(rows):
                expected = cropped(canvas, row, columns)
                assert np.array_equal(clips[3 * m + d, column], expected)


def test_blending_is_pillows_for_every_colour_and_alpha():
    from PIL import Image

    rng = np.random.default_rng(0)
    over = rng.integers(0, 256, (256, 1024, 4), np.uint8)
    over[..., 3] = np.arange(256)[:, None]
    below = rng.integers(0, 256, (256, 1024, 4), np.uint8)
    below[..., 3] = 255
    wanted = Image.alpha_composite(Image.fromarray(below), Image.fromarray(over))
    canvas = below[..., :3].reshape(-1, 3).copy()
    sprites._Layer(over).composite_onto(canvas)
    assert np.array_equal(canvas.reshape(256, 1024, 3), np.asarray(wanted)[..., :3])


def test_loaded_split(sheets):
    dataset = data.load("sprites", "test", source=sheets)
    assert dataset.frames.shape == (2664, 8, 64, 64, 3)
    labels = dataset.labels
    assert dataset.action_names[:4] == [
        "walk/front",
        "walk/left",
        "walk/right",
        "spellcard/front",
    ]
    assert labels["action"].tolist() == [k for k in range(9) for _ in range(296)]
    character = sprites.split_characters()["test"]
    assert np.array_equal(labels["character"], np.tile(character, 9))
    assert np.array_equal(labels["body"], labels["character"] // 216)
    assert np.array_equal(labels["bottomwear"], labels["character"] // 36 % 6)
    assert np.array_equal(labels["topwear"], labels["character"] // 6 % 6)
    assert np.array_equal(labels["hair"], labels["character"] % 6)
    # A clip somewhere in the middle is the character and motion that its labels say.
    i = 296 * 7 + 123
    parts = [labels[p][i] for p in ("body", "bottomwear", "topwear", "hair")]
    assert labels["action"][i] == 7  # slash/left
    expected = cropped(composited(sheets, parts), 13, RECIPE["slash"][1])
    assert np.array_equal(dataset.frames[i], expected)
    # Repeats within the clips, as published.
    walk, cast, slash = dataset.frames[0], dataset.frames[888], dataset.frames[1776]
    assert len(np.unique(walk.reshape(8, -1), axis=0)) == 8
    assert np.array_equal(cast[4], cast[6])
    assert np.array_equal(slash[4], slash[6])
    assert np.array_equal(slash[0], slash[7])
    assert "CC-BY-SA-3.0" in dataset.describe()


def test_first_characters_and_disjoint_splits(sheets):
    train = data.load("sprites", "train", source=str(sheets), num_characters=3)
    test = data.load("sprites", "test", source=sheets, num_characters=3)
    assert len(train) == 27
    assert train.labels["character"][:3].tolist() == [1116, 1135, 17]
    assert not set(train.labels["character"]) & set(test.labels["character"])
    for wanted in (0, 297, 2.0):
        with pytest.raises(ValueError, match="num_characters must"):
            data.load("sprites", "test", source=sheets, num_characters=wanted)


def test_loop_is_modular():
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (3, 8, 2, 2, 1), np.uint8)
    looped = sprites.loop(frames, 20, start=[0, 5, -3])
    for clip, start in enumerate([0, 5, -3]):
        for t in range(20):
            assert np.array_equal(looped[clip, t], frames[clip, (start + t) % 8])
    assert np.array_equal(sprites.loop(frames, 8), frames)
    with pytest.raises(ValueError, match="num_clips, num_frames"):
        sprites.loop(frames[0], 8)


def test_missing_sheet_is_named(copy):
    (copy / "topwear" / "3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"topwear.3\.png is missing"):
        data.load("sprites", "test", source=copy)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        data.load("sprites", "test", source=copy / "nowhere")


@pytest.mark.parametrize("verify", [True, False])
def test_damaged_sheet_is_named(copy, verify):
    path = copy / "hair" / "2.png"
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(ValueError, match=r"hair.2\.png (is damaged|cannot be read)"):
        data.load("sprites", "test", source=copy, verify=verify)


def test_other_sheets_only_without_verification(copy):
    from PIL import Image

    path = copy / "shoes" / "1.png"
    Image.new("RGBA", (832, 1344), (9, 8, 7, 255)).save(path)
    with pytest.raises(ValueError, match=r"shoes.1\.png is damaged or not the publish"):
        data.load("sprites", "test", source=copy, num_characters=1)
    plain = data.load("sprites", "test", source=copy, num_characters=1, verify=False)
    assert np.unique(plain.frames.reshape(-1, 3), axis=0).tolist() == [[9, 8, 7]]
    Image.new("RGBA", (64, 64)).save(path)
    with pytest.raises(ValueError, match="832 x 1344 pixels, received 64 x 64"):
        data.load("sprites", "test", source=copy, num_characters=1, verify=False)


class Response:
    def __init__(self, content):
        self.content = content

    def read(self, limit):
        return self.content[:limit]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


def test_download_into_the_cache(sheets, tmp_path, monkeypatch):
    asked = []

    def open_sheet(url, timeout):
        asked.append(url)
        assert url.startswith(f"{sprite_sheets.URL}/")
        return Response(
            (sheets / url.removeprefix(f"{sprite_sheets.URL}/")).read_bytes()
        )

    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path))
    monkeypatch.setattr(pinned_download.urllib.request, "urlopen", open_sheet)
    downloaded = data.load("sprites", "test", num_characters=1)
    assert len(asked) == len(set(asked)) == 25
    local = data.load("sprites", "test", source=sheets, num_characters=1)
    assert np.array_equal(downloaded.frames, local.frames)
    # The second time nothing is asked for; a damaged sheet alone is fetched again.
    data.load("sprites", "test", num_characters=1)
    assert len(asked) == 25
    (path,) = tmp_path.glob("**/body/4.png")
    path.write_bytes(b"damaged")
    data.load("sprites", "test", num_characters=1)
    assert asked[25:] == [f"{sprite_sheets.URL}/body/4.png"]


def test_nothing_is_kept_of_a_bad_download(tmp_path, monkeypatch):
    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path))
    bad = Response(b"something else")
    monkeypatch.setattr(pinned_download.urllib.request, "urlopen", lambda *a, **k: bad)
    with pytest.raises(ValueError, match=r"body/0\.png is not the expected file"):
        data.load("sprites")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_without_network_the_error_says_what_to_do(tmp_path, monkeypatch):
    def unreachable(url, timeout):
        raise pinned_download.urllib.error.URLError("no route to host")

    monkeypatch.setenv("HALO_KERAS_CACHE", str(tmp_path))
    monkeypatch.setattr(pinned_download.urllib.request, "urlopen", unreachable)
    with pytest.raises(ConnectionError, match=r"no route to host.*source=FOLDER"):
        data.load("sprites")
