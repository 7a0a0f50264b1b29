"""Numbers from arrays: distances between clips, entropies of a judge's verdicts.

Nothing here knows a model or a backend. Frames are uint8 in [0, 255] or float in
[0, 1], clips are `(batch, time, height, width, channels)`, and frame metrics give one
number for each frame, `(batch, time)`, so that the caller chooses the average.
"""

from __future__ import annotations

import numpy as np

PSNR_CAP = 100.0
SSIM_WINDOW = 7


def mse(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Mean squared error of each frame on the [0, 1] scale.

    mse_bt = mean over height, width, channels of (predicted - target)^2.

    Args:
        predicted, target: clips of equal shape.

    Returns: `(batch, time)` float64.

    Raises:
        ValueError: if the shapes differ or are not those of clips, or if values are
            not finite.
    """
    predicted, target = _pair(predicted, target)
    return np.stack(
        [
            np.mean((a.astype("float64") - b) ** 2, axis=(1, 2, 3))
            for a, b in zip(predicted, target, strict=True)
        ]
    )


def psnr(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Peak signal to noise ratio of each frame in dB, at most 100.

    psnr_bt = -10 log10 mse_bt, for data in [0, 1]. It is capped frame by frame, and
    averaged afterwards if at all: an average over frames of the capped value is
    finite, and differs from the value of the average error.

    Args:
        predicted, target: clips of equal shape.

    Returns: `(batch, time)` float64.
    """
    return psnr_of_mse(mse(predicted, target))


def psnr_of_mse(error: np.ndarray) -> np.ndarray:
    """`psnr` where the mean squared errors are known already."""
    smallest = 10.0 ** (-PSNR_CAP / 10)
    return -10.0 * np.log10(np.maximum(error, smallest))


def ssim(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Structural similarity of each frame (Wang et al. 2004), for data in [0, 1].

    With means m, unbiased variances v and covariance v_xy of windows of 7 x 7 pixels,

        SSIM = (2 m_x m_y + .01^2) (2 v_xy + .03^2)
               / ((m_x^2 + m_y^2 + .01^2) (v_x + v_y + .03^2)),

    averaged over all windows inside the frame and over channels. The same number as
    `skimage.metrics.structural_similarity` with data_range 1, channel_axis -1 and
    win_size 7 (to 1e-6; `tests/evaluation/test_metrics.py`) in a quarter of its time,
    which was a third of an evaluation's.

    Args:
        predicted, target: clips of equal shape, frames at least 7 pixels wide.

    Returns: `(batch, time)` float64, 1 for equal frames.
    """
    predicted, target = _pair(predicted, target)
    if min(predicted.shape[2:4]) < SSIM_WINDOW:
        raise ValueError(
            f"ssim needs frames of at least {SSIM_WINDOW} x {SSIM_WINDOW} pixels, "
            f"received {predicted.shape[2]} x {predicted.shape[3]}."
        )
    pairs = zip(predicted, target, strict=True)
    return np.stack([_ssim_of_frames(x, y) for x, y in pairs])


def _ssim_of_frames(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """SSIM of `(time, height, width, channels)`: one clip stays in the cache."""
    unbiased = SSIM_WINDOW**2 / (SSIM_WINDOW**2 - 1)
    mx, my = _window_mean(x), _window_mean(y)
    vx = unbiased * (_window_mean(x * x) - mx * mx)
    vy = unbiased * (_window_mean(y * y) - my * my)
    vxy = unbiased * (_window_mean(x * y) - mx * my)
    above = (2 * mx * my + 0.01**2) * (2 * vxy + 0.03**2)
    below = (mx * mx + my * my + 0.01**2) * (vx + vy + 0.03**2)
    return np.mean(above / below, axis=(1, 2, 3), dtype="float64")


def _window_mean(x: np.ndarray) -> np.ndarray:
    """Mean of each 7 x 7 window inside the frames `(time, height, width, channels)`."""
    for axis in (1, 2):
        x = np.moveaxis(x, axis, 0)
        twos = x[1:] + x[:-1]
        fours = twos[2:] + twos[:-2]
        x = np.moveaxis(fours[:-3] + twos[4:-1] + x[6:], 0, axis)  # 4 + 2 + 1 pixels
    return x / SSIM_WINDOW**2


def worst_frame(error: np.ndarray, action: np.ndarray) -> float:
    """The largest mean error of any one frame of any one action.

        max over k, t of mean over the clips i of action k of e_it.

    A mean over frames hides one that is wrong every time: a figure whose fourth frame
    of eight is always a blur has a good average.

    Args:
        error: `(num_clips, time)`, of frames that are comparable from clip to clip.
        action: `(num_clips,)` ids.
    """
    error, action = np.asarray(error), np.asarray(action)
    return max(float(error[action == k].mean(axis=0).max()) for k in np.unique(action))


def entropies(probabilities: np.ndarray) -> dict[str, float]:
    """Entropies of a judge's verdicts and the inception score, natural logarithm.

    With P_ik the probability of class k for clip i, and p_k = mean_i P_ik:

        H(y)   = - sum_k p_k ln p_k                  (high: all classes appear)
        H(y|x) = - mean_i sum_k P_ik ln P_ik         (low: each clip is certain)
        IS     = exp(mean_i KL(P_i || p)) = exp(H(y) - H(y|x))

    The last equality is an identity; it is asserted, because published rows violate
    it. 0 ln 0 is 0, without an epsilon. (HALO calls H(y|x) intra- and H(y)
    inter-entropy, others use the words the other way round.)

    Args:
        probabilities: `(num_clips, num_classes)`, rows summing to 1.

    Returns: `{"entropy_marginal": H(y), "entropy_conditional": H(y|x),
        "inception_score": IS}`.
    """
    table = np.asarray(probabilities, dtype="float64")
    if table.ndim != 2 or len(table) == 0:
        raise ValueError(
            "entropies needs probabilities of shape (num_clips, num_classes), "
            f"received {table.shape}."
        )
    if not np.all(table >= 0) or not np.allclose(table.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            "entropies needs rows of probabilities that sum to 1; take the softmax of "
            "logits first."
        )
    table = table / table.sum(axis=1, keepdims=True)
    marginal = table.mean(axis=0)
    entropy_marginal = -_sum_x_log_x(marginal)
    entropy_conditional = -_sum_x_log_x(table) / len(table)
    score = np.exp(np.mean([kl_divergence(row, marginal) for row in table]))
    if not np.isclose(score, np.exp(entropy_marginal - entropy_conditional), rtol=1e-6):
        raise AssertionError("IS differs from exp(H(y) - H(y|x))")
    return {
        "entropy_marginal": float(entropy_marginal),
        "entropy_conditional": float(entropy_conditional),
        "inception_score": float(score),
    }


def kl_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) = sum_k p_k ln(p_k / q_k) of two discrete distributions, in nats."""
    p, q = np.asarray(p, dtype="float64"), np.asarray(q, dtype="float64")
    inside = p > 0
    with np.errstate(divide="ignore"):
        return float(np.sum(p[inside] * (np.log(p[inside]) - np.log(q[inside]))))


def as_float(frames: np.ndarray) -> np.ndarray:
    """Frames as float32 in [0, 1]: uint8 is divided by 255, floats are kept."""
    frames = np.asarray(frames)
    if frames.dtype == np.uint8:
        return frames.astype("float32") / np.float32(255)
    if not np.issubdtype(frames.dtype, np.floating):
        raise ValueError(
            "Frames must be uint8 in [0, 255] or float in [0, 1], received "
            f"{frames.dtype}."
        )
    return frames.astype("float32", copy=False)


def _pair(predicted, target) -> tuple[np.ndarray, np.ndarray]:
    predicted, target = as_float(predicted), as_float(target)
    if predicted.shape != target.shape or predicted.ndim != 5:
        raise ValueError(
            "Frame metrics need two arrays of one shape (batch, time, height, width, "
            f"channels), received {predicted.shape} and {target.shape}."
        )
    if not (np.all(np.isfinite(predicted)) and np.all(np.isfinite(target))):
        raise ValueError("Frame metrics need finite frames, received NaN or infinity.")
    return predicted, target


def _sum_x_log_x(x: np.ndarray) -> float:
    x = x[x > 0]
    return float(np.sum(x * np.log(x)))
