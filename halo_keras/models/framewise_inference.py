"""Inference verbs of models with a content and one vector a frame."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.models.halo_inference import Encoding, Posterior, as_mask
from halo_keras.models.inputs import as_actions, as_times
from halo_keras.models.no_gradient import no_gradient
from halo_keras.models.replica import ReplicaSeedGenerator
from halo_keras.ops.gaussian import DiagonalGaussian

CLIPS_A_BATCH = 64


class FramewiseInference:
    """`posterior, encode, encode_content, features, infer_action` of `FramewiseModel`.

    All take an `action` as every family does; here there is one, "motion", with the id
    0, and None means it too. Times are whole numbers of frames, 0 and later. A
    `reference` frame is of no use here and may be any: each frame's latent is inferred
    at that frame.
    """

    @no_gradient
    def posterior(self, frames, action=None, times=None, mask=None, reference=None):
        """The posterior of content and motion latent, as distributions.

        Args:
            frames: `(batch, time, *frame_shape)`, or one clip.
            times: None, or 0, 1, 2, ...: frames must be consecutive.
            mask: `(batch, time)`, 0 where a frame is missing; None for all observed.
        Returns: `Posterior`. Its `state` is over `(batch, time, motion_dim)` for a
            DSVAE, of the full posterior given the content's mean.
        """
        frames, _ = self._frames(frames)
        action = self._actions(action, len(frames))
        self._check_consecutive(times, frames)
        features, mask = self._features(frames), as_mask(mask, frames)
        content = self.content_network(features, mask)
        state = self.motion_posterior(features, content.mean, mask)
        return Posterior(content, state, action, np.zeros(len(frames)))

    @no_gradient
    def encode(
        self, frames, action=None, times=None, mask=None, reference=None, seed=None
    ):
        """Content and motion latent of each clip: posterior means, or draws of it.

        Arguments as in `posterior`; `seed` of the draws, None for the means. Latents of
        frames that are missing are those that the prior expects (or draws) after the
        ones before.

        Returns: `Encoding`, whose `state` is z_1 ... z_T `(batch, time, motion_dim)` of
            a DSVAE, z `(batch, motion_dim)` of a `SequenceRNN`.
        """
        generator = None if seed is None else ReplicaSeedGenerator(seed)
        return self._encoded(frames, action, times, mask, generator)

    def _encoded(self, frames, action, times, mask, generator):
        frames, _ = self._frames(frames)
        action = self._actions(action, len(frames))
        self._check_consecutive(times, frames)
        features, mask = self._features(frames), as_mask(mask, frames)
        content = _value(self.content_network(features, mask), generator)
        state = _value(self.motion_posterior(features, content, mask), generator)
        state = self.observed_state(ops.convert_to_numpy(state), mask, generator)
        return Encoding(ops.convert_to_numpy(content), state, action)

    @no_gradient
    def encode_content(self, frames, mask=None):
        """Posterior mean of the content, `(batch, content_dim)`."""
        frames, _ = self._frames(frames)
        features, mask = self._features(frames), as_mask(mask, frames)
        return ops.convert_to_numpy(self.content_network(features, mask).mean)

    def features(self, frames, mask=None):
        """What the model makes of clips, as posterior means.

        Returns: dict with `content` `(batch, content_dim)` and `motion`, the latent of
            every frame `(batch, time, motion_dim)`, or `(batch, 1, motion_dim)` where
            there is one for the whole clip.
        """
        encoding = self.encode(frames, mask=mask)
        motion = encoding.state
        motion = motion[:, None] if motion.ndim == 2 else motion
        return {"content": encoding.content, "motion": motion}

    def _features(self, frames):
        parts = [
            ops.convert_to_numpy(self.frame_features(frames[low : low + CLIPS_A_BATCH]))
            for low in range(0, len(frames), CLIPS_A_BATCH)
        ]
        return np.concatenate(parts)

    def _actions(self, action, count):
        """Ids, all 0; a wrong name or id is answered with the one there is."""
        return as_actions(0 if action is None else action, self.action_names, count)

    def _check_consecutive(self, times, frames):
        if times is None:
            return
        times = as_times(times, len(frames))
        if np.any(times != np.arange(frames.shape[1])):
            raise ValueError(
                f"{type(self).__name__} reads consecutive frames, at times 0, 1, 2, "
                "..., and received others. Leave times out, and mark missing frames "
                "with mask=."
            )

    def infer_action(self, frames, times=None, mask=None):
        """There is one action, so its id: zeros `(batch,)`."""
        frames, _ = self._frames(frames)
        return np.zeros(len(frames), "int32")


def _value(gaussian: DiagonalGaussian, generator):
    return gaussian.mean if generator is None else gaussian.sample(generator)
