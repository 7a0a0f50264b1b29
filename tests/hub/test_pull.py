"""Presets from the Hub, through the real client: the same model, nothing hostile."""

import importlib.util
import json
import re

import keras
import numpy as np
import pytest

from halo_keras import hub
from halo_keras.hub import index

pytestmark = pytest.mark.backend

REPO = "someone/stand-in-balls"
HANDLE = f"hf://{REPO}"
VALUES = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
FIVE = {"config.json", "model.weights.h5", "metadata.json", "metrics.json", "README.md"}


def outputs(model):
    return keras.ops.convert_to_numpy(model(VALUES))


@pytest.fixture
def published(hub_server, save, tmp_path, file_bytes):
    """The folder of a preset with a picture, and the sha of its repository."""
    picture = tmp_path / "swap.gif"
    picture.write_bytes(b"GIF89a, more or less")
    folder = tmp_path / "origin" / "stand-in-balls"
    save(folder, extra_files=[picture])
    sha = hub_server.add_repo(REPO, {**file_bytes(folder), "other.bin": b"not asked"})
    return folder, sha


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """An empty zoo in the place of the package's own."""
    folder = tmp_path / "zoo"
    folder.mkdir()
    monkeypatch.setattr(index, "zoo_folder", lambda: folder)
    return folder


def test_a_handle_gives_the_published_model(published, hub_server, hub_cache):
    folder, sha = published
    model = hub.from_pretrained(HANDLE, cache_dir=hub_cache)
    expected = outputs(hub.from_pretrained(folder))
    np.testing.assert_array_equal(outputs(model), expected)
    asked = {
        r.path.split("/")[-1] for r in hub_server.requests if "/resolve/" in r.path
    }
    assert asked == FIVE
    # Offline after that, and without a question for a full commit.
    before = len(hub_server.requests)
    for options in ({"local_files_only": True}, {"revision": sha}):
        again = hub.from_pretrained(HANDLE, cache_dir=hub_cache, **options)
        np.testing.assert_array_equal(outputs(again), expected)
    assert len(hub_server.requests) == before


def test_the_revision_may_stand_in_either_place(
    published, save, hub_server, hub_cache, tmp_path, file_bytes
):
    _, first = published
    save(tmp_path / "second", seed=5, version=2)
    hub_server.add_repo(REPO, file_bytes(tmp_path / "second"))
    hub_server.tag(REPO, "v1", first)
    kinds = [
        (f"{HANDLE}@v1", {}),
        (HANDLE, {"revision": "v1"}),
        (f"{HANDLE}@{first}", {"revision": first}),
    ]
    for handle, options in kinds:
        model = hub.from_pretrained(handle, cache_dir=hub_cache, **options)
        np.testing.assert_array_equal(
            outputs(model), outputs(hub.from_pretrained(published[0]))
        )
    newest = hub.from_pretrained(HANDLE, cache_dir=hub_cache)
    assert np.abs(outputs(newest) - outputs(model)).max() > 1e-3
    with pytest.raises(hub.PresetError, match="pass one of them"):
        hub.from_pretrained(f"{HANDLE}@v1", revision="main")


def test_every_question_takes_a_handle(published):
    folder, sha = published
    assert hub.verify(HANDLE) == hub.verify(folder)
    assert hub.preset_info(HANDLE).name == "stand-in-balls"
    assert hub.read_metadata(HANDLE) == hub.read_metadata(folder)
    assert hub.read_metrics(f"{HANDLE}@{sha}") == hub.read_metrics(folder)
    with pytest.raises(hub.PresetError, match="pull"):
        hub.update_metrics(HANDLE, {})


def test_plain_keras_loads_the_handle(published):
    """`import halo_keras` has registered the classes; these checks are Keras's own."""
    if importlib.util.find_spec("tensorflow") is None:
        # Keras 3.15 takes every address for one that TensorFlow's files must open.
        with pytest.raises(ValueError, match="requires installing TensorFlow"):
            keras.saving.load_model(HANDLE)
        return
    model = keras.saving.load_model(HANDLE)
    expected = outputs(hub.from_pretrained(published[0]))
    np.testing.assert_array_equal(outputs(model), expected)


