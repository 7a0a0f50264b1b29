"""Datasets through a Hub: pushed in one commit, back with equal pixels and labels."""

import json

import datasets
import numpy as np
import pytest
import yaml
from data import parquet_cases as cases

from halo_keras import data
from halo_keras.data.clip_folder import build_folder
from halo_keras.hub import client
from halo_keras.hub.dataset_pushing import plan_folder, push_dataset, push_folder
from halo_keras.hub.dataset_repository import load_split, open_repository
from halo_keras.hub.errors import HubError, PresetError

pytestmark = pytest.mark.hub_client

REPO = "me/noise"
HANDLE = f"hf://{REPO}"


def files(server, **where):
    return server.files(REPO, repo_type="dataset", **where)


@pytest.fixture(autouse=True)
def login(hub_server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", hub_server.token)


@pytest.fixture
def load(hub_cache):
    def run(split="train", source=HANDLE, name="noise", options=None, **access):
        access = {"cache_dir": hub_cache, **access}
        return load_split(name, split, source, options, **access)

    return run


@pytest.fixture
def pushed(hub_server):
    """Both splits in a repository; gives its commit."""
    both = [cases.full(), cases.full("test", num_clips=4)]
    done = push_dataset(both, REPO, num_shards=2)
    hub_server.forget_requests()
    return done.commit


def test_push_and_load_back(hub_server, load):
    both = [cases.full(), cases.full("test", num_clips=4)]
    done = push_dataset(both, REPO, num_shards=2)
    commits = hub_server.commits(REPO, repo_type="dataset")
    assert commits[0] == done.commit and done.url.startswith(hub_server.url)
    before = files(hub_server, revision=commits[1]) if len(commits) > 1 else {}
    assert "clips.json" not in before, "one commit brings everything"
    stored = files(hub_server)
    assert {name for name in stored if name != ".gitattributes"} == {
        "README.md",
        "clips.json",
        *(f"data/train-0000{k}-of-00002.parquet" for k in range(2)),
        *(f"data/test-0000{k}-of-00002.parquet" for k in range(2)),
    }
    for expected in both:
        found = load(expected.split)
        cases.assert_equal(found, expected)
        assert found.origin == f"hf://{REPO}@{done.commit}"


def test_only_the_split_that_is_asked_for_comes(hub_server, load, pushed):
    load("test")
    fetched = " ".join(request.path for request in hub_server.requests)
    assert "test-00000" in fetched and "train-00000" not in fetched


def test_a_full_commit_in_the_cache_asks_nothing(hub_server, load, pushed):
    handle = f"{HANDLE}@{pushed}"
    first = load()
    hub_server.forget_requests()
    cases.assert_equal(load(source=handle), first)
    cases.assert_equal(load(local_files_only=True), first)
    assert hub_server.requests == []
    with hub_server.away():
        cases.assert_equal(load(source=handle), first)


def test_offline_what_is_in_the_cache_is_used(
    hub_server, load, pushed, set_offline, hub_cache
):
    first = load("test")
    set_offline(True)
    hub_server.forget_requests()
    cases.assert_equal(load("test"), first)
    with pytest.raises(HubError, match="cache"):
        load("test", cache_dir=hub_cache / "empty")
    assert hub_server.requests == []


def test_data_load_by_name(hub_server, pushed):
    """Through the public function and the client's own cache."""
    found = data.load("noise", "test", source=HANDLE, num_clips=4)
    cases.assert_equal(found, cases.full("test", num_clips=4))
    with pytest.raises(ValueError, match="made with num_clips=4, asked for is 5"):
        data.load("noise", "test", source=HANDLE, num_clips=5)
    with pytest.raises(ValueError, match="holds 'noise', not 'balls'"):
        data.load("balls", "test", source=HANDLE)
    with pytest.raises(PresetError, match="owner/name"):
        data.load("noise", "test", source="hf://noise")


def test_plain_datasets_loads_it_too(hub_server, pushed, tmp_path):
    """The second reader: `datasets` by itself, from the card's front matter."""
    rows = datasets.load_dataset(REPO, split="train", cache_dir=str(tmp_path))
    rows, expected = rows.sort("clip"), cases.full()
    frames = [[np.asarray(frame) for frame in clip] for clip in rows["frames"]]
    np.testing.assert_array_equal(frames, expected.frames)
    np.testing.assert_array_equal(rows["action"], expected.labels["action"])
    np.testing.assert_array_equal(rows["person"], expected.labels["person"])
    np.testing.assert_array_equal(rows["mask"], expected.mask)
    assert rows.features["action"].names == expected.action_names


def test_to_hub_adds_splits_and_replaces_its_own(hub_server, load):
    train, test = cases.full(), cases.full("test", num_clips=4)
    url = train.to_hub(REPO, num_shards=4)
    assert url.startswith(hub_server.url)
    test.to_hub(REPO)
    cases.assert_equal(load("train"), train)
    cases.assert_equal(load("test"), test)
    fewer = cases.full(num_clips=3)
    fewer.to_hub(REPO)
    cases.assert_equal(load("train"), fewer)
    cases.assert_equal(load("test"), test)
    # Files that an older upload left behind are in no split.
    head = files(hub_server)["README.md"].decode().split("---")[1]
    (config,) = yaml.safe_load(head)["configs"]
    assert config["data_files"][0] == {
        "split": "train",
        "path": ["data/train-00000-of-00001.parquet"],
    }
    assert "data/train-00003-of-00004.parquet" in files(hub_server)


@pytest.mark.parametrize("before", ["nothing", "a split"])
def test_two_who_push_at_once_lose_nothing(before, hub_server, load, monkeypatch):
    """The second comes between what the first has read and its commit."""
    train, test = cases.full(), cases.full("test", num_clips=4)
    if before == "a split":
        cases.full("more", num_clips=3).to_hub(REPO)
    upload, turns = client.upload, []

    def overtaken(*arguments, **options):
        turns.append(1)
        if len(turns) == 1:
            test.to_hub(REPO)
        return upload(*arguments, **options)

    monkeypatch.setattr(client, "upload", overtaken)
    with pytest.raises(HubError, match="changed by somebody else meanwhile") as raised:
        train.to_hub(REPO)
    assert raised.value.repository == REPO and len(turns) == 2
    cases.assert_equal(load("test"), test)
    with pytest.raises(ValueError, match="no split 'train'"):
        load("train")
    train.to_hub(REPO)
    for expected in (train, test):
        cases.assert_equal(load(expected.split), expected)
    assert len(open_repository(HANDLE).description.splits) == 2 + (before != "nothing")


def test_a_pull_request_adds_to_what_is_there(hub_server, load, pushed):
    more = cases.full("more", num_clips=3)
    url = more.to_hub(REPO, create_pr=True)
    assert "discussions/1" in url
    proposed = f"{HANDLE}@refs/pr/1"
    cases.assert_equal(load("more", source=proposed), more)
    cases.assert_equal(load("train", source=proposed), cases.full())
    with pytest.raises(ValueError, match="no split 'more'"):
        load("more")


def test_other_clips_are_not_mixed_in(hub_server, pushed):
    with pytest.raises(ValueError, match=f"hf://{REPO} holds .* another times"):
        cases.video("more").to_hub(REPO)
    assert hub_server.commits(REPO, repo_type="dataset")[0] == pushed


def test_nothing_changed_makes_no_commit(hub_server, pushed):
    both = [cases.full(), cases.full("test", num_clips=4)]
    assert push_dataset(both, REPO, num_shards=2).commit == pushed
    assert hub_server.commits(REPO, repo_type="dataset")[0] == pushed


def test_branches_and_commits(hub_server, load, pushed):
    other = cases.full(num_clips=5)
    other.to_hub(REPO, revision="small")
    cases.assert_equal(load(source=f"{HANDLE}@small"), other)
    cases.assert_equal(load(), cases.full())
    hub_server.tag(REPO, "v1", pushed, repo_type="dataset")
    assert open_repository(f"{HANDLE}@v1").where == f"{HANDLE}@{pushed}"


def test_private_repositories_need_the_token(hub_server, load, tmp_path):
    folder = tmp_path / "clips"
    build_folder([cases.video()], folder)
    content = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")
    }
    hub_server.add_repo(REPO, content, repo_type="dataset", private_token="hf_secret")
    with pytest.raises(HubError, match="private"):
        load()
    cases.assert_equal(load(token="hf_secret"), cases.video())
    hub_server.forget_requests()
    load(token="hf_secret", force_download=True)
    told = {r.server for r in hub_server.requests if "authorization" in lower(r)}
    assert told == {"hub"}, "the token goes to the Hub and not to its CDN"


