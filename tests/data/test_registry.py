"""Loading by name: what is known, and what an unknown word is answered."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data import registry


def test_names_and_splits():
    assert {"balls", "balls_speed", "sprites"} <= set(data.names())
    assert data.names() == sorted(data.names())
    assert data.splits("sprites") == ("train", "test")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ball", {}, "no dataset is named 'ball'; did you mean 'balls'"),
        ("qqq", {}, "Known: .*balls, balls_speed.*sprites"),
        ("balls", {"split": "tets"}, "no split 'tets'; did you mean 'test'"),
        ("balls", {"num_clip": 3}, "no option 'num_clip'; did you mean 'num_clips'"),
        ("balls", {"source": "somewhere"}, "is computed, not read"),
        ("sprites", {"source": "hf://a"}, "is written owner/name"),
    ],
)
def test_unknown_words(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load(name, **arguments)


def test_a_new_dataset_is_one_registered_loader(monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))

    @data.register("dots", splits=("train",))
    def load_dots(split, source=None, *, brightness=1):
        return data.ClipDataset(
            name="dots",
            split=split,
            frames=np.full((1, 1, 1, 1, 1), brightness, np.uint8),
            labels={"action": np.zeros(1, int)},
            label_names={"action": ["still"]},
            license="CC0-1.0",
            attribution=str(source),
        )

    dataset = data.load("dots", source="here", brightness=7)
    assert dataset.frames.item() == 7 and dataset.attribution == "here"
    with pytest.raises(ValueError, match="registered already"):
        data.register("dots")(load_dots)
    with pytest.raises(ValueError, match="no split 'test'"):
        data.load("dots", "test")


def test_licences_are_known_before_the_clips():
    small = {"num_clips": 2, "num_frames": 2}
    assert registry.licence("balls", {}) == data.load("balls", **small).license
    for name in ("mug", "actions", "timit", "sprites", "toon_faces"):
        assert registry.licence(name, {})
    assert registry.licence("folder", {}).startswith("unknown")
    assert registry.licence("folder", {"license": "CC0-1.0"}) == "CC0-1.0"
    with pytest.raises(ValueError, match="did you mean 'balls'"):
        registry.licence("ball", {})
