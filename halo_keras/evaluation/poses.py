"""Sprites in all poses: does one motion mean the same pose of every character?"""

from __future__ import annotations

import numpy as np

from halo_keras.data.sprite_sheets import pose_cells
from halo_keras.evaluation import unordered
from halo_keras.evaluation.metrics import as_float, mse, ssim
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite

ATTRIBUTES = ("body", "bottomwear", "topwear", "hair")
PLACES = ("row", "cell")
POSES = 45  # of each character, evenly spaced over the sheet; a quarter of all
SHARED_SOURCES, SHARED_TARGETS = 16, 12
_CHARACTERS_AT_ONCE = 8


def evaluate_poses(
    model, test, train=None, judge=None, seed: int = 0, names=None, verbose: int = 1
) -> dict[str, float]:
    """Protocols by name.

    Args:
        model: a model trained on `sprite_poses`.
        test: the test split, `form="sets"`.
        train: not needed by any of these.
        judge: of single frames, with the heads `row`, `cell` and the four attributes;
            None: what it says is left out.
        seed: of pairs.
        names: of `PROTOCOLS`; None for all that the judge allows.
        verbose: 1 for progress bars.

    Returns: flat dict; see the functions of this file, and `num_clips`.
    """
    setting = Setting(
        model=model, test=test, train=train, judge=judge, seed=seed, verbose=verbose
    )
    return SUITE.run(setting, names)


def real(s: Setting) -> dict[str, float]:
    """`judge_real_<head>_accuracy`: the judge on real test frames, the ceiling.

    A pose that two rows have in common (many begin standing) has no place that could
    be named for sure.
    """
    verdicts = _Named(s.judge)
    poses = _poses(s.test)
    for rows in chunks(len(s.test), _CHARACTERS_AT_ONCE, "judge", s.verbose):
        verdicts.add(s.test.frames[rows][:, poses], s.test, rows, poses)
    return verdicts.accuracies("judge_real")