def test_a_foreign_class_is_refused_from_the_hub_too(
    published, hub_server, hub_cache, resum, file_bytes
):
    folder, _ = published
    config = json.loads((folder / "config.json").read_text())
    config.update(class_name="Lambda", registered_name="keras>Lambda")
    (folder / "config.json").write_text(json.dumps(config))
    resum(folder)
    hub_server.add_repo(REPO, file_bytes(folder))
    with pytest.raises(hub.PresetError, match="may not contain"):
        hub.from_pretrained(HANDLE, cache_dir=hub_cache)


def test_a_repository_of_something_else_is_named(hub_server, hub_cache):
    hub_server.add_repo("someone/else", {"config.json": b"{}", "README.md": b"hello"})
    with pytest.raises(hub.HubError, match="no such file") as caught:
        hub.from_pretrained("hf://someone/else", cache_dir=hub_cache)
    assert caught.value.file in FIVE and caught.value.repository == "someone/else"


def test_verify_looks_at_the_picture_too(published, hub_server, file_bytes):
    folder, _ = published
    (folder / "swap.gif").write_bytes(b"another picture")
    hub_server.add_repo(REPO, file_bytes(folder))
    hub.from_pretrained(HANDLE)  # which does not need it
    with pytest.raises(hub.PresetError, match=r"swap\.gif"):
        hub.verify(HANDLE)


def test_pull_copies_all_files_of_the_preset(
    published, hub_cache, tmp_path, file_bytes
):
    folder, _ = published
    target = tmp_path / "mine"
    assert hub.pull(HANDLE, target, cache_dir=hub_cache) == target
    assert file_bytes(target) == file_bytes(folder)
    assert not any(path.is_symlink() for path in target.iterdir())
    cached = hub.pull(HANDLE, cache_dir=hub_cache, local_files_only=True)
    assert {path.name for path in cached.iterdir()} == FIVE | {"swap.gif"}


def test_pull_replaces_an_older_version_and_nothing_else(
    published, save, hub_server, hub_cache, tmp_path, file_bytes
):
    target = tmp_path / "mine"
    hub.pull(HANDLE, target, cache_dir=hub_cache)
    save(tmp_path / "second", seed=5, version=2)
    second = hub_server.add_repo(REPO, file_bytes(tmp_path / "second"))
    hub.pull(HANDLE, target, cache_dir=hub_cache)
    assert hub.verify(target).version == 2
    with pytest.raises(hub.PresetError, match="does not replace"):
        hub.pull(HANDLE, target, revision=published[1], cache_dir=hub_cache)
    (target / "diary.txt").write_text("mine")
    with pytest.raises(hub.PresetError, match=r"diary\.txt"):
        hub.pull(HANDLE, target, revision=second, cache_dir=hub_cache)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(hub.PresetError, match="not a folder"):
        hub.pull(HANDLE, tmp_path / "file", cache_dir=hub_cache)
    assert not list(tmp_path.glob(".*partial*"))


# ---- by name: what the package's index pins ----------------------------------------


def pin(zoo, published, owner="someone", version=1, **changes):
    folder, sha = published
    sums = {
        **hub.read_metadata(folder)["sha256"],
        "metadata.json": index.sha256(folder / "metadata.json"),
    }
    entry = {"version": version, "commit": sha, "sha256": sums, **changes}
    content = {
        "format_version": 1,
        "owner": owner,
        "presets": {"stand-in-balls": entry},
    }
    (zoo / "index.json").write_text(json.dumps(content))


def test_a_name_that_is_not_bundled_comes_from_its_pinned_commit(
    zoo, published, hub_server, hub_cache, file_bytes
):
    pin(zoo, published)
    hub_server.add_repo(REPO, {"config.json": b"{}"})  # main has moved on
    model = hub.from_pretrained("stand-in-balls", cache_dir=hub_cache)
    np.testing.assert_array_equal(
        outputs(model), outputs(hub.from_pretrained(published[0]))
    )
    assert hub.list_presets() == []  # lists what is here


