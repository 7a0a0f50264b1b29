"""HALO's generative verbs: decode, generate, sample, compose, and the fitted prior."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.models.compiled import compiled
from halo_keras.models.frame_values import as_example
from halo_keras.models.inputs import as_actions, as_pictures, as_times
from halo_keras.models.no_gradient import no_gradient
from halo_keras.models.replica import ReplicaSeedGenerator
from halo_keras.schema import Text

CLIPS_A_BATCH = 512  # encoded by `fit_prior`
# Decoded at once. More take longer on a processor: the largest tensors of 64 x 64
# frames then pass 32 MB, which the C library asks of the system anew each time.
FRAMES_A_BATCH = 128


class HaloGeneration:
    """`decode, generate, sample, compose, fit_prior, prior, example_clips` of HALO."""

    @no_gradient
    def decode(self, content, state, times):
        """Frames at any real times, from content and state at time 0.

        Args:
            content: `(batch, content_dim)`.
            state: `(batch, num_operators, state_dim)` at time 0; several operators may
                be active at once. An operator whose state is all 0 is not active.
            times: `(num_times,)` or `(batch, num_times)` real times in frames.
        Returns: `(batch, num_times, height, width, channels)`, float32 in [0, 1]; of
            spectrograms `(batch, num_times, bins)` in their range.
        """
        content = np.asarray(content, "float32")
        state = np.asarray(state, "float32")
        self._check_latents(content, state)
        times = as_times(times, len(content))
        step = max(1, FRAMES_A_BATCH // times.shape[-1])
        decoder = self._compiled_decoder() if len(content) >= 4 * step else None
        parts = []
        for i in range(0, len(content), step):
            rows = slice(i, i + step)
            rolled = self.dynamics.trajectory(
                state[rows], times if times.ndim == 1 else times[rows]
            )
            position = self.dynamics.position(rolled)
            active = np.any(state[rows] != 0.0, axis=-1).astype("float32")
            frames = self.decode_positions(content[rows], position, active, decoder)
            parts.append(self.from_unit(frames))
        return np.concatenate(parts)

    def _compiled_decoder(self):
        """The decoder as one compiled function, made at the first call."""
        if getattr(self, "_decoder_call", None) is None:
            self._decoder_call = compiled(self.decoder)
        return self._decoder_call

    def _check_latents(self, content, state):
        wanted = (self.num_actions, self.dynamics.state_dim)
        if content.ndim != 2 or content.shape[1] != self.content_dim:
            raise ValueError(
                f"content must have shape (batch, {self.content_dim}), received "
                f"{content.shape}."
            )
        if state.shape != (len(content), *wanted):
            raise ValueError(
                f"state must have shape {(len(content), *wanted)} (batch, operators, "
                f"state), received {state.shape}. `encode` returns one."
            )

    def prior(self, action=None):
        """p(s_0 | u): the fitted density if there is one, else the training prior.

        Args:
            action: name or id, or a list of them; None for every action in turn.
        Returns: a distribution with `.sample(seed), .log_prob, .to_tfp()`.
        """
        if action is None:
            action = list(range(self.num_actions))
        many = isinstance(action, (list, tuple)) or np.ndim(action) == 1
        ids = as_actions(action, self.action_names, len(action) if many else 1)
        source = self.fitted_prior if self.fitted_prior.fitted else None
        if source is not None:
            return source.state_distribution(ids)
        return self.state_prior.distribution(ids)

    def generate(self, image, action, times=None, start="prior", seed=None):
        """One picture in, a moving clip out.

        Args:
            image: picture `(height, width, channels)`, or pictures with a batch axis,
                or clips, whose content is taken from all their frames.
            action: name or id: the motion to make.
            times: real times asked for; None for `num_frames` frames.
            start: where the motion starts. `"prior"`: the mean of p(s_0 | action), or
                a draw if a `seed` is given; `"image"`: position and momentum are read
                off the picture, which fits only the picture's own action.
            seed: of the draw.
        Returns: `(batch, num_times, height, width, channels)`, without the batch axis
            for one picture.
        """
        Text(("prior", "image")).check(start, "start")
        image, single = as_pictures(image, self.frame_shape)
        frames, _ = self._frames(image, "image")
        ids = as_actions(action, self.action_names, len(frames))
        content = self.encode_content(frames)
        if start == "image":
            state = self.encode(frames, ids).state
        else:
            generator = None if seed is None else ReplicaSeedGenerator(seed)
            state = self._start_states(ids, generator)
        result = self.decode(content, state, self._default_times(times))
        return result[0] if single else result

    def _default_times(self, times):
        return np.arange(self.num_frames) if times is None else times

    @no_gradient
    def _start_states(self, action, generator=None):
        """States at time 0: drawn, or the prior's mode without a generator."""
        prior = self.prior(list(action))
        active = prior.mode() if generator is None else prior.sample(generator)
        active = ops.convert_to_numpy(active)
        state = np.zeros((len(action), self.num_actions, active.shape[-1]), "float32")
        state[np.arange(len(action)), action] = active
        return state

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
            action: name or id, for all or one for each; None draws them uniformly.
            times: real times asked for; None for `num_frames` frames.
            content_from: clips whose content is kept while motion is drawn.
            motion_from: clips whose motion is kept while content is drawn. Its action
                is `action`, inferred where that is None.
            seed: of the draw; None for a different draw at each call.
        Returns: `(num_clips, num_times, height, width, channels)`.
        """
        if not isinstance(num_clips, (int, np.integer)) or num_clips < 1:
            raise ValueError(f"num_clips must be at least 1, received {num_clips!r}.")
        if seed is None:
            seed = int(np.random.default_rng().integers(2**31 - 1))
        generator = ReplicaSeedGenerator(seed)
        if motion_from is not None:
            motion = self.encode(motion_from, action).state
            state = np.resize(motion, (num_clips, *motion.shape[1:]))
        else:
            rng = np.random.default_rng(seed)
            if action is None:
                action = rng.integers(self.num_actions, size=num_clips)
            ids = as_actions(action, self.action_names, num_clips)
            state = self._start_states(ids, generator)
        if content_from is not None:
            content = self.encode_content(content_from)
            content = np.resize(content, (num_clips, content.shape[1]))
        else:
            content = self._sample_content(num_clips, generator)
        return self.decode(content, state, self._default_times(times))

    def _sample_content(self, count, generator):
        noise = keras.random.normal((count, self.content_dim), seed=generator)
        noise = ops.convert_to_numpy(noise)
        if not self.fitted_prior.fitted:
            return noise
        scale = ops.convert_to_numpy(self.fitted_prior.content_scale_tril)
        return noise @ scale.T + ops.convert_to_numpy(self.fitted_prior.content_mean)

    def compose(self, content_from, motions, times=None):
        """Several motions at once: their operators' subspaces are all active.

        Never seen in training, so an extrapolation of the decoder. With one motion it
        is `swap_motion`.

        Args:
            content_from: clips whose content is kept.
            motions: a list of clips, or of (clips, action) pairs, with different
                actions: a subspace holds one motion.
            times: real times asked for; None for the first motion's own frames.
        Returns: `(batch, num_times, height, width, channels)`.
        """
        content_frames, single = self._frames(content_from, "content_from")
        if not isinstance(motions, (list, tuple)) or not motions:
            raise ValueError(
                "motions must be a list of clips or of (clips, action) pairs, received "
                f"{type(motions).__name__}."
            )
        content = self.encode_content(content_frames)
        total, used = 0.0, np.zeros((1, self.num_actions), bool)
        for entry in motions:
            clip, action = entry if isinstance(entry, (list, tuple)) else (entry, None)
            clip, _ = self._frames(clip, "motions")
            encoding = self.encode(clip, action)
            active = np.eye(self.num_actions, dtype=bool)[encoding.action]
            if (used & active).any():
                names = sorted({self.action_names[a] for a in encoding.action})
                raise ValueError(
                    f"two motions have the action {', '.join(names)}; each operator's "
                    f"subspace holds one motion."
                )
            used = used | active
            total = total + encoding.state
            if times is None:
                times = np.arange(clip.shape[1])
        count = max(len(content), len(total))
        content = np.broadcast_to(content, (count, content.shape[1]))
        total = np.broadcast_to(total, (count, *total.shape[1:]))
        result = self.decode(content, total, times)
        return result[0] if single and count == 1 else result

    @no_gradient
    def fit_prior(self, dataset, seed=0):
        """Fits p(s_0 | u) and p(z) to the training clips' latents, and stores them.

        See `FittedPrior`. It also keeps a few latents for `example_clips`.

        Args:
            dataset: a `ClipDataset`, or a dict with `frames` and (for several
                operators) `action`.
            seed: of the mixture's start and of the choice of examples.
        Returns: the model.
        """
        batches = [dataset]
        if not isinstance(dataset, dict):
            batches = dataset.batches(CLIPS_A_BATCH, shuffle=False)
        parts = []
        for index in range(len(batches)):
            batch = batches[index]
            action = batch.get("action", np.zeros(len(batch["frames"]), "int32"))
            extra = {key: batch.get(key) for key in ("times", "mask")}
            parts.append(self.encode(batch["frames"], action, **extra))
        content = np.concatenate([part.content for part in parts])
        state = np.concatenate([part.state for part in parts])
        action = np.concatenate([part.action for part in parts])
        active = state[np.arange(len(state)), action]
        self.fitted_prior.fit(content, active, action, seed)
        return self

    def example_clips(self):
        """A few labelled clips made by the model itself, so that nobody needs data.

        Returns: dict with `frames` uint8 (n, num_frames, H, W, C), or floats (n,
            num_frames, bins), `action` (n,) ids and `action_names`.
        """
        if not self.fitted_prior.fitted:
            raise ValueError(
                "example_clips needs a fitted prior: call fit_prior first."
            )
        prior = self.fitted_prior
        content = ops.convert_to_numpy(prior.example_content)
        action = ops.convert_to_numpy(prior.example_action)
        state = np.zeros(
            (len(action), self.num_actions, self.dynamics.state_dim), "float32"
        )
        state[np.arange(len(action)), action] = ops.convert_to_numpy(
            prior.example_state
        )
        frames = self.decode(content, state, np.arange(self.num_frames))
        return {
            "frames": as_example(frames),
            "action": action,
            "action_names": list(self.action_names),
        }
