"""Files come whole, only those that were asked for; files go in one commit."""

import os
from pathlib import Path

import pytest

from halo_keras.hub import client
from halo_keras.hub.errors import HubError, PresetError

pytestmark = pytest.mark.hub_client

FILES = {
    "config.json": b'{"a": 1}',
    "model.weights.h5": bytes(range(256)) * 5000,
    "README.md": b"---\nlicense: mit\n---\nA card.\n",
    "secret.bin": b"nobody asked for this" * 100,
}
WANTED = ["config.json", "model.weights.h5"]
REPO = "someone/thing"


@pytest.fixture
def fetch(hub_cache):
    def run(repo_id=REPO, files=WANTED, **options):
        return client.fetch(repo_id, files=files, cache_dir=hub_cache, **options)

    return run


def contents(fetched, names=WANTED):
    return {name: (fetched.folder / name).read_bytes() for name in names}


def wanted():
    return {name: FILES[name] for name in WANTED}


def test_only_the_named_files_come(hub_server, fetch):
    sha = hub_server.add_repo(REPO, FILES)
    fetched = fetch()
    assert fetched.commit == sha and contents(fetched) == wanted()
    assert {path.name for path in fetched.folder.iterdir()} == set(WANTED)
    assert not [r for r in hub_server.requests if "secret.bin" in r.path]


def test_files_with_hostile_names_stay_where_they_are(
    hub_server, fetch, hub_cache, tmp_path
):
    names = ("../evil", "../../evil", "/evil", "a/../../evil", "..\\evil", "C:\\evil")
    hub_server.add_repo(REPO, {**FILES, **dict.fromkeys(names, b"evil")})
    fetched = fetch()
    assert contents(fetched) == wanted()
    assert {path.name for path in fetched.folder.iterdir()} == set(WANTED)
    assert list(tmp_path.iterdir()) == [hub_cache]
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]


def test_a_full_commit_in_the_cache_asks_nothing(hub_server, fetch):
    sha = hub_server.add_repo(REPO, FILES)
    fetch(revision=sha)
    before = len(hub_server.requests)
    assert contents(fetch(revision=sha)) == wanted()
    assert contents(fetch(revision=sha, local_files_only=True)) == wanted()
    assert len(hub_server.requests) == before
    fetch(revision=sha, force_download=True)
    assert len(hub_server.requests) > before


def test_a_tag_is_asked_for_and_may_move(hub_server, fetch):
    first = hub_server.add_repo(REPO, FILES)
    hub_server.tag(REPO, "v1", first)
    assert fetch(revision="v1").commit == first
    changed = {**FILES, "config.json": b'{"a": 2}'}
    second = hub_server.add_repo(REPO, changed)
    hub_server.tag(REPO, "v1", second)
    # What is cached is what was there; asking sees the move; the commit stays.
    assert fetch(revision="v1", local_files_only=True).commit == first
    fetched = fetch(revision="v1")
    assert fetched.commit == second
    assert contents(fetched)["config.json"] == b'{"a": 2}'
    assert contents(fetch(revision=first)) == wanted()


def test_without_the_hub_the_cache_is_used(hub_server, fetch, fast_retries):
    hub_server.add_repo(REPO, FILES)
    fetch()
    hub_server.fault("status", status=503)
    assert contents(fetch()) == wanted()
    with pytest.raises(HubError, match="status 503"):
        fetch(force_download=True)
    with pytest.raises(HubError, match="status 503"):
        fetch("someone/else")


def test_nothing_cached_and_nothing_asked(hub_server, fetch):
    hub_server.add_repo(REPO, FILES)
    with pytest.raises(HubError, match="not in the cache") as caught:
        fetch(local_files_only=True)
    assert not hub_server.requests
    assert caught.value.repository == REPO and "local_files_only" in caught.value.hint
    fetch(files=["config.json"])
    with pytest.raises(HubError, match=r"model\.weights\.h5"):
        fetch(local_files_only=True)
    with pytest.raises(PresetError, match="not both"):
        fetch(local_files_only=True, force_download=True)


@pytest.mark.parametrize("name", WANTED)
def test_a_file_damaged_in_the_cache_is_mended(hub_server, fetch, name):
    sha = hub_server.add_repo(REPO, FILES)
    path = fetch(revision=sha).folder / name
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(HubError, match="hash") as caught:
        fetch(revision=sha, local_files_only=True)
    assert caught.value.file == name
    assert contents(fetch(revision=sha)) == wanted()


@pytest.mark.parametrize("name", WANTED)
def test_damage_on_the_way_is_noticed(hub_server, fetch, name):
    """The same length and other bytes: the client itself takes them."""
    hub_server.add_repo(REPO, FILES)
    # Large files come from the second port, under their hash.
    path = "/large/" if name.endswith(".h5") else f"/{name}"
    hub_server.fault("corrupt", path_contains=path, method="GET", times=1)
    assert contents(fetch()) == wanted()  # once: fetched again
    other = fetch(force_download=True).folder
    hub_server.fault("corrupt", path_contains=path, method="GET")
    with pytest.raises(HubError, match="hash") as caught:
        fetch(force_download=True)
    assert caught.value.file == name and "force_download" in caught.value.hint
    hub_server.clear_faults()
    assert contents(fetch()) == wanted()
    assert other.is_dir()


def test_sums_from_elsewhere_win(hub_server, fetch):
    import hashlib

    hub_server.add_repo(REPO, FILES)
    sums = {name: hashlib.sha256(FILES[name]).hexdigest() for name in FILES}
    fetch(sums=sums)
    with pytest.raises(HubError, match="was published") as caught:
        fetch(sums={**sums, "config.json": "0" * 64})
    assert caught.value.file == "config.json"