def lower(request):
    return {name.lower() for name in dict(request.headers)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        ({"README.md": b"a card"}, r"holds no clips.json.*halo-keras data push"),
        ({"clips.json": b"[]"}, "expected an object"),
    ],
)
def test_repositories_without_clips(content, message, hub_server, load):
    if content is not None:
        hub_server.add_repo(REPO, content, repo_type="dataset")
    with pytest.raises((HubError, ValueError), match=message) as raised:
        load()
    assert REPO in str(raised.value)


def test_damage_on_the_way_is_mended_or_named(hub_server, load, pushed, fast_retries):
    """Of equal length, so that the client does not notice it by itself."""
    hub_server.fault("corrupt", path_contains="train-00001", times=1)
    cases.assert_equal(load(), cases.full())
    hub_server.clear_faults()
    hub_server.fault("corrupt", path_contains="test-00000")
    with pytest.raises(HubError, match="test-00000-of-00002.parquet"):
        load("test")
    hub_server.clear_faults()
    cases.assert_equal(load("test"), cases.full("test", num_clips=4))


def test_a_shard_of_another_upload_is_noticed(hub_server, load, pushed):
    """Files that fit their hashes, and the description in form, but not in content."""
    content = files(hub_server)
    one, other = (f"data/train-0000{k}-of-00002.parquet" for k in range(2))
    content[one], content[other] = content[other], content[one]
    hub_server.add_repo(REPO, content, repo_type="dataset")
    with pytest.raises(ValueError, match="has 6 rows, clips.json says 7"):
        load()
    description = json.loads(content["clips.json"])
    description["splits"]["train"]["sha256"] = "0" * 64
    bad = {**files(hub_server, revision=pushed), "clips.json": dump(description)}
    hub_server.add_repo(REPO, bad, repo_type="dataset")
    with pytest.raises(ValueError, match="their checksum differs"):
        load()


