"""Speaker verification: the equal error rate of cosine similarities."""

from __future__ import annotations

import numpy as np


def equal_error_rate(scores: np.ndarray, same: np.ndarray) -> float:
    """The rate at which false acceptances and false rejections are equally frequent.

    A pair is accepted if its score reaches a threshold e. With

        FRR(e) = share of the pairs of one speaker with score <  e   (rises with e)
        FAR(e) = share of the pairs of two speakers with score >= e  (falls with e),

    both known at every score, the two points (FAR, FRR) on either side of equality are
    joined by a straight line, and the rate is where FAR = FRR on it. Li & Mandt 2018,
    section 4.2, sweep the threshold; equal scores are accepted together. The chance
    level is .5, and a score that orders the pairs the wrong way round is above it.

    Args:
        scores: `(num_pairs,)`, higher for pairs more alike.
        same: `(num_pairs,)`, whether both are of one speaker.

    Returns: a number in [0, 1].

    Raises:
        ValueError: shapes differ, scores are not finite, or one kind of pair is
            missing.
    """
    scores, same = np.asarray(scores, "float64"), np.asarray(same, bool)
    if scores.ndim != 1 or scores.shape != same.shape:
        raise ValueError(
            "equal_error_rate needs scores and same of one shape (num_pairs,), "
            f"received {scores.shape} and {same.shape}."
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"equal_error_rate needs finite scores, received "
            f"{int((~np.isfinite(scores)).sum())} that are not."
        )
    if same.all() or not same.any():
        raise ValueError(
            f"equal_error_rate needs pairs of one speaker and pairs of two, received "
            f"{int(same.sum())} and {int((~same).sum())}. Take more utterances."
        )
    targets, others = np.sort(scores[same]), np.sort(scores[~same])
    thresholds = np.unique(scores)
    rejected = np.searchsorted(targets, thresholds) / len(targets)
    accepted = 1 - np.searchsorted(others, thresholds) / len(others)
    # Above the highest score everything is rejected.
    rejected, accepted = np.append(rejected, 1.0), np.append(accepted, 0.0)
    after = int(np.argmax(rejected >= accepted))  # never 0: there FRR = 0, FAR = 1
    gaps = (accepted - rejected)[after - 1 : after + 1]
    share = gaps[0] / (gaps[0] - gaps[1])
    low, high = rejected[after - 1 : after + 1]
    return float(low + share * (high - low))


def cosine_pairs(features: np.ndarray) -> np.ndarray:
    """Cosine similarities of all unordered pairs i < j, row by row.

    Features are taken as they are: not centred, not projected. A vector of zeros tells
    nothing, and its similarity to any other is 0.

    Args:
        features: `(num_utterances, size)`.

    Returns: `(n (n - 1) / 2,)` float64, in the order of `np.triu_indices(n, 1)`.
    """
    features = np.asarray(features, "float64")
    if features.ndim != 2 or not np.isfinite(features).all():
        raise ValueError(
            "cosine_pairs needs finite features (num_utterances, size), received "
            f"shape {features.shape}."
        )
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(length > 0, length, 1.0)
    return (unit @ unit.T)[np.triu_indices(len(unit), 1)]


def speaker_verification(features: np.ndarray, speakers: np.ndarray) -> float:
    """Equal error rate of telling, by cosine, whether two utterances share a speaker.

    Args:
        features: `(num_utterances, size)`, one vector an utterance.
        speakers: `(num_utterances,)` ids.

    Returns: the rate over all unordered pairs. 24 speakers with 8 utterances each are
        192 * 191 / 2 = 18,336 pairs.
    """
    speakers = _check_speakers(features, speakers)
    first, second = np.triu_indices(len(speakers), 1)
    return equal_error_rate(cosine_pairs(features), speakers[first] == speakers[second])


def standard_error(features: np.ndarray, speakers: np.ndarray) -> float:
    """Jackknife standard error of `speaker_verification` over speakers.

    Pairs share speakers, so that thousands of them know less than they seem to. With
    r_i the rate without speaker i of n, and m the mean of the r_i,

        error^2 = (n - 1) / n sum_i (r_i - m)^2.

    Raises:
        ValueError: fewer than three speakers.
    """
    speakers = _check_speakers(features, speakers)
    everyone = np.unique(speakers)
    if len(everyone) < 3:
        raise ValueError(
            f"a standard error needs three speakers at least, received {len(everyone)}."
        )
    rates = [
        speaker_verification(features[speakers != one], speakers[speakers != one])
        for one in everyone
    ]
    return float(np.sqrt((len(rates) - 1) * np.var(rates)))


def _check_speakers(features, speakers) -> np.ndarray:
    speakers = np.asarray(speakers)
    if speakers.shape != (len(features),):
        raise ValueError(
            f"speaker_verification needs a speaker for each of the {len(features)} "
            f"utterances, received shape {speakers.shape}."
        )
    return speakers
