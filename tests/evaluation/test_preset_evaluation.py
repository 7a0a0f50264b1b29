"""A preset is measured as it stands, and what is put down is of all its test clips."""

import json
import shutil
import sys

import numpy as np
import pytest

from halo_keras import data, from_pretrained, hub
from halo_keras.cli import main
from halo_keras.data import balls
from halo_keras.dynamics import NormalFormDynamics
from halo_keras.evaluation import preset_evaluation
from halo_keras.evaluation.preset_evaluation import evaluate_preset
from halo_keras.evaluation.suite import Suite
from halo_keras.layers import FrameDecoder, FrameEncoder
from halo_keras.models import HALO

CLIPS = {"num_frames": 8, "orbits": "same", "num_clips": 6}


@pytest.fixture
def preset(repository, tmp_path):
    """A copy of halo-tiny that knows of six test clips only, in a zoo of its own."""
    folder = tmp_path / "zoo" / "halo-tiny"
    shutil.copytree(repository / "zoo" / "halo-tiny", folder)
    change_recipe(folder, data=CLIPS)
    return folder


def change_recipe(folder, **changes):
    path = folder / "metadata.json"
    metadata = json.loads(path.read_text("utf-8"))
    metadata["recipe"].update(changes)
    path.write_text(json.dumps(metadata), encoding="utf-8")


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(capsys, *words):
    """The one line on standard error of a command that must exit with 2."""
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err, err
    return err


@pytest.mark.backend
def test_numbers_are_those_of_the_model_on_the_test_clips(preset):
    done = evaluate_preset(preset, ["swap", "forecast"], verbose=0)
    model, test = from_pretrained(preset), data.load("balls", "test", **CLIPS)
    made = model.forecast(test.frames, np.arange(16), action=test.labels["action"])
    truth = balls.render(test.states, np.arange(16)) / 255
    assert done.found["forward_2x_mse"] == pytest.approx(
        np.mean((made - truth) ** 2), rel=1e-3
    )
    assert done.found["num_clips"] == 6 and "swap_mse" in done.found
    assert "reconstruction_mse" not in done.found
    assert done.circumstances["protocols"] == ["swap", "forecast"]
    assert (done.preset, done.dataset) == ("halo-tiny", "balls")


def test_a_whole_evaluation_is_put_down_with_its_circumstances(preset, capsys):
    hub.update_index(preset.parent)
    old = hub.read_metrics(preset)
    config = (preset / "config.json").read_bytes()
    assert main(["evaluate", str(preset), "--quiet", "--json", "found.json"]) == 0
    metrics = hub.read_metrics(preset)
    assert metrics["test"]["num_clips"] == 6
    assert metrics["test"] != old["test"]
    probed = {key for key in old["test"] if key.startswith("leakage")}
    later = {f"reconstruction_mse_frame_{index}" for index in range(9, 17)}
    assert set(metrics["test"]) | probed | later == set(old["test"])
    run = metrics["run"].pop("evaluation")
    assert metrics["run"] == old["run"]
    assert run["seed"] == 0 and run["protocols"][0] == "reconstruction"
    assert {"versions", "hardware", "seconds", "commit", "judges"} <= set(run)
    assert (preset / "config.json").read_bytes() == config
    assert f"{metrics['test']['swap_mse']:.6g}" in (preset / "README.md").read_text()
    hub.verify(preset)
    before = content(preset.parent)
    hub.update_index(preset.parent)  # the index was renewed already
    assert content(preset.parent) == before
    rows = (preset.parent / "results.csv").read_text("utf-8")
    assert f"swap_mse,{metrics['test']['swap_mse']}," in rows
    assert "`halo-tiny`" in (preset.parent / "README.md").read_text("utf-8")
    out = capsys.readouterr().out
    assert "halo-tiny, version 1, with labels, on balls:" in out and "swap_mse" in out


