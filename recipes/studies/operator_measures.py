"""What the operator study measures of one trained model, as cells of its row.

A clip with NaN or infinite frames is never averaged away: it is counted, in the column
`*_nonfinite` (a share of the clips), it is judged wrong, and the errors and speeds
beside it are those of the other clips, empty where there is none.
"""

from __future__ import annotations

import numpy as np
from keras import ops
from studies.operator_columns import DEAD, WINDOWS

from halo_keras.evaluation import protocols
from halo_keras.evaluation.from_one_image import image_to_sequence
from halo_keras.evaluation.metrics import as_float, mse, psnr_of_mse, ssim
from halo_keras.evaluation.spectrum import growth_rates, is_linear

LATE = WINDOWS[1:]  # beyond the clips that were trained on


def validation_score(model, held_out, judge, identity) -> dict:
    """What settings are chosen by: MSE of swaps to the true clips of held-out people.

    It needs content, motion and decoder right at once. The reconstruction is beside.
    """
    guarded = Guarded(model)
    found = protocols.swap(guarded, held_out, judge, identity=identity)
    rolled = Rollout(model, held_out, times=np.arange(held_out.num_frames))
    return {
        "swap_mse": found["swap_mse"],
        "swap_action": found["swap_action_accuracy"],
        "swap_attributes": attributes(found, "swap"),
        "swap_nonfinite": guarded.share,
        "reconstruction_mse": rolled.over(0, held_out.num_frames).mean("mse"),
    }


def measure(model, train, test, judge, identity, seed=0) -> dict:
    """Every number of a run on the test clips; the prior is fitted to `train` first."""
    parts = [np.arange(first - 1, last) for first, last in WINDOWS]
    rolled = Rollout(model, test, np.concatenate(parts))
    length = test.num_frames
    clip = rolled.over(0, length)
    # HALO's table 1: one picture in, twice the clip's length out.
    double = Rollout(model, test, np.arange(2 * length), content_frames=1)
    double = double.over(0, 2 * length)
    found = {
        "reconstruction_mse": clip.mean("mse"),
        "reconstruction_ssim": clip.mean("ssim"),
    }
    for name in ("ssim", "psnr", "mse"):
        found[f"frames16_{name}"] = double.mean(name)
        found[f"frames16_{name}_stddev"] = double.stddev(name)
    found["frames16_nonfinite"] = double.nonfinite
    for first, last in WINDOWS:
        window = rolled.over(first - 1, last)
        for key, value in window.summary(judge).items():
            found[f"window{first}_{key}"] = value
    found |= fate(found)
    if is_linear(model.dynamics):
        found["spectrum_max_real"] = float(growth_rates(model.dynamics).max())
    guarded = Guarded(model)
    swapped = protocols.swap(guarded, test, judge, seed, identity=identity)
    found |= {
        "swap_action": swapped["swap_action_accuracy"],
        "swap_attributes": attributes(swapped, "swap"),
        "swap_mse": swapped["swap_mse"],
        "swap_nonfinite": guarded.share,
    }
    return found | generated(model, train, test, judge, identity, seed)


def generated(model, train, test, judge, identity, seed) -> dict:
    """Motion from one picture, and motion drawn from the prior fitted to `train`.

    - `image_*`: the first frame of each clip, made to do another action
      (`from_one_image.image_to_sequence`: content from the picture, the state the mean
      of the fitted p(s_0 | action)).
    - `image_own_action`: the same frame made to do its own action, the state read off
      the picture too (`generate(start="image")`).
    - `prior_motion_*`: content of a real clip, motion drawn (`protocols.prior_motion`).
    - `prior_sample_action`: content and motion both drawn.
    """
    model.fit_prior(train, seed)
    guarded, action = Guarded(model), test.labels["action"]
    image = image_to_sequence(guarded, test, judge, seed, identity)
    own = guarded.generate(test.frames[:, 0], action, start="image")
    drawn = protocols.prior_motion(guarded, test, judge, seed, identity)
    samples = guarded.sample(num_clips=len(action), action=action, seed=seed)
    return {
        "image_action": image["image_to_sequence_action_accuracy"],
        "image_attributes": attributes(image, "image_to_sequence"),
        "image_own_action": judged_action(judge, own, action),
        "prior_motion_action": drawn["prior_motion_action_accuracy"],
        "prior_motion_attributes": attributes(drawn, "prior_motion"),
        "prior_sample_action": judged_action(judge, samples, action),
        "generated_nonfinite": guarded.share,
    }


def fate(found) -> dict:
    """What becomes of the motion after the clip, from its speeds in the windows.

    `motion_dies`: 1 if in the last window the frames differ by less than a fifth of
    what the true ones do (`DEAD`), and `motion_dies_by`: the first frame of the first
    window from which on it is so. Both empty if no clip of the last window is finite.
    """
    speeds = [found[f"window{first}_speed_ratio"] for first, _ in LATE]
    if speeds[-1] is None:
        return {"motion_dies": None, "motion_dies_by": None}
    by = None
    for (first, _), speed in reversed(list(zip(LATE, speeds, strict=True))):
        if speed is None or speed >= DEAD:
            break
        by = first
    return {"motion_dies": int(by is not None), "motion_dies_by": by}


