"""Publishing: exactly the preset's files, a card of this repository, one commit."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import halo_keras
from halo_keras import cli, hub

pytestmark = pytest.mark.backend

REPO = "tester/stand-in-balls"
HALO_PRESET = Path(__file__).parent / "fixtures" / "v1"


def on_server(hub_server, repo_id=REPO, revision="main"):
    files = hub_server.files(repo_id, revision)
    files.pop(".gitattributes", None)
    return files


def test_exactly_the_files_of_the_preset_go(
    preset, hub_server, hub_cache, writer, file_bytes
):
    (preset / ".env").write_text("HF_TOKEN=hf_x")
    (preset / "optimizer.npz").write_bytes(b"moments")
    done = hub.publish(preset, REPO)
    assert done.left_out == [".env", "optimizer.npz"]
    stored = on_server(hub_server)
    assert set(stored) == set(done.files) == set(hub.presets.PRESET_FILES)
    assert {n: len(content) for n, content in stored.items()} == done.files
    local = file_bytes(preset)
    for name in set(stored) - {"README.md"}:
        assert stored[name] == local[name]
    assert stored["README.md"].decode() == done.card
    assert f"hf://{REPO}" in done.card
    assert hub_server.commits(REPO)[0] == done.commit
    assert len([r for r in hub_server.requests if "/commit/" in r.path]) == 1
    pulled = hub.pull(f"hf://{REPO}@{done.commit}", cache_dir=hub_cache)
    assert hub.verify(pulled) == hub.verify(preset)


def test_a_dry_run_asks_nothing(preset, hub_server):
    plan = hub.publish(preset, REPO, dry_run=True)
    assert not hub_server.requests
    assert plan.url is None and plan.commit is None
    report = str(plan)
    for name, size in plan.files.items():
        assert name in report and f"{size:,}" in report
    assert len(plan.card.encode()) == plan.files["README.md"]


def test_what_is_damaged_or_linked_is_not_published(preset, hub_server, tmp_path):
    (preset / "metrics.json").write_text('{"test": {"mse": 0.0}}')
    with pytest.raises(hub.PresetError, match="sha256"):
        hub.publish(preset, REPO)
    with pytest.raises(hub.PresetError, match="pull it to a folder"):
        hub.publish("hf://someone/else", REPO)
    for bad in ("you", "a/b/c", "hf://a/b", "../x"):
        with pytest.raises(hub.PresetError, match="owner/name"):
            hub.publish(preset, bad)
    assert not hub_server.requests


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_out_of_the_folder_is_not_followed(preset, hub_server, tmp_path):
    outside = tmp_path / "metrics.json"
    shutil.move(preset / "metrics.json", outside)
    (preset / "metrics.json").symlink_to(outside)
    with pytest.raises(hub.PresetError, match="link"):
        hub.publish(preset, REPO)
    assert not hub_server.requests


def test_closed_data_asks_for_a_decision(save, hub_server, writer, tmp_path):
    save(tmp_path / "p", license="research use, no redistribution", dataset="mug")
    with pytest.raises(hub.PresetError, match="private=True"):
        hub.publish(tmp_path / "p", REPO)
    assert not hub_server.requests
    hub.publish(tmp_path / "p", REPO, private=True)
    assert hub_server.repository(REPO).private_token is not None


def test_the_credits_come_along(save, hub_server, writer, tmp_path):
    save(tmp_path / "p", attribution="zoo/CREDITS.md lists sheets and authors")
    done = hub.publish(tmp_path / "p", REPO)
    credits = (hub.zoo_folder() / "CREDITS.md").read_bytes()
    assert on_server(hub_server)["CREDITS.md"] == credits
    assert done.files["CREDITS.md"] == len(credits)


def test_branches_and_pull_requests(preset, hub_server, writer):
    hub_server.add_repo(REPO, {"README.md": b"old"})
    hub.publish(preset, REPO, revision="next")
    proposed = hub.publish(preset, REPO, create_pr=True)
    assert on_server(hub_server) == {"README.md": b"old"}
    assert on_server(hub_server, revision="next") == on_server(
        hub_server, revision="refs/pr/1"
    )
    assert "discussions/1" in proposed.url


def test_a_refusal_is_one_error(preset, hub_server):
    with pytest.raises(hub.HubError, match="token") as caught:
        hub.publish(preset, REPO, token="hf_wrong")
    assert caught.value.repository == REPO
    assert "hf_wrong" not in str(caught.value)


def test_a_model_pushes_itself(hub_server, hub_cache, writer):
    model = halo_keras.from_pretrained(HALO_PRESET)
    data = halo_keras.data.load("balls", "test", num_clips=4)
    done = model.push_to_hub(
        "tester/halo-noise",
        name="halo-noise",
        dataset=data,
        metrics={"test": {"mse": 0.5}},
        description="Untrained.",
    )
    assert done.commit == hub_server.commits("tester/halo-noise")[0]
    again = halo_keras.HALO.from_preset("hf://tester/halo-noise", cache_dir=hub_cache)
    frames = np.random.default_rng(3).uniform(size=(2, 4, 8, 8, 1)).astype("float32")
    actions = np.array([0, 1])
    np.testing.assert_array_equal(
        again.reconstruct(frames, actions), model.reconstruct(frames, actions)
    )


# ---- the command line --------------------------------------------------------------


def test_publish_dry_run_prints_files_and_card(preset, hub_server, capsys):
    assert cli.main(["publish", str(preset), REPO, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert not hub_server.requests
    assert f"Would upload to {REPO}, in one commit:" in shown
    for name in hub.presets.PRESET_FILES:
        assert name in shown
    card = shown.split("README.md:\n\n", 1)[1]
    assert card == hub.publish(preset, REPO, dry_run=True).card


def test_the_commands_publish_pull_and_verify(
    preset, hub_server, writer, tmp_path, capsys
):
    target = tmp_path / "mine"
    assert cli.main(["publish", str(preset), REPO, "--private"]) == 0
    assert cli.main(["pull", f"hf://{REPO}", "-o", str(target)]) == 0
    assert cli.main(["verify", str(target)]) == 0
    assert cli.main(["verify", f"hf://{REPO}"]) == 0
    shown = capsys.readouterr().out
    assert f"Uploaded to {REPO}" in shown and "every sha256 is right" in shown
    sha = hub_server.commits(REPO)[0]
    assert f"halo_keras.from_pretrained('hf://{REPO}@{sha}')" in shown
    weights = "model.weights.h5"
    assert (target / weights).read_bytes() == (preset / weights).read_bytes()
    metrics = json.loads((target / "metrics.json").read_text())
    assert metrics == hub.read_metrics(preset)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pull", "hf://someone/nothing"], "someone/nothing"),
        (["pull", "hf://nothing"], "owner/name"),
        (["verify", "halo-tinny"], "did you mean 'halo-tiny'"),
        (["publish", "halo-tiny", "nowhere"], "owner/name"),
        (["publish-zoo", "a/b", "--dry-run"], "owner/name"),
    ],
)
def test_errors_are_one_line(words, said, hub_server, capsys):
    assert cli.main(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]
