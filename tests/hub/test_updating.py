"""New metrics change what depends on them, and all of it or nothing."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from halo_keras import cli, hub
from halo_keras.hub import index, preset_files, updating
from halo_keras.hub.errors import PresetError

NEW = {"test": {"mse": 0.125, "swap": 0.5}, "run": {"seed": 7}}


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def test_metrics_card_and_sum_change_and_nothing_else(preset):
    before = content(preset)
    info = hub.update_metrics(preset, NEW)
    after = content(preset)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"metrics.json", "metadata.json", "README.md"}
    assert set(after) == set(before) and info.version == 1
    assert json.loads(after["metrics.json"]) == NEW == hub.read_metrics(preset)
    old, new = (json.loads(text["metadata.json"]) for text in (before, after))
    digest = hashlib.sha256(after["metrics.json"]).hexdigest()
    assert new == {**old, "sha256": {**old["sha256"], "metrics.json": digest}}
    assert b"| test.swap | 0.5 |" in after["README.md"]
    hub.verify(preset)


def test_the_index_beside_the_preset_is_renewed(save, tmp_path):
    for name in ("one-balls", "two-balls"):
        save(tmp_path / name, name=name)
    hub.update_index(tmp_path)
    before = json.loads((tmp_path / "index.json").read_text())
    hub.update_metrics(tmp_path / "one-balls", NEW)
    after = (tmp_path / "index.json").read_bytes()
    assert json.loads(after)["presets"]["two-balls"] == before["presets"]["two-balls"]
    hub.update_index(tmp_path)  # the whole index anew is the same
    assert (tmp_path / "index.json").read_bytes() == after


def test_killed_before_the_index_was_renewed(save, tmp_path, monkeypatch, capsys):
    """What is left is a whole preset and an older index; `verify` says what to do."""
    zoo = tmp_path / "zoo"
    save(zoo / "one-balls", name="one-balls")
    hub.update_index(zoo)
    monkeypatch.setattr(index, "zoo_folder", lambda: zoo)
    monkeypatch.setattr(updating, "_pin", lambda folder: None)
    hub.update_metrics("one-balls", NEW)
    assert cli.main(["verify", "one-balls"]) == 2
    said = capsys.readouterr().err
    assert "metadata.json is not the file" in said and "update that was killed" in said
    assert said.rstrip().endswith(f"halo-keras index {zoo}")
    assert cli.main(["verify", str(zoo / "one-balls")]) == 0
    assert cli.main(["index", str(zoo)]) == 0
    assert cli.main(["verify", "one-balls"]) == 0
    # In an installed package nothing is renewed, and nobody is told to.
    monkeypatch.setattr(preset_files, "is_installed", lambda folder: True)
    (zoo / "one-balls" / "metadata.json").write_text("{}")
    with pytest.raises(PresetError) as raised:
        hub.verify("one-balls")
    assert "halo-keras index" not in str(raised.value)


def test_an_index_is_made_for_folders_of_presets_only(tmp_path, monkeypatch):
    with pytest.raises(PresetError, match="no folder of presets"):
        hub.update_index(tmp_path / "absent")
    monkeypatch.setattr(index, "is_installed", lambda folder: True)
    with pytest.raises(PresetError, match="belongs to an installed package"):
        hub.update_index(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_preset_that_the_index_does_not_know_is_not_added(save, preset, tmp_path):
    (tmp_path / "index.json").write_text('{"format_version": 1, "presets": {}}')
    hub.update_metrics(preset, NEW)
    assert json.loads((tmp_path / "index.json").read_text())["presets"] == {}


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("step", range(4))
def test_an_interruption_at_any_step_leaves_everything_as_it_was(
    save, tmp_path, monkeypatch, fault, step
):
    save(tmp_path / "one-balls", name="one-balls")
    hub.update_index(tmp_path)
    before = content(tmp_path)
    replace, calls = os.replace, []

    def fails_once(source, target):
        calls.append((source, target))
        if len(calls) == step:
            raise fault("stopped")
        replace(source, target)

    def fail(*arguments):
        raise fault("stopped")

    if step == 0:
        monkeypatch.setattr(updating, "verify_folder", fail)
    monkeypatch.setattr(os, "replace", fails_once)
    with pytest.raises(fault):
        hub.update_metrics(tmp_path / "one-balls", NEW)
    monkeypatch.undo()
    assert content(tmp_path) == before
    hub.verify(tmp_path / "one-balls")


def test_numbers_that_are_none_are_refused(preset):
    before = content(preset)
    for bad in (float("nan"), float("inf"), object()):
        with pytest.raises(PresetError):
            hub.update_metrics(preset, {"test": {"mse": bad}})
    assert content(preset) == before


def test_an_installed_preset_is_not_written_to(preset, monkeypatch):
    before = content(preset)
    monkeypatch.setattr(updating, "is_installed", lambda folder: True)
    with pytest.raises(PresetError, match="belongs to an installed package"):
        hub.update_metrics(preset, NEW)
    assert content(preset) == before


def test_only_what_lies_inside_the_package_is_installed(preset):
    package = Path(hub.__file__).parents[1]
    assert updating.is_installed(package / "zoo" / "halo-sprites")
    assert not updating.is_installed(package.parent / "zoo" / "halo-sprites")
    assert not updating.is_installed(preset)
