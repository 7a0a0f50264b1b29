"""Saving, loading, replacing and listing presets."""

import json
import os
import shutil

import keras
import numpy as np
import pytest

from halo_keras import hub
from halo_keras.hub import index, saving

pytestmark = pytest.mark.backend

VALUES = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)


def outputs(model):
    return keras.ops.convert_to_numpy(model(VALUES))


def by_hand(folder):
    """The stand-in's arithmetic in NumPy on the file's arrays."""
    import h5py

    with h5py.File(folder / "model.weights.h5") as file:
        scale = file["vars/0"][()]
        first = [file[f"encoder/dense/vars/{i}"][()] for i in (0, 1)]
        second = [file[f"head/vars/{i}"][()] for i in (0, 1)]
    hidden = np.tanh(VALUES @ first[0] + first[1])
    return scale * 0.5 + hidden @ second[0] + second[1]


def test_a_preset_gives_the_same_outputs_again(preset, make_model):
    model = hub.from_pretrained(preset)
    np.testing.assert_allclose(outputs(model), outputs(make_model(0)), atol=1e-6)
    np.testing.assert_allclose(outputs(model), by_hand(preset), atol=1e-6)


def test_plain_keras_loads_the_folder(preset):
    model = keras.saving.load_model(preset)
    np.testing.assert_allclose(outputs(model), by_hand(preset), atol=1e-6)


def test_a_trained_model_saves_neither_optimizer_nor_metrics(make_model, tmp_path):
    model = make_model()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(VALUES, np.zeros((4, 2), "float32"), verbose=0)
    hub.save_preset(
        model,
        tmp_path / "p",
        name="p",
        metadata={"dataset": "balls", "license": "Apache-2.0"},
        metrics={},
    )
    again = hub.from_pretrained(tmp_path / "p")
    np.testing.assert_allclose(outputs(again), outputs(model), atol=1e-6)
    import h5py

    with h5py.File(tmp_path / "p" / "model.weights.h5") as file:
        assert set(file) == {"encoder", "head", "vars"}


def test_the_same_model_gives_the_same_bytes(save, tmp_path):
    keras.layers.Dense(1)  # moves the counter of layer names
    for folder in ("a", "b"):
        save(tmp_path / folder)
        keras.layers.Dense(1)
    for name in saving.PRESET_FILES:
        first, second = ((tmp_path / f / name).read_bytes() for f in "ab")
        assert first == second, name


def test_without_weights_the_architecture_is_fresh(preset):
    model = hub.from_pretrained(str(preset), load_weights=False)
    assert model.count_params() == hub.preset_info(preset).parameters
    assert np.abs(outputs(model) - by_hand(preset)).max() > 1e-3


def test_metadata_is_measured(preset):
    metadata = hub.read_metadata(preset)
    # 3*4+4 in the encoder, 4*2+2 in the head, one scale
    assert metadata["parameter_count"] == 16 + 10 + 1
    assert metadata["versions"]["backend"] == keras.backend.backend()
    assert metadata["labels"] == {"action": ["left", "right"]}
    assert hub.read_metrics(preset)["test"]["mse"] == 0.25
    info = hub.verify(preset)
    assert (info.family, info.data, info.version) == ("stand-in", "balls", 1)
    assert info.size_bytes == sum(
        (preset / name).stat().st_size for name in metadata["sha256"]
    )


def test_extra_files_travel_and_are_summed(save, tmp_path):
    (tmp_path / "outputs.npz").write_bytes(b"12345")
    save(tmp_path / "p", extra_files=[tmp_path / "outputs.npz"])
    assert "outputs.npz" in hub.read_metadata(tmp_path / "p")["sha256"]
    (tmp_path / "p" / "outputs.npz").write_bytes(b"12346")
    with pytest.raises(hub.PresetError, match="outputs.npz.*sha256"):
        hub.verify(tmp_path / "p")


def test_a_better_version_replaces_an_older_one(save, tmp_path):
    save(tmp_path / "p", seed=0)
    save(tmp_path / "p", seed=1, version=2)
    assert hub.verify(tmp_path / "p").version == 2
    with pytest.raises(hub.PresetError, match="raise the version"):
        save(tmp_path / "p", seed=2, version=1)
    assert hub.verify(tmp_path / "p").version == 2
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


