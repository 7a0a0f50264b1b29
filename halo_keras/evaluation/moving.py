"""Moving MNIST: is position in the motion, and the digit in the content?"""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation import people, protocols, unordered
from halo_keras.evaluation.explained_motion import (
    explained,
    explained_matched,
    linear_fit,
    neighbour_fit,
)
from halo_keras.evaluation.metrics import as_float, mse, ssim
from halo_keras.evaluation.probes import probe
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite

TRAINING_CLIPS = 1500  # that probes and fits learn from
OBSERVED = 10


def evaluate_moving(
    model, test, train=None, judge=None, seed: int = 0, names=None, verbose: int = 1
) -> dict[str, float]:
    """Protocols by name.

    Args:
        model: a `SequenceModel` trained on `moving_mnist`.
        test: the test split, with `states`.
        train: the training split, or a function that loads it.
        judge: of digits; None: what it says is left out.
        seed: of draws and probes.
        names: of `PROTOCOLS`; None for all that the model and the judge allow.
        verbose: 1 for progress bars.

    Returns: flat dict; see the functions of this file, and `num_clips`.
    """
    setting = Setting(
        model=model, test=test, train=train, judge=judge, seed=seed, verbose=verbose
    )
    return SUITE.run(setting, names)


def position(s: Setting) -> dict[str, float]:
    """R^2 of the digits' positions from the motion latent of the same frame.

    Maps are learned from training clips and scored on test clips, whose digits are
    others: a linear one, and the mean of the nearest neighbours, which follows a
    manifold that is bent. Of two digits the order is matched, see `explained_matched`.

    Returns: `position_linear_r2`, `position_r2`, and `position_chance_r2`, the latter's
        with the latents of other clips.
    """
    known, asked = (_latents_and_positions(s, split) for split in ("train", "test"))
    score = explained if asked[1].ndim == 3 else explained_matched
    mixed = np.random.default_rng(s.seed).permutation(len(asked[0]))
    return {
        "position_linear_r2": score(known, asked, linear_fit),
        "position_r2": score(known, asked, neighbour_fit),
        "position_chance_r2": score(known, (asked[0][mixed], asked[1]), neighbour_fit),
    }


def digit_probes(s: Setting) -> dict[str, float]:
    """Which digit it is, from the content and from the motion of all frames.

    Probes learn from training clips and name the digits of test clips. Of one digit;
    nothing of two, which have no first.

    Returns: `digit_from_content`, `digit_from_motion`, and `digit_chance`, of always
        naming the commonest; with a judge `digit_from_content_ratio`, of the first to
        the judge's own accuracy on the clips, `judge_digit`.
    """
    if "second_digit" in s.test.labels:
        return {}
    train, found = some_training_clips(s), {}
    known, asked = (_latents(s, split) for split in ("train", "test"))
    labels = train.labels["digit"], s.test.labels["digit"]
    for index, name in enumerate(("content", "motion")):
        features = (x[index].reshape(len(x[index]), -1) for x in (known, asked))
        learn, score = features
        found[f"digit_from_{name}"] = probe(learn, labels[0], score, labels[1], s.seed)
    found["digit_chance"] = float(np.bincount(labels[1]).max() / len(labels[1]))
    if s.judge is not None:
        found["judge_digit"] = s.judge.accuracy(s.test)["digit"]
        ratio = found["digit_from_content"] / found["judge_digit"]
        found["digit_from_content_ratio"] = ratio
    return found


def swapped_digits(s: Setting, batch_size: int = 64) -> dict[str, float]:
    """Clip i's digit where clip j's is, frame by frame; of one digit.

    Returns: `swap_mse` against the exact frames, and with a judge
        `swap_digit_accuracy`, how often it names digit i.
    """
    if "second_digit" in s.test.labels:
        return {}
    partner = np.random.default_rng(s.seed).permutation(len(s.test))
    errors, right = [], []
    for rows in chunks(len(s.test), batch_size, "swap", s.verbose):
        motion = partner[rows]
        made = s.model.swap_motion(s.test.frames[rows], s.test.frames[motion], action=0)
        errors.append(mse(made, moved(s.test, rows, motion)))
        if s.judge is not None:
            named = s.judge.predict_labels(made)["digit"]
            truth = s.test.labels["digit"][rows]
            right.append(named == truth.reshape(-1, *[1] * (named.ndim - 1)))
    found = {"swap_mse": float(np.concatenate(errors).mean())}
    if right:
        found["swap_digit_accuracy"] = float(np.concatenate(right).mean())
    return found


