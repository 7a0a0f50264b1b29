"""Balls: the one dataset whose truth is known at every real time."""

from __future__ import annotations

import numpy as np

from halo_keras.data import balls
from halo_keras.evaluation import protocols
from halo_keras.evaluation.metrics import as_float, mse
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite
from halo_keras.evaluation.swaps import swap_pairs

LENGTHS = (1, 2, 8)  # how far to forecast, in lengths of a clip


def evaluate_balls(
    model, test, train=None, seed: int = 0, names=None, verbose: int = 1
) -> dict[str, float]:
    """Protocols by name, against the exact frames.

    Args:
        model: a `SequenceModel` trained on `balls` or `balls_speed`.
        test: the test split, with `states`.
        train: the training split for the leakage probes, or None: they are left out.
        seed: of the pairs of clips, draws and probes.
        names: of `PROTOCOLS`; None for all that the model allows.
        verbose: 1 for progress bars.

    Returns: flat dict; see the functions of this file, and `num_clips`.
    """
    setting = Setting(model=model, test=test, train=train, seed=seed, verbose=verbose)
    return SUITE.run(setting, names)


def forecasts(
    model, dataset, lengths=LENGTHS, batch_size: int = 16, verbose: int = 0
) -> dict[str, float]:
    """Error over all frames up to some clip lengths away, forward and backward.

    With T frames a clip, `forward_<n>x_mse` covers times 0 to n T - 1 and
    `backward_<n>x_mse` times -n T to -1; `<direction>_last_mse` is that of the last,
    farthest T frames of the longest forecast.
    """
    num_frames, longest = dataset.num_frames, max(lengths)
    distances = np.arange(longest * num_frames)
    found = {}
    for direction, times in (("forward", distances), ("backward", -1 - distances)):
        errors = []
        for rows in chunks(len(dataset), batch_size, f"forecast {direction}", verbose):
            made = model.forecast(
                dataset.frames[rows], times, action=dataset.labels["action"][rows]
            )
            errors.append(mse(made, balls.render(_rows(dataset.states, rows), times)))
        error = np.concatenate(errors).mean(axis=0)
        for length in lengths:
            upto = error[: length * num_frames]
            found[f"{direction}_{length}x_mse"] = float(upto.mean())
        found[f"{direction}_last_mse"] = float(error[-num_frames:].mean())
    return found


