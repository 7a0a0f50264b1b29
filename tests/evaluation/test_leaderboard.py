"""The leaderboard is what the presets' metrics say, and says what is missing."""

import csv
import io
import json
import shutil

import pytest

from halo_keras.evaluation.leaderboard import (
    Result,
    read_results,
    read_studies,
    results_csv,
    write_leaderboard,
)
from halo_keras.evaluation.leaderboard_page import leaderboard_page
from halo_keras.evaluation.leaderboard_tables import TABLES
from halo_keras.evaluation.missing_frames import MISSING


def test_the_committed_files_are_those_that_are_made_now(repository):
    zoo = repository / "zoo"
    results = read_results(zoo)
    again = "differs from what the presets say; run: halo-keras leaderboard"
    made = results_csv(results)
    assert (zoo / "results.csv").read_text("utf-8") == made, f"results.csv {again}"
    page = leaderboard_page(results, read_studies(zoo))
    assert (zoo / "README.md").read_text("utf-8") == page, f"README.md {again}"


def test_every_measured_number_is_in_the_table_of_results(repository):
    """Counted the dumb way, from the JSON files alone."""
    with (repository / "zoo" / "results.csv").open(encoding="utf-8") as file:
        rows = {(row["preset"], row["metric"]): row for row in csv.DictReader(file)}
    counted = 0
    for path in sorted((repository / "zoo").glob("*/metrics.json")):
        metadata = json.loads(path.with_name("metadata.json").read_text("utf-8"))
        test = json.loads(path.read_text("utf-8"))["test"]
        for key, value in test.items():
            if key.endswith("_stddev"):
                row = rows[path.parent.name, key.removesuffix("_stddev")]
                assert float(row["stddev"]) == value
            elif key != "num_sampling_seeds":
                row = rows[path.parent.name, key]
                assert float(row["value"]) == value
                assert int(row["version"]) == metadata["version"]
                assert int(row["train_seed"]) == metadata["recipe"]["seed"]
                assert row["dataset"] == metadata["dataset"]
                counted += 1
    assert counted > 100


def test_what_a_model_was_trained_on_and_told(repository):
    known = {result.preset: result for result in read_results(repository / "zoo")}
    sprites, balls = known["halo-sprites"], known["halo-balls"]
    assert (sprites.trained_on, sprites.conditional) == ("loop", "yes")
    assert (balls.trained_on, balls.conditional) == ("16 frames", "yes")
    judge = known["judge-sprites"]
    assert (judge.trained_on, judge.conditional, judge.family) == ("", "", "judge")


def result(preset, metric, value, **changes):
    facts = {
        "version": 1,
        "dataset": "sprites",
        "family": "halo",
        "conditional": "yes",
        "trained_on": "8 frames",
        "train_seed": 3,
        "sampling_seeds": "",
        "stddev": "",
        **changes,
    }
    return Result(preset=preset, metric=metric, value=value, **facts)


def rows_of(page, title):
    """The cells of all tables under a heading, by the first cell."""
    section = page.split(f"### {title}\n")[1].split("\n### ")[0].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return section, {cells[0]: cells[1:] for cells in map(cells_of, lines)}


def cells_of(line):
    return [cell.strip() for cell in line.replace(r"\|", "/").strip("|").split("|")]


def test_conditional_and_unsupervised_models_stand_in_blocks_of_their_own():
    drawn = {"sampling_seeds": 5, "stddev": 0.01}
    page = leaderboard_page(
        [
            result("told", "prior_content_action_accuracy", 0.5, **drawn),
            result("told", "prior_content_inception_score", 4.5),
            result("free", "prior_content_action_accuracy", 0.25, conditional="no"),
        ],
        {},
    )
    section, rows = rows_of(page, "Drawn content, motion of a real clip")
    told, free = section.split("**Unsupervised**")
    assert "**Told action labels in training**" in told
    assert "`told`" in told and "`free`" not in told and "SPYL" not in told
    assert "`free`" in free and "`told`" not in free and "SPYL" in free
    assert rows["`told`"] == [
        *("8 frames", "3", "5", "0.5000 ± 0.0100", "—", "—", "4.5000", "—")
    ]
    (spyl,) = [cells for name, cells in rows.items() if name.startswith("SPYL")]
    assert spyl == ["—", "—", "—", r"1\*", r"0.006\*", r"2.197\*", r"8.942\*", "—"]
    assert "table of SKD and SPYL" in page.split("## Sources")[1]


def test_missing_numbers_are_shown_as_missing():
    page = leaderboard_page([result("one", "reconstruction_mse", 0.001)], {})
    _, rows = rows_of(page, "Reconstruction, and 16 frames from one")
    assert rows["`one`"][3:] == ["0.001", *["—"] * 5]
    halo = rows["HALO (symplectic), published [1]"]
    assert halo == ["—"] * 9
    _, baselines = rows_of(page, "Static baselines")
    assert baselines["black"] == ["—", "—"]
    assert "### Swap" not in page  # nobody has a number for it