def moved(dataset, rows, motion) -> np.ndarray:
    """Exact frames of the digits of clips `rows` at the positions of clips `motion`."""
    from halo_keras.data import moving_mnist

    own = np.rint(dataset.states["position"][rows][:, 0]).astype(int)
    size = moving_mnist.DIGIT
    images = np.stack(
        [
            frames[0, y : y + size, x : x + size, 0]
            for frames, ((x, y),) in zip(dataset.frames[rows], own, strict=True)
        ]
    )
    return moving_mnist.draw(images[:, None], dataset.states["position"][motion])


def prediction(s: Setting, batch_size: int = 64) -> dict[str, float]:
    """The frames after the tenth, from the first ten.

    Returns: `prediction_mse`, `prediction_ssim`, and `prediction_still_mse`, what is
        scored by the tenth frame held still. Nothing for a model without an order, or
        clips of ten frames.
    """
    if unordered.is_unordered(s.model) or s.test.num_frames <= OBSERVED:
        return {}
    times = np.arange(OBSERVED, s.test.num_frames)
    errors, scores, still = [], [], []
    for rows in chunks(len(s.test), batch_size, "prediction", s.verbose):
        frames = s.test.frames[rows]
        truth = frames[:, OBSERVED:]
        made = s.model.forecast(frames[:, :OBSERVED], times, action=0)
        errors.append(mse(made, truth))
        scores.append(ssim(made, truth))
        last = np.broadcast_to(frames[:, OBSERVED - 1 : OBSERVED], truth.shape)
        still.append(mse(as_float(last), truth))
    return {
        "prediction_mse": float(np.concatenate(errors).mean()),
        "prediction_ssim": float(np.concatenate(scores).mean()),
        "prediction_still_mse": float(np.concatenate(still).mean()),
    }


def some_training_clips(s: Setting):
    """The first training clips, as many as probes learn from."""
    train = s.training_clips()
    return train.subset(slice(0, min(TRAINING_CLIPS, len(train))))


def _latents(s: Setting, split: str):
    clips = some_training_clips(s) if split == "train" else s.test
    return s.once(
        ("latents", split),
        lambda: unordered.latents_of(s.model, clips, verbose=s.verbose),
    )


def _latents_and_positions(s: Setting, split: str):
    clips = some_training_clips(s) if split == "train" else s.test
    truth = clips.states["position"]
    truth = truth[:, :, 0] if truth.shape[2] == 1 else truth
    return _latents(s, split)[1], truth


def _framewise(run):
    """Only where the motion latent is one of every frame."""
    return lambda s: run(s) if hasattr(s.model, "features") else {}


# A new protocol is one line here.
PROTOCOLS = {
    "reconstruction": Protocol(
        lambda s: protocols.reconstruction(s.model, s.test, None, verbose=s.verbose)
    ),
    "sharpness": Protocol(
        lambda s: people.sharpness(s.model, s.test, verbose=s.verbose)
    ),
    "prediction": Protocol(prediction),
    "swap": Protocol(swapped_digits),
    "position": Protocol(_framewise(position), ("train",)),
    "digit": Protocol(_framewise(digit_probes), ("train",)),
    "permutation": Protocol(
        lambda s: unordered.permutation(s.model, s.test, s.seed, verbose=s.verbose),
        unordered=True,
    ),
}

SUITE = Suite(
    ("moving_mnist",), PROTOCOLS, judges={"judge": "judge-mnist"}, reference=None
)