def test_a_file_too_large_is_not_fetched(hub_server, fetch):
    hub_server.add_repo(REPO, FILES)
    size = len(FILES["model.weights.h5"])
    with pytest.raises(HubError, match=str(size)):
        fetch(max_bytes=size - 1)
    assert [request.method for request in hub_server.requests] == ["GET"]
    fetch(max_bytes=size)


def test_a_missing_file_is_named_before_anything_comes(hub_server, fetch):
    hub_server.add_repo(REPO, FILES)
    with pytest.raises(HubError, match="no such file") as caught:
        fetch(files=[*WANTED, "metadata.json"])
    assert caught.value.file == "metadata.json"
    assert len(hub_server.requests) == 1


def test_what_is_not_there_or_not_ours_to_see(hub_server, fetch):
    hub_server.add_repo(REPO, FILES)
    hub_server.add_repo("someone/hidden", FILES, private_token="hf_secret")
    with pytest.raises(HubError, match="revision") as caught:
        fetch(revision="v9")
    assert caught.value.revision == "v9"
    for repo_id in ("someone/nothing", "someone/hidden"):
        with pytest.raises(HubError) as caught:
            fetch(repo_id)
        assert "token" in caught.value.hint and caught.value.repository == repo_id
        assert "\n" not in str(caught.value)
    assert contents(fetch("someone/hidden", token="hf_secret")) == wanted()
    elsewhere = [r for r in hub_server.requests if r.server == "cdn"]
    assert elsewhere and all(request.token is None for request in elsewhere)


def test_odd_arguments_ask_nothing(hub_server, fetch):
    for arguments in (
        {"repo_id": "../x"},
        {"repo_id": "thing"},
        {"revision": "../../x"},
        {"files": ["../x"]},
        {"files": ["*"]},
        {"files": []},
    ):
        with pytest.raises(PresetError):
            fetch(**arguments)
    assert not hub_server.requests


def test_the_environment_alone_forbids_the_network(hub_server, fetch, set_offline):
    hub_server.add_repo(REPO, FILES)
    set_offline(True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        fetch()
    set_offline(False)
    fetch()
    before = len(hub_server.requests)
    set_offline(True)
    assert contents(fetch()) == wanted()
    assert len(hub_server.requests) == before


# ---- uploading ----------------------------------------------------------------------


@pytest.fixture
def upload():
    from hub_server.access import TOKEN

    def run(repo_id=REPO, files=None, message="Add it", token=TOKEN, **options):
        files = FILES if files is None else files
        return client.upload(repo_id, files, message=message, token=token, **options)

    return run


def test_exactly_the_given_files_go_in_one_commit(hub_server, upload, tmp_path):
    (tmp_path / "weights").write_bytes(FILES["model.weights.h5"])
    (tmp_path / ".env").write_bytes(b"TOKEN=1")
    files = {**FILES, "model.weights.h5": tmp_path / "weights"}
    done = upload(files=files)
    stored = hub_server.files(REPO)
    stored.pop(".gitattributes", None)
    assert stored == FILES
    assert hub_server.commits(REPO)[0] == done.commit and done.commit in done.url
    posts = [r for r in hub_server.requests if "/commit/" in r.path]
    assert len(posts) == 1
    # The same again changes nothing.
    assert upload().commit == done.commit
    assert len(hub_server.commits(REPO)) == len(hub_server.commits(REPO, done.commit))


def test_other_files_stay(hub_server, upload):
    hub_server.add_repo(REPO, {"notes.txt": b"mine", "config.json": b"{}"})
    upload()
    assert hub_server.files(REPO)["notes.txt"] == b"mine"
    assert hub_server.files(REPO)["config.json"] == FILES["config.json"]


def test_a_branch_is_made_and_a_pull_request_opened(hub_server, upload):
    hub_server.add_repo(REPO, {"config.json": b"{}"})
    upload(revision="next")
    assert hub_server.files(REPO)["config.json"] == b"{}"
    assert hub_server.files(REPO, "next")["config.json"] == FILES["config.json"]
    proposed = upload(create_pr=True)
    assert hub_server.files(REPO)["config.json"] == b"{}"
    assert hub_server.files(REPO, "refs/pr/1")["config.json"] == FILES["config.json"]
    assert "discussions/1" in proposed.url
    with pytest.raises(PresetError, match="branch"):
        upload(revision=proposed.commit)


def test_a_private_repository_is_private(hub_server, upload, fetch):
    upload(private=True)
    with pytest.raises(HubError):
        fetch()
    hub_server.add_repo("someone/open", FILES)
    with pytest.raises(HubError, match="exists and is public"):
        upload("someone/open", files={"config.json": b"new"}, private=True)
    assert hub_server.files("someone/open")["config.json"] == FILES["config.json"]


def test_a_refused_upload_says_why(hub_server, upload):
    with pytest.raises(HubError, match="token"):
        upload(token="hf_wrong")
    with pytest.raises(HubError, match="token"):
        upload(token=False)
    hub_server.fault("status", path_contains="/commit/", status=403)
    with pytest.raises(HubError, match="right") as caught:
        upload()
    assert caught.value.repository == REPO


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_the_cache_links_by_hash(hub_server, fetch):
    """What the check of content rests on: the client's cache keeps blobs by hash."""
    hub_server.add_repo(REPO, FILES)
    folder = fetch().folder
    assert [len(Path(os.readlink(folder / name)).name) for name in WANTED] == [40, 64]
