"""Verbs of models whose clips are a state alone, without a content."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.models.halo_generation import FRAMES_A_BATCH, HaloGeneration
from halo_keras.models.halo_inference import Encoding, HaloInference
from halo_keras.models.inputs import as_actions, as_times
from halo_keras.models.no_gradient import no_gradient

CLIPS_A_BATCH = 256


class StateVerbs(HaloGeneration):
    """`encode, decode, energy, ...` where a clip is one state that moves.

    A model gives `window`, the number k of frames that it infers a state from;
    `infer_state(frames)`, `(batch, k, *frame_shape)` to states `(batch, state_dim)` at
    `reference_in_window`; and `decode_states(states)`, `(n, state_dim)` to frames.
    There is one motion and no content: `content` is an array of width 0.
    """

    has_content = False
    num_actions = 1
    content_dim = 0

    @no_gradient
    def encode(self, frames, action=None, times=None, mask=None, reference=None):
        """The state at time 0, the first given frame.

        Args:
            frames: `(batch, time, height, width, channels)`, or one clip, of at least
                `window` consecutive frames.
            action: None, or "motion".
            times: None, or 0, 1, 2, ...
            mask: None, or all 1.
            reference: index of the frame at which the state is inferred, from it and
                the frames before it; None for the last. A model that cannot go back
                reads the first `window` frames.
        Returns: `Encoding`; its state is `(batch, 1, state_dim)`.
        """
        frames, _ = self._frames(frames)
        action = self._actions(action, len(frames))
        self._check_consecutive(frames, times, mask)
        last = self._window_end(frames, reference)
        shown = frames[:, last + 1 - self.window : last + 1]
        states = np.concatenate(
            [
                ops.convert_to_numpy(self.infer_state(shown[low : low + CLIPS_A_BATCH]))
                for low in range(0, len(shown), CLIPS_A_BATCH)
            ]
        )
        at = last + 1 - self.window + self.reference_in_window
        if at:
            moved = self.dynamics.active_trajectory(states, action, [-at])
            states = ops.convert_to_numpy(moved)[:, 0]
        return Encoding(np.zeros((len(frames), 0), "float32"), states[:, None], action)

    def _window_end(self, frames, reference):
        length = frames.shape[1]
        if length < self.window:
            raise ValueError(
                f"{type(self).__name__} infers a state from {self.window} consecutive "
                f"frames, received clips of {length}. Give at least {self.window}."
            )
        if self.forward_only:
            return self.window - 1
        if reference is None:
            return length - 1
        if not isinstance(reference, (int, np.integer)) or not (
            self.window - 1 <= reference % length < length
            and -length <= reference < length
        ):
            raise ValueError(
                f"reference must be the index of a frame with {self.window - 1} frames "
                f"before it, from {self.window - 1} to {length - 1}, received "
                f"{reference!r}."
            )
        return int(reference % length)

    def _check_consecutive(self, frames, times, mask):
        wrong = None
        if times is not None:
            asked = as_times(times, len(frames))
            if np.any(asked != np.arange(frames.shape[1])):
                wrong = "times other than 0, 1, 2, ..."
        if mask is not None and not np.all(np.asarray(mask)):
            wrong = "a mask with missing frames"
        if wrong:
            raise ValueError(
                f"{type(self).__name__} reads consecutive frames, received {wrong}. "
                "Cut the clips to their observed frames."
            )

    def _actions(self, action, count):
        return as_actions(0 if action is None else action, self.action_names, count)

    def infer_action(self, frames, times=None, mask=None):
        """There is one motion, so its id: zeros `(batch,)`."""
        frames, _ = self._frames(frames)
        return np.zeros(len(frames), "int32")

    energy = HaloInference.energy

    @no_gradient
    def decode(self, content, state, times):
        """Frames at times that the dynamics reach, from the state at time 0.

        Args:
            content: `(batch, 0)`, as `encode` gives it.
            state: `(batch, 1, state_dim)` at time 0.
            times: `(num_times,)` or `(batch, num_times)` in frames.
        Returns: `(batch, num_times, height, width, channels)`, float32 in [0, 1].
        """
        state = np.asarray(state, "float32")
        self._check_latents(np.asarray(content, "float32"), state)
        times = as_times(times, len(state))
        rolled = self.dynamics.trajectory(state, times)
        rolled = ops.reshape(rolled, (-1, self.dynamics.state_dim))
        count = len(state) * times.shape[-1]
        parts = [
            self.from_unit(self.decode_states(rolled[low : low + FRAMES_A_BATCH]))
            for low in range(0, count, FRAMES_A_BATCH)
        ]
        frames = np.concatenate(parts)
        return frames.reshape(len(state), times.shape[-1], *self.frame_shape)

    def encode_content(self, frames, mask=None):
        """Raises: a clip of this model is a state alone."""
        raise ValueError(
            f"{type(self).__name__} has no content: what stays and what moves are one "
            "state. Use forecast, reconstruct or sample; for swaps a HALO model."
        )

    def swap_motion(self, content_from, motion_from, *args, **options):
        """Raises: there is no content to keep."""
        return self.encode_content(content_from)

    def _sample_content(self, count, generator):
        return np.zeros((count, 0), "float32")
