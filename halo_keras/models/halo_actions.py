"""Which action does a clip show? HALO's answer, and how much each action explains."""

from __future__ import annotations

import math

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
from halo_keras.ops.likelihood import gaussian_log_likelihood


class HaloActions:
    """`infer_action, action_scores` of HALO."""

    @no_gradient
    def infer_action(self, frames, times=None, mask=None):
        """argmax_u ln p(x | z, q^u) - KL_u at posterior means, uniform p(u).

        Exactly the argmax of `action_scores`, with fewer frames decoded: two frames of
        every action bound its score from above, as no frame's density exceeds that of a
        perfect one; an action is decoded whole only while its bound beats the best.

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
        every_frame = np.arange(frames.shape[1])
        return np.concatenate(
            [
                np.stack(
                    [
                        batch.likelihood(slice(None), action, every_frame)
                        for action in range(self.num_actions)
                    ],
                    axis=1,
                )
                - batch.divergence
                for batch in self._scored_batches(frames, times, mask)
            ]
        )

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
            q = model._posterior(features, ids, times, mask, None)
            relative = times - q.time[:, None]
            position = model.dynamics.active_position(q.state.mean, ids, relative)
            positions.append(ops.convert_to_numpy(position))
            start = q.time.astype("float32")
            kl = motion_kl(model, q.state, q.state.mean, ids, start)
            divergence.append(ops.convert_to_numpy(kl))
        self.content = ops.convert_to_numpy(q.content.mean)
        self.positions = np.stack(positions, axis=1)  # (B, K, T, d)
        self.divergence = np.stack(divergence, axis=1).astype("float64")

    def likelihood(self, clips, action, frames):
        """ln p of some frames of some clips under an action (or one for each clip)."""
        position = self.positions[clips]
        ids = np.broadcast_to(np.asarray(action, "int32"), len(position))
        position = position[np.arange(len(position)), ids][:, frames]
        decoded = self.model.decode_active(self.content[clips], position, ids)
        truth = ops.convert_to_tensor(self.frames[clips][:, frames])
        axes = len(self.model.frame_shape)
        each = gaussian_log_likelihood(truth, decoded, self.model.sigma, axes)
        each = ops.convert_to_numpy(each).astype("float64")
        return (each * self.mask[clips][:, frames]).sum(axis=1)


def _best_action(batch: _Scores):
    num_clips, length = batch.frames.shape[:2]
    shown = np.unique([0, length // 2])
    hidden = np.setdiff1d(np.arange(length), shown)
    sigma = float(ops.convert_to_numpy(batch.model.sigma))
    perfect = -math.prod(batch.frames.shape[2:]) * math.log(
        sigma * math.sqrt(2 * math.pi)
    )
    partial = -batch.divergence
    for action in range(batch.model.num_actions):
        partial[:, action] += batch.likelihood(slice(None), action, shown)
    bound = partial + perfect * batch.mask[:, hidden].sum(axis=1, keepdims=True)
    best = np.full(num_clips, -np.inf)
    found = np.zeros(num_clips, "int32")
    while True:
        candidate = bound.argmax(axis=1)
        (clips,) = np.nonzero(bound.max(axis=1) > best)
        if len(clips) == 0:
            return found
        action = candidate[clips]
        score = partial[clips, action] + batch.likelihood(clips, action, hidden)
        better = score > best[clips]
        best[clips[better]] = score[better]
        found[clips[better]] = action[better]
        bound[clips, action] = -np.inf
