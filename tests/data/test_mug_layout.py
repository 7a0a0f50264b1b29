"""Every way in which MUG's folders are known to be laid out, and what is none."""

import pytest

from halo_keras.data.mug_layout import EXPRESSIONS, read_layout


def put(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


@pytest.fixture
def copy(tmp_path):
    put(
        tmp_path,
        "001/anger/take000/img_0000.jpg",
        "001/anger/take000/img_0001.jpg",
        "001/anger/take001/img_0000.jpg",
        "001/neutral/take000/img_0000.jpg",  # not one of the six
        "001/hapiness/take000/img_0000.jpg",  # a typing error
        "002/session0/fear/take000/img_0000.jpg",  # with a session
        "002/session1/fear/take000/img_0000.jpg",
        "002/session1/Surprise/take000/img_0000.JPG",  # capitals
        "003/sadness/img_9.jpg",  # no take folder, no leading zeros
        "003/sadness/img_10.jpg",
        "003/sadness/img_11.jpeg",
        "003/disgust/img_0.jpg",  # both at once
        "003/disgust/take1/img_0.jpg",
        "003/disgust/take1/Thumbs.db",  # no pictures
        "003/disgust/take1/landmarks.txt",
        "003/disgust/take1/.img_1.jpg",
        "010/happiness/take000/readme.txt",  # an empty take
        "010/happiness/take10/a1.jpg",
        "010/happiness/take9/a1.jpg",
        "readme.txt",
        "tools/matlab/a.jpg",  # no subject
    )
    (tmp_path / "010" / "anger").mkdir()  # an empty expression
    return tmp_path


def test_takes_of_every_form(copy):
    found = read_layout(copy)
    assert [(i.take.name, i.subject, i.expression) for i in found.takes] == [
        ("001/anger/take000", "001", "anger"),
        ("001/anger/take001", "001", "anger"),
        ("002/session0/fear/take000", "002", "fear"),
        ("002/session1/fear/take000", "002", "fear"),
        ("002/session1/Surprise/take000", "002", "surprise"),
        ("003/disgust", "003", "disgust"),
        ("003/disgust/take1", "003", "disgust"),
        ("003/sadness", "003", "sadness"),
        ("010/happiness/take9", "010", "happiness"),
        ("010/happiness/take10", "010", "happiness"),
    ]
    assert found.subjects == ["001", "002", "003", "010"]
    files = {i.take.name: [f.name for f in i.take.source.files] for i in found.takes}
    assert files["003/sadness"] == ["img_9.jpg", "img_10.jpg", "img_11.jpeg"]
    assert files["003/disgust/take1"] == ["img_0.jpg"]


def test_what_is_left_out_is_named(copy):
    found = read_layout(copy)
    skipped = {item.name: (item.kind, item.reason) for item in found.skipped}
    assert skipped == {
        "010/anger": ("empty", "it holds no picture"),
        "010/happiness/take000": ("empty", "it holds no picture"),
    }
    notes = dict(found.notes)
    assert "not one of the six" in notes["001/neutral"]
    assert "did you mean 'happiness'" in notes["001/hapiness"]
    assert "no subject" in notes["tools"]


@pytest.mark.parametrize("below", ["raw", "subjects3"])
def test_the_folder_above_will_do(copy, tmp_path_factory, below):
    above = tmp_path_factory.mktemp("above")
    (above / below).symlink_to(copy)
    (above / "TRAIN").mkdir()
    assert len(read_layout(above).takes) == 10


def test_other_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="MUG folder .*nowhere does not exist"):
        read_layout(tmp_path / "nowhere")
    put(tmp_path, "videos/a.mp4")
    with pytest.raises(ValueError, match=r"not laid out like MUG.*\['videos'\]"):
        read_layout(tmp_path)


def test_expressions_are_in_the_order_of_the_published_class_folders():
    assert EXPRESSIONS == (
        *("anger", "disgust", "happiness", "fear", "sadness", "surprise"),
    )