def reconstruction(s: Setting) -> dict[str, float]:
    """Distance of frames from their reconstruction, and how sharp that is.

    Returns: `reconstruction_mse, _ssim`, `sharpness_ratio` (see `people.sharpness`) and
        `mean_image_mse`, of one picture for everything.
    """
    poses, errors, scores, edges = _poses(s.test), [], [], np.zeros(2)
    for rows in chunks(len(s.test), _CHARACTERS_AT_ONCE, "reconstruction", s.verbose):
        frames = s.test.frames[rows]
        encoding = _encoded(s.model, frames, poses)
        made = s.model.decode(encoding.content, encoding.state, np.arange(len(poses)))
        truth = as_float(frames[:, poses])
        errors.append(mse(made, truth))
        scores.append(ssim(made, truth))
        for index, clips in enumerate((made, truth)):
            for axis in (2, 3):
                edges[index] += np.abs(np.diff(clips, axis=axis)).sum(dtype="float64")
    every = s.test.frames[:, poses[:: max(1, len(poses) // 8)]].astype("float32") / 255
    return {
        "reconstruction_mse": float(np.concatenate(errors).mean()),
        "reconstruction_ssim": float(np.concatenate(scores).mean()),
        "sharpness_ratio": float(edges[0] / edges[1]),
        "mean_image_mse": float(((every - every.mean((0, 1))) ** 2).mean()),
    }


def swap(s: Setting) -> dict[str, float]:
    """Each character in the poses of another one, drawn at random.

    Returns: `swap_<attribute>_accuracy`: is it still the same character; `swap_row` and
        `swap_cell_accuracy`: in the other's pose; and `swap_mse` to the true frames,
        which the character's own sheet holds.
    """
    verdicts, poses, errors = _Named(s.judge), _poses(s.test), []
    partner = np.random.default_rng(s.seed).permutation(len(s.test))
    for rows in chunks(len(s.test), _CHARACTERS_AT_ONCE, "swap", s.verbose):
        frames = s.test.frames[rows]
        state = _encoded(s.model, s.test.frames[partner[rows]], poses).state
        content = s.model.encode_content(frames)
        made = s.model.decode(content, state, np.arange(len(poses)))
        verdicts.add(made, s.test, rows, poses)
        errors.append(mse(made, frames[:, poses]))
    return {
        **verdicts.accuracies("swap"),
        "swap_mse": float(np.concatenate(errors).mean()),
    }


def shared_motion(s: Setting) -> dict[str, float]:
    """The same z with many contents: do all of them show the same place of the sheet?

    z of some characters' poses are decoded with the contents of others: directly, and
    standardised, as (z - mu(f)) / sigma(f) of p(z | f), whatever the model's own
    `transfer`.

    Returns: for `direct` and `standardised` and for `row` and `cell`,
        `shared_<way>_<place>_agreement`, how often two different contents with the same
        z are judged alike, and `_accuracy`, how often as the pose that z came from.
    """
    poses, rng = _poses(s.test), np.random.default_rng(s.seed)
    places = pose_cells()[poses]
    order = rng.permutation(len(s.test))
    sources, others = order[:SHARED_SOURCES], order[SHARED_SOURCES:]
    others = others if len(others) else order
    targets = others[:SHARED_TARGETS]
    content = s.model.encode_content(s.test.frames[targets])
    said = {way: {place: [] for place in PLACES} for way in ("direct", "standardised")}
    for source in sources:
        frames = s.test.frames[[source]]
        encoding = _encoded(s.model, frames, poses)
        own = encoding.content
        if s.model.transfer == "direct":
            direct, standard = encoding.state, s.model.standardise(own, encoding.state)
        else:
            direct, standard = (
                s.model.unstandardise(own, encoding.state),
                encoding.state,
            )
        shape = (len(targets), *direct.shape[1:])
        direct, standard = (np.broadcast_to(x, shape) for x in (direct, standard))
        latents = {
            "direct": direct,
            "standardised": s.model.unstandardise(content, standard),
        }
        for way, z in latents.items():
            named = s.judge.predict_labels(decoded(s.model, content, z))
            for place in PLACES:
                said[way][place].append(named[place])  # (targets, poses)
    found = {}
    for way, by_place in said.items():
        for index, (place, parts) in enumerate(by_place.items()):
            named = np.stack(parts)  # (sources, targets, poses)
            found[f"shared_{way}_{place}_agreement"] = agreement(named)
            hits = named == places[:, index]
            found[f"shared_{way}_{place}_accuracy"] = float(hits.mean())
    return found


def agreement(named: np.ndarray) -> float:
    """How often two different entries of axis 1 are alike, over all others.

    Args:
        named: whole numbers `(sources, targets, poses)`, at least two targets.
    """
    count = named.shape[1]
    alike = (named[:, :, None] == named[:, None]).sum(axis=(1, 2)) - count
    return float(alike.mean() / (count * (count - 1)))


def decoded(model, content, latents) -> np.ndarray:
    """Frames of z itself, whatever the model's `transfer`."""
    if model.transfer == "standardised":
        latents = model.standardise(content, latents)
    return model.decode(content, latents, np.arange(latents.shape[1]))


def _poses(dataset) -> np.ndarray:
    count = min(POSES, dataset.num_frames)
    return np.linspace(0, dataset.num_frames - 1, count).round().astype(int)


def _encoded(model, frames, poses):
    """Content from the whole set, motion of these poses of it."""
    encoding = model.encode(frames)
    return encoding._replace(state=encoding.state[:, poses])


class _Named:
    """What a judge of frames names, against characters and poses."""

    def __init__(self, judge):
        self.judge = judge
        self.hits = {head: [] for head in judge.head_names}

    def add(self, frames, dataset, rows, poses):
        named = self.judge.predict_labels(frames)
        truth = {place: pose_cells()[poses, i] for i, place in enumerate(PLACES)}
        for head, hits in self.hits.items():
            wanted = truth.get(head)
            if wanted is None:
                wanted = dataset.labels[head][rows][:, None]
            hits.append((named[head] == wanted).ravel())

    def accuracies(self, prefix: str) -> dict[str, float]:
        return {
            f"{prefix}_{head}_accuracy": float(np.concatenate(hits).mean())
            for head, hits in self.hits.items()
        }


JUDGED = ("judge",)
# A new protocol is one line here.
PROTOCOLS = {
    "judge_real": Protocol(real, JUDGED),
    "reconstruction": Protocol(reconstruction),
    "swap": Protocol(swap, JUDGED),
    "shared_motion": Protocol(shared_motion, JUDGED),
    "permutation": Protocol(
        lambda s: unordered.permutation(s.model, s.test, s.seed, verbose=s.verbose)
    ),
}

SUITE = Suite(("sprite_poses",), PROTOCOLS, judges={"judge": "judge-sprites-poses"})
