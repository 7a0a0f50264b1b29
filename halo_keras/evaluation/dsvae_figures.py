"""DSVAE's own figures (Li & Mandt 2018), of any model of clips: 3 a to h, 5 and 7."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.evaluation.missing_frames import drawn_pixels, predictions
from halo_keras.evaluation.prior_passes import seed_of
from halo_keras.evaluation.strip_figure import DPI, strip_figure
from halo_keras.evaluation.turning import (
    HELD,
    directions_of,
    judged_directions,
    turns,
)
from halo_keras.visualize import film_strip

NUM_ROWS = 3


def panels(model, dataset, seed: int = 0) -> dict[str, np.ndarray]:
    """The clips of figure 3's panels, three each, by the panel's title.

    a: real clips, b: reconstructed; c: their motion with drawn content, d: their
    content with drawn motion; e: content of each with the motion of the next one, f:
    the other way round; g: drawn clips that share their content, h: their motion.

    Args:
        model: a `SequenceModel`.
        dataset: a `ClipDataset` of three clips at least; the first ones are shown.
        seed: of the draws.

    Returns: arrays `(3, time, height, width, channels)`, floats in [0, 1].
    """
    frames = dataset.frames[:NUM_ROWS]
    told = operators_for(model, dataset)[:NUM_ROWS]
    following = np.roll(np.arange(NUM_ROWS), -1)
    times = np.arange(frames.shape[1])

    def drawn(index, **given):
        return model.sample(NUM_ROWS, times=times, seed=seed + index, **given)

    shared = drawn(4)[:1]
    # One content or motion for all rows: what is shared is read off a drawn clip.
    own = int(model.infer_action(shared)[0])
    return {
        "(a) data": frames / np.float32(255),
        "(b) reconstructed": model.reconstruct(frames, action=told),
        "(c) drawn content": drawn(0, motion_from=frames, action=told),
        "(d) drawn motion": drawn(1, content_from=frames),
        "(e) motion of the next": model.swap_motion(
            frames, frames[following], action=told[following]
        ),
        "(f) content of the next": model.swap_motion(
            frames[following], frames, action=told
        ),
        "(g) drawn, one content": drawn(2, content_from=shared),
        "(h) drawn, one motion": drawn(3, motion_from=shared, action=own),
    }


def panel_figure(model, dataset, path, seed: int = 0) -> None:
    """Figure 3: the eight panels of `panels`, time from left to right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    clips = panels(model, dataset, seed)
    pictures = {
        title: film_strip(np.clip(made, 0, 1), gap=1) for title, made in clips.items()
    }
    height, width = next(iter(pictures.values())).shape[:2]
    size = (2 * width / DPI + 0.6, 4 * (height / DPI + 0.35))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, picture) in zip(
        figure.subplots(4, 2).flat, pictures.items(), strict=True
    ):
        axes.imshow(picture, interpolation="nearest")
        axes.set_title(title, fontsize="small")
        axes.set_axis_off()
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Comment": COMMENT})


def turning_figure(
    model, judge, path, action_names, seed: int = 0, num_drawn: int = 200
) -> int:
    """Figure 5: drawn clips whose direction changes, at most four, with its names.

    Args:
        judge: a `FrameJudge` of actions named `<action>/<direction>`.
        action_names: of the judge's classes.
        num_drawn: clips that are looked through.

    Returns: how many of them turn; without one, nothing is written.
    """
    names, direction = directions_of(action_names)
    clips = model.sample(num_drawn, seed=seed)
    table = judge.predict_probabilities(clips)["action"]
    shown = judged_directions(table, direction)
    found = np.flatnonzero(turns(shown, HELD))
    chosen = found[:4]
    if len(chosen):
        rows = list(np.round(clips[chosen] * 255).astype("uint8"))
        labels = [f"{names[row[0]]} to {names[row[-1]]}" for row in shown[chosen]]
        strip_figure(rows, labels, np.arange(clips.shape[1]), path)
    return len(found)


def prediction_figure(
    model, dataset, path, observed: int = 20, num_clips: int = 4, seed: int = 0
) -> None:
    """Figure 7: clips as pictures whose brightness is the time.

    Rows: truth, reconstruction of the whole clip, and one forecast of the frames after
    the first `observed`, in green. Earlier frames are darker.

    Args:
        model: a `SequenceModel`.
        dataset: a `ClipDataset` of frames with one channel; its first clips are shown.
        path: a `.png`.
        observed: number of frames that the forecast is given.
        num_clips: number of clips.
        seed: of the draw.
    """
    length = dataset.num_frames
    frames = dataset.frames[:num_clips]
    action = dataset.labels["action"][:num_clips]
    whole = model.reconstruct(frames, action=action)
    times = np.arange(observed, length)
    draw = seed_of(seed, slice(0, num_clips))
    future = predictions(model, frames[:, :observed], times, action, draw, 1)[0]
    predicted = np.concatenate([whole[:, :observed], future], axis=1)
    rows = [
        np.stack([over_time(clip, first) for clip in clips])
        for clips, first in ((frames, length), (whole, length), (predicted, observed))
    ]
    labels = ["truth", "reconstructed", f"from {observed} frames"]
    numbers = np.arange(1, len(frames) + 1)
    strip_figure(rows, labels, numbers, path, width=600, across="clip")


def over_time(clip: np.ndarray, observed: int) -> np.ndarray:
    """One picture of a clip `(time, height, width, 1)`: later frames are brighter.

    Frames from `observed` on are green.

    Returns: `(height, width, 3)` uint8.
    """
    drawn = drawn_pixels(clip)[..., 0]
    picture = np.zeros((*drawn.shape[1:], 3))
    for time, frame in enumerate(drawn):
        level = 0.3 + 0.7 * (time + 1) / len(drawn)
        picture[frame] = (level, level, level) if time < observed else (0, level, 0)
    return np.round(picture * 255).astype("uint8")
