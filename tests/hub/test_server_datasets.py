"""The stand-in for the Hub, asked by the real `datasets`."""

import pytest

pytestmark = pytest.mark.hub_client


def rows(first, count):
    return {"number": list(range(first, first + count)), "text": ["a"] * count}


def make(first, count):
    from datasets import Dataset

    return Dataset.from_dict(rows(first, count))


def test_push_then_load(hub_server, tmp_path):
    from datasets import DatasetDict, load_dataset

    splits = DatasetDict(train=make(0, 20), test=make(100, 5))
    splits.push_to_hub("me/numbers", token=hub_server.token)
    stored = hub_server.files("me/numbers", repo_type="dataset")
    assert {name for name in stored if name.startswith("data/")} == {
        "data/train-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
    }
    assert b"num_examples: 20" in stored["README.md"]
    loaded = load_dataset("me/numbers", cache_dir=tmp_path)
    assert loaded["train"].to_dict() == rows(0, 20)
    assert loaded["test"].to_dict() == rows(100, 5)
    assert hub_server.repository("me/numbers", "dataset").private_token is None


def test_a_pinned_revision_stays(hub_server, tmp_path):
    from datasets import load_dataset

    make(0, 3).push_to_hub("me/numbers", token=hub_server.token)
    [first, *_] = hub_server.commits("me/numbers", repo_type="dataset")
    make(7, 4).push_to_hub("me/numbers", token=hub_server.token)
    old = load_dataset("me/numbers", revision=first, split="train", cache_dir=tmp_path)
    new = load_dataset("me/numbers", split="train", cache_dir=tmp_path)
    assert old.to_dict() == rows(0, 3)
    assert new.to_dict() == rows(7, 4)


def test_streaming_asks_for_ranges(hub_server, monkeypatch):
    from datasets import config, load_dataset

    # Some versions sleep for seconds when their threads end.
    monkeypatch.setattr(config, "SLEEP_TIME_ON_THREADS_SHUTDOWN", 0, raising=False)
    make(0, 50).push_to_hub("me/numbers", token=hub_server.token)
    hub_server.forget_requests()
    stream = load_dataset("me/numbers", split="train", streaming=True)
    assert [row["number"] for row in stream] == list(range(50))
    gets = [r for r in hub_server.requests if r.server == "cdn" and r.method == "GET"]
    assert gets and all("Range" in request.headers for request in gets)
    assert {request.token for request in gets} == {None}