def dump(plain):
    return json.dumps(plain).encode()


@pytest.mark.parametrize(
    "licence", ["research only", "X: no redistribution", "unknown: videos of the user"]
)
def test_closed_licences_stay_closed(licence, hub_server):
    closed = cases.video(license=licence)
    with pytest.raises(ValueError, match="not let others have them|unknown licence"):
        closed.to_hub(REPO)
    with pytest.raises(ValueError, match="not let others have them|unknown licence"):
        closed.to_hub(REPO, private=False)
    assert hub_server.requests == []
    closed.to_hub(REPO, private=True)
    assert hub_server.repository(REPO, "dataset").private_token is not None


def test_a_dry_run_lists_what_a_push_uploads(hub_server, tmp_path):
    build_folder([cases.video()], tmp_path / "clips")
    (tmp_path / "clips/.env").write_text("SECRET=1")
    (tmp_path / "clips/data/notes.txt").write_text("not for others")
    sizes, card = plan_folder(tmp_path / "clips", REPO)
    assert hub_server.requests == []
    assert f'source="hf://{REPO}"' in card
    push_folder(tmp_path / "clips", REPO)
    stored = {n: len(c) for n, c in files(hub_server).items() if n[0] != "."}
    assert stored == sizes


def test_links_are_not_uploaded(hub_server, tmp_path):
    folder = tmp_path / "clips"
    build_folder([cases.video()], folder)
    (file,) = (folder / "data").iterdir()
    file.rename(tmp_path / "elsewhere.parquet")
    file.symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(ValueError, match="is a link"):
        push_folder(folder, REPO)


def test_sprites_come_with_their_credits(hub_server, load, shared_data):
    """Real pixels: three characters of each split, with the artists' names."""
    sheets = shared_data / "sprites"
    if not sheets.is_dir():
        pytest.skip("the Sprites sheets are not here")
    both = [
        data.load("sprites", split, source=sheets, num_characters=3)
        for split in ("train", "test")
    ]
    push_dataset(both, REPO)
    for expected in both:
        found = load(expected.split, name="sprites", options={"num_characters": 3})
        cases.assert_equal(found, expected)
    stored = files(hub_server)
    assert b"Liberated Pixel Cup" in stored["CREDITS.md"]
    head = yaml.safe_load(stored["README.md"].decode().split("---")[1])
    assert head["license"] == ["cc-by-sa-3.0", "gpl-3.0"]
    assert "[CREDITS.md](CREDITS.md)" in stored["README.md"].decode()
