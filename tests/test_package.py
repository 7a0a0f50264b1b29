"""The built package, installed outside of the checkout, has its presets with it."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest


def run(*command, cwd, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(repository, tmp_path_factory):
    """The folder with an sdist, and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", folder, repository, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """A folder on its own into which the wheel is installed, without dependencies."""
    folder = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    run(
        *("-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
        *("--target", folder, wheel),
        cwd=folder,
    )
    return folder


def in_installation(installed, tmp_path, program):
    """What `program` prints as JSON when only the installed package is in reach."""
    text = run("-c", program, cwd=tmp_path, PYTHONPATH=str(installed))
    return json.loads(text.splitlines()[-1])


def test_the_archives_hold_what_they_should(built, repository):
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"halo_keras/schema.py", "halo_keras/zoo/index.json"} <= names
    assert "halo_keras/evaluation/published.csv" in names
    assert not [name for name in names if name.startswith(("tests/", "zoo/"))]
    with tarfile.open(sdist) as archive:
        inside = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "zoo/index.json", "pyproject.toml"} <= inside
    index = json.loads((repository / "zoo" / "index.json").read_text("utf-8"))
    for name, entry in index["presets"].items():
        for file in (*entry["sha256"], "README.md"):
            assert f"halo_keras/zoo/{name}/{file}" in names
            assert f"zoo/{name}/{file}" in inside


def test_every_bundled_preset_loads_outside_the_checkout(installed, tmp_path):
    program = (
        "import json, halo_keras\n"
        "from halo_keras import hub\n"
        "loaded = {i.name: hub.from_pretrained(i.name).count_params()\n"
        "          for i in hub.list_presets()}\n"
        "stated = {i.name: i.parameters for i in hub.list_presets()}\n"
        "print(json.dumps([halo_keras.__file__, str(hub.zoo_folder()),"
        " loaded, stated]))\n"
    )
    package, zoo, loaded, stated = in_installation(installed, tmp_path, program)
    assert package.startswith(str(installed)) and zoo.startswith(str(installed))
    assert loaded == stated
    index = json.loads((installed / "halo_keras" / "zoo" / "index.json").read_text())
    assert set(loaded) == set(index["presets"])


def test_the_command_is_installed(installed, tmp_path):
    program = (
        "import json\n"
        "from importlib.metadata import distribution\n"
        "point, = distribution('halo-keras').entry_points\n"
        "print(json.dumps([point.name, point.value, callable(point.load())]))\n"
    )
    answer = in_installation(installed, tmp_path, program)
    assert answer == ["halo-keras", "halo_keras.cli:main", True]
