"""Metrics against loops, against SciPy's windows and against known answers."""

import math

import numpy as np
import pytest

from halo_keras.evaluation import metrics


@pytest.fixture
def pair(rng):
    target = rng.random((2, 3, 12, 11, 3)).astype("float32")
    noisy = target + 0.1 * rng.standard_normal(target.shape).astype("float32")
    return np.clip(noisy, 0, 1), target


def test_mse_and_psnr_equal_a_loop_over_frames(pair):
    predicted, target = pair
    errors, ratios = metrics.mse(predicted, target), metrics.psnr(predicted, target)
    assert errors.shape == ratios.shape == (2, 3)
    for b in range(2):
        for t in range(3):
            squares = [
                (float(x) - float(y)) ** 2
                for x, y in zip(
                    predicted[b, t].ravel(), target[b, t].ravel(), strict=True
                )
            ]
            error = sum(squares) / len(squares)
            assert errors[b, t] == pytest.approx(error, rel=1e-6)
            assert ratios[b, t] == pytest.approx(10 * math.log10(1 / error), abs=1e-5)


def test_psnr_is_capped_in_each_frame(pair):
    predicted, target = pair
    predicted[0, 0] = target[0, 0]
    ratios = metrics.psnr(predicted, target)
    assert ratios[0, 0] == 100
    assert np.all(ratios.ravel()[1:] < 30)


def test_ssim_equals_the_formula_on_scipy_windows(pair):
    """Wang et al.: means, unbiased variances over 7 x 7 windows, inside the frame."""
    from scipy.signal import convolve2d

    def window_mean(image):
        return convolve2d(image, np.full((7, 7), 1 / 49), mode="valid")

    predicted, target = (array.astype("float64") for array in pair)
    values = metrics.ssim(*pair)
    for b, t in np.ndindex(2, 3):
        channels = []
        for c in range(3):
            x, y = predicted[b, t, :, :, c], target[b, t, :, :, c]
            mx, my = window_mean(x), window_mean(y)
            vx = 49 / 48 * (window_mean(x * x) - mx * mx)
            vy = 49 / 48 * (window_mean(y * y) - my * my)
            vxy = 49 / 48 * (window_mean(x * y) - mx * my)
            top = (2 * mx * my + 0.01**2) * (2 * vxy + 0.03**2)
            bottom = (mx**2 + my**2 + 0.01**2) * (vx + vy + 0.03**2)
            channels.append(np.mean(top / bottom))
        assert values[b, t] == pytest.approx(np.mean(channels), abs=1e-5)


def test_ssim_equals_scikit_image(pair, rng):
    """Also where flat black meets almost black, as on the ground of Sprites."""
    from skimage.metrics import structural_similarity

    flat = np.zeros_like(pair[0])
    nearly = (0.004 * rng.random(flat.shape)).astype("float32")
    for predicted, target in (pair, (nearly, flat), (pair[0], flat)):
        values = metrics.ssim(predicted, target)
        for b, t in np.ndindex(2, 3):
            expected = structural_similarity(
                predicted[b, t],
                target[b, t],
                data_range=1.0,
                channel_axis=-1,
                win_size=7,
            )
            assert values[b, t] == pytest.approx(expected, abs=1e-6)


def test_equal_clips_are_perfect_and_black_ones_are_not(pair):
    _, target = pair
    assert np.all(metrics.mse(target, target) == 0)
    assert np.allclose(metrics.ssim(target, target), 1)
    black = np.zeros_like(target)
    assert np.allclose(metrics.mse(black, target), np.mean(target**2, axis=(2, 3, 4)))
    assert np.all(metrics.ssim(black, target) < 0.1)


def test_the_worst_frame_equals_a_loop(rng):
    error, action = rng.random((12, 5)), np.repeat([0, 3, 1], 4)
    worst = 0.0
    for k in (0, 1, 3):
        for t in range(5):
            clips = [error[i, t] for i in range(12) if action[i] == k]
            worst = max(worst, sum(clips) / len(clips))
    assert metrics.worst_frame(error, action) == pytest.approx(worst)


def test_bytes_and_floats_give_the_same_numbers(rng):
    stored = rng.integers(0, 256, (1, 2, 8, 8, 3), dtype="uint8")
    other = rng.random(stored.shape).astype("float32")
    scaled = stored.astype("float32") / 255
    assert np.array_equal(metrics.mse(other, stored), metrics.mse(other, scaled))


def test_entropies_equal_scipy_and_the_identity_holds(rng):
    from scipy.stats import entropy

    logits = 3 * rng.standard_normal((40, 9))
    table = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = metrics.entropies(table)
    assert found["entropy_marginal"] == pytest.approx(entropy(table.mean(0)))
    assert found["entropy_conditional"] == pytest.approx(entropy(table, axis=1).mean())
    divergence = np.mean([entropy(row, table.mean(0)) for row in table])
    assert found["inception_score"] == pytest.approx(math.exp(divergence))
    assert found["inception_score"] == pytest.approx(
        math.exp(found["entropy_marginal"] - found["entropy_conditional"])
    )


def test_entropies_reach_their_ceilings_without_epsilon():
    sure = np.tile(np.eye(9), (4, 1))
    found = metrics.entropies(sure)
    assert found["inception_score"] == pytest.approx(9)
    assert found["entropy_marginal"] == pytest.approx(math.log(9))
    assert found["entropy_conditional"] == 0
    unsure = np.full((5, 9), 1 / 9)
    assert metrics.entropies(unsure)["inception_score"] == pytest.approx(1)


def test_kl_divergence_of_known_distributions():
    assert metrics.kl_divergence([0.5, 0.5], [0.25, 0.75]) == pytest.approx(
        0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    )
    assert metrics.kl_divergence([0, 1], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert metrics.kl_divergence([0.5, 0.5], [0, 1]) == math.inf


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda x: x[:, :2], "one shape"),
        (lambda x: x[0], "one shape"),
        (lambda x: x * np.nan, "finite"),
        (lambda x: (255 * x).astype("int32"), "uint8"),
    ],
)
def test_bad_frames_are_refused(pair, broken, message):
    predicted, target = pair
    with pytest.raises(ValueError, match=message):
        metrics.mse(broken(predicted), target)


def test_small_frames_and_logits_are_refused(rng):
    small = rng.random((1, 1, 6, 6, 3))
    with pytest.raises(ValueError, match="at least 7"):
        metrics.ssim(small, small)
    with pytest.raises(ValueError, match="softmax"):
        metrics.entropies(rng.standard_normal((5, 9)))
