"""What `.github/` says is what the project does."""

import itertools
import tomllib

import pytest
import yaml

import halo_keras


@pytest.fixture
def github(repository):
    return repository / ".github"


def test_the_citation_is_of_this_version(github, repository):
    citation = yaml.safe_load((github / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    project = project["project"]
    assert citation["cff-version"] == "1.2.0" and citation["message"]
    assert citation["version"] == project["version"] == halo_keras.__version__
    assert citation["license"] == project["license"]
    names = [author["name"] for author in citation["authors"]]
    assert names == [author["name"] for author in project["authors"]]
    (paper,) = citation["references"]
    assert [author["family-names"] for author in paper["authors"]] == [
        "Khan",
        "Storkey",
    ]


def test_the_workflow_runs_the_legs_of_ci(github, repository):
    text = (github / "workflows" / "tests.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    systems = {name.split("-")[0] for name in matrix["system"]}
    assert systems == {"ubuntu", "macos", "windows"}
    assert set(matrix["backend"]) == set(halo_keras._backend.BACKENDS)
    ci = (repository / ".ci" / "run").read_text("utf-8")
    legs = {leg["backend"]: leg for leg in matrix["include"]}
    assert set(legs) == set(matrix["backend"])
    for backend, leg in legs.items():
        assert f'-e ".[{leg["extras"]}]"' in ci
        assert backend == "tensorflow" or f'pytest -m "{leg["select"]}"' in ci


def test_what_the_texts_name_exists(github, repository):
    texts = [
        (github / name).read_text("utf-8")
        for name in ("SECURITY.md", "CONTRIBUTING.md")
    ]
    words = set(itertools.chain(*(text.replace("`", " ").split() for text in texts)))
    paths = {
        word.rstrip(".,:;()") for word in words if word.startswith(("tests/", ".ci/"))
    }
    assert paths
    for path in paths - {"tests/"}:
        assert list(repository.glob(path)), path
    for call in ("from_pretrained", "verify", "list_presets"):
        assert callable(getattr(halo_keras, call))
    assert callable(halo_keras.hub.register)


def test_the_readme_says_on_what_it_ran(repository):
    readme = (repository / "README.md").read_text("utf-8")
    assert "It was run on Linux only" in readme
    for name in ("SECURITY.md", "CONTRIBUTING.md", "CITATION.cff"):
        assert f".github/{name}" in readme
