"""The findings of the leakage study are what its rows say, number for number."""

import re

import numpy as np
import pytest
from findings_page import prose_of, rows_of
from studies.leakage_columns import SETTINGS

LABELLED = [name for name in SETTINGS if not name.startswith("unlabelled")]


@pytest.fixture(scope="module")
def prose():
    return prose_of("leakage")


@pytest.fixture(scope="module")
def rows():
    return rows_of("leakage")


@pytest.fixture(scope="module")
def mean(rows):
    """`mean(setting, column)` over the seeds; two digits, as the prose has them."""

    def over_seeds(setting, column, digits=2):
        found = [float(row[column]) for row in rows if row["setting"] == setting]
        return f"{np.mean(found):.{digits}f}".removeprefix("0")

    return over_seeds


def ends(mean, column):
    values = sorted(float(mean(name, column)) for name in LABELLED)
    return " to ".join(f"{value:.2f}"[1:] for value in (values[0], values[-1]))


def test_what_was_run(prose, rows):
    runs = {(row["setting"], row["seed"]) for row in rows}
    assert runs == {(name, seed) for name in SETTINGS for seed in ("0", "1")}
    assert len(rows) == 18 and "two training seeds of each: 18 runs" in prose


def test_right_swaps_do_not_show_that_the_halves_are_apart(prose, rows, mean):
    for row in rows:
        if row["setting"] in LABELLED:
            for column in ("swap_action", "drawn_action", "window993_action"):
                assert float(row[column]) == 1.0
    found = f"content alone in {ends(mean, 'action_from_content')} of the clips"
    assert f"{found} (chance .11)" in prose
    found = f"hair from the motion in {ends(mean, 'hair_from_motion')}"
    assert f"{found} (chance .24)" in prose
    chance = ("action_chance", ".11"), ("hair_chance", ".24"), ("topwear_chance", ".22")
    for column, text in chance:
        assert mean("preset", column) == text


def test_dear_motion(prose, mean):
    weights = [SETTINGS["motion-kl-ramp"]["motion_kl_weight"], 2.0]  # 2: the preset's
    assert weights[0] / weights[1] == 20 and "twenty times as dear" in prose
    top, hair = "topwear_from_motion", "hair_from_motion"
    dear, small, learned = "motion-kl-ramp", "small-state", "learned-prior"
    for text in (
        f"topwear from motion falls from {mean('preset', top)} to {mean(dear, top)} "
        f"(chance .22), hair from {mean('preset', hair)} to {mean(dear, hair)}",
        f"half the size gives {mean(small, top)} and {mean(small, hair)}",
        f"(MSE {mean(small, 'reconstruction_mse', 4)}, not "
        f"{mean('preset', 'reconstruction_mse', 4)})",
        f"({mean(learned, top)} and {mean(learned, hair)})",
    ):
        assert text in prose


def test_action_in_the_content(prose, mean):
    told = "action_from_content"
    assert f"It is {mean('bound', told)} with the bound" in prose
    assert f"and {mean('preset', told)} with the preset's content KL of 20" in prose
    assert f"does not lower it ({mean('motion-kl-ramp', told)})" in prose


def test_without_labels(prose, mean):
    plain, framewise = "unlabelled", "unlabelled-framewise"
    partners, hair = "unlabelled-partners", "hair_from_motion"
    for text in (
        f"the action in the content ({mean(plain, 'action_from_content')})",
        f"({mean(plain, 'swap_action')} of swaps have the right action)",
        f"({mean(plain, hair)} to {mean(framewise, hair)})",
        f"does: {mean(partners, 'swap_action')} of swaps, and "
        f"{mean(partners, 'drawn_content_action')} of clips with drawn content",
        f"the content tells it still ({mean(partners, 'action_from_content')})",
    ):
        assert text in prose
    for column in ("swap_action", "action_from_content"):
        assert mean(framewise, column) == mean(plain, column)


def test_no_number_stands_there_that_is_not_accounted_for(prose):
    """Each decimal of the prose is one of those that the tests above look for."""
    found = re.findall(r"(?<![\w.])\d?\.\d+", prose)
    assert len(found) == 27