def test_named_protocols_are_put_down_beside_the_others(preset, monkeypatch):
    def run(self, setting, names):
        measured = {f"{name}_mse": 0.5 for name in names}
        return {"num_clips": 6, "num_sampling_seeds": 5, **measured}

    monkeypatch.setattr(Suite, "run", run)
    old = hub.read_metrics(preset)
    old["test"] = {"num_clips": 6, "swap_mse": 0.1, "reconstruction_mse": 0.2}
    hub.update_metrics(preset, old)
    done = evaluate_preset(preset, ["swap"], verbose=0)
    metrics = hub.read_metrics(preset)
    assert done.unsaved is None
    assert metrics["test"] == {**old["test"], "num_sampling_seeds": 5, "swap_mse": 0.5}
    how = metrics["run"].pop("evaluation_swap")
    assert {"seed", "seconds", "commit", "hardware"} <= set(how)
    assert metrics["run"] == old["run"]
    evaluate_preset(preset, ["forecast"], verbose=0)
    later = hub.read_metrics(preset)
    assert {"evaluation_swap", "evaluation_forecast"} < set(later["run"])
    assert later["test"] == {**metrics["test"], "forecast_mse": 0.5}
    hub.verify(preset)
    evaluate_preset(preset, verbose=0)  # a whole one leaves nothing of the old
    whole = hub.read_metrics(preset)
    assert "forecast_mse" in whole["test"] and whole["test"]["swap_mse"] == 0.5
    assert set(whole["run"]) == {*old["run"], "evaluation"}


@pytest.mark.parametrize(
    ("changed", "options", "reason"),
    [
        ({"num_clips": 7}, {}, "of test clips 7, not 6; measure all"),
        ({"num_sampling_seeds": 5}, {"num_sampling_seeds": 2}, "sampling seeds 5, not"),
        ({}, {"seed": 1}, "of seed 0, not 1"),
    ],
)
def test_numbers_of_other_clips_or_draws_do_not_stand_together(
    preset, monkeypatch, changed, options, reason
):
    def run(self, setting, names):
        seeds = {"num_sampling_seeds": setting.num_sampling_seeds}
        return {"num_clips": 6, **seeds, "swap_mse": 0.5}

    monkeypatch.setattr(Suite, "run", run)
    old = hub.read_metrics(preset)
    hub.update_metrics(preset, {**old, "test": {"num_clips": 6, **changed}})
    before = content(preset)
    done = evaluate_preset(preset, ["swap"], verbose=0, **options)
    assert reason in done.unsaved and content(preset) == before


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--num-clips", "6"], "only numbers of all test clips"),
        (["--num-clips", "6", "--protocol", "swap"], "only numbers of all test clips"),
        (["--no-save"], "it was asked not to be"),
    ],
)
def test_everything_else_is_only_shown(preset, capsys, monkeypatch, words, reason):
    monkeypatch.setattr(Suite, "run", lambda self, setting, names: {"swap_mse": 0.25})
    before = content(preset.parent)
    assert main(["evaluate", str(preset), *words, "--json", "found.json"]) == 0
    assert content(preset.parent) == before
    out = capsys.readouterr().out
    assert "swap_mse  0.2500" in out and reason in out
    with open("found.json", encoding="utf-8") as file:
        found = json.load(file)
    assert found["metrics"] == {"swap_mse": 0.25} and found["dataset"] == "balls"


def test_an_installed_preset_is_not_written_to(preset, monkeypatch):
    monkeypatch.setattr(Suite, "run", lambda self, setting, names: {"swap_mse": 0.25})
    monkeypatch.setattr(preset_evaluation, "is_installed", lambda folder: True)
    before = content(preset.parent)
    done = evaluate_preset(preset, verbose=0)
    assert "installed package" in done.unsaved and content(preset.parent) == before


def test_an_interrupted_evaluation_leaves_no_trace(preset, capsys, monkeypatch):
    def stop(self, setting, names):
        raise KeyboardInterrupt

    monkeypatch.setattr(Suite, "run", stop)
    before = content(preset.parent.parent)
    assert main(["evaluate", str(preset), "--json", "found.json"]) == 130
    assert content(preset.parent.parent) == before
    assert capsys.readouterr().err == "halo-keras evaluate: stopped.\n"


def test_clips_are_spread_over_the_split_and_the_actions():
    metadata = {"dataset": "balls", "recipe": {"data": {"num_frames": 4}}}
    suite = preset_evaluation.SUITES["balls"]
    test, train = preset_evaluation._clips(metadata, suite, None, 9)
    whole = data.load("balls", "test", num_frames=4)
    last = len(whole) - 1
    spaced = [round(index * last / 8) for index in range(9)]
    assert np.array_equal(test.frames, whole.frames[spaced])
    assert len(train()) == 36 and train().split == "train"