@pytest.mark.parametrize("step", ["write_weights", "model_card", "verify_folder"])
def test_a_failed_save_leaves_the_old_preset(save, tmp_path, monkeypatch, step):
    save(tmp_path / "p", seed=0)
    before = {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()}

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(saving, step, fail)
    with pytest.raises(OSError, match="disk full"):
        save(tmp_path / "p", seed=1, version=2)
    after = {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()}
    assert after == before
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_failed_swap_restores_the_old_preset(save, tmp_path, monkeypatch):
    save(tmp_path / "p", seed=0)
    replace = os.replace

    def fail_second(source, target):
        if ".partial-" in str(source):
            raise OSError("busy")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_second)
    with pytest.raises(OSError, match="busy"):
        save(tmp_path / "p", seed=1, version=2)
    assert hub.verify(tmp_path / "p").version == 1


def test_a_folder_of_something_else_is_not_overwritten(save, preset, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("mine")
    with pytest.raises(hub.PresetError, match="something else"):
        save(tmp_path / "notes")
    (preset / "diary.txt").write_text("mine")
    with pytest.raises(hub.PresetError, match="diary.txt"):
        save(preset, version=2)
    (preset / "diary.txt").unlink()
    with pytest.raises(hub.PresetError, match="does not replace"):
        save(preset, name="other-balls", version=2)
    with pytest.raises(hub.PresetError, match="not a folder"):
        save(tmp_path / "notes" / "diary.txt")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"licence": "x"}, "did you mean 'license'"),
        ({"parameter_count": 3}, "parameter_count"),
        ({"version": 0}, "version"),
        ({"pipeline_tag": "image-to-vide"}, "did you mean 'image-to-video'"),
        ({"license": ""}, "license"),
        ({"recipe": {"path": object()}}, "recipe"),
    ],
)
def test_bad_metadata_writes_nothing(save, tmp_path, metadata, message):
    with pytest.raises(hub.PresetError, match=message):
        save(tmp_path / "p", **metadata)
    assert not list(tmp_path.iterdir())


def test_bad_metrics_and_names_write_nothing(save, make_model, tmp_path):
    with pytest.raises(hub.PresetError, match="finite"):
        hub.save_preset(
            make_model(),
            tmp_path / "p",
            name="p",
            metadata={"dataset": "balls", "license": "Apache-2.0"},
            metrics={"test": {"mse": np.float32("nan")}},
        )
    with pytest.raises(hub.PresetError, match="name"):
        save(tmp_path / "p", name="../p")
    assert not list(tmp_path.iterdir())


def test_the_index_pins_what_a_name_gives(save, tmp_path, monkeypatch):
    zoo = tmp_path / "zoo"
    save(zoo / "stand-in-balls")
    assert hub.update_index(zoo) == zoo / "index.json"
    monkeypatch.setattr(index, "zoo_folder", lambda: zoo)
    monkeypatch.chdir(tmp_path)
    np.testing.assert_allclose(
        outputs(hub.from_pretrained("stand-in-balls")),
        by_hand(zoo / "stand-in-balls"),
        atol=1e-6,
    )
    assert [info.name for info in hub.list_presets()] == ["stand-in-balls"]
    table = repr(hub.list_presets())
    assert "licence" in table and "Apache-2.0" in table and "27" in table
    with pytest.raises(hub.PresetError, match="did you mean 'stand-in-balls'"):
        hub.from_pretrained("stand-in-ball")
    # A folder that is consistent in itself, but not the one that was published.
    shutil.rmtree(zoo / "stand-in-balls")
    save(zoo / "stand-in-balls", seed=9)
    hub.verify(zoo / "stand-in-balls")
    with pytest.raises(hub.PresetError, match="sha256"):
        hub.from_pretrained("stand-in-balls")


def test_the_index_names_folders_as_presets(save, tmp_path):
    save(tmp_path / "zoo" / "wrong")
    with pytest.raises(hub.PresetError, match="rename"):
        hub.update_index(tmp_path / "zoo")
    assert not (tmp_path / "zoo" / "index.json").exists()


def test_the_index_in_the_repository_is_up_to_date():
    for name in index.bundled_names():
        info = hub.verify(name)
        assert info.name == name
        entry = json.loads((hub.zoo_folder() / "index.json").read_text("utf-8"))
        assert entry["presets"][name]["version"] == info.version


@pytest.mark.parametrize(
    "handle",
    [
        "../x",
        "/etc/passwd",
        "a/../b",
        "..\\x",
        "C:\\x",
        "a//b",
        "",
        ".git/config",
        "a\nb",
        "-rf",
        "x" * 5000,
        "a\x00b",
        "~nobody-of-that-name/x",
        "Halo-Sprites",
        "https://example.org/x",
    ],
)
def test_odd_handles_are_answered_with_the_known_names(handle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(hub.PresetError):
        hub.from_pretrained(handle)
    assert not list(tmp_path.iterdir())


def test_a_folder_has_no_revision(preset):
    with pytest.raises(hub.PresetError, match="revision"):
        hub.from_pretrained(preset, revision="v1")
