"""The operator study runs, resumes, reports; non-finite motion is recorded as such."""

import sys
from pathlib import Path

import numpy as np
import pytest

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
sys.path.insert(0, str(RECIPES))

import study_operators as study  # noqa: E402
from likelihood_oracle import dots  # noqa: E402
from models.small_halo import small_halo  # noqa: E402
from studies import operator_measures as measures  # noqa: E402
from studies import operator_plan as plan  # noqa: E402
from studies.operator_columns import COLUMNS, KEY, WINDOWS  # noqa: E402
from studies.operator_report import write_tables  # noqa: E402
from studies.rows import RowFile  # noqa: E402
from studies.tables import BEGIN, END  # noqa: E402

from halo_keras.dynamics import SymplecticDynamics  # noqa: E402


def test_a_trial_runs_once_and_is_reported(tmp_path, monkeypatch, capsys):
    from studies import operator_runs

    monkeypatch.setattr(plan, "SETTINGS", plan.SETTINGS[:1])
    given = ["--quick", "--rows", str(tmp_path / "operators.csv")]
    given += ["--operators", "normal-form", "--seeds", "1"]
    rows = study.main([*given, "--max-runs", "1"])
    assert [row["phase"] for row in rows] == ["choose"]
    rows = study.main(given)
    assert [row["phase"] for row in rows] == ["choose", "measure"]
    measured = rows[1]
    assert set(measured) == set(COLUMNS)
    missing = [key for key in COLUMNS if measured[key] == ""]
    assert set(missing) <= {"motion_dies_by", "commit"}
    assert float(measured["spectrum_max_real"]) == pytest.approx(0.0, abs=1e-6)
    assert float(measured["window993_norm"]) == pytest.approx(1.0, abs=1e-3)

    def never(*_):
        raise AssertionError("a finished run was started again")

    monkeypatch.setattr(operator_runs, "execute", never)
    assert study.main(given) == rows
    capsys.readouterr()
    study.main([*given, "--list"])
    assert capsys.readouterr().out.count("done") == 2
    study.main([*given, "--table", "--plot"])
    assert "| normal-form |" in capsys.readouterr().out
    picture = tmp_path / "operators-clip.png"
    assert 1000 < picture.stat().st_size < 200_000
    assert "| normal-form |" in (tmp_path / "operators.md").read_text("utf-8")


def test_runs_are_seed_by_seed_and_take_the_best_setting():
    names = ["linear", "normal-form"]
    first = list(plan.runs_to_choose(names, "clip"))
    assert [run.operator for run in first[:2]] == names
    assert len(first) == len(names) * len(plan.SETTINGS)
    rows = []
    for run in first:
        score = 0.5 + abs(plan.SETTINGS.index(run.setting) - 2)
        row = {key: str(value) for key, value in run.columns.items()}
        rows.append({**row, "swap_mse": str(score), "swap_nonfinite": "0"})
    rows[2 * 2]["swap_mse"] = ""  # linear diverged at the best setting
    runs = list(plan.runs_to_measure(names, "clip", 2, lambda: rows))
    assert [(run.seed, run.operator) for run in runs] == [
        (seed, name) for seed in (0, 1) for name in names
    ]
    assert runs[1].setting == plan.SETTINGS[2]
    assert runs[0].setting in (plan.SETTINGS[1], plan.SETTINGS[3])
    assert plan.chosen_setting([], "linear", "clip") == plan.SETTINGS[0]
    assert plan.CHOOSING_SEED not in range(100)


def test_no_operator_starts_from_the_period():
    for name, (_, options) in plan.OPERATORS.items():
        assert not {"period", "harmonics", "frequencies"} & set(options), name


def test_a_row_that_was_cut_off_is_no_row(tmp_path):
    rows = RowFile(tmp_path / "deep" / "rows.csv", ("a",), ("a", "b", "c"))
    assert rows.read() == []
    rows.append({"a": 1, "b": 0.123456789})
    rows.append({"a": 2, "c": "x,y"})
    assert rows.read() == [
        {"a": "1", "b": "0.123457", "c": ""},
        {"a": "2", "b": "", "c": "x,y"},
    ]
    assert {"a": 2} in rows and {"a": 3} not in rows
    for torn in ("3,1,2", "3,1", "3"):
        with open(rows.path, "a", encoding="utf-8") as file:
            file.write(torn)
        assert {"a": 3} not in rows
        rows.append({"a": 4})
        assert [row["a"] for row in rows.read()][-1] == "4"
        assert {"a": 3} not in rows
    with pytest.raises(ValueError, match="no columns"):
        rows.append({"a": 1, "d": 2})
    with pytest.raises(ValueError, match="another version"):
        RowFile(rows.path, ("a",), ("a", "b"))


class NoJudge:
    """Says action 0 of every clip."""

    def predict_labels(self, frames):
        return {"action": np.zeros(len(frames), int)}


