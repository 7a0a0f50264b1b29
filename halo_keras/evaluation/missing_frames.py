"""Predicting the end of a clip from its beginning: DSVAE's section 4.3, figures 7, 8.

Frames are black and white: a value above .5 is a drawn pixel. The paper's number is the
share of wrong pixels, and it is kind to a model that draws nothing: an object of A
pixels costs a blank frame A wrong ones, and an object drawn where none is costs 2 A.
So the blank's score, the drawn area and the overlap stand beside it.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np

from halo_keras.evaluation.metrics import as_float
from halo_keras.evaluation.prior_passes import seed_of
from halo_keras.evaluation.progress import chunks

THRESHOLD = 0.5
NUM_SAMPLES = 20
MISSING = (1, 2, 5, 10, 15, 20, 25)
OBSERVED = 10
HORIZONS = ((1, 10), (11, 20))


def drawn_pixels(frames: np.ndarray) -> np.ndarray:
    """Where something is drawn, bool of the frames' shape: values above .5."""
    return as_float(frames) > THRESHOLD


class PixelScores:
    """Wrong pixels, drawn area and overlap of predicted frames, clip by clip.

    With P the predicted and X the true drawn pixels of a frame,

        error      = mean over pixels of [P != X]
        area ratio = sum of |P| over all frames / sum of |X|
        overlap    = |P and X| / |P or X|, 1 if both are empty
        blank      = mean over pixels of [X], the error of a frame without anything

    Over several draws of one clip error and overlap are those of each draw, averaged;
    the vote's error is that of the frame averaged over draws, which is blank where the
    draws agree on nothing.
    """

    def __init__(self):
        self.parts = {name: [] for name in ("error", "overlap", "blank", "vote_error")}
        self.area = {"drawn": [], "true": []}

    def add(self, draws: Sequence[np.ndarray], truth: np.ndarray) -> None:
        """Counts `draws`, each of the shape of `truth`, `(batch, time, H, W, C)`."""
        true = drawn_pixels(truth)
        errors, overlaps, areas = [], [], []
        for frames in draws:
            drawn = drawn_pixels(frames)
            errors.append(_share(drawn != true))
            both, any_ = _share(drawn & true), _share(drawn | true)
            overlaps.append(np.where(any_ > 0, both / np.where(any_ > 0, any_, 1), 1.0))
            areas.append(_share(drawn))
        vote = drawn_pixels(np.mean([as_float(frames) for frames in draws], axis=0))
        for name, values in (
            ("error", np.mean(errors, axis=0)),
            ("overlap", np.mean(overlaps, axis=0)),
            ("blank", _share(true)),
            ("vote_error", _share(vote != true)),
        ):
            self.parts[name].append(values)
        self.area["drawn"].append(np.mean(areas, axis=0))
        self.area["true"].append(_share(true))

    def summary(self, prefix: str, first: int = 0, last: int | None = None) -> dict:
        """Means over the frames `first` to `last` (not included) of all clips.

        Returns: `<prefix>_error`, `_vote_error`, `_blank_error`, `_overlap` and, if
            anything is to be drawn there, `_area_ratio`.
        """
        chosen = slice(first, last)
        mean = {
            name: float(np.concatenate(parts)[:, chosen].mean())
            for name, parts in self.parts.items()
        }
        drawn, true = (
            np.concatenate(self.area[name])[:, chosen].sum() for name in self.area
        )
        found = {
            f"{prefix}_error": mean["error"],
            f"{prefix}_vote_error": mean["vote_error"],
            f"{prefix}_blank_error": mean["blank"],
            f"{prefix}_overlap": mean["overlap"],
        }
        if true > 0:
            found[f"{prefix}_area_ratio"] = float(drawn / true)
        return found


def predictions(
    model, frames: np.ndarray, times: np.ndarray, action, seed: int, num_samples: int
) -> list[np.ndarray]:
    """Forecasts of `frames` at `times`: drawn ones, or one where nothing is drawn.

    A model whose `forecast` takes a `seed` draws its future; of another one, each draw
    would be the same.

    Returns: arrays `(batch, num_times, height, width, channels)`.
    """
    if "seed" not in inspect.signature(model.forecast).parameters:
        return [model.forecast(frames, times, action=action)]
    return [
        model.forecast(frames, times, action=action, seed=seed + index)
        for index in range(num_samples)
    ]


