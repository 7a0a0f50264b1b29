"""Published values are copied right, and what is not known stays unknown."""

import math

import pytest

from halo_keras.evaluation.published import parse, published_for, published_rows
from halo_keras.evaluation.result_table import number, result_table

HEAD = "method,dataset,metric,value,unit,conditional,source,note\n"


def value(method, dataset, metric):
    (row,) = [
        row
        for row in published_rows()
        if (row.method, row.dataset, row.metric) == (method, dataset, metric)
    ]
    return row.value


def test_halo_on_sprites_as_its_paper_states():
    attributes = {"body": 0.925, "topwear": 0.948, "bottomwear": 0.968, "hair": 0.992}
    for head, stated in attributes.items():
        assert value("HALO", "sprites", f"swap_{head}_accuracy") == stated
    assert value("HALO", "sprites", "prior_motion_action_accuracy") == 1


def test_what_could_not_be_obtained_is_missing():
    for operator in ("symplectic", "skew"):
        for metric in ("mse", "psnr", "ssim"):
            key = f"generation_16_{metric}"
            assert value(f"HALO ({operator})", "sprites", key) is None
    assert value("HALO", "sprites", "prior_motion_inception_score") is None
    assert published_for("sprites", "prior_motion_inception_score") == []
    assert all("could not" in r.note or r.value is not None or r.note == "not given"
               for r in published_rows())  # fmt: skip


@pytest.mark.parametrize("dataset", ["sprites", "mug"])
def test_published_scores_agree_with_themselves(dataset):
    """IS = exp(H(y) - H(y|x)) on one pass; a digit copied wrongly breaks it.

    Published rows that are averages of several passes deviate by some percent.
    """
    methods = {r.method for r in published_rows() if r.dataset == dataset}
    checked = 0
    for method in methods - {"HALO", "HALO (symplectic)", "HALO (skew)"}:
        score, given, marginal = (
            value(method, dataset, f"prior_content_{key}")
            for key in ("inception_score", "entropy_conditional", "entropy_marginal")
        )
        implied = math.exp(marginal - given)
        assert score == pytest.approx(implied, rel=0.08), method
        checked += score == pytest.approx(implied, rel=0.01)
        assert 0.5 < value(method, dataset, "prior_content_action_accuracy") <= 1
    assert checked >= 4


def test_speaker_verification_as_the_paper_states():
    """Table 2 of Li & Mandt 2018, per cent, and what full q does to it."""
    table = {
        "factorised": (4.78, 17.84, 4.94, 17.49),
        "full": (5.64, 19.20, 4.82, 18.89),
    }
    for posterior, stated in table.items():
        found = [
            100 * value(f"DSVAE {posterior} ({size})", "timit", f"eer_{half}")
            for size in (16, 64)
            for half in ("static", "dynamic")
        ]
        assert found == pytest.approx(stated)
    assert value("i-vector (200)", "timit", "eer_static") == 0.0982
    gaps = {"C-DSVAE": 0.2778, "SPYL": 0.2981, "DBSE": 0.3112, "DiffSDA": 0.4229}
    for method, gap in gaps.items():  # as the table prints them
        static, dynamic = (
            value(method, "timit", f"eer_{h}") for h in ("static", "dynamic")
        )
        assert dynamic - static == pytest.approx(gap)


def test_the_report_of_hgn_as_its_table_states():
    """x 1e-4, test clips: the best of each column, and how it ranks its integrators."""
    best = {
        ("mass_spring", "five_frame"): 12.21,
        ("pendulum", "five_frame"): 44.12,
        ("two_body", "five_frame"): 6.33,
        ("three_body", "five_frame"): 3.35,
        ("mass_spring", "autoencode"): 7.10,
        ("pendulum", "autoencode"): 14.14,
        ("two_body", "autoencode"): 3.36,
        ("three_body", "autoencode"): 1.99,
    }
    for (dataset, column), stated in best.items():
        rows = published_for(dataset, f"report_{column}_mse")
        rows = [row for row in rows if row.source.endswith("table 1")]
        own = [row for row in rows if "original" not in row.method]
        assert len(own) == 3
        assert 1e4 * min(row.value for row in own) == pytest.approx(stated)
        other = [row for row in rows if "original" in row.method]
        assert len(other) == (3 if column == "autoencode" else 0)
        assert all("not comparable" in row.note for row in other)
    (wrong,) = published_for("double_pendulum", "report_autoencode_mse")
    assert "another one" in wrong.note