def test_clips_that_are_not_finite_are_marked():
    page = leaderboard_page(
        [
            result("wild", "rollout_993_1000_mse", 0.0575),
            result("wild", "rollout_993_1000_nonfinite", 0.25),
            result("wild", "rollout_57_64_mse", 0.01),
            result("tame", "rollout_993_1000_mse", 0.02),
            result("wild", "rollout_57_64_ssim", 0.9),
        ],
        {},
    )
    section, rows = rows_of(page, "Long rollouts: error")
    assert rows["`wild`"][3:] == ["—", "—", "0.0100", "—", "0.0575 † 25%", "—"]
    assert rows["`tame`"][7] == "0.0200"
    assert "†: in so many of the clips frames are not finite there" in section
    section, _ = rows_of(page, "Long rollouts: SSIM")
    assert "†" not in section


def test_judges_on_real_and_still_clips_stand_beside_and_a_second_one_too():
    judged = {"family": "judge", "conditional": ""}
    page = leaderboard_page(
        [
            result("one", "swap_action_accuracy", 0.9),
            result("one", "swap_mse", 0.002),
            result("one", "second_judge_swap_action_accuracy", 0.8),
            result("one", "leakage_action_from_content", 0.3),
            result("one", "leakage_action_from_content_chance", 0.11),
            result("one", "baseline_black_mse", 0.0575),
            result("a-judge", "judge_real_action_accuracy", 0.99, **judged),
            result("a-judge", "judge_still_action_accuracy", 0.44, **judged),
        ],
        {},
    )
    _, rows = rows_of(page, "Swap")
    assert rows["`one`"][3] == "0.9000" and rows["`one`"][8] == "0.002"
    assert rows["`one`, second judge"][3] == "0.8000"
    assert rows["`one`, second judge"][8] == "—"
    assert rows["real clips, `a-judge`"][0] == "0.9900"
    assert rows["still clips, `a-judge`"][0] == "0.4400"
    _, judges = rows_of(page, "Judges")
    assert judges["`a-judge`"] == ["3", "action", "0.9900", "0.4400"]
    _, leakage = rows_of(page, "Leakage")
    assert leakage["`one`"][3] == "0.3000 (0.1100)"
    _, baselines = rows_of(page, "Static baselines")
    assert baselines["black"] == ["0.0575", "—"]


def test_every_table_has_rows_as_wide_as_its_head(repository):
    page = leaderboard_page(read_results(repository / "zoo"), {})
    widths = set()
    for line in page.splitlines():
        if line.startswith("|"):
            widths.add(len(cells_of(line)))
        elif widths:
            assert len(widths) == 1, page
            widths = set()


def test_columns_are_metrics_that_protocols_measure():
    from halo_keras.evaluation.sprites import PROTOCOLS

    for table in TABLES["sprites"]:
        for key in table.columns:
            assert key.startswith(tuple(PROTOCOLS)), key


def test_columns_of_faces_are_metrics_of_their_protocols():
    from halo_keras.evaluation import faces

    assert TABLES["mug"] is TABLES["toon_faces"]
    for table in TABLES["toon_faces"]:
        for key in table.columns:
            assert key.startswith(tuple(faces.SUITE.protocols)), key


def test_columns_of_speech_and_bouncing_balls_are_measured():
    """By the tests of the protocols themselves: their keys, typed once more here."""
    ahead = ("error", "blank_error", "area_ratio", "overlap")
    measured = {f"horizon_{w}_{k}" for w in ("1_10", "11_20") for k in ahead}
    measured |= {f"missing_{k}_error" for k in (0, *MISSING)}
    keys = {key for table in TABLES["bouncing_balls"] for key in table.columns}
    assert keys == measured
    assert TABLES["timit"] is TABLES["spoken_digits"] is TABLES["formant_voices"]


def test_studies_are_included_in_the_order_of_their_names(repository, tmp_path):
    shutil.copytree(repository / "zoo" / "halo-tiny", tmp_path / "halo-tiny")
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "b.md").write_text("## Second\n\nSo.\n", encoding="utf-8")
    (tmp_path / "studies" / "a.md").write_text(
        "## First\n\n![a](a.png) [b](b.md)", encoding="utf-8"
    )
    paths = write_leaderboard(tmp_path)
    assert [path.name for path in paths] == ["results.csv", "README.md"]
    page = paths[1].read_text("utf-8")
    between = page.split("<!-- studies: from zoo/studies/*.md -->")[1]
    between = between.split("<!-- end of studies -->")[0]
    first = "## First\n\n![a](studies/a.png) [b](b.md)"  # the page is not in studies/
    assert between.strip() == first + "\n\n## Second\n\nSo."
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("README.md", "halo-tiny", "results.csv", "studies")
    ]


def test_values_survive_the_round_trip():
    results = [result("one", "mse", 1 / 3, stddev=1e-17)]
    (row,) = csv.DictReader(io.StringIO(results_csv(results)))
    assert float(row["value"]) == 1 / 3 and float(row["stddev"]) == 1e-17
    assert row["sampling_seeds"] == ""


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no preset"):
        write_leaderboard(tmp_path)
    assert list(tmp_path.iterdir()) == []