def missing_frames(
    model,
    dataset,
    missing: Sequence[int] = MISSING,
    num_samples: int = NUM_SAMPLES,
    seed: int = 0,
    batch_size: int = 100,
    verbose: int = 0,
) -> dict[str, float]:
    """Wrong pixels as a function of the number of missing frames: DSVAE's figure 8.

    Of T frames the first T - k are given and the last k are predicted, with the prior's
    draws where the model has them. `missing_0` are all frames, reconstructed.

    Args:
        model: a `SequenceModel`.
        dataset: a `ClipDataset` of one action.
        missing: the numbers k.
        num_samples: draws of each clip's future.
        seed: of the draws.

    Returns: for 0 and every k `missing_<k>_error`, `_vote_error`, `_blank_error`,
        `_overlap`, `_area_ratio`, see `PixelScores`.

    Raises:
        ValueError: a k leaves no frame to observe.
    """
    length = dataset.num_frames
    for count in missing:
        if not 1 <= count < length:
            raise ValueError(
                f"missing must lie in [1, {length - 1}] for clips of {length} frames, "
                f"received {count}."
            )
    action = dataset.labels["action"]
    found = {}
    for count in (0, *missing):
        scores = PixelScores()
        title = f"{count} missing frames"
        for rows in chunks(len(dataset), batch_size, title, verbose):
            clips = dataset.frames[rows]
            if count == 0:
                made = [model.reconstruct(clips, action=action[rows])]
                scores.add(made, clips)
                continue
            observed, times = clips[:, :-count], np.arange(length - count, length)
            made = predictions(
                model,
                observed,
                times,
                action[rows],
                seed_of(seed, rows),
                num_samples,
            )
            scores.add(made, clips[:, -count:])
        found |= scores.summary(f"missing_{count}")
    return found


def frame_horizons(
    model,
    dataset,
    observed: int = OBSERVED,
    horizons: Sequence[tuple[int, int]] = HORIZONS,
    num_samples: int = NUM_SAMPLES,
    seed: int = 0,
    batch_size: int = 100,
    verbose: int = 0,
) -> dict[str, float]:
    """Wrong pixels of near and of far frames, all from the same first frames.

    Args:
        observed: number of frames given; horizon 1 is the first frame after them.
        horizons: (first, last) horizon of a window, both included.
        num_samples, seed: see `missing_frames`.

    Returns: for every window `horizon_<first>_<last>_error`, `_vote_error`,
        `_blank_error`, `_overlap`, `_area_ratio`, and for every horizon
        `horizon_<k>_error`.

    Raises:
        ValueError: a window goes beyond the clips.
    """
    length = dataset.num_frames
    farthest = max(last for _, last in horizons)
    if min(first for first, _ in horizons) < 1 or observed + farthest > length:
        raise ValueError(
            f"horizons count from 1, and {observed} observed frames leave "
            f"{length - observed} of {length}; received {list(horizons)}."
        )
    times = np.arange(observed, observed + farthest)
    action, scores = dataset.labels["action"], PixelScores()
    for rows in chunks(len(dataset), batch_size, "horizons", verbose):
        clips = dataset.frames[rows]
        made = predictions(
            model,
            clips[:, :observed],
            times,
            action[rows],
            seed_of(seed, rows),
            num_samples,
        )
        scores.add(made, clips[:, times])
    found = {}
    for first, last in horizons:
        found |= scores.summary(f"horizon_{first}_{last}", first - 1, last)
    each = np.concatenate(scores.parts["error"]).mean(axis=0)
    return found | {
        f"horizon_{index + 1}_error": float(value) for index, value in enumerate(each)
    }


def _share(pixels: np.ndarray) -> np.ndarray:
    """Share of true values of each frame, `(batch, time)`."""
    return pixels.mean(axis=(2, 3, 4))
