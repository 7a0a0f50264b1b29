"""The stand-in for the Hub, asked by the real client."""

import hashlib

import pytest

# The PyTorch leg has the oldest client that pyproject.toml allows.
pytestmark = pytest.mark.hub_client

BIG = bytes(range(256)) * 2000
FILES = {"config.json": b'{"a": 1}\n', "model.weights.h5": BIG, "README.md": b"# Hi\n"}


@pytest.fixture
def api(hub_server):
    from huggingface_hub import HfApi

    return HfApi(token=hub_server.token)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "upload"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


def read_all(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def pull(repo_id, cache, **keywords):
    from pathlib import Path

    from huggingface_hub import snapshot_download

    return Path(snapshot_download(repo_id, cache_dir=cache, **keywords))


def test_the_environment_leads_to_the_server_and_nowhere_else(hub_server):
    from huggingface_hub import constants, get_token

    assert constants.ENDPOINT == hub_server.url
    assert hub_server.url.startswith("http://127.0.0.1:")
    assert hub_server.cdn_url != hub_server.url
    assert constants.HF_HUB_DISABLE_XET and not constants.HF_HUB_OFFLINE
    assert get_token() is None


def test_upload_then_pull_gives_the_same_bytes(hub_server, hub_cache, api, folder):
    api.create_repo("me/model")
    done = api.upload_folder(repo_id="me/model", folder_path=folder)
    first, created = hub_server.commits("me/model")
    assert done.oid == first and created != first
    stored = hub_server.files("me/model")
    stored.pop(".gitattributes")
    assert stored == FILES
    # The large file went to the other port, without the token, the rest by commit.
    [put] = [request for request in hub_server.requests if request.method == "PUT"]
    assert put.server == "cdn" and put.token is None and put.body == BIG
    hub_server.forget_requests()
    got = pull("me/model", hub_cache)
    assert got.name == first
    assert {name: read_all(got)[name] for name in FILES} == FILES
    assert (got / "model.weights.h5").resolve().name == hashlib.sha256(BIG).hexdigest()
    assert {request.server for request in hub_server.requests} == {"hub", "cdn"}


def test_only_named_files_are_fetched_and_a_full_cache_fetches_none(
    hub_server, hub_cache
):
    sha = hub_server.add_repo("me/model", FILES)
    wanted = ["config.json", "model.weights.h5"]
    got = pull("me/model", hub_cache, revision=sha, allow_patterns=wanted)
    assert sorted(read_all(got)) == wanted
    hub_server.forget_requests()
    assert pull("me/model", hub_cache, revision=sha, allow_patterns=wanted) == got
    # Clients before 2.0 ask once what the sha means.
    asked = {request.plain_path for request in hub_server.requests}
    assert asked <= {f"/api/models/me/model/revision/{sha}"}


def test_an_unchanged_upload_makes_no_commit(hub_server, api, folder):
    api.create_repo("me/model")
    for _ in range(2):
        api.upload_folder(repo_id="me/model", folder_path=folder)
    assert len(hub_server.commits("me/model")) == 2
    sent = [request for request in hub_server.requests if request.method == "PUT"]
    assert len(sent) == 1


def test_tags_branches_and_pull_requests(hub_server, hub_cache, api, folder):
    api.create_repo("me/model")
    first = api.upload_folder(repo_id="me/model", folder_path=folder).oid
    api.create_tag("me/model", tag="v1")
    api.create_branch("me/model", branch="next/try")
    (folder / "config.json").write_bytes(b"{}")
    commit = {"repo_id": "me/model", "folder_path": folder}
    second = api.upload_folder(**commit, revision="next/try").oid
    (folder / "config.json").write_bytes(b"[]")
    asked = api.upload_folder(**commit, create_pr=True)
    assert asked.pr_revision == "refs/pr/1" and asked.pr_num == 1
    assert hub_server.commits("me/model")[0] == first
    assert hub_server.commits("me/model", "next/try")[:2] == [second, first]
    for revision, content in {
        "v1": FILES["config.json"],
        "main": FILES["config.json"],
        "next/try": b"{}",
        "refs/pr/1": b"[]",
        second: b"{}",
    }.items():
        got = pull("me/model", hub_cache, revision=revision)
        assert (got / "config.json").read_bytes() == content, revision
    refs = api.list_repo_refs("me/model", include_pull_requests=True)
    assert {ref.name: ref.target_commit for ref in refs.tags} == {"v1": first}
    assert {ref.name for ref in refs.branches} == {"main", "next/try"}
    assert [ref.ref for ref in refs.pull_requests] == ["refs/pr/1"]
    hub_server.tag("me/model", "v1", second)
    moved = pull("me/model", hub_cache, revision="v1")
    assert (moved / "config.json").read_bytes() == b"{}"


def test_one_commit_of_an_explicit_list_with_a_deletion(hub_server, api):
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    before = hub_server.add_repo("me/model", FILES)
    operations = [
        CommitOperationAdd("data/new.npz", b"\x00\x01"),
        CommitOperationAdd("note.txt", b"text"),
        CommitOperationDelete("README.md"),
    ]
    done = api.create_commit(
        "me/model", operations, commit_message="One", parent_commit=before
    )
    assert hub_server.commits("me/model") == [done.oid, before]
    kept = {name: FILES[name] for name in ("config.json", "model.weights.h5")}
    expected = {**kept, "data/new.npz": b"\x00\x01", "note.txt": b"text"}
    assert hub_server.files("me/model") == expected
    tree = {entry.path: entry for entry in api.list_repo_tree("me/model")}
    assert sorted(tree) == ["config.json", "data", "model.weights.h5", "note.txt"]
    assert tree["model.weights.h5"].lfs.sha256 == hashlib.sha256(BIG).hexdigest()
    [info] = api.get_paths_info("me/model", ["data/new.npz"], expand=True)
    assert info.size == 2 and info.last_commit.oid == done.oid
    assert [commit.title for commit in api.list_repo_commits("me/model")][0] == "One"
    api.delete_repo("me/model")
    with pytest.raises(KeyError):
        hub_server.files("me/model")


def test_a_stale_parent_is_refused(hub_server, api):
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.errors import HfHubHTTPError

    old = hub_server.add_repo("me/model", {"a.txt": b"1"})
    new = hub_server.add_repo("me/model", {"a.txt": b"2"})
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_commit(
            "me/model",
            [CommitOperationAdd("a.txt", b"3")],
            commit_message="late",
            parent_commit=old,
        )
    assert caught.value.response.status_code == 412
    assert hub_server.commits("me/model") == [new, old]


def test_missing_things_have_the_errors_of_the_hub(hub_server, hub_cache, api):
    from huggingface_hub import errors, hf_hub_download

    hub_server.add_repo("me/model", FILES)
    with pytest.raises(errors.RepositoryNotFoundError):
        pull("me/other", hub_cache)
    with pytest.raises(errors.RevisionNotFoundError):
        pull("me/model", hub_cache, revision="v9")
    with pytest.raises(errors.RevisionNotFoundError):
        api.upload_file(
            path_or_fileobj=b"x",
            path_in_repo="x.txt",
            repo_id="me/model",
            revision="v9",
        )
    with pytest.raises(errors.EntryNotFoundError):
        hf_hub_download("me/model", "other.json", cache_dir=hub_cache)
    with pytest.raises(errors.HfHubHTTPError) as caught:
        api.create_repo("me/model")
    assert caught.value.response.status_code == 409
    api.create_repo("me/model", exist_ok=True)


def test_private_repositories_need_their_token(hub_server, hub_cache, api, folder):
    from huggingface_hub import errors

    hub_server.add_repo("me/hidden", FILES, private_token="hf_secret")
    for token in (None, hub_server.token):
        with pytest.raises(errors.RepositoryNotFoundError):
            pull("me/hidden", hub_cache, token=token)
    assert pull("me/hidden", hub_cache, token="hf_secret").is_dir()
    with pytest.raises(errors.HfHubHTTPError) as caught:
        pull("me/hidden", hub_cache, token="hf_wrong", revision="v1")
    assert "401" in str(caught.value)
    seen_at_cdn = [r.token for r in hub_server.requests if r.server == "cdn"]
    assert seen_at_cdn == [None]
    api.create_repo("me/mine", private=True)
    assert hub_server.repository("me/mine").private_token == hub_server.token
    with pytest.raises(errors.RepositoryNotFoundError):
        pull("me/mine", hub_cache)
    api.update_repo_settings("me/mine", private=False)
    assert pull("me/mine", hub_cache).is_dir()


def test_writing_needs_a_token(hub_server):
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    sha = hub_server.add_repo("me/model", FILES)
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi().create_repo("me/new")
    assert caught.value.response.status_code == 401
    with pytest.raises(HfHubHTTPError):
        HfApi().upload_file(
            path_or_fileobj=b"x", path_in_repo="x.txt", repo_id="me/model"
        )
    assert hub_server.commits("me/model") == [sha]
    assert HfApi(token=hub_server.token).whoami()["name"] == "tester"


def test_no_two_resets_give_the_same_commit(hub_server):
    before = hub_server.add_repo("me/model", FILES)
    hub_server.reset()
    assert hub_server.add_repo("me/model", FILES) != before
