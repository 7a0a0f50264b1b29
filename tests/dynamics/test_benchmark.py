"""The benchmark runs, on any backend, and its contestants give equal numbers."""

import importlib.util
import json

import keras
import pytest

pytestmark = pytest.mark.backend


def test_a_small_benchmark(repository, tmp_path, capsys):
    path = repository / "recipes" / "benchmarks" / "dynamics.py"
    spec = importlib.util.spec_from_file_location("benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    output = tmp_path / "numbers.json"
    small = "--times 3 --batch 2 --position-dim 2 --operators 2 --seconds 0 --no-eager"
    rows = benchmark.main([*small.split(), "--output", str(output)])
    assert len(rows) == len(benchmark.AIMS) * len(benchmark.MODES)
    assert json.loads(output.read_text(encoding="utf-8"))["rows"] == rows
    for row in rows:
        assert row["difference"] < 1e-4
        if keras.backend.backend() != "torch":
            assert row["ratio_compiled"] > 0
    assert "normal form, active" in capsys.readouterr().out


def test_help_teaches(repository, capsys):
    path = repository / "recipes" / "benchmarks" / "dynamics.py"
    spec = importlib.util.spec_from_file_location("benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    with pytest.raises(SystemExit):
        benchmark.main(["--help"])
    text = capsys.readouterr().out
    for word in ("the paper's way", "doubling", "--times", "KERAS_BACKEND"):
        assert word in text
