"""HALO's inference verbs: what is the content, the state, the energy of a clip?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from keras import ops

from halo_keras.models.inputs import as_actions
from halo_keras.models.no_gradient import no_gradient
from halo_keras.ops.gaussian import DiagonalGaussian

CLIPS_A_BATCH = 64


class Encoding(NamedTuple):
    """What a clip is made of; arrays of posterior means.

    content: `(batch, content_dim)`.
    state: `(batch, num_operators, state_dim)` at time 0, the clip's first frame; zero
        for every operator but the active action's.
    action: `(batch,)` ids.
    """

    content: np.ndarray
    state: np.ndarray
    action: np.ndarray


class Posterior(NamedTuple):
    """q(z | x) and q(s_i | x, u); `time` is the time of the reference frame i."""

    content: DiagonalGaussian
    state: DiagonalGaussian
    action: np.ndarray
    time: np.ndarray


class HaloInference:
    """`posterior, encode, encode_content, energy` of HALO."""

    @no_gradient
    def posterior(self, frames, action=None, times=None, mask=None, reference=None):
        """The posterior of content and of the active state, as distributions.

        Args:
            frames: `(batch, time, height, width, channels)`, or one clip.
            action: name or id, for all clips or one for each; None infers it.
            times: real times of the frames; None for 0, 1, 2, ... They may come in
                any order, as in a clip that is shown backward: what is inferred at a
                frame is inferred from it and from those at earlier times.
            mask: `(batch, time)`, 0 where a frame is padding; None for all observed.
            reference: index of the reference frame, as given; None for the latest
                observed one.
        Returns: `Posterior`; its Gaussians have `.sample, .log_prob, .kl, .to_tfp()`.
        """
        frames, _ = self._frames(frames)
        times = self._observed_times(times, frames)
        times = np.broadcast_to(times, frames.shape[:2])
        mask = as_mask(mask, frames)
        if action is None:
            action = self.infer_action(frames, times, mask)
        action = as_actions(action, self.action_names, len(frames))
        order = time_order(times, mask)
        frames = in_order(frames, order)
        features = self._features(frames)
        times, mask = in_order(times, order), in_order(mask, order)
        if reference is not None:
            reference = _position_of(reference, order)
        content = self._content(frames, features, mask)
        state, time = self._state(features, action, times, mask, reference)
        return Posterior(content, state, action, time)

    def _features(self, frames):
        parts = [
            ops.convert_to_numpy(self.frame_features(frames[i : i + CLIPS_A_BATCH]))
            for i in range(0, len(frames), CLIPS_A_BATCH)
        ]
        return np.concatenate(parts)

    def _content(self, frames, features, mask):
        """q(z | x); a map is read off the first observed frames, some at a time."""
        if self.content_map is None:
            return self.content_posterior(None, features, mask)
        first = frames[np.arange(len(frames)), np.argmax(mask, axis=1)][:, None]
        parts = [
            self.content_posterior(part, None, np.ones((len(part), 1), "float32"))
            for part in np.split(first, range(CLIPS_A_BATCH, len(first), CLIPS_A_BATCH))
        ]
        return DiagonalGaussian(
            ops.concatenate([part.mean for part in parts]),
            ops.concatenate([part.log_var for part in parts]),
        )

    def _state(self, features, action, times, mask, reference):
        """q(s_i | x, u) and the time of the reference frame i, `(batch,)`."""
        index = mask.shape[1] - 1 - np.argmax(mask[:, ::-1] > 0, axis=1)
        if reference is not None:
            index = reference
        elif not self.dynamics.is_reversible:
            index = np.zeros(len(mask), int)  # no way back from a later frame
        at = np.eye(mask.shape[1], dtype="float32")[index]
        times32 = (times - times[:, :1]).astype("float32")
        state = self.state_posterior(features, action, times32, mask, at)
        return state, np.sum(at * times, axis=1)

    @no_gradient
    def encode(self, frames, action=None, times=None, mask=None, reference=None):
        """Content and state at time 0 of each clip, as posterior means.

        Arguments as in `posterior`. Returns: `Encoding`.
        """
        posterior = self.posterior(frames, action, times, mask, reference)
        state = self._carry(posterior.state.mean, posterior.action, -posterior.time)
        full = np.zeros((len(state), self.num_actions, state.shape[-1]), "float32")
        full[np.arange(len(state)), posterior.action] = state
        content = ops.convert_to_numpy(posterior.content.mean)
        return Encoding(content, full, posterior.action)

    @no_gradient
    def encode_content(self, frames, mask=None):
        """Posterior mean of the content, `(batch, content_dim)`; needs no action."""
        frames, _ = self._frames(frames)
        mask = as_mask(mask, frames)
        features = None if self.content_map is not None else self._features(frames)
        return ops.convert_to_numpy(self._content(frames, features, mask).mean)

    def _carry(self, state, action, time):
        """Active states `(B, S)` carried by each clip's own time `(B,)`."""
        if not np.any(time):
            return ops.convert_to_numpy(state)
        time = np.asarray(time)[:, None]
        moved = self.dynamics.active_trajectory(state, action, time)
        return ops.convert_to_numpy(moved)[:, 0]

    @no_gradient
    def energy(self, frames, action=None, times=None):
        """E(s_t) of the active operator along the rolled-out clip.

        Args:
            times: real times asked for; None for the clip's own frames.
        Returns: `(batch, num_times)`. It is constant in time for the Hamiltonian
            dynamics; other dynamics have no energy and raise.
        """
        frames, single = self._frames(frames)
        encoding = self.encode(frames, action)
        times = np.arange(frames.shape[1]) if times is None else np.asarray(times)
        rolled = self.dynamics.trajectory(encoding.state, times)
        shape = (-1, *encoding.state.shape[1:])
        energy = self.dynamics.energy(ops.reshape(rolled, shape))
        energy = ops.convert_to_numpy(energy).reshape(len(frames), -1, self.num_actions)
        energy = energy[np.arange(len(frames)), :, encoding.action]
        return energy[0] if single else energy


