"""The findings of the operator study are what its rows say, number for number.

The prose was written by hand. Here each of its claims is worked out again from
`zoo/studies/operators.csv`, by means of its own, and put into words; the words must
stand in the prose, and no number may stand there that no claim accounts for.
"""

import json
import re

import numpy as np
import pytest
from findings_page import REPOSITORY, prose_of, rows_of
from studies.operator_plan import FULL, OPERATORS, SETTINGS

KEPT = ("orthogonal", "normal-form", "action-angle")  # operators of definite energy


@pytest.fixture(scope="module")
def prose():
    return prose_of("operators")


@pytest.fixture(scope="module")
def rows():
    return [row for row in rows_of("operators") if row["phase"] == "measure"]


@pytest.fixture(scope="module")
def of(rows):
    """`of(operator, column)`: the seeds' numbers, missing ones left out."""

    def numbers(operator, column):
        own = [row[column] for row in rows if row["operator"] == operator]
        return np.array([float(value) for value in own if value])

    return numbers


@pytest.fixture(scope="module")
def mean(of):
    """The mean as the prose writes it, without the 0 before the point."""

    def text(operator, column, digits=4):
        return f"{of(operator, column).mean():.{digits}f}".lstrip("0") or "0"

    return text


def between(values, digits=2):
    low, high = (
        f"{value:.{digits}f}".lstrip("0") for value in (min(values), max(values))
    )
    return f"{low} to {high}"


def claims(of, mean):
    """Every claim with a number in it, worded as in the prose."""
    baselines = json.loads((REPOSITORY / "zoo/halo-sprites/metrics.json").read_text())
    still, late, flat = (
        f"{baselines['test'][f'baseline_{name}_mse']:.4f}".lstrip("0")
        for name in ("still", "late", "mean")
    )

    def spread(operator):
        deviation = of(operator, "frames16_mse").std(ddof=1)
        return f"{mean(operator, 'frames16_mse')} ± {deviation:.4f}".replace(
            "± 0", "± "
        )

    def means(column):
        return [of(name, column).mean() for name in KEPT]

    grown = int(np.log10(of("symplectic", "window57_norm").min()))
    digit = int(of("symplectic", "window57_norm").min() // 10**grown)
    dead_by = sorted({int(frame) for frame in of("recurrent", "motion_dies_by")})
    return [
        "1) the paper's symplectic operator, begun as its public code does, has an MSE "
        f"of {spread('symplectic')}, its skew (orthogonal) one {spread('orthogonal')}; "
        f"from frame 9 on {mean('symplectic', 'window9_mse')} against "
        f"{mean('orthogonal', 'window9_mse')}.",
        f"({mean('symplectic', 'reconstruction_mse')} and "
        f"{mean('orthogonal', 'reconstruction_mse')}). Begun at M = w_0 I + small, the "
        "symplectic one is as good over 16 frames "
        f"({mean('symplectic-identity', 'frames16_mse')}), and behind again at frame "
        "249",
        "From one picture to 16 frames",
        "real part of the spectrum is "
        f"{between(of('symplectic', 'spectrum_max_real'))} a frame",
        f"grown {digit} x 10^{grown}-fold or more by frame 57 and overflows by frame "
        "993. Begun near w_0 I they are slower "
        f"({between(of('symplectic-identity', 'spectrum_max_real'))}): no clip "
        "overflows, but at frame 1,000 the action is right in "
        f"{mean('symplectic-identity', 'window993_action', 2)} of them.",
        "a real part of 0",
        f"keep speed ({between(means('window993_speed_ratio'))} of the data's) and "
        f"action ({between(means('window993_action'))}) to frame 1,000.",
        f"by frame {' or '.join(map(str, dead_by))}, to "
        f"{mean('recurrent', 'window993_speed_ratio', 2)} of the data's speed",
        f"(real part {mean('linear', 'spectrum_max_real', 2)}, half of the clips not "
        "finite at frame 1,000",
        f"at frame 1,000 ({mean('recurrent', 'window993_mse')}). A picture held still "
        f"scores {still}, the right clip a frame late {late}, the clip's mean {flat}: "
        "beyond the 8 frames",
        f"reconstructs a clip as well as any "
        f"({mean('positional-encoding', 'reconstruction_mse')}) and is wrong between "
        f"frames 9 and 16 ({mean('positional-encoding', 'window9_mse')}).",
        "the right action with all of them (1.000)",
        f"({FULL.train['num_characters']} training characters, {FULL.epochs} epochs, "
        "3 and a half minutes of one core)",
        f"{FULL.test['num_characters'] * 9} test clips of "
        f"{FULL.test['num_characters']} characters",
        "a clip's period is 8 frames",
    ]


def test_every_number_of_the_prose_is_worked_out_again(prose, of, mean):
    left = prose
    for claim in claims(of, mean):
        assert claim in prose, f"the rows say: {claim}"
        left = left.replace(claim, "")
    assert not re.findall(r"\d", left), left


def test_what_the_prose_says_in_words(prose, rows, of):
    words = {1: "one", 3: "three", 4: "four", 8: "eight"}
    assert {row["operator"] for row in rows} == set(OPERATORS)
    assert {row["targets"] for row in rows} == {"clip"}  # "no run on the loop"
    assert {row["status"] for row in rows} == {"finished"}
    assert f"with {words[len(OPERATORS)]} operators" in prose
    assert f"from the same {words[len(SETTINGS)]}" in prose
    assert f"then {words[len(rows) // len(OPERATORS)]} seeds" in prose
    minutes = np.mean([float(row["cpu_seconds"]) for row in rows]) / 60
    assert 3.25 < minutes < 3.75

    # Symplectic against orthogonal, in every seed.
    for column in ("frames16_mse", "window9_mse"):
        assert of("symplectic", column).min() > of("orthogonal", column).max()
    assert (of("symplectic", "window993_norm") == np.inf).all()
    assert (of("symplectic", "window993_nonfinite") == 1).all()
    begun = "symplectic-identity"
    assert (of(begun, "window993_nonfinite") == 0).all()
    assert (
        of(begun, "frames16_mse").mean() < 1.1 * of("orthogonal", "frames16_mse").mean()
    )
    assert (
        of(begun, "window249_mse").min() > 2 * of("orthogonal", "window249_mse").max()
    )

    # Real parts of 0 where there is a spectrum; a state that does not grow anywhere.
    for name in ("orthogonal", "normal-form"):
        assert np.abs(of(name, "spectrum_max_real")).max() < 1e-12
    assert len(of("action-angle", "spectrum_max_real")) == 0
    for name in KEPT:
        np.testing.assert_allclose(of(name, "window993_norm"), 1, atol=1e-3)

    # Who dies, who explodes.
    assert (of("recurrent", "motion_dies") == 1).all()
    assert of("linear", "motion_dies").sum() == 1
    assert 0.4 < of("linear", "window993_nonfinite").mean() < 0.6
    (still,) = np.flatnonzero(of("linear", "window993_speed_ratio") == 0)
    assert of("linear", "motion_dies")[still] == 1
    others = set(OPERATORS) - {"recurrent", "symplectic"}  # that one has no number left
    assert all(
        of(name, "window993_mse").min() > of("recurrent", "window993_mse").max()
        for name in others
    )

    # No operator keeps its phase beyond the clip.
    for name in OPERATORS:
        assert of(name, "window57_mse").min() > 2 * of(name, "reconstruction_mse").max()
    for column in ("swap_action", "prior_motion_action"):
        assert all((of(name, column) == 1).all() for name in OPERATORS)
