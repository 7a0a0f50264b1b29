"""Film strips become clips; no moment of a film is in both splits."""

import numpy as np
import pytest
from PIL import Image

from halo_keras import data
from halo_keras.data import actions


def length_of(person, action):
    return 24 + 5 * person + action


@pytest.fixture(scope="module")
def strips(tmp_path_factory):
    """60 strips; each pixel of a frame says who, what, when and on which side."""
    folder = tmp_path_factory.mktemp("strips")
    for person in range(9):
        for action, name in enumerate(actions.ACTION_NAMES):
            if (person, name) in actions.ABSENT:
                continue
            frames = np.zeros((64, length_of(person, action), 64, 3), np.uint8)
            frames[..., 0] = 10 * person + action
            frames[..., 1] = np.arange(frames.shape[1])[:, None]
            frames[..., 2] = np.arange(64)  # grows to the right
            for copy, picture in (
                ("original", frames),
                ("mirrored", frames[:, :, ::-1]),
            ):
                picture = Image.fromarray(picture.reshape(64, -1, 3))
                picture.save(folder / f"person{person}_{name}_{copy}.png")
    return folder


def test_every_clip_is_what_its_labels_say(strips):
    dataset = data.load("actions", "train", strips, num_frames=3, stride=2, step=2)
    assert dataset.frames.shape[1:] == (3, 64, 64, 3)
    assert dataset.license == "research only"
    columns = [dataset.labels[name] for name in ("person", "action", "copy")]
    columns.append(dataset.states["first_frame"])
    for clip, person, action, copy, start in zip(dataset.frames, *columns, strict=True):
        assert (clip[..., 0] == 10 * person + action).all()
        assert (clip[..., 1] == start + np.array([0, 2, 4])[:, None, None]).all()
        ramp = np.arange(64)[::-1] if copy else np.arange(64)
        assert (clip[..., 2] == ramp).all()
    named = [dataset.label_names["strip"][i] for i in dataset.labels["strip"]]
    assert len(set(named)) == 60
    for name, person, action, copy in zip(named, *columns[:3], strict=True):
        assert name + ".png" == actions.strip_name(person, action, copy)
    pairs = set(zip(columns[0].tolist(), columns[1].tolist(), strict=True))
    assert len(pairs) == 30
    for person, name in actions.ABSENT:
        assert (person, actions.ACTION_NAMES.index(name)) not in pairs


@pytest.mark.parametrize(
    ("num_frames", "stride", "step"), [(8, 1, 1), (4, 2, 2), (3, 5, 1), (1, 1, 1)]
)
def test_no_moment_is_in_both_splits_and_a_clip_lies_between(
    strips, num_frames, stride, step
):
    """Counted frame by frame, over both copies of a strip together."""
    options = {"num_frames": num_frames, "stride": stride, "step": step}
    seen = {}
    for split in ("train", "test"):
        dataset = data.load("actions", split, strips, **options)
        for clip in dataset.frames:
            first = clip[0, 0, 0, 0]
            seen.setdefault((split, first), set()).update(clip[:, 0, 0, 1].tolist())
    span = (num_frames - 1) * step + 1
    for person, action in actions.PAIRS:
        train, test = (seen[split, 10 * person + action] for split in ("train", "test"))
        length = length_of(person, action)
        assert min(train) == 0 and max(test) > length - 1 - stride
        assert max(test) <= length - 1
        assert min(test) == length - max(length // 4, span)
        assert min(test) - max(train) - 1 >= span


def test_clips_too_long_for_a_strip(strips):
    message = r"person0_bend_original.png: a strip of 24 frames .* most num_frames=4,"
    with pytest.raises(ValueError, match=message):
        data.load("actions", "train", strips, num_frames=9, step=2)
    assert len(data.load("actions", "test", strips, num_frames=4, step=2))


@pytest.mark.parametrize("name", ["num_frames", "stride", "step"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8"])
def test_numbers_out_of_range(strips, name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1"):
        data.load("actions", "train", strips, **{name: value})


def copied(strips, folder):
    folder.mkdir()
    for path in strips.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


DAMAGED = {
    "missing": (None, FileNotFoundError, "is missing; all 60 are needed"),
    "empty": (b"", ValueError, "is damaged: it cannot be read as a picture"),
    "text": (b"no picture", ValueError, "is damaged: it cannot be read as a picture"),
    "cut off": ("cut", ValueError, "is damaged: it cannot be read as a picture"),
    "too high": ((128, 65), ValueError, "multiple of 64 wide, received 128 x 65"),
    "half a frame": ((96, 64), ValueError, "multiple of 64 wide, received 96 x 64"),
    "another film": ((128, 64), ValueError, "must be the mirror image, frame by frame"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_missing_and_damaged_strips_are_named(strips, tmp_path, case):
    content, error, message = DAMAGED[case]
    folder = copied(strips, tmp_path / "strips")
    path = folder / "person7_two_hand_wave_mirrored.png"
    whole = path.read_bytes()
    path.unlink()
    if isinstance(content, tuple):
        Image.new("RGB", content).save(path)
    elif content is not None:
        path.write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
    with pytest.raises(error, match=f"person7_two_hand_wave_mirrored.png .*{message}"):
        data.load("actions", "train", folder)


def test_where_to_get_the_strips(tmp_path):
    with pytest.raises(ValueError, match="Pass source=FOLDER"):
        data.load("actions", "train")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        data.load("actions", "train", tmp_path / "nowhere")


def test_the_real_strips(shared_data):
    """Counts by hand: 30 strips of 51 to 146 frames, twice."""
    folder = shared_data / "actions"
    if not folder.is_dir():
        pytest.skip("the film strips are not here")
    train, test = (data.load("actions", split, folder) for split in ("train", "test"))
    lengths = []
    for person, action in actions.PAIRS:
        name = f"person{person}_{actions.ACTION_NAMES[action]}_original.png"
        with Image.open(folder / name) as image:
            lengths.append(image.width // 64)
    assert (min(lengths), max(lengths)) == (51, 146)
    span, counts = 15, [0, 0]
    for length in lengths:
        cut = length - max(length // 4, span)
        counts[0] += 2 * len(range(0, cut - 2 * span + 1, 2))
        counts[1] += 2 * len(range(cut, length - span + 1, 2))
    assert [len(train), len(test)] == counts
    for dataset in (train, test):
        assert len(np.unique(dataset.labels["person"])) == 9
        assert len(np.unique(dataset.labels["action"])) == 4
        moving = np.abs(np.diff(dataset.frames.astype(int), axis=1))
        assert moving.mean() > 1  # people, not pictures of them
