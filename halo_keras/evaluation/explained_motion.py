"""How much of a known motion can be read off a motion latent."""

from __future__ import annotations

import itertools

import numpy as np

NEIGHBOURS = 10
ROUNDS = 10  # of matching and fitting anew


def r_squared(predicted: np.ndarray, truth: np.ndarray) -> float:
    """1 - sum |truth - predicted|^2 / sum |truth - its mean|^2, over all columns.

    Args:
        predicted, truth: `(num, columns)`.
    """
    left = ((truth - predicted) ** 2).sum()
    return float(1 - left / ((truth - truth.mean(axis=0)) ** 2).sum())


def linear_fit(latents: np.ndarray, truth: np.ndarray):
    """Least squares with a constant: a function from latents to the truth's columns."""
    weights = np.linalg.lstsq(_with_one(latents), truth, rcond=None)[0]
    return lambda points: _with_one(points) @ weights


def neighbour_fit(latents: np.ndarray, truth: np.ndarray):
    """The mean of the ten nearest known points, for maps that are bent."""
    from scipy.spatial import cKDTree

    scale = np.maximum(latents.std(axis=0), 1e-9)
    tree = cKDTree(latents / scale)
    count = min(NEIGHBOURS, len(latents))
    return lambda points: truth[
        tree.query(points / scale, k=range(1, count + 1))[1]
    ].mean(axis=1)


def explained(train, test, fit=linear_fit) -> float:
    """R^2 on test clips of a map learned from training clips.

    Args:
        train, test: (latents `(clips, frames, z)`, truth `(clips, frames, columns)`).
        fit: `linear_fit` or `neighbour_fit`.
    """
    (latents, truth), (test_latents, test_truth) = train, test
    predict = fit(_rows(latents), _rows(truth))
    return r_squared(predict(_rows(test_latents)), _rows(test_truth))


def explained_matched(train, test, fit=linear_fit) -> float:
    """As `explained`, of several objects whose order nothing tells.

    Which of the objects is the first is for each *clip*, never frame by frame, what
    fits best: of training clips in turn with the fit, as in k-means, and of test clips
    afterwards. A clip's permutation is one of `num_objects!` choices for all its frames
    together, so that little can be gained by chance; what can, the same with the
    latents of other clips shows.

    Args:
        train, test: (latents `(clips, frames, z)`, truth
            `(clips, frames, num_objects, columns)`).
    """
    latents, truth = train
    truth = truth.copy()
    for _ in range(ROUNDS):
        predict = fit(_rows(latents), _rows(_flat(truth)))
        guess = predict(_rows(latents)).reshape(truth.shape)
        matched = best_permutation(guess, truth)
        if np.array_equal(matched, truth):
            break
        truth = matched
    predict = fit(_rows(latents), _rows(_flat(truth)))
    test_latents, test_truth = test
    guess = predict(_rows(test_latents)).reshape(test_truth.shape)
    matched = best_permutation(guess, test_truth)
    return r_squared(_rows(_flat(guess)), _rows(_flat(matched)))


def best_permutation(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The truth with each clip's objects in the order nearest to the guess.

    Args:
        guess, truth: `(clips, frames, num_objects, columns)`.
    """
    orders = list(itertools.permutations(range(truth.shape[2])))
    error = np.stack(
        [((guess - truth[:, :, list(o)]) ** 2).sum(axis=(1, 2, 3)) for o in orders]
    )
    chosen = np.asarray(orders)[error.argmin(axis=0)]  # (clips, num_objects)
    return np.take_along_axis(truth, chosen[:, None, :, None], axis=2)


def _flat(truth: np.ndarray) -> np.ndarray:
    return truth.reshape(*truth.shape[:2], -1)


def _rows(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, "float64").reshape(-1, values.shape[-1])


def _with_one(latents: np.ndarray) -> np.ndarray:
    return np.concatenate([latents, np.ones((len(latents), 1))], axis=1)
