"""`halo-keras data`: what is built is pushed, and what is pushed is described."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.cli import main

pytestmark = pytest.mark.hub_client

BALLS = ["balls", "--set", "num_clips=6", "--set", "num_frames=4"]
REPO = "me/balls"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "build", *BALLS, "-o", "clips", "--shards", "2"]) == 0
    return tmp_path / "clips"


def test_build(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "build", *BALLS, "-o", "clips", "--shards", "2"]) == 0
    shown = capsys.readouterr().out
    assert "train: 6 clips in 2 files" in shown and "test: 6 clips" in shown
    assert "data.load('balls', 'train', source='clips')" in shown
    expected = data.load("balls", "test", num_clips=6, num_frames=4)
    found = data.load("balls", "test", source=tmp_path / "clips")
    np.testing.assert_array_equal(found.frames, expected.frames)
    np.testing.assert_array_equal(found.states["angle"], expected.states["angle"])


def test_the_card_names_the_command_that_builds_it_again(folder, tmp_path, capsys):
    card = (folder / "README.md").read_text()
    (line,) = [
        row for row in card.splitlines() if "data build" in row and "test" in row
    ]
    words = line.split()
    assert words[:3] == ["halo-keras", "data", "build"]
    words[words.index("clips")] = "again"
    assert main([*words[1:], "--shards", "2"]) == 0
    for file in (tmp_path / "again/data").iterdir():
        assert file.read_bytes() == (folder / "data" / file.name).read_bytes()


def test_push_and_describe(folder, hub_server, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", hub_server.token)
    assert main(["data", "push", "clips", REPO, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "data/train-00001-of-00002.parquet" in shown
    assert "Nothing was uploaded" in shown and hub_server.requests == []
    assert main(["data", "push", "clips", REPO, "--private"]) == 0
    shown = capsys.readouterr().out
    sha = hub_server.commits(REPO, repo_type="dataset")[0]
    assert f"pushed: {hub_server.url}" in shown
    assert f"data.load('balls', 'train', source='hf://{REPO}@{sha}')" in shown
    assert hub_server.repository(REPO, "dataset").private_token is not None
    hub_server.forget_requests()
    assert main(["data", "describe", f"hf://{REPO}"]) == 0
    shown = capsys.readouterr().out
    assert f"read from: hf://{REPO}@{sha}" in shown
    assert "6 clips of" in shown and "num_frames=4" in shown
    assert "action: 3 classes (slow, medium, fast)" in shown
    assert not [r for r in hub_server.requests if ".parquet" in r.path]


def test_describe_by_name(capsys):
    assert main(["data", "describe", *BALLS, "--split", "test"]) == 0
    shown = capsys.readouterr().out
    expected = data.load("balls", "test", num_clips=6, num_frames=4).describe()
    assert shown.strip() == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "ball", "-o", "x"], "did you mean 'balls'"),
        (["build", *BALLS, "-o", "x", "--split", "tst"], "did you mean 'test'"),
        (["build", "balls", "-o", "x", "--set", "num_clip=3"], "'num_clips'"),
        (["build", "balls", "-o", "x", "--set", "num_clips"], "takes key=value"),
        (["build", *BALLS, "-o", "x", "--shards", "9"], r"in [1, 6]"),
        (["push", "nothing", REPO], "clips.json is missing"),
        (["push", "nothing", "balls"], "owner/name"),
        (["describe", "nothing"], "no dataset is named 'nothing'"),
        (["describe", "hf://me/nothing"], "me/nothing does not exist"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    words, message, capsys, tmp_path, monkeypatch, hub_server
):
    monkeypatch.chdir(tmp_path)
    assert main(["data", *words]) == 2
    shown = capsys.readouterr().err
    assert message in shown and shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
