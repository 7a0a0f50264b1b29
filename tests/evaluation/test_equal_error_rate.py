"""The equal error rate against loops, a root finder and known distributions."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.spatial import distance

from halo_keras.evaluation.equal_error_rate import (
    cosine_pairs,
    equal_error_rate,
    speaker_verification,
    standard_error,
)


def by_loops(scores, same):
    """FAR and FRR counted pair by pair at every threshold, joined by lines."""
    points = []
    for threshold in [*sorted(set(scores)), np.inf]:
        accepted = [score >= threshold for score in scores]
        wrong = sum(a and not s for a, s in zip(accepted, same, strict=True))
        missed = sum(s and not a for a, s in zip(accepted, same, strict=True))
        points.append((wrong / sum(~same), missed / sum(same)))
    for (far, frr), (next_far, next_frr) in zip(points, points[1:], strict=False):
        if far >= frr and next_far <= next_frr:
            share = optimize.brentq(
                lambda w: (
                    far + w * (next_far - far) - frr - w * (next_frr - frr)  # noqa: B023
                ),
                0,
                1,
            )
            return far + share * (next_far - far)
    raise AssertionError("the curves never cross")


@pytest.mark.parametrize("digits", [1, 6])  # one digit: many equal scores
def test_equal_to_counting_pair_by_pair(rng, digits):
    same = rng.random(200) < 0.2
    scores = np.round(rng.normal(size=200) + 1.2 * same, digits)
    found = equal_error_rate(scores, same)
    assert found == pytest.approx(by_loops(scores.tolist(), same), abs=1e-12)


def test_equal_to_the_roc_curve_of_a_library(rng):
    roc = pytest.importorskip("sklearn.metrics")
    same = rng.random(3000) < 0.1
    scores = rng.normal(size=3000) + same
    far, hits, _ = roc.roc_curve(same, scores, drop_intermediate=False)
    wanted = optimize.brentq(lambda x: 1 - x - np.interp(x, far, hits), 0, 1)
    assert equal_error_rate(scores, same) == pytest.approx(wanted, abs=1e-3)


def test_two_gaussians(rng):
    """Unit variances two apart: the rate is Phi(-1)."""
    same = np.repeat([True, False], 100_000)
    scores = rng.normal(size=200_000) + 2 * same
    assert equal_error_rate(scores, same) == pytest.approx(stats.norm.cdf(-1), abs=3e-3)


def test_best_chance_and_worst():
    same = np.array([True, True, False, False])
    assert equal_error_rate([4, 3, 2, 1], same) == 0
    assert equal_error_rate([1, 2, 3, 4], same) == 1
    assert equal_error_rate([7, 7, 7, 7], same) == 0.5
    # A scale of the score changes nothing.
    scores = np.array([0.9, 0.1, 0.5, 0.2])
    assert equal_error_rate(scores, same) == equal_error_rate(100 * scores - 7, same)


def test_all_pairs_of_the_papers_test():
    features = np.random.default_rng(0).normal(size=(192, 16))
    assert len(cosine_pairs(features)) == 18_336
    wanted = 1 - distance.cosine(features[0], features[1])
    assert cosine_pairs(features)[0] == pytest.approx(wanted)
    wanted = 1 - distance.cosine(features[190], features[191])
    assert cosine_pairs(features)[-1] == pytest.approx(wanted)


def test_features_that_tell_the_speaker(rng):
    speakers = np.repeat(np.arange(24), 8)
    own = rng.normal(size=(24, 16))[speakers]
    assert speaker_verification(own + 0.05 * rng.normal(size=own.shape), speakers) == 0
    chance = speaker_verification(rng.normal(size=(192, 16)), speakers)
    assert chance == pytest.approx(0.5, abs=0.05)
    assert speaker_verification(np.zeros((192, 16)), speakers) == 0.5


def test_no_centring(rng):
    """A shared offset makes all alike; a centred cosine would not see it."""
    speakers = np.repeat(np.arange(6), 4)
    own = rng.normal(size=(6, 8))[speakers] + 0.3 * rng.normal(size=(24, 8))
    assert np.ptp(cosine_pairs(own + 1000)) < 1e-3 < np.ptp(cosine_pairs(own))


def test_the_jackknife_leaves_out_one_speaker_at_a_time(rng):
    speakers = np.repeat(np.arange(8), 5)
    features = rng.normal(size=(8, 4))[speakers] + rng.normal(size=(40, 4))
    rates = []
    for one in range(8):
        kept = [i for i in range(40) if speakers[i] != one]
        rates.append(speaker_verification(features[kept], speakers[kept]))
    mean = sum(rates) / 8
    wanted = np.sqrt(7 / 8 * sum((rate - mean) ** 2 for rate in rates))
    assert standard_error(features, speakers) == pytest.approx(wanted)
    with pytest.raises(ValueError, match="three speakers at least, received 2"):
        standard_error(features[:10], speakers[:10])


@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        ([1.0, 2.0], [True], r"one shape \(num_pairs,\)"),
        ([1.0, np.nan], [True, False], "1 that are not"),
        ([1.0, 2.0], [True, True], "2 and 0"),
    ],
)
def test_errors(scores, same, message):
    with pytest.raises(ValueError, match=message):
        equal_error_rate(np.array(scores), np.array(same))


def test_errors_of_features():
    with pytest.raises(ValueError, match="size"):
        cosine_pairs(np.zeros(3))
    with pytest.raises(ValueError, match="each of the 3"):
        speaker_verification(np.ones((3, 2)), [0, 1])