def test_values_of_other_data_are_marked():
    """Nobody published on synthesised voices: TIMIT's numbers, named as such."""
    own = published_for("timit", "eer_dynamic")
    beside = published_for("formant_voices", "eer_dynamic")
    assert [row.method + " on TIMIT" for row in own] == [row.method for row in beside]
    assert [row.value for row in own] == [row.value for row in beside] and len(own) > 9
    text = result_table({"eer_dynamic": 0.35}, "formant_voices")
    assert "DSVAE full (16) on TIMIT 0.1920 (a)" in text
    assert "TIMIT" not in result_table({"eer_dynamic": 0.35}, "timit")


def test_recalled_values_are_marked_and_sources_given():
    for row in published_rows():
        assert row.source
        rows_of_the_table = row.source == "table of SKD and SPYL"
        recalled = rows_of_the_table or row.dataset == "rotating_mnist"
        assert row.is_recalled == recalled, row
        assert row.conditional == row.method.startswith("HALO")


def test_every_metric_is_one_that_a_protocol_measures():
    """The names of published numbers are those of ours, or nothing stands beside."""
    from halo_keras.evaluation import rotating
    from halo_keras.evaluation.physics import DATASETS
    from halo_keras.evaluation.sprites import PROTOCOLS

    verification = ("eer_static", "eer_dynamic")  # of the protocols of speech
    columns = ("report_five_frame_mse", "report_autoencode_mse")  # of physics
    others = {*verification, *columns}
    for row in published_rows():
        known = tuple(PROTOCOLS)
        if row.dataset == "rotating_mnist":
            known = tuple(rotating.PROTOCOLS)
        assert row.metric in others or row.metric.startswith(known), row
        assert (row.metric in verification) == (row.dataset == "timit")
        assert (row.metric in columns) == (row.dataset in DATASETS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("method,value\n", "must have the columns"),
        (HEAD + "A,sprites,mse,1,,yes\n", "line 2: expected 8 cells"),
        (HEAD + "A,sprites,mse,1,,maybe,x,\n", "conditional must be yes or no"),
        (HEAD + "A,sprites,mse,1,,no,,\n", "source must not be empty"),
        (HEAD + 2 * "A,sprites,mse,1,,no,x,\n", "line 3: A / sprites / mse"),
    ],
)
def test_a_damaged_file_is_named_by_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_table_shows_published_values_with_their_source():
    found = {
        "swap_body_accuracy": 0.9974,
        "prior_content_action_accuracy": 1.0,
        "prior_content_action_accuracy_stddev": 0.002,
        "swap_mse": 0.00079,
    }
    lines = result_table(found, "sprites").splitlines()
    assert lines[0].split() == ["metric", "measured", "published"]
    assert lines[1].split() == (
        "swap_body_accuracy 0.9974 HALO with labels 0.925 (a)".split()
    )
    assert lines[2].split()[:4] == ["prior_content_action_accuracy", "1", "±", "0.002"]
    assert any("SPYL 1* (b)" in line for line in lines)
    assert "(a) Khan & Storkey 2022, arXiv 2112.01641v4" in lines
    assert lines[-1].startswith("* recalled")
    assert "published" in result_table(found, "balls").splitlines()[0]
    assert "HALO" not in result_table(found, "balls")


def test_numbers_are_short():
    assert [number(x) for x in (2664, 1.0, 0.99737, 0.000289, 35.97849)] == [
        *("2,664", "1", "0.9974", "0.000289", "35.9785")
    ]
