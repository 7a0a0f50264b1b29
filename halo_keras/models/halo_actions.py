"""Which action does a clip show? HALO's answer, and how much each action explains."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from halo_keras.models.halo_inference import (
    CLIPS_A_BATCH,
    as_mask,
    in_order,
    time_order,
)
from halo_keras.models.motion_kl import motion_kl
from halo_keras.models.no_gradient import no_gradient


class HaloActions:
    """`infer_action, action_scores` of HALO."""

    @no_gradient
    def infer_action(self, frames, times=None, mask=None):
        """argmax_u ln p(x | z, q^u) - KL_u at posterior means, uniform p(u).

        Exactly the argmax of `action_scores`, by branch and bound: no frame's squared
        error is below 0, so what an action has lost by some of its frames is at most
        what it loses by all of them. One frame of every action is decoded, and further
        ones only of an action that has lost least so far.

        Args:
            frames: clips of at least two frames; one picture does not tell a motion.
        Returns: `(batch,)` ids.
        Raises: ValueError for one frame, where the model has several actions.
        """
        frames, _ = self._frames(frames)
        if self.num_actions == 1:
            return np.zeros(len(frames), "int32")
        if frames.shape[1] < 2:
            raise ValueError(
                "infer_action needs clips of at least 2 frames, received 1. Pass the "
                f"action: one of {', '.join(self.action_names)}."
            )
        batches = self._scored_batches(frames, times, mask)
        return np.concatenate([_best_action(batch) for batch in batches])

    @no_gradient
    def action_scores(self, frames, times=None, mask=None):
        """ln p(x | z, q^u) - KL(q(s_i | u) || p(s_i | u)), `(batch, num_actions)`."""
        frames, _ = self._frames(frames)
        sigma = float(ops.convert_to_numpy(self.sigma))
        density = -math.log(sigma * math.sqrt(2 * math.pi))  # of a perfect value
        parts = []
        for batch in self._scored_batches(frames, times, mask):
            every_frame = np.arange(batch.frames.shape[1])
            errors = [
                batch.error(slice(None), action, every_frame)
                for action in range(self.num_actions)
            ]
            values = math.prod(self.frame_shape) * batch.mask.sum(axis=1, keepdims=True)
            parts.append(values * density - np.stack(errors, 1) - batch.divergence)
        return np.concatenate(parts)

    def _scored_batches(self, frames, times, mask):
        times = np.broadcast_to(self._observed_times(times, frames), frames.shape[:2])
        mask = as_mask(mask, frames)
        order = time_order(times, mask)
        frames, times, mask = (in_order(x, order) for x in (frames, times, mask))
        for i in range(0, len(frames), CLIPS_A_BATCH):
            rows = slice(i, i + CLIPS_A_BATCH)
            yield _Scores(self, frames[rows], times[rows], mask[rows])


class _Scores:
    """The parts of every action's score for a few clips; frames are decoded on demand.

    divergence: `(batch, num_actions)`, KL of each action's state posterior.
    """

    def __init__(self, model, frames, times, mask):
        self.model, self.frames, self.mask = model, frames, mask
        features = model._features(frames)
        positions, divergence = [], []
        for action in range(model.num_actions):
            ids = np.full(len(frames), action, "int32")
            state, time = model._state(features, ids, times, mask, None)
            relative = times - time[:, None]
            position = model.dynamics.active_position(state.mean, ids, relative)
            positions.append(ops.convert_to_numpy(position))
            start = time.astype("float32")
            kl = motion_kl(model, state, state.mean, ids, start)
            divergence.append(ops.convert_to_numpy(kl))
        content = model._content(frames, features, mask)  # the same for all actions
        self.content = ops.convert_to_numpy(content.mean)
        self.positions = np.stack(positions, axis=1)  # (B, K, T, d)
        self.divergence = np.stack(divergence, axis=1).astype("float64")

    def error(self, clips, action, frames):
        """sum_t |x_t - g(z, q_t)|^2 / (2 sigma^2) over some frames t of some clips.

        It is what ln p(x | z, q) falls short of a perfect clip's, in nats. Frames that
        are not finite, of an operator without bounds, are infinitely wrong.

        Args:
            clips: which, indices or a slice.
            action: of all of them, or one for each.
            frames: indices t.
        Returns: `(num_clips,)` float64, at least 0.
        """
        position = self.positions[clips]
        ids = np.broadcast_to(np.asarray(action, "int32"), len(position))
        position = position[np.arange(len(position)), ids][:, frames]
        decoded = self.model.decode_active(self.content[clips], position, ids)
        wrong = self.frames[clips][:, frames] - ops.convert_to_numpy(decoded)
        wrong = wrong.reshape(*wrong.shape[:2], -1)
        each = np.einsum("btv,btv->bt", wrong, wrong).astype("float64")
        each = np.where(np.isnan(each), np.inf, each)
        each = np.where(self.mask[clips][:, frames] > 0, each, 0.0)
        sigma = float(ops.convert_to_numpy(self.model.sigma))
        return each.sum(axis=1) / (2 * sigma**2)


def _best_action(batch: _Scores):
    """Best first: the action that has lost least so far is decoded further.

    Once it is decoded whole, no other can lose less.
    """
    num_clips, length = batch.frames.shape[:2]
    # The state is read off the last frame; in a loop the middle one is farthest from
    # it, in a clip that does not loop the first one is.
    first, second = length // 2, 0
    rest = np.setdiff1d(np.arange(length), [first, second])
    stages = [np.array(part) for part in ([first], [second], rest) if len(part)]
    loss = batch.divergence.copy()
    for action in range(batch.model.num_actions):
        loss[:, action] += batch.error(slice(None), action, stages[0])
    done = np.ones(loss.shape, int)  # stages decoded of each clip and action
    everyone = np.arange(num_clips)
    while True:
        action = loss.argmin(axis=1)
        reached = done[everyone, action]
        if (reached == len(stages)).all():
            return action.astype("int32")
        for stage in range(1, len(stages)):
            (clips,) = np.nonzero(reached == stage)
            if len(clips):
                chosen = clips, action[clips]
                loss[chosen] += _padded_error(batch, *chosen, stages[stage])
                done[chosen] += 1


def _padded_error(batch: _Scores, clips, action, frames):
    """`batch.error`; of 8 clips or of all where each number is compiled anew."""
    count = len(clips)
    if keras.backend.backend() == "jax":
        padding = (0, (8 if count <= 8 else len(batch.frames)) - count)
        clips, action = np.pad(clips, padding, "edge"), np.pad(action, padding, "edge")
    return batch.error(clips, action, frames)[:count]
