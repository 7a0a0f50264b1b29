"""From detected faces to one steady box a frame: outliers out, gaps filled, smoothed.

A box is (centre x, centre y, side) of a square, in pixels, NaN where nothing was found.
"""

from __future__ import annotations

import numpy as np

REACH = 15  # frames on either side that a detection is compared with
MAX_SHIFT = 0.3  # of the median side: how far a centre may lie from the median centre
MAX_SCALE = 1.4  # how much larger or smaller than the median a face may be
SIGMA = 4.0  # frames


def steady_boxes(boxes: np.ndarray) -> np.ndarray:
    """One box a frame from detections that flicker, fail and sometimes err.

    In this order: `without_outliers`, `filled`, `smoothed`.

    Args:
        boxes: `(num_frames, 3)`, NaN rows where there was no detection.

    Returns: `(num_frames, 3)`, finite.
    Raises: ValueError if there is no detection at all.
    """
    return smoothed(filled(without_outliers(boxes)))


def without_outliers(boxes, reach=REACH, max_shift=MAX_SHIFT, max_scale=MAX_SCALE):
    """Detections far from the median of those within `reach` frames become NaN.

    With (x, y, s) the median, a box (u, v, r) stays if hypot(u - x, v - y) <=
    max_shift * s and 1 / max_scale <= r / s <= max_scale. All are judged by the
    detections as they came, so the order does not matter.
    """
    boxes = np.asarray(boxes, np.float64)
    found = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    kept = np.full_like(boxes, np.nan)
    for index in found:
        low, high = np.searchsorted(found, (index - reach, index + reach + 1))
        x, y, side = np.median(boxes[found[low:high]], axis=0)
        u, v, own = boxes[index]
        near = np.hypot(u - x, v - y) <= max_shift * side
        if near and side / max_scale <= own <= side * max_scale:
            kept[index] = boxes[index]
    return kept


def filled(boxes) -> np.ndarray:
    """NaN rows by linear interpolation in time; the ends repeat the nearest box."""
    boxes = np.asarray(boxes, np.float64)
    found = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    if not len(found):
        raise ValueError("there is no box to interpolate: every row is NaN.")
    frames = np.arange(len(boxes))
    columns = [np.interp(frames, found, column[found]) for column in boxes.T]
    return np.stack(columns, axis=1)


def smoothed(boxes, sigma=SIGMA) -> np.ndarray:
    """Gaussian mean over time, of the frames that are there:

    out_t = sum_s w_(t-s) box_s / sum_s w_(t-s),  w_k = exp(-k^2 / (2 sigma^2)),
    |k| <= 3 sigma.
    """
    boxes = np.asarray(boxes, np.float64)
    reach = int(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    summed = [_convolved(column, kernel) for column in boxes.T]
    return np.stack(summed, axis=1) / _convolved(np.ones(len(boxes)), kernel)[:, None]


def _convolved(values, kernel):
    reach = len(kernel) // 2
    return np.convolve(values, kernel)[reach : reach + len(values)]