class Rollout:
    """Forecasts of all clips from the state at frame 1, and the truth beside them.

    Frame 1, since that is the one reference that every operator can take: it needs no
    step backward. (Recurrent operators and positional encodings are trained from there
    alone, the others from every frame.) Only each clip's own operator is moved, so that
    one that overflows does not spoil the clips of the others.

    Args:
        times: whole numbers >= 0, in rising order.
        content_frames: the content is read from so many frames of each clip; None for
            all of them.
    """

    def __init__(self, model, dataset, times, content_frames=None, batch_size=128):
        self.times, self.action = times, dataset.labels["action"]
        self.truth = dataset.frames
        self.made, norms = [], []
        for low in range(0, len(dataset), batch_size):
            rows = slice(low, low + batch_size)
            action = self.action[rows].astype("int32")
            seen = dataset.frames[rows, :content_frames]
            encoding = model.encode(seen, action, reference=0)
            start = encoding.state[np.arange(len(action)), action]
            state = model.dynamics.active_trajectory(start, action, times)
            position = ops.convert_to_numpy(model.dynamics.position(state))
            norms.append(_norm(ops.convert_to_numpy(state)) / _norm(start)[:, None])
            self.made.append(_decoded(model, encoding.content, position, action))
        self.made, self.norm = np.concatenate(self.made), np.concatenate(norms)

    def over(self, first: int, end: int) -> Window:
        """The frames at times first ... end - 1."""
        chosen = (self.times >= first) & (self.times < end)
        return Window(self, chosen)


class Window:
    """Some frames of a `Rollout`; numbers of each clip, then their mean."""

    def __init__(self, rollout, chosen):
        self.rollout = rollout
        self.made = rollout.made[:, chosen]
        self.norm = rollout.norm[:, chosen]
        index = rollout.times[chosen] % rollout.truth.shape[1]
        self.finite = np.isfinite(self.made).all(axis=(1, 2, 3, 4))
        self.truth = as_float(rollout.truth[self.finite][:, index])
        self.shown = self.made[self.finite]

    @property
    def nonfinite(self) -> float:
        return float(1.0 - self.finite.mean())

    def each(self, name: str) -> np.ndarray:
        """A metric of each finite clip, averaged over its frames."""
        if name == "ssim":
            return ssim(self.shown, self.truth).mean(axis=1)
        error = mse(self.shown, self.truth)
        return (psnr_of_mse(error) if name == "psnr" else error).mean(axis=1)

    def mean(self, name: str) -> float | None:
        return float(self.each(name).mean()) if self.finite.any() else None

    def stddev(self, name: str) -> float | None:
        """Between clips, n - 1 in it."""
        if self.finite.sum() < 2:
            return None
        return float(self.each(name).std(ddof=1))

    def summary(self, judge) -> dict:
        """MSE, judged action, speed against the data's, and the state's size.

        `norm` is the median over clips and frames of |s_t| / |s_0|, and may be
        infinite; `speed_ratio` that of `protocols.rollout`.
        """
        found = {"mse": self.mean("mse"), "action": 0.0, "speed_ratio": None}
        if self.finite.any():
            moved, moves = (
                np.abs(np.diff(x, axis=1)).sum(dtype="float64")
                for x in (self.shown, self.truth)
            )
            found["speed_ratio"] = float(moved / moves)
            judged = judge.predict_labels(self.shown)["action"]
            right = judged == self.rollout.action[self.finite]
            found["action"] = float(right.sum() / len(self.finite))
        norm = float(np.median(self.norm))
        return {**found, "norm": norm, "nonfinite": self.nonfinite}


class Guarded:
    """A model whose verbs give grey frames where it made NaN or infinite ones.

    `share` is the fraction of the clips made so far that were so.
    """

    def __init__(self, model):
        self.model, self.bad, self.count = model, 0, 0

    @property
    def share(self) -> float:
        return self.bad / max(self.count, 1)

    def __getattr__(self, name):
        verb = getattr(self.model, name)
        if not callable(verb):
            return verb

        def guarded(*arguments, **options):
            made = verb(*arguments, **options)
            bad = ~np.isfinite(made).all(axis=(1, 2, 3, 4))
            self.bad, self.count = self.bad + int(bad.sum()), self.count + len(made)
            return np.where(bad[:, None, None, None, None], np.float32(0.5), made)

        return guarded


def judged_action(judge, made, action) -> float:
    """Share of the clips that the judge says do this action."""
    return float(np.mean(judge.predict_labels(made)["action"] == action))


def attributes(found: dict, prefix: str) -> float:
    """Mean accuracy of all heads but the action's."""
    keys = [
        key
        for key in found
        if key.startswith(prefix) and key.endswith("_accuracy") and "action" not in key
    ]
    return float(np.mean([found[key] for key in keys]))


def _norm(state) -> np.ndarray:
    """|s|, without overflow in the squares; infinite where the state has overflowed."""
    norm = np.linalg.norm(state.astype("float64"), axis=-1)
    return np.where(np.isnan(norm), np.inf, norm)


def _decoded(model, content, position, action, frames_a_batch=512):
    """`(B, T, H, W, C)` in [0, 1], NaN where the position is not finite."""
    step = max(1, frames_a_batch // position.shape[1])
    parts = []
    for low in range(0, len(action), step):
        rows = slice(low, low + step)
        made = model.decode_active(content[rows], position[rows], action[rows])
        parts.append(np.clip(ops.convert_to_numpy(made), 0.0, 1.0))
    made = np.concatenate(parts)
    lost = ~np.isfinite(position).all(axis=-1)
    made[lost] = np.nan  # a layer norm can make finite frames of infinite positions
    return made
