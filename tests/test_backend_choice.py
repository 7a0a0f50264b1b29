"""Without a backend, `import halo_keras` ends in one clear line."""

import os
import subprocess
import sys

import pytest

from halo_keras import _backend


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Pretends that only the given backends are installed, and no Keras settings."""

    def pretend(*names):
        monkeypatch.setattr(_backend, "_installed", lambda name: name in names)
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    return pretend


def test_no_backend_names_the_three_extras_in_one_line(installed):
    installed()
    with pytest.raises(ImportError) as caught:
        _backend.require_backend()
    message = str(caught.value)
    for name in ("tensorflow", "jax", "torch"):
        assert f"halo-keras[{name}]" in message
    assert "\n" not in message


def test_another_backend_names_the_variable(installed):
    installed("jax")
    with pytest.raises(ImportError, match="KERAS_BACKEND=jax"):
        _backend.require_backend()


def test_the_choice_follows_keras(installed, monkeypatch, tmp_path):
    installed("jax", "torch", "tensorflow")
    assert _backend.require_backend() == "tensorflow"
    (tmp_path / "keras.json").write_text('{"backend": "torch"}', encoding="utf-8")
    assert _backend.require_backend() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert _backend.require_backend() == "jax"
    (tmp_path / "keras.json").write_text("damaged", encoding="utf-8")
    monkeypatch.delenv("KERAS_BACKEND")
    assert _backend.require_backend() == "tensorflow"


def test_the_package_asks_before_it_imports_keras(repository, tmp_path):
    """In a fresh process in which no backend can be found."""
    program = (
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "gone = ('tensorflow', 'jax', 'torch')\n"
        "importlib.util.find_spec = lambda n, *a: None if n in gone else find(n, *a)\n"
        "import halo_keras\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    environment.pop("KERAS_BACKEND", None)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**environment, "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "halo-keras needs a backend of Keras" in done.stderr.splitlines()[-1]