def test_what_the_index_does_not_sum_is_refused(zoo, published, hub_cache):
    sums = {"metadata.json": "0" * 64, "config.json": "0" * 64}
    pin(zoo, published, sha256=sums)
    with pytest.raises(hub.HubError, match="sha256 differs"):
        hub.from_pretrained("stand-in-balls", cache_dir=hub_cache)


def test_an_older_version_comes_from_the_hub(
    zoo, published, save, hub_server, hub_cache
):
    pin(zoo, published)
    save(zoo / "stand-in-balls", seed=5, version=2)
    hub.update_index(zoo)
    entry = json.loads((zoo / "index.json").read_text())["presets"]["stand-in-balls"]
    assert (entry["version"], entry["commit"]) == (2, None)
    assert [(old["version"], old["commit"]) for old in entry["old"]] == [
        (1, published[1])
    ]
    old = hub.from_pretrained("stand-in-balls", revision="v1", cache_dir=hub_cache)
    np.testing.assert_array_equal(
        outputs(old), outputs(hub.from_pretrained(published[0]))
    )
    before = len(hub_server.requests)
    for options in ({}, {"revision": "v2"}):
        new = hub.from_pretrained("stand-in-balls", **options)
        assert np.abs(outputs(new) - outputs(old)).max() > 1e-3
    assert len(hub_server.requests) == before
    with pytest.raises(hub.PresetError, match="known: v2, v1"):
        hub.from_pretrained("stand-in-balls", revision="v3")
    with pytest.raises(hub.HubError, match="version 2"):  # bundled, not published
        hub.pull("stand-in-balls", cache_dir=hub_cache)


def test_asking_the_hub_for_what_was_never_published_explains(
    zoo, save, hub_server, hub_cache, tmp_path
):
    save(zoo / "stand-in-balls")
    hub.update_index(zoo)
    for ask in (
        lambda: hub.from_pretrained("stand-in-balls", force_download=True),
        lambda: hub.pull("stand-in-balls", tmp_path / "x", cache_dir=hub_cache),
    ):
        with pytest.raises(hub.HubError, match="in no repository") as caught:
            ask()
        assert "come with the package" in caught.value.hint
    assert not hub_server.requests


# What stands for the reader's own, a folder of the Hub's, and `ylecun/mnist`, which is
# read.
PLACEHOLDERS = {"you", "me", "owner", "OWNER", "datasets", "ylecun"}


def test_no_text_names_a_repository_that_the_index_does_not_know(repository):
    """What was published stands in `zoo/index.json`, by `publish-zoo`, and only there
    may a text have it from."""
    content = index.read_index(repository / "zoo")
    owner = content["owner"]
    commits = {entry["commit"] for entry in content["presets"].values()}
    assert owner is not None or commits == {None}
    folders = ("halo_keras", "recipes", "zoo", ".github")
    texts = [
        path
        for folder in folders
        for path in (repository / folder).rglob("*")
        if path.suffix in (".md", ".py", ".ipynb", ".cff", ".yml")
    ]
    named = {}
    for path in (repository / "README.md", *texts):
        found = re.findall(
            r"(?:hf://|huggingface\.co/)([\w-]+)/", path.read_text("utf-8")
        )
        named.update(dict.fromkeys(found, path))
    assert {"you", "owner"} <= set(named)
    unknown = {o: str(p) for o, p in named.items() if o not in {*PLACEHOLDERS, owner}}
    assert not unknown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"owner": "../x"}, "owner"),
        ({"owner": "a/b"}, "owner"),
        ({"commit": "main"}, "commit"),
        ({"old": [{"version": 0, "sha256": {}}]}, "version"),
        ({"old": "all"}, "old"),
        ({"url": "https://example.org"}, "url"),
    ],
)
def test_an_index_has_no_other_addresses(zoo, published, change, message):
    owner = change.pop("owner", "someone")
    pin(zoo, published, owner=owner, **change)
    with pytest.raises(hub.PresetError, match=message):
        hub.from_pretrained("stand-in-balls")
