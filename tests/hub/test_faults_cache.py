"""The cache of presets from the Hub: moved, partial, damaged, read-only; and what is
missing or hidden on the Hub."""

import errno

import pytest
from hub_server.read_only import read_only

from halo_keras.hub import HubError

pytestmark = pytest.mark.hub_client

REPO, HANDLE = "someone/stand-in", "hf://someone/stand-in"
WEIGHTS, CDN = "model.weights.h5", "/large/"


def test_a_hub_that_is_away_is_not_needed_for_what_is_cached(
    hub_server, on_hub, timed_pull, expect_original, hub_cache, tmp_path
):
    expect_original(timed_pull())
    with hub_server.away():
        expect_original(timed_pull())
        expect_original(timed_pull(revision=on_hub))
        with pytest.raises(HubError, match="reached"):
            timed_pull(cache_dir=tmp_path / "another")
    expect_original(timed_pull(cache_dir=tmp_path / "another"))


def test_a_moved_tag_does_not_move_what_is_pinned(
    hub_server, on_hub, timed_pull, expect_original, save, tmp_path
):
    hub_server.tag(REPO, "v1", on_hub)
    expect_original(timed_pull(f"{HANDLE}@v1"))
    save(tmp_path / "stand-in-other", seed=5)
    files = {p.name: p.read_bytes() for p in (tmp_path / "stand-in-other").iterdir()}
    moved = hub_server.add_repo(REPO, files)
    hub_server.tag(REPO, "v1", moved)
    expect_original(timed_pull(f"{HANDLE}@{on_hub}"))
    with pytest.raises(AssertionError):
        expect_original(timed_pull(f"{HANDLE}@v1"))


def test_revisions_and_files_that_are_not_there(
    hub_server, on_hub, timed_pull, expect_original
):
    with pytest.raises(HubError, match="no such revision") as caught:
        timed_pull(f"{HANDLE}@v9")
    assert caught.value.revision == "v9"
    files = hub_server.files(REPO)
    del files[WEIGHTS]
    hub_server.add_repo(REPO, files)
    with pytest.raises(HubError, match="no such file") as caught:
        timed_pull()
    assert caught.value.file == WEIGHTS
    expect_original(timed_pull(revision=on_hub))


def test_a_private_repository(hub_server, preset, timed_pull, expect_original):
    files = {path.name: path.read_bytes() for path in preset.iterdir()}
    hub_server.add_repo(REPO, files, private_token="hf_secret")
    for token in (None, hub_server.token, "hf_wrong"):
        with pytest.raises(HubError, match="private|token"):
            timed_pull(token=token)
    expect_original(timed_pull(token="hf_secret"))
    large = [request for request in hub_server.requests if request.server == "cdn"]
    assert large and {request.token for request in large} == {None}


def test_a_partial_cache_is_completed(
    hub_server, on_hub, timed_pull, expect_original, hub_cache
):
    expect_original(timed_pull(revision=on_hub))
    [path] = hub_cache.rglob(f"snapshots/*/{WEIGHTS}")
    path.resolve().unlink()
    path.unlink(missing_ok=True)
    with pytest.raises(HubError, match="cache"):
        timed_pull(revision=on_hub, local_files_only=True)
    hub_server.forget_requests()
    expect_original(timed_pull(revision=on_hub))
    # Only what was missing came again.
    bodies = [
        request.plain_path
        for request in hub_server.requests
        if request.method == "GET" and "/api/" not in request.path
    ]
    assert bodies and all(CDN in path or WEIGHTS in path for path in bodies)
    expect_original(timed_pull(revision=on_hub, local_files_only=True))


@pytest.mark.parametrize("damage", ["changed", "cut"])
def test_a_damaged_cache_is_mended(
    damage, hub_server, on_hub, timed_pull, expect_original, hub_cache
):
    expect_original(timed_pull())
    [path] = hub_cache.rglob(f"snapshots/*/{WEIGHTS}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged = bytes(content) if damage == "changed" else bytes(content[:-100])
    path.resolve().write_bytes(damaged)
    with pytest.raises(HubError, match="hash"):
        timed_pull(local_files_only=True)
    expect_original(timed_pull())
    expect_original(timed_pull(local_files_only=True))


def test_without_a_network_and_without_a_cache(hub_server, on_hub, timed_pull):
    with pytest.raises(HubError, match="local_files_only"):
        timed_pull(local_files_only=True)
    assert hub_server.requests == []


@pytest.mark.parametrize(
    ("code", "words"), [(errno.EROFS, "cannot be written"), (errno.ENOSPC, "is full")]
)
def test_a_cache_that_cannot_be_written(
    code, words, hub_server, on_hub, timed_pull, expect_original, hub_cache
):
    with (
        read_only(hub_cache, code),
        pytest.raises(HubError, match=words) as caught,
    ):
        timed_pull()
    assert "cache_dir" in caught.value.hint
    expect_original(timed_pull())


def test_a_full_cache_may_be_read_only(
    hub_server, on_hub, timed_pull, expect_original, hub_cache
):
    expect_original(timed_pull(revision=on_hub))
    expect_original(timed_pull())
    with read_only(hub_cache):
        expect_original(timed_pull(revision=on_hub))
        expect_original(timed_pull())
        expect_original(timed_pull(local_files_only=True))
