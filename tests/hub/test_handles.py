"""What is a handle, and what is refused before anything is asked."""

import pytest

from halo_keras.hub import handles
from halo_keras.hub.errors import PresetError
from halo_keras.hub.handles import HubHandle

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "repo_id", "revision"),
    [
        ("hf://me/halo-sprites", "me/halo-sprites", None),
        ("hf://a/b@v1", "a/b", "v1"),
        ("hf://Some.One/x_y.z@refs/pr/3", "Some.One/x_y.z", "refs/pr/3"),
        (f"hf://me/p@{SHA}", "me/p", SHA),
        ("hf://0/_@1.0.2", None, None),
        ("hf://me/p@feature/new_thing-2", "me/p", "feature/new_thing-2"),
    ],
)
def test_a_handle_is_owner_name_and_revision(text, repo_id, revision):
    if repo_id is None:
        with pytest.raises(PresetError):
            handles.parse(text)
        return
    handle = handles.parse(text)
    assert handle == HubHandle(repo_id, revision)
    assert str(handle) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "me/p",
        "hf:/me/p",
        "HF://me/p",
        " hf://me/p",
        "hf://me/p ",
        "hf://me/p\n",
        "hf://me",
        "hf:///p",
        "hf://me/",
        "hf://me/p/q",
        "hf://datasets/me/p",
        "hf://../p",
        "hf://me/..",
        "hf://me/p..q",
        "hf://me/p--q",
        "hf://me/p.git",
        "hf://-me/p",
        "hf://me/-p",
        "hf://.me/p",
        "hf://me/.p",
        "hf://me/p.",
        "hf://me\\p/q",
        "hf://me/p?x=1",
        "hf://me/p#x",
        "hf://me/p%2e",
        "hf://user:word@host/p",
        "hf://me/p@",
        "hf://me/p@@v1",
        "hf://me/p@v1@v2",
        "hf://me/p@../../x",
        "hf://me/p@/etc",
        "hf://me/p@v1/",
        "hf://me/p@a//b",
        "hf://me/p@-f",
        "hf://me/p@a b",
        "hf://me/p@a\x00b",
        "hf://mé/p",
        "hf://me/" + "x" * 200,
        "hf://me/p@" + "v" * 200,
        "https://huggingface.co/me/p",
        None,
        3,
        b"hf://me/p",
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(PresetError, match="received"):
        handles.parse(text)


def test_only_forty_hex_digits_are_a_commit():
    assert handles.is_commit(SHA)
    for other in (None, "main", SHA[:39], SHA + "0", SHA.upper(), "g" * 40):
        assert not handles.is_commit(other)


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a//b", "a/", "a\\b", "*.json", ".env", "a/.git", "", 3]
)
def test_names_of_files_are_plain(name):
    with pytest.raises(PresetError):
        handles.check_file_names(["config.json", name])
    with pytest.raises(PresetError):
        handles.check_file_names([])


def test_names_may_lie_in_folders():
    names = ("config.json", "data/train-00000.parquet")
    assert handles.check_file_names(names) == list(names)
