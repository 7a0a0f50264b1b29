"""A zoo to the Hub: one repository a preset, and an index that pins the commits."""

import json
import shutil

import keras
import numpy as np
import pytest

from halo_keras import cli, hub
from halo_keras.hub import index, publishing

pytestmark = pytest.mark.hub_client

VALUES = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
NAMES = ("one-balls", "two-balls")


def outputs(model):
    return keras.ops.convert_to_numpy(model(VALUES))


@pytest.fixture
def zoo(save, tmp_path, monkeypatch):
    """A zoo of two presets in the place of the package's own."""
    folder = tmp_path / "zoo"
    for seed, name in enumerate(NAMES):
        save(folder / name, seed=seed, name=name)
    hub.update_index(folder)
    monkeypatch.setattr(index, "zoo_folder", lambda: folder)
    return folder


def read(zoo):
    return json.loads((zoo / "index.json").read_text("utf-8"))


def test_publish_then_pull_by_name(zoo, hub_server, hub_cache, writer, tmp_path):
    expected = {name: outputs(hub.from_pretrained(zoo / name)) for name in NAMES}
    done = hub.publish_zoo("tester", zoo=zoo)
    content = read(zoo)
    assert content["owner"] == "tester"
    for name, publication in zip(NAMES, done, strict=True):
        sha = hub_server.commits(f"tester/{name}")[0]
        assert content["presets"][name]["commit"] == publication.commit == sha
    hub.pull("two-balls", tmp_path / "mine", cache_dir=hub_cache)
    shutil.rmtree(zoo / "one-balls")
    for handle, name in (("one-balls", NAMES[0]), (tmp_path / "mine", NAMES[1])):
        model = hub.from_pretrained(handle, cache_dir=hub_cache)
        np.testing.assert_array_equal(outputs(model), expected[name])
    before = len(hub_server.requests)  # pinned: nothing more to ask
    hub.from_pretrained("one-balls", cache_dir=hub_cache)
    assert len(hub_server.requests) == before


def test_a_second_time_uploads_what_has_changed(zoo, save, hub_server, writer):
    first = {p.repo_id: p.commit for p in hub.publish_zoo("tester", zoo=zoo)}
    assert {p.repo_id: p.commit for p in hub.publish_zoo("tester", zoo=zoo)} == first
    save(zoo / "two-balls", seed=9, name="two-balls", version=2)
    hub.update_index(zoo)
    before = read(zoo)["presets"]
    assert before["one-balls"]["commit"] == first["tester/one-balls"]
    assert before["two-balls"]["commit"] is None
    hub.publish_zoo("tester", zoo=zoo)
    after = read(zoo)["presets"]
    assert after["one-balls"] == before["one-balls"]
    assert after["two-balls"]["commit"] == hub_server.commits("tester/two-balls")[0]
    (old,) = after["two-balls"]["old"]
    assert (old["version"], old["commit"]) == (1, first["tester/two-balls"])


def test_new_measurements_are_no_longer_what_was_published(zoo, hub_server, writer):
    hub.publish_zoo("tester", zoo=zoo)
    hub.update_metrics(zoo / "one-balls", {"test": {"mse": 0.5}})
    presets = read(zoo)["presets"]
    assert presets["one-balls"]["commit"] is None and not presets["one-balls"]["old"]
    assert presets["two-balls"]["commit"] is not None
    assert read(zoo)["owner"] == "tester"


def test_a_dry_run_changes_nothing(zoo, hub_server, capsys):
    before = (zoo / "index.json").read_bytes()
    assert cli.main(["publish-zoo", "you", "--zoo", str(zoo), "--dry-run"]) == 0
    assert (zoo / "index.json").read_bytes() == before and not hub_server.requests
    shown = capsys.readouterr().out
    assert all(f"Would upload to you/{name}" in shown for name in NAMES)


def test_an_interruption_keeps_what_was_done(zoo, hub_server, writer, monkeypatch):
    upload = publishing.client.upload

    def second_fails(repo_id, *arguments, **options):
        if repo_id.endswith("two-balls"):
            raise hub.HubError("gone", repository=repo_id)
        return upload(repo_id, *arguments, **options)

    monkeypatch.setattr(publishing.client, "upload", second_fails)
    with pytest.raises(hub.HubError, match="gone"):
        hub.publish_zoo("tester", zoo=zoo)
    presets = read(zoo)["presets"]
    assert presets["one-balls"]["commit"] == hub_server.commits("tester/one-balls")[0]
    assert presets["two-balls"]["commit"] is None
    monkeypatch.undo()
    monkeypatch.setenv("HF_TOKEN", writer)
    hub.publish_zoo("tester", zoo=zoo)
    assert read(zoo)["presets"]["two-balls"]["commit"] is not None


def test_what_differs_from_the_index_stops_before_anything_goes(
    zoo, save, hub_server, writer
):
    shutil.rmtree(zoo / "two-balls")
    save(zoo / "two-balls", seed=4, name="two-balls")
    with pytest.raises(hub.PresetError, match="two-balls"):
        hub.publish_zoo("tester", zoo=zoo)
    assert not hub_server.requests


def test_a_preset_of_closed_data_stops_before_anything_goes(
    zoo, save, hub_server, writer
):
    shutil.rmtree(zoo / "two-balls")
    save(zoo / "two-balls", seed=1, name="two-balls", license="research only")
    hub.update_index(zoo)
    with pytest.raises(hub.PresetError, match="two-balls may not be for everybody"):
        hub.publish_zoo("tester", zoo=zoo)
    assert not hub_server.requests
    hub.publish_zoo("tester", zoo=zoo, private=True)
    assert hub_server.repository("tester/two-balls").private_token is not None


def test_only_one_owner_and_only_ours(zoo, hub_server, writer, tmp_path, monkeypatch):
    hub.publish_zoo("tester", zoo=zoo)
    with pytest.raises(hub.PresetError, match="'tester'"):
        hub.publish_zoo("other", zoo=zoo)
    with pytest.raises(hub.PresetError, match="holds no index"):
        hub.publish_zoo("tester", zoo=tmp_path)
    package = tmp_path / "index.json"
    package.write_text('{"format_version": 1, "presets": {}}')
    with pytest.raises(hub.PresetError, match="no presets"):
        hub.publish_zoo("tester", zoo=tmp_path)


def test_an_index_of_before_still_loads_and_gets_the_new_keys(zoo, hub_server):
    content = read(zoo)
    del content["owner"]
    for entry in content["presets"].values():
        del entry["commit"], entry["old"]
    (zoo / "index.json").write_text(json.dumps(content))
    hub.from_pretrained("one-balls")
    hub.update_index(zoo)
    content = read(zoo)
    assert content["owner"] is None
    assert content["presets"]["one-balls"].keys() == {
        "version",
        "commit",
        "sha256",
        "old",
    }


def test_cards_are_made_anew_and_nothing_else(zoo):
    before = (zoo / "index.json").read_bytes()
    (zoo / "one-balls" / "README.md").write_text("by hand")
    assert hub.update_cards(zoo) == [zoo / "one-balls" / "README.md"]
    assert hub.update_cards(zoo) == []
    assert "# one-balls" in (zoo / "one-balls" / "README.md").read_text("utf-8")
    assert (zoo / "index.json").read_bytes() == before
