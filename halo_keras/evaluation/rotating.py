"""Rotating MNIST: the textbook case, whose truth is known at every angle."""

from __future__ import annotations

import numpy as np

from halo_keras.data import rotating_mnist
from halo_keras.evaluation import protocols
from halo_keras.evaluation.metrics import as_float, mse
from halo_keras.evaluation.mode_shares import has_modes, modes_of, spectrum_numbers
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite

TURNS = (1, 2, 10)
QUARTERS = 4  # steps a frame


def evaluate_rotating(
    model, test, train=None, seed: int = 0, names=None, verbose: int = 1
) -> dict[str, float]:
    """Protocols by name, against the exact frames.

    Args:
        model: a `SequenceModel` trained on `rotating_mnist`.
        test: the test split, with `states`.
        train: the training split for the leakage probes, or None: they are left out.
        seed: of draws.
        names: of `PROTOCOLS`; None for all that the model allows.
        verbose: 1 for progress bars.

    Returns: flat dict; see the functions of this file, and `num_clips`.
    """
    setting = Setting(model=model, test=test, train=train, seed=seed, verbose=verbose)
    return SUITE.run(setting, names)


def turns(
    model, dataset, counts=TURNS, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """The n-th full turn after the clip was given, and the n-th before it.

    Returns: `turn_<n>_mse`, of the times from (n - 1) T to n T - 1, where turn 1 is the
        given clip itself; `turn_minus_<n>_mse`, of -n T to -(n - 1) T - 1; both for n
        in `counts`, and `turn_10_ratio` of turns 10 and 1 if both are among them.
    """
    length = dataset.num_frames
    first = {f"turn_{count}": (count - 1) * length for count in counts}
    first |= {f"turn_minus_{count}": -count * length for count in counts}
    errors = {name: [] for name in first}
    for rows in chunks(len(dataset), batch_size, "turns", verbose):
        frames = dataset.frames[rows]
        encoding = model.encode(frames, 0)
        for name, start in first.items():
            times = start + np.arange(length)
            made = model.decode(encoding.content, encoding.state, times)
            errors[name].append(mse(made, frames))
    found = {
        f"{name}_mse": float(np.concatenate(parts).mean())
        for name, parts in errors.items()
    }
    if {1, 10} <= set(counts):
        least = max(found["turn_1_mse"], 1e-12)
        found["turn_10_ratio"] = found["turn_10_mse"] / least
    return found


def quarter_frames(
    model, dataset, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """A turn in quarters of a frame, of which three in four were in no training clip.

    Returns: `quarter_frame_mse` of the times between frames, and beside it that of
        `quarter_frame_blend_mse`, the two neighbouring frames of the truth mixed.
    """
    length = dataset.num_frames
    times = np.arange(QUARTERS * length) / QUARTERS
    times = times[times % 1 != 0]
    errors, blends = [], []
    for rows in chunks(len(dataset), batch_size, "quarter frames", verbose):
        frames = as_float(dataset.frames[rows])
        truth = rotating_mnist.render(
            _rows(dataset.states, rows), _angle(times, length)
        )
        errors.append(mse(model.forecast(dataset.frames[rows], times, action=0), truth))
        before = np.floor(times).astype(int)
        share = (times - before)[:, None, None, None]
        after = frames[:, (before + 1) % length]
        mixed = (1 - share) * frames[:, before] + share * after
        blends.append(mse(mixed.astype("float32"), truth))
    return {
        "quarter_frame_mse": float(np.concatenate(errors).mean()),
        "quarter_frame_blend_mse": float(np.concatenate(blends).mean()),
    }


def held_out_angle(
    model, dataset, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """The non-uniform task: frames that were missing, from those that were there.

    Returns: `held_out_mse` of the angle that no training clip showed (Casale et al.
        2018); `missing_mse` of the other missing ones, `observed_mse` of those given;
        and `held_out_blend_mse`, the mean of the nearest observed frame on either side.
        Nothing for another task.
    """
    if "observed" not in (dataset.states or {}):
        return {}
    observed = dataset.states["observed"].astype(bool)
    out = np.zeros_like(observed)
    out[:, rotating_mnist.HELD_OUT] = True
    errors = []
    for rows in chunks(len(dataset), batch_size, "held-out angle", verbose):
        frames, mask = dataset.frames[rows], observed[rows]
        # What is missing is blacked out: nothing of it can be seen.
        given = np.where(mask[:, :, None, None, None], frames, 0).astype("uint8")
        encoding = model.encode(given, 0, mask=mask.astype("float32"))
        made = model.decode(
            encoding.content, encoding.state, np.arange(frames.shape[1])
        )
        errors.append(mse(made, frames))
    error = np.concatenate(errors)
    return {
        "held_out_mse": float(error[out].mean()),
        "missing_mse": float(error[~observed & ~out].mean()),
        "observed_mse": float(error[observed].mean()),
        "held_out_blend_mse": float(_blend_error(dataset, observed).mean()),
    }


def _blend_error(dataset, observed) -> np.ndarray:
    """Squared error of the mean of the held-out angle's nearest observed frames."""
    frames, at = as_float(dataset.frames), rotating_mnist.HELD_OUT
    before = [np.flatnonzero(seen[:at])[-1] for seen in observed]
    after = [at + 1 + np.flatnonzero(seen[at + 1 :])[0] for seen in observed]
    rows = np.arange(len(frames))
    mixed = (frames[rows, before] + frames[rows, after]) / 2
    return ((mixed - frames[:, at]) ** 2).mean(axis=(1, 2, 3))


def irregular(
    model, dataset, num_given: int = 9, seed: int = 0, batch_size: int = 64, verbose=0
) -> dict[str, float]:
    """Some frames of a turn, at their true times; then all of it.

    Args:
        num_given: frames given, the first among them, the others drawn.

    Returns: `irregular_given_mse` and `irregular_missing_mse`, of the frames that were
        given and of the others. Nothing for a model that only steps from frame to
        frame.
    """
    length = dataset.num_frames
    if model.forward_only or length <= num_given:
        return {}
    rng = np.random.default_rng(seed)
    order = rng.random((len(dataset), length - 1)).argsort(axis=1)[:, : num_given - 1]
    first = np.zeros((len(dataset), 1), int)
    index = np.concatenate([first, 1 + np.sort(order, axis=1)], axis=1)
    given = np.zeros((len(dataset), length), bool)
    given[np.arange(len(dataset))[:, None], index] = True
    errors = []
    for rows in chunks(len(dataset), batch_size, "irregular times", verbose):
        frames, times = dataset.frames[rows], index[rows]
        seen = np.take_along_axis(frames, times[:, :, None, None, None], axis=1)
        encoding = model.encode(seen, 0, times.astype("float64"))
        made = model.decode(encoding.content, encoding.state, np.arange(length))
        errors.append(mse(made, frames))
    error = np.concatenate(errors)
    return {
        "irregular_given_mse": float(error[given].mean()),
        "irregular_missing_mse": float(error[~given].mean()),
    }


def swapped_turns(
    model, dataset, seed: int = 0, batch_size: int = 64, verbose: int = 0
) -> dict[str, float]:
    """`swap_mse`: clip i's digit in the turn of clip j, which begins at any frame.

    Clip j, another digit drawn at random, is given from a frame of its own on; the
    truth is digit i, turned from that angle on. `swap_unchanged_mse`: what is scored by
    leaving clip i as it is.
    """
    rng, length = np.random.default_rng(seed), dataset.num_frames
    partner = rng.permutation(len(dataset))
    start = rng.integers(length, size=len(dataset))
    index = (start[:, None] + np.arange(length)) % length
    errors, unchanged = [], []
    for rows in chunks(len(dataset), batch_size, "swap", verbose):
        own, at = dataset.frames[rows], index[rows]
        motion = dataset.frames[partner[rows]]
        motion = np.take_along_axis(motion, at[:, :, None, None, None], axis=1)
        states = _rows(dataset.states, rows)
        first = dataset.states["start"][partner[rows]] - states["start"]
        angles = first[:, None] + _angle(at, length)
        truth = rotating_mnist.render(states, angles)
        errors.append(mse(model.swap_motion(own, motion, action=0), truth))
        unchanged.append(mse(own, truth))
    return {
        "swap_mse": float(np.concatenate(errors).mean()),
        "swap_unchanged_mse": float(np.concatenate(unchanged).mean()),
    }


def baselines(dataset) -> dict[str, float]:
    """`mean_image_mse`: one picture, the mean of all frames, for every frame."""
    frames = as_float(dataset.frames)
    return {"mean_image_mse": float(((frames - frames.mean((0, 1))) ** 2).mean())}


def _spectrum(s: Setting) -> dict[str, float]:
    if not has_modes(s.model):
        return {}
    modes = modes_of(s.model, s.test, verbose=s.verbose)
    return spectrum_numbers(modes, s.test.num_frames)


def _swap(s: Setting) -> dict[str, float]:
    if getattr(s.model, "content_from", None) == "nothing":
        return {}  # the motion is all there is
    return swapped_turns(s.model, s.test, s.seed, verbose=s.verbose)


def _angle(times, length) -> np.ndarray:
    return 2 * np.pi * np.asarray(times) / length


def _rows(states: dict, rows) -> dict:
    return {name: value[rows] for name, value in states.items()}


# A new protocol is one line here.
PROTOCOLS = {
    "reconstruction": Protocol(
        lambda s: protocols.reconstruction(s.model, s.test, None, verbose=s.verbose)
    ),
    "spectrum": Protocol(_spectrum),
    "turns": Protocol(lambda s: turns(s.model, s.test, verbose=s.verbose)),
    "quarter_frames": Protocol(
        lambda s: quarter_frames(s.model, s.test, verbose=s.verbose)
    ),
    "held_out": Protocol(lambda s: held_out_angle(s.model, s.test, verbose=s.verbose)),
    "irregular": Protocol(
        lambda s: irregular(s.model, s.test, seed=s.seed, verbose=s.verbose)
    ),
    "swap": Protocol(_swap),
    "baselines": Protocol(lambda s: baselines(s.test)),
}

SUITE = Suite(("rotating_mnist",), PROTOCOLS, reference=None)