def test_motion_that_overflows_is_counted_not_averaged():
    """One of two operators has a hyperbolic mode: its clips alone are lost."""
    dynamics = SymplecticDynamics(2, 2, init="identity", speed=0.7)
    dynamics.build(None)
    weights = np.stack([np.diag([0.7] * 4), np.diag([0.7, 0.7, -0.7, -0.7])])
    dynamics.raw_matrix.assign(weights.astype("float32"))
    model, data = small_halo(dynamics=dynamics, num_actions=2), dots(6, num_actions=2)
    times = np.array([0, 1, 992, 993])
    rolled = measures.Rollout(model, data, times, batch_size=4)
    near, far = rolled.over(0, 2).summary(NoJudge()), rolled.over(992, 994)
    assert near["nonfinite"] == 0.0 and near["action"] == 0.5
    assert list(far.finite) == [True, False] * 3
    found = far.summary(NoJudge())
    assert found["nonfinite"] == 0.5
    assert found["action"] == 0.5  # clips of action 0, of all clips
    assert np.isfinite([found["mse"], found["speed_ratio"]]).all()
    norms = rolled.norm[:, 2:]
    np.testing.assert_allclose(norms[::2], 1.0, rtol=1e-2)
    assert (norms[1::2] > 1e30).all()
    # Every clip lost: no error is made up.
    lost = measures.Window(rolled, times >= 992)
    lost.finite[:] = False
    lost.shown, lost.truth = lost.shown[:0], lost.truth[:0]
    nothing = lost.summary(NoJudge())
    assert nothing["mse"] is None and nothing["action"] == 0.0
    assert nothing["nonfinite"] == 1.0


def test_windows_against_a_plain_loop(rng):
    model, data = small_halo(), dots(5, num_actions=3)
    times = np.concatenate([np.arange(12), np.arange(56, 64)])
    rolled = measures.Rollout(model, data, times, batch_size=2)
    window = rolled.over(56, 64)
    for clip in range(5):
        action = int(data.labels["action"][clip])
        encoding = model.encode(data.frames[clip], action, reference=0)
        made = model.decode(encoding.content, encoding.state, np.arange(56, 64))[0]
        truth = data.frames[clip][np.arange(56, 64) % 6] / 255.0
        expected = ((made - truth) ** 2).mean()
        assert window.each("mse")[clip] == pytest.approx(expected, rel=1e-3)
    one = measures.Rollout(model, data, np.arange(12), content_frames=1)
    seen = model.encode_content(data.frames[:, :1])
    state = model.encode(data.frames[:, :1], data.labels["action"]).state
    made = model.decode(seen, state, np.arange(12))
    np.testing.assert_allclose(one.made, made, atol=1e-5)


def test_fate_is_read_off_the_speeds():
    def fate(*speeds):
        keys = [f"window{first}_speed_ratio" for first, _ in WINDOWS[1:]]
        return measures.fate(dict(zip(keys, speeds, strict=True)))

    assert fate(1.0, 0.9, 0.8, 0.7) == {"motion_dies": 0, "motion_dies_by": None}
    assert fate(1.0, 0.1, 0.05, 0.0) == {"motion_dies": 1, "motion_dies_by": 57}
    assert fate(0.1, 0.9, 0.1, 0.1) == {"motion_dies": 1, "motion_dies_by": 249}
    assert fate(1.0, None, None, None)["motion_dies"] is None


def test_grey_stands_for_frames_that_are_not_finite():
    class Broken:
        action_names = ["a"]

        def sample(self, count):
            made = np.zeros((count, 2, 1, 1, 1))
            made[0, 1] = np.nan
            return made

    guarded = measures.Guarded(Broken())
    made = guarded.sample(4)
    assert (made[0] == 0.5).all() and (made[1:] == 0).all()
    assert guarded.share == 0.25 and guarded.action_names == ["a"]


def test_only_the_tables_of_the_page_change(tmp_path):
    row = dict.fromkeys(COLUMNS, "")
    row |= {"phase": "measure", "targets": "clip", "operator": "linear"}
    rows = [
        {**row, "status": "finished", "seed": str(seed), "frames16_mse": str(value)}
        for seed, value in enumerate((0.001, 0.003))
    ]
    rows.append({**row, "status": "diverged", "seed": "2"})
    page = tmp_path / "operators.md"
    write_tables(rows, page)
    text = page.read_text("utf-8")
    page.write_text(text + "\nFindings: none.\n", encoding="utf-8")
    tables = write_tables(rows, page)
    assert "0.0020 ± 0.0014" in tables
    assert page.read_text("utf-8") == text + "\nFindings: none.\n"
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(SystemExit, match="once each"):
        write_tables(rows, page)
    assert (BEGIN in text) and (END in text)


def test_help_teaches_and_bad_input_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        study.main(["--help"])
    text = capsys.readouterr().out
    for word in ("symplectic-identity", "--loop", "--threads", "swaps on 33 held-out"):
        assert word in text
    with pytest.raises(SystemExit) as stopped:
        study.main(["--operators", "normal"])
    assert stopped.value.code == 2
    empty = str(tmp_path / "none.csv")
    with pytest.raises(SystemExit, match="no measured run"):
        study.main(["--rows", empty, "--table"])
    (tmp_path / "old.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="another version"):
        study.main(["--rows", str(tmp_path / "old.csv"), "--list"])
    assert set(KEY) <= set(COLUMNS)