def as_mask(mask, frames):
    """A mask of observed frames as float32 `(batch, time)`, all 1 for None."""
    if mask is None:
        return np.ones(frames.shape[:2], "float32")
    mask = np.atleast_2d(np.asarray(mask))
    if (
        mask.shape not in ((1, frames.shape[1]), frames.shape[:2])
        or not np.isin(mask, (0, 1)).all()
        or not mask.any(axis=1).all()
    ):
        raise ValueError(
            f"mask must hold 0 or 1 for each frame, in shape {frames.shape[:2]}, and "
            f"keep at least one frame of each clip, received shape {mask.shape}."
        )
    return np.broadcast_to(mask, frames.shape[:2]).astype("float32")


def time_order(times, mask):
    """Indices that sort each clip's observed frames by time, `(batch, time)`.

    A clip whose observed times do not fall stays as it is, padding included; in
    another one padding comes last.
    """
    times = np.where(mask > 0, times, np.nan)
    latest = np.fmax.accumulate(times, axis=1)
    falls = (times < latest).any(axis=1, keepdims=True)
    sorting = np.argsort(times, axis=1, kind="stable")  # NaN comes last
    return np.where(falls, sorting, np.arange(times.shape[1]))


def in_order(array, order):
    """Rows `(batch, time, ...)` of each clip in its own order `(batch, time)`."""
    return array[np.arange(len(order))[:, None], order]


def _position_of(reference, order):
    """Where the given frame `reference` of each clip is after sorting, `(batch,)`."""
    length = order.shape[1]
    whole = isinstance(reference, (int, np.integer))
    if not whole or not -length <= reference < length:
        raise ValueError(
            f"reference must be the index of one of the {length} frames, received "
            f"{reference}."
        )
    return np.argmax(order == reference % length, axis=1)
