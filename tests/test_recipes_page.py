"""recipes/README.md names commands that exist; the notebook runs as it stands."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

RUN_CELLS = """\
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    cells = json.load(file)["cells"]
names = {}
for cell in cells:
    if cell["cell_type"] == "code":
        source = "".join(cell["source"])
        exec(compile(source, cell["id"], "exec"), names)
energy, cast = names["energy"], names["cast"] / 255
print(json.dumps({
    "swapped": names["swapped"].shape,
    "slash": names["slash"].shape,
    "anytime": names["anytime"].shape,
    "drawn": names["drawn"].shape,
    "drift": float(abs(energy / energy[0] - 1).max()),
    "filled": float(((names["filled"][0] - cast) ** 2).mean()),
}))
"""


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "recipes" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def notebook(repository):
    return repository / "recipes" / "quickstart.ipynb"


def commands(page):
    return re.findall(r"`((?:halo-keras|python) [^`]+)`", page)


def test_every_command_of_the_page_is_understood(page, repository):
    from halo_keras import list_presets
    from halo_keras.cli import _parser
    from halo_keras.evaluation.sprites import PROTOCOLS

    presets = {info.name for info in list_presets()}
    assert len(commands(page)) > 15
    for command in commands(page):
        program, *words = command.split()
        if program == "python":
            assert (repository / words[0]).is_file(), command
            continue
        if words[0] in ("figures", "evaluate") and len(words) > 1:
            args = _parser().parse_args(words)
            assert args.preset in presets, command
            assert set(getattr(args, "protocol", None) or ()) <= set(PROTOCOLS)


def test_every_figure_that_the_page_names_is_drawn(page):
    from halo_keras.evaluation.figures import FIGURES

    named = set(re.findall(r"`figures/([\w.]+)`", page))
    assert named == set(FIGURES)


def test_presets_of_recipes_on_the_page_exist(page, repository):
    found = re.findall(r"python (\S+\.py) --preset ([\w-]+)", page)
    notes = {}
    for file in {file for file, _ in found}:
        spec = importlib.util.spec_from_file_location(file, repository / file)
        notes[file] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(notes[file])
    assert len(found) > 5
    for file, preset in found:
        assert preset in notes[file].RECIPES, (file, preset)


def test_the_notebook_is_stripped_and_small(notebook):
    assert notebook.stat().st_size < 20_000
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


def test_the_notebook_runs(notebook, tmp_path):
    """Every code cell in turn, in a process and a folder of their own."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_CELLS, str(notebook)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["swapped"] == [8, 64, 64, 3] and found["slash"] == [16, 64, 64, 3]
    assert found["anytime"] == [7, 64, 64, 3] and found["drawn"] == [3, 8, 64, 64, 3]
    assert found["drift"] < 1e-5 and found["filled"] < 1e-3
    assert list(tmp_path.iterdir()) == []
