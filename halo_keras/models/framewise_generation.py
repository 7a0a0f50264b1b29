"""Generative verbs of models with a content and one vector a frame."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.models.frame_values import as_example
from halo_keras.models.inputs import as_pictures, as_whole_times
from halo_keras.models.no_gradient import no_gradient
from halo_keras.models.replica import ReplicaSeedGenerator
from halo_keras.schema import Text

FRAMES_A_BATCH = 512


class FramewiseGeneration:
    """`decode, forecast, generate, sample, ..., fit_prior` of `FramewiseModel`.

    See `FramewiseInference` for what `action` and times may be.
    """

    @no_gradient
    def decode(self, content, state, times, seed=None):
        """Frames from content and motion latent.

        Args:
            content: `(batch, content_dim)`.
            state: as `encode` gives it.
            times: `(num_times,)` or `(batch, num_times)`, whole and >= 0. Beyond the
                frames that the state is of, the prior goes on.
            seed: of its draws; None for its means.
        Returns: `(batch, num_times, *frame_shape)`.
        """
        content = np.asarray(content, "float32")
        state = np.asarray(state, "float32")
        self._check_latents(content, state)
        times = as_whole_times(times, len(content))
        generator = None if seed is None else ReplicaSeedGenerator(seed)
        motion = self.roll(state, int(times.max()) + 1, generator)
        return self._decoded(content, motion, times)

    def _decoded(self, content, motion, times):
        """Frames at whole times, of h_1, h_2, ... `(batch, steps, frame_dim)`."""
        index = np.broadcast_to(times, (len(content), times.shape[-1]))
        motion = np.take_along_axis(motion, index[..., None], axis=1)
        step = max(1, FRAMES_A_BATCH // index.shape[1])
        parts = []
        for low in range(0, len(content), step):
            rows = slice(low, low + step)
            decoded = self.decode_frames(content[rows], motion[rows])
            if self.likelihood == "bernoulli":
                decoded = ops.sigmoid(decoded)
            parts.append(self.from_unit(decoded))
        return np.concatenate(parts)

    def _check_latents(self, content, state):
        if content.ndim != 2 or content.shape[1] != self.content_dim:
            raise ValueError(
                f"content must have shape (batch, {self.content_dim}), received "
                f"{content.shape}."
            )
        rank = len(self.state_shape) + 1
        fits = state.ndim == rank and state.shape[-1] == self.motion_dim
        if not fits or len(state) != len(content):
            middle = "time, " if rank == 3 else ""
            raise ValueError(
                f"state must have shape ({len(content)}, {middle}{self.motion_dim}), "
                f"received {state.shape}. `encode` returns one."
            )

    @no_gradient
    def forecast(self, frames, times, action=None, seed=None, mask=None):
        """The clip at whole times, beyond its frames as the prior goes on.

        Args:
            frames: the observed clip; its first frame is time 0.
            times: `(num_times,)` or `(batch, num_times)`, whole and >= 0.
            seed: None: posterior means, and the prior's mean after them. A number: one
                draw, of content and latents and of what follows them.
            mask: `(batch, time)`, 0 where a frame is missing.
        Returns: `(batch, num_times, *frame_shape)`.
        """
        array, single = self._frames(frames)
        times = as_whole_times(times, len(array))
        # One generator for all of it: each draw has noise of its own.
        generator = None if seed is None else ReplicaSeedGenerator(seed)
        encoding = self._encoded(array, action, None, mask, generator)
        motion = self.roll(encoding.state, int(times.max()) + 1, generator)
        result = self._decoded(encoding.content, motion, times)
        return result[0] if single else result

    def generate(self, image, action=None, times=None, start="prior", seed=None):
        """One picture in, a moving clip out: its content, and motion of the prior.

        Args:
            image: picture, or pictures or clips with a batch axis.
            times: whole times asked for; None for `num_frames` frames.
            start: `"prior"`: the motion has nothing to do with the picture;
                `"image"`: it goes on from the picture, which is frame 0.
            seed: of the motion's draw; None for the prior's means.
        Returns: `(batch, num_times, *frame_shape)`, without the batch axis for one
            picture.
        """
        Text(("prior", "image")).check(start, "start")
        image, single = as_pictures(image, self.frame_shape)
        frames, _ = self._frames(image, "image")
        self._actions(action, len(frames))
        times = self._times_to_make(times, len(frames))
        if start == "image":
            encoding = self.encode(frames[:, :1])
            result = self.decode(encoding.content, encoding.state, times, seed)
        else:
            generator = None if seed is None else ReplicaSeedGenerator(seed)
            content = self.encode_content(frames)
            result = self._with_prior_motion(content, times, generator)
        return result[0] if single else result

    @no_gradient
    def _with_prior_motion(self, content, times, generator):
        num_steps = int(times.max()) + 1
        state = self.draw_state(len(content), num_steps, generator)
        return self._decoded(content, self.roll(state, num_steps, generator), times)

    def _times_to_make(self, times, count):
        times = np.arange(self.num_frames) if times is None else times
        return as_whole_times(times, count)

    @no_gradient
    def sample(
        self,
        num_clips=1,
        action=None,
        times=None,
        content_from=None,
        motion_from=None,
        seed=None,
    ):
        """Draws clips from the model, all of it or one half.

        Args:
            num_clips: number of clips.
            times: whole times asked for; None for `num_frames` frames.
            content_from: clips whose content is kept while motion is drawn.
            motion_from: clips whose motion is kept while content is drawn.
            seed: of the draw; None for a different draw at each call.
        Returns: `(num_clips, num_times, *frame_shape)`.
        """
        if not isinstance(num_clips, (int, np.integer)) or num_clips < 1:
            raise ValueError(f"num_clips must be at least 1, received {num_clips!r}.")
        self._actions(action, num_clips)
        if seed is None:
            seed = int(np.random.default_rng().integers(2**31 - 1))
        generator = ReplicaSeedGenerator(seed)
        times = self._times_to_make(times, num_clips)
        if content_from is None:
            content = self.fitted_content.sample(num_clips, generator)
        else:
            content = self.encode_content(content_from)
            content = np.resize(content, (num_clips, content.shape[1]))
        if motion_from is None:
            return self._with_prior_motion(content, times, generator)
        state = self.encode(motion_from).state
        state = np.resize(state, (num_clips, *state.shape[1:]))
        motion = self.roll(state, int(times.max()) + 1, generator)
        return self._decoded(content, motion, times)

    def sample_motion(self, content_from, num_frames=None, seed=None):
        """Each clip's content with a motion drawn from the prior, `num_frames` long."""
        content_from, _ = self._frames(content_from, "content_from")
        times = None if num_frames is None else np.arange(num_frames)
        return self.sample(
            len(content_from), times=times, content_from=content_from, seed=seed
        )

    def sample_content(self, motion_from, seed=None):
        """Each clip's motion with a content drawn from the prior."""
        motion_from, _ = self._frames(motion_from, "motion_from")
        count, length = motion_from.shape[:2]
        return self.sample(
            count, times=np.arange(length), motion_from=motion_from, seed=seed
        )

    @no_gradient
    def fit_prior(self, dataset, seed=0):
        """Fits p(f) to the training clips' contents; see `FittedContent`.

        Args:
            dataset: a `ClipDataset`, or a dict with `frames`.
            seed: of the choice of the examples that `example_clips` shows.
        Returns: the model.
        """
        batches = [dataset]
        if not isinstance(dataset, dict):
            batches = dataset.batches(FRAMES_A_BATCH, shuffle=False)
        parts = [
            self.encode(batch["frames"], mask=batch.get("mask"))
            for batch in (batches[index] for index in range(len(batches)))
        ]
        content = np.concatenate([part.content for part in parts])
        state = np.concatenate([part.state for part in parts])
        self.fitted_content.fit(content, self._of_length(state), seed)
        return self

    def _of_length(self, state):
        """A state of clips of another length cut, or gone on with, to `num_frames`."""
        if state.ndim == 2:
            return state
        return self.roll(state, self.num_frames, None)[:, : self.num_frames]

    @no_gradient
    def example_clips(self):
        """A few clips made by the model itself, so that nobody needs data.

        Returns: dict with `frames` uint8 (n, num_frames, H, W, C), or floats (n,
            num_frames, bins), `action` (n,) ids and `action_names`.
        """
        if not self.fitted_content.fitted:
            raise ValueError(
                "example_clips needs a fitted prior: call fit_prior first."
            )
        content = ops.convert_to_numpy(self.fitted_content.example_content)
        state = ops.convert_to_numpy(self.fitted_content.example_state)
        frames = self.decode(content, state, np.arange(self.num_frames))
        return {
            "frames": as_example(frames),
            "action": np.zeros(len(frames), "int32"),
            "action_names": list(self.action_names),
        }
