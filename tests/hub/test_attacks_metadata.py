"""Crafted metadata.json, metrics.json and index.json, and names that leave a folder."""

import json
import os
import shutil

import pytest
from hub.attack_cost import affordable

from halo_keras import hub
from halo_keras.hub import index, metadata
from halo_keras.schema import ConfigError


@pytest.mark.parametrize("file", ["config.json", "model.weights.h5", "metrics.json"])
def test_a_changed_byte_is_noticed(preset, file):
    content = bytearray((preset / file).read_bytes())
    content[-2] ^= 1
    (preset / file).write_bytes(content)
    with pytest.raises(hub.PresetError, match=f"{file}.*sha256"):
        hub.verify(preset)


DEEP = {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}
METADATA = [
    ("format_version", 2),
    ("format_version", 0),
    ("format_version", True),
    ("format_version", "1"),
    ("format_version", 1.0),
    ("name", "../x"),
    ("version", -1),
    ("version", 10**4000),
    ("parameter_count", 28),
    ("parameter_count", 10**12),
    ("sha256", {"config.json": "0" * 64}),
    ("sha256", {"config.json": "0"}),
    ("sha256", ["config.json"]),
    ("sha256", {}),
    ("labels", {"a": list(range(3))}),
    ("labels", {"a": "x" * 100}),
    ("recipe", DEEP),
    ("recipe", {"a": 10**4000}),
    ("recipe", {"a": [0] * 1000}),
    ("recipe", {"steering": "\x1b[2J"}),
    ("license", "two\nlines"),
    ("description", "x" * 1000),
    ("pipeline_tag", "remote-code"),
    ("url", "https://example.org"),
    ("auto_map", {"AutoModel": "x.py"}),
]


@pytest.mark.parametrize(("key", "value"), METADATA)
def test_metadata_is_closed(preset, key, value):
    write(preset, {**read(preset), key: value})
    with affordable(), pytest.raises(hub.PresetError, match="metadata.json"):
        hub.from_pretrained(preset)


@pytest.mark.parametrize(
    "value",
    [[], 1, DEEP, {"a": 10**4000}, {"a": "x" * 1000}, {"\x1b[2J": 1}, {"a": [0] * 600}],
    ids=["list", "number", "deep", "huge", "long", "steering", "many"],
)
def test_metrics_are_plain(preset, resum, value):
    (preset / "metrics.json").write_text(json.dumps(value), encoding="utf-8")
    resum(preset)
    with affordable(), pytest.raises(hub.PresetError, match="metrics.json"):
        hub.read_metrics(preset)


def test_a_folder_without_metadata_is_no_preset(tmp_path):
    with pytest.raises(hub.PresetError, match="metadata.json is missing"):
        hub.from_pretrained(tmp_path)


NAMES = [
    "../x",
    "/etc/passwd",
    "a/../b",
    "..\\x",
    "C:\\x",
    "a//b",
    "a/b",
    "",
    ".",
    "..",
    ".git/config",
    ".env",
    "a\nb",
    "a\n",
    "-rf",
    "~root",
    "a b",
    "a\x00b",
    "x" * 200,
    "caf\u00e9",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_leave_the_folder(preset, tmp_path, name):
    for check in (metadata.FILE_NAME, metadata.PRESET_NAME):
        with pytest.raises(ConfigError, match="it must be"):
            check.check(name, "it")
    content = read(preset)
    content["sha256"][name] = "0" * 64
    write(preset, content)
    with pytest.raises(hub.PresetError, match="metadata.json.*plain file name"):
        hub.verify(preset)
    entry = {"version": 1, "sha256": {"config.json": "0" * 64}}
    for presets in (
        {name: entry},
        {"halo-x": {"version": 1, "sha256": {name: "0" * 64}}},
    ):
        text = json.dumps({"format_version": 1, "presets": presets})
        (tmp_path / "index.json").write_text(text, encoding="utf-8")
        with pytest.raises(hub.PresetError, match="index.json"):
            index.read_index(tmp_path)


@pytest.mark.parametrize("name", ["..hidden", ".env", "a b", "-rf", "README.md"])
def test_extra_files_have_plain_names(save, tmp_path, name):
    (tmp_path / name).write_bytes(b"1")
    with pytest.raises(hub.PresetError, match="extra file"):
        save(tmp_path / "p", extra_files=[tmp_path / name])
    assert not (tmp_path / "p").exists()


def _pipe(path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(path)


ODD_FILES = {
    "absent": (lambda path: None, "is missing"),
    "folder": (lambda path: path.mkdir(), "is not a regular file"),
    "pipe": (_pipe, "is not a regular file"),
    "device": (lambda path: path.symlink_to(os.devnull), "is not a regular file"),
    "dangling": (lambda path: path.symlink_to("nowhere"), "is missing"),
    "loop": (lambda path: path.symlink_to(path.name), "is missing"),
}


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.parametrize("name", hub.saving.PRESET_FILES)
def test_what_is_no_file_is_not_read(preset, kind, name):
    make, match = ODD_FILES[kind]
    (preset / name).unlink()
    make(preset / name)
    with affordable(), pytest.raises(hub.PresetError, match=f"{name} {match}"):
        hub.verify(preset)


@pytest.mark.parametrize("kind", ["absent", "folder", "pipe"])
def test_further_files_are_files_too(preset, kind):
    content = read(preset)
    content["sha256"]["extra.npz"] = "0" * 64
    write(preset, content)
    ODD_FILES[kind][0](preset / "extra.npz")
    with pytest.raises(hub.PresetError, match=f"extra.npz {ODD_FILES[kind][1]}"):
        hub.verify(preset)
    shutil.rmtree(preset)


def read(folder):
    return json.loads((folder / "metadata.json").read_text(encoding="utf-8"))


def write(folder, content):
    text = json.dumps(content)
    (folder / "metadata.json").write_text(text, encoding="utf-8")