def half_frames(
    model, dataset, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """Where the ball is between the frames, in pixels.

    Returns: `half_frame_mse` against the exact frames; `half_frame_centre_error`, the
        mean distance of the ball's measured centre from the exact one;
        `half_frame_circle_error` and `_max`, mean and largest distance of the
        measured centre from its circle.
    """
    times = np.arange(dataset.num_frames - 1) + 0.5
    errors, distances, deviations = [], [], []
    for rows in chunks(len(dataset), batch_size, "half frames", verbose):
        states = _rows(dataset.states, rows)
        made = model.forecast(
            dataset.frames[rows], times, action=dataset.labels["action"][rows]
        )
        errors.append(mse(made, balls.render(states, times)))
        measured = measured_centres(made)
        distances.append(
            np.linalg.norm(measured - balls.centres(states, times), axis=-1)
        )
        middle = states["orbit_centre"][:, None]
        radius = np.linalg.norm(measured - middle, axis=-1)
        deviations.append(np.abs(radius - states["orbit_radius"][:, None]))
    deviation = np.concatenate(deviations)
    return {
        "half_frame_mse": float(np.concatenate(errors).mean()),
        "half_frame_centre_error": float(np.concatenate(distances).mean()),
        "half_frame_circle_error": float(deviation.mean()),
        "half_frame_circle_error_max": float(deviation.max()),
    }


def measured_centres(frames: np.ndarray) -> np.ndarray:
    """Centre of brightness (x, y) of each frame in pixels.

    Pixels darker than a quarter of the brightest one do not count, so that a faint
    haze over the frame moves nothing. A black frame has its centre in the middle.

    Args:
        frames: `(batch, time, height, width, channels)`.

    Returns: `(batch, time, 2)`.
    """
    light = as_float(frames).astype("float64").sum(axis=-1)
    light[light < 0.25 * light.max(axis=(2, 3), keepdims=True)] = 0
    height, width = light.shape[2:]
    light += 1e-12
    total = light.sum(axis=(2, 3))
    x = (light.sum(axis=2) * (np.arange(width) + 0.5)).sum(axis=-1) / total
    y = (light.sum(axis=3) * (np.arange(height) + 0.5)).sum(axis=-1) / total
    return np.stack([x, y], axis=-1)


def swapped_balls(
    model, dataset, seed: int = 0, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """`swap_mse`: clip i's ball on clip j's orbit, j drawn at random, action given."""
    partner = np.random.default_rng(seed).permutation(len(dataset))
    action, times = dataset.labels["action"], np.arange(dataset.num_frames)
    errors = []
    for rows in chunks(len(dataset), batch_size, "swap", verbose):
        motion = partner[rows]
        made = model.swap_motion(
            dataset.frames[rows], dataset.frames[motion], action=action[motion]
        )
        states = _rows(dataset.states, rows), _rows(dataset.states, motion)
        errors.append(mse(made, balls.render_joint(states[0], [states[1]], times)))
    return {"swap_mse": float(np.concatenate(errors).mean())}


def composed_balls(
    model, dataset, seed: int = 0, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """Two motions at once, trained singly, against the exact frames of both.

    Clip i's own motion and one of another action, both with clip i's ball.

    Returns: `compose_mse`; beside it what would be scored by showing only the first
        of the two exact balls, `compose_one_ball_mse`, and nothing,
        `compose_black_mse`; and `compose_single_difference`, the largest difference
        in a pixel between composing one motion and swapping it (0 but for rounding).
    """
    action, times = dataset.labels["action"], np.arange(dataset.num_frames)
    partner = swap_pairs(action, np.arange(len(dataset)), seed)
    errors, singles = {"": [], "one_ball_": [], "black_": []}, []
    for rows in chunks(len(dataset), batch_size, "compose", verbose):
        other = partner[rows]
        first = (dataset.frames[rows], action[rows])
        second = (dataset.frames[other], action[other])
        made = model.compose(first[0], [first, second])
        states, others = _rows(dataset.states, rows), _rows(dataset.states, other)
        truth = balls.render_joint(states, [states, others], times)
        errors[""].append(mse(made, truth))
        errors["one_ball_"].append(mse(first[0], truth))
        errors["black_"].append(mse(np.zeros_like(truth), truth))
        one = model.compose(first[0], [second])
        swapped = model.swap_motion(first[0], second[0], action=second[1])
        singles.append(np.abs(one - swapped).max())
    found = {
        f"compose_{name}mse": float(np.concatenate(values).mean())
        for name, values in errors.items()
    }
    return {**found, "compose_single_difference": float(np.max(singles))}


def _rows(states: dict, rows) -> dict:
    return {name: value[rows] for name, value in states.items()}


# A new protocol is one line here.
PROTOCOLS = {
    "reconstruction": Protocol(
        lambda s: protocols.reconstruction(s.model, s.test, verbose=s.verbose)
    ),
    "forecast": Protocol(lambda s: forecasts(s.model, s.test, verbose=s.verbose)),
    "half_frames": Protocol(lambda s: half_frames(s.model, s.test, verbose=s.verbose)),
    "swap": Protocol(
        lambda s: swapped_balls(s.model, s.test, s.seed, verbose=s.verbose)
    ),
    "action_inference": Protocol(
        lambda s: protocols.action_inference(s.model, s.test, verbose=s.verbose),
        told=True,
    ),
    "compose": Protocol(
        lambda s: composed_balls(s.model, s.test, s.seed, verbose=s.verbose), told=True
    ),
    "leakage": Protocol(
        lambda s: protocols.leakage(
            s.model, s.training_clips(), s.test, s.seed, verbose=s.verbose
        ),
        ("train",),
    ),
}

SUITE = Suite(("balls", "balls_speed"), PROTOCOLS)