def test_a_suite_may_want_other_test_clips():
    options = {"num_clips": 8, "num_frames": 3, "rendering": "suite"}
    metadata = {"dataset": "mass_spring", "recipe": {"data": options}}
    suite = preset_evaluation.SUITES["mass_spring"]
    test, train = preset_evaluation._clips(metadata, suite, None, None)
    assert test.frames.shape[:2] == (256, 3 + 192)
    assert train().frames.shape[:2] == (8, 3)


# ---- mistakes: one clear line each ---------------------------------------------------


def test_a_judge_is_no_model_to_evaluate(capsys):
    err = refused(capsys, "evaluate", "judge-sprites")
    assert "judge-sprites is a judge" in err and "--judge judge-sprites" in err


def test_a_missing_data_folder(capsys, tmp_path):
    err = refused(capsys, "evaluate", "halo-sprites", "--data-dir", "no-such-folder")
    assert "no-such-folder" in err and "does not exist" in err or "is missing" in err
    err = refused(capsys, "figures", "halo-sprites", "--data-dir", "no-such-folder")
    assert "no-such-folder" in err
    assert list(tmp_path.iterdir()) == []


def test_data_for_what_is_computed(capsys):
    err = refused(capsys, "evaluate", "halo-tiny", "--data-dir", ".")
    assert "computed, not read" in err


def test_too_few_clips(capsys):
    err = refused(capsys, "evaluate", "halo-tiny", "--num-clips", "4")
    assert "too few clips to evaluate: 4 of balls" in err
    err = refused(capsys, "evaluate", "halo-tiny", "--num-clips", "0")
    assert "--num-clips must be at least 1" in err


def test_unknown_names(capsys):
    err = refused(capsys, "evaluate", "halo-tiny", "--protocol", "sawp")
    assert "no protocol 'sawp'; did you mean 'swap'?" in err
    err = refused(capsys, "evaluate", "halo-tinny")
    assert "did you mean 'halo-tiny'" in err
    err = refused(capsys, "evaluate", "halo-sprites", "--judge", "halo-tiny")
    assert "expected a judge of sprites" in err and "judge-sprites" in err
    err = refused(capsys, "evaluate", "halo-tiny", "--judge", "judge-sprites")
    assert "expected a judge of balls" in err and "Known judges: none" in err
    err = refused(capsys, "evaluate", "halo-tiny", "--sampling-seeds", "0")
    assert "--sampling-seeds must be at least 1" in err
    err = refused(capsys, "evaluate", "halo-tiny", "--json", "no/such/found.json")
    assert "--json needs a file name" in err


def test_a_preset_of_another_dataset(capsys, preset):
    path = preset / "metadata.json"
    metadata = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**metadata, "dataset": "my clips"}), encoding="utf-8")
    err = refused(capsys, "evaluate", str(preset))
    assert "'my clips', for which there are no protocols" in err and "sprites" in err


def test_a_preset_without_labels(capsys, tmp_path):
    """What needs actions is refused by name, and left out of a whole evaluation."""
    shape = (32, 32, 3)
    model = HALO(
        shape,
        NormalFormDynamics(2, 1, num_frames=4, name="dynamics"),
        encoder=FrameEncoder(shape, (4,), 6, name="encoder"),
        decoder=FrameDecoder(shape, (4, 4), 4, 8, name="decoder"),
        action_names=["motion"],
        num_frames=4,
        content_dim=2,
        content_hidden=4,
        motion_features=4,
    )
    clips = data.load("balls", "test", num_clips=6, num_frames=4)
    folder = tmp_path / "halo-unconditional-balls"
    model.save_preset(folder, name=folder.name, dataset=clips, labels={})
    words = ["evaluate", str(folder), "--num-clips", "6"]
    err = refused(capsys, *words, "--protocol", "action_inference")
    assert "'action_inference' cannot be run: the model knows no actions" in err
    assert "Those that can: reconstruction" in err


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["--nonsense"]])
def test_help_and_argument_errors_do_not_wait_for_keras(words):
    import subprocess

    program = (
        "import sys\n"
        f"sys.argv = ['/some/bin/halo-keras', *{words}]\n"
        "from halo_keras.cli import main\n"
        "try:\n    main()\nexcept SystemExit as exit_:\n    status = exit_.code\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "print([status, sorted(heavy)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    status = 2 if words == ["--nonsense"] else 0
    assert done.stdout.splitlines()[-1] == f"[{status}, []]", done.stderr
