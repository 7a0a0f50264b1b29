"""The findings of the rate study are what its rows say, number for number."""

import re

import numpy as np
import pytest
from findings_page import prose_of, rows_of
from studies.rate_columns import KL_WEIGHTS, MODELS


@pytest.fixture(scope="module")
def prose():
    return prose_of("rate")


@pytest.fixture(scope="module")
def point():
    """(model, KL weight) -> (bits a clip, error) of its only run."""
    rows = rows_of("rate")
    assert len(rows) == len(MODELS) * len(KL_WEIGHTS)
    return {
        (row["model"], float(row["kl_weight"])): (
            float(row["rate_bits"]),
            float(row["distortion_mse"]),
        )
        for row in rows
    }


def bits(point):
    return f"{point[0]:.0f}"


def error(point):
    return f"{point[1]:.4f}".removeprefix("0")


def test_the_parts_are_the_whole():
    for row in rows_of("rate"):
        parts = float(row["rate_content_bits"]) + float(row["rate_motion_bits"])
        assert float(row["rate_bits"]) == pytest.approx(parts, rel=1e-4)


def test_low_rates(prose, point):
    clips, frames = point["clips", 100.0], point["frames", 100.0]
    assert clips[0] < frames[0] and clips[1] < frames[1]
    assert (
        f"HALO at {bits(clips)} bits has a smaller error ({error(clips)}) than the "
        f"autoencoder at {bits(frames)} ({error(frames)})"
    ) in prose


def test_the_same_error(prose, point):
    """Where a line through two points meets HALO's error, by bisection."""
    clips = point["clips", 10.0]
    low, high = point["frames", 100.0], point["frames", 10.0]
    slope = np.log(high[1] / low[1]) / np.log(high[0] / low[0])
    left, right = low[0], high[0]
    for _ in range(60):
        middle = (left + right) / 2
        found = low[1] * (middle / low[0]) ** slope
        left, right = (middle, right) if found > clips[1] else (left, middle)
    assert f"HALO has {error(clips)} at {bits(clips)} bits" in prose
    assert f"comes there at {left:.0f} bits" in prose
    assert 1.8 < left / clips[0] < 2.3 and "about twice as much" in prose


def test_high_rates(prose, point):
    clips, frames, dear = (
        point[key] for key in (("clips", 1.0), ("frames", 1.0), ("clips", 10.0))
    )
    assert KL_WEIGHTS[1] == 10 * KL_WEIGHTS[0] and "ten times the price" in prose
    for text in (
        f"With {bits(frames)} bits the autoencoder reaches {error(frames)}",
        f"HALO with {bits(clips)} no less than {error(clips)}",
        f"changes its error hardly ({error(dear)})",
    ):
        assert text in prose


def test_no_number_stands_there_that_is_not_accounted_for(prose):
    assert len(re.findall(r"(?<![\w.])\.\d+", prose)) == 6
    clips = [row["steps"] for row in rows_of("rate") if row["model"] == "clips"]
    assert set(clips) == {"1344"} and "1,344 steps" in prose
    assert {row["steps"] for row in rows_of("leakage")} == {"2240"}
    assert "leakage study takes 2,240" in prose
