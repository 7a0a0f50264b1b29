"""Verbs of a model of frames without an order."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.models.framewise_inference import _value
from halo_keras.models.halo_inference import Encoding, Posterior, as_mask
from halo_keras.models.no_gradient import no_gradient
from halo_keras.models.replica import ReplicaSeedGenerator

MAX_PAIRED = 20  # frames of which all pairs are compared
TRANSFERS = ("direct", "standardised")
FRAMES_AT_ONCE = 1024


class UnorderedVerbs:
    """`encode, ..., motion_grid, motion_curve` of `UnorderedVAE`.

    Frames have no order here, so a "time" t is nothing but the number of a frame:
    reconstructions and swaps have the frames that they were given, and asking for
    others, as `forecast` does, is an error. Motion is sampled from p(z | f), one frame
    independently of the other.

    `state` is z of every frame `(batch, time, motion_dim)`, or with
    `transfer="standardised"` (z - mu(f)) / sigma(f).
    """

    @no_gradient
    def posterior(
        self,
        frames,
        action=None,
        times=None,
        mask=None,
        reference=None,
        num_content_frames=None,
    ):
        """q(f | x_S) and, given its mean, q(z | f, x); see `encode`.

        Returns: `Posterior`. Its `state` is over z `(batch, time, motion_dim)`.
        """
        frames, _ = self._frames(frames)
        action = self._actions(action, len(frames))
        self._check_consecutive(times, frames)
        features, mask = self._features(frames), as_mask(mask, frames)
        content = self._content_posterior(features, mask, num_content_frames)
        state = self.motion_posterior(features, content.mean, mask)
        return Posterior(content, state, action, np.zeros(len(frames)))

    @no_gradient
    def encode(
        self,
        frames,
        action=None,
        times=None,
        mask=None,
        reference=None,
        seed=None,
        num_content_frames=None,
    ):
        """Content of each set, and motion of each of its frames.

        Content is read from all pairs of up to 20 frames. Of a longer clip it is read
        from `num_content_frames` of the observed ones, evenly spaced.

        Args:
            frames: `(batch, time, height, width, channels)`, or one set; at least 2.
            mask: `(batch, time)`, 0 where a frame is missing.
            seed: of draws from the posterior; None for its means.
            num_content_frames: N of a clip of more than 20 frames; None for the
                model's `content_frames`.
        Returns: `Encoding`, with the `state` of this class's first lines.
        Raises: ValueError for fewer than 2 frames, an N larger than the clip, or a
            long clip without an N.
        """
        generator = None if seed is None else ReplicaSeedGenerator(seed)
        return self._encoded(frames, action, times, mask, generator, num_content_frames)

    def _encoded(self, frames, action, times, mask, generator, num_content_frames=None):
        frames, _ = self._frames(frames)
        action = self._actions(action, len(frames))
        self._check_consecutive(times, frames)
        features, mask = self._features(frames), as_mask(mask, frames)
        q = self._content_posterior(features, mask, num_content_frames)
        content = _value(q, generator)
        state = _value(self.motion_posterior(features, content, mask), generator)
        content = ops.convert_to_numpy(content)
        state = ops.convert_to_numpy(state)
        if self.transfer == "standardised":
            state = self.standardise(content, state)
        return Encoding(content, state, action)

    @no_gradient
    def encode_content(self, frames, mask=None, num_content_frames=None):
        """Posterior mean of the content, `(batch, content_dim)`; see `encode`."""
        frames, _ = self._frames(frames)
        mask = as_mask(mask, frames)
        index = self._content_frames(mask, num_content_frames)
        if index is not None:
            frames = np.take_along_axis(frames, index[:, :, None, None, None], axis=1)
            mask = np.ones(index.shape, "float32")
        features = self._features(frames)
        return ops.convert_to_numpy(self.content_network(features, mask).mean)

    def _content_posterior(self, features, mask, num_content_frames):
        index = self._content_frames(mask, num_content_frames)
        if index is not None:
            features = np.take_along_axis(features, index[..., None], axis=1)
            mask = np.ones(index.shape, "float32")
        return self.content_network(features, mask)

    def _content_frames(self, mask, count):
        """Numbers of the frames to compare, `(batch, N)`; None for all observed."""
        observed = mask.sum(axis=1).astype(int)
        length, fewest = mask.shape[1], int(observed.min())
        if self.pair_pooling == "concat":
            count = 3 if count is None else count
        self.check_set(fewest if count is None else count)
        if count is None and length <= MAX_PAIRED:
            return None
        count = self.content_frames if count is None else count
        if count is None:
            raise ValueError(
                f"a clip of {length} frames has too many pairs: all of them are "
                f"compared up to {MAX_PAIRED} frames. Say how many frames to read the "
                "content from: encode(frames, num_content_frames=N), or "
                "model.content_frames = N for every verb."
            )
        if not 2 <= count <= MAX_PAIRED or count > fewest:
            raise ValueError(
                f"num_content_frames must lie between 2 and {MAX_PAIRED} and not "
                f"exceed the {fewest} observed frames of a clip, received {count}."
            )
        return evenly_spaced(mask, count)

    def _features(self, frames):
        step = max(1, FRAMES_AT_ONCE // frames.shape[1])
        parts = [
            ops.convert_to_numpy(self.frame_features(frames[low : low + step]))
            for low in range(0, len(frames), step)
        ]
        return np.concatenate(parts)

    # ---- p(z | f) -----------------------------------------------------------------

    @no_gradient
    def prior_of(self, content):
        """mu(f) and sigma(f) of p(z | f), `(batch, 1, motion_dim)` each."""
        prior = self.motion_prior(ops.convert_to_tensor(content, "float32")[:, None])
        return ops.convert_to_numpy(prior.mean), ops.convert_to_numpy(prior.stddev)

    def standardise(self, content, latents):
        """(z - mu(f)) / sigma(f) for z `(batch, time, motion_dim)`."""
        mean, stddev = self.prior_of(content)
        return (latents - mean) / stddev

    def unstandardise(self, content, state):
        """z = mu(f) + sigma(f) e for e `(batch, time, motion_dim)`."""
        mean, stddev = self.prior_of(content)
        return mean + stddev * state

    def roll(self, state, num_steps, generator):
        """The given frames' latents; there is no next frame."""
        if num_steps > state.shape[1]:
            raise ValueError(
                f"UnorderedVAE knows no time: it has frames 0 to {state.shape[1] - 1}, "
                f"and frame {num_steps - 1} was asked for. sample_motion draws frames "
                "of a content; DSVAE and HALO go on with a clip."
            )
        return state

    def _decoded(self, content, motion, times):
        if self.transfer == "standardised":
            motion = self.unstandardise(content, motion)
        return super()._decoded(content, motion, times)

    @no_gradient
    def _with_prior_motion(self, content, times, generator):
        shape = (len(content), int(times.max()) + 1, self.motion_dim)
        state = np.zeros(shape, "float32")
        if generator is not None:
            state = keras.random.normal(shape, seed=generator)
            state = ops.convert_to_numpy(state)
        if self.transfer == "direct":
            state = self.unstandardise(content, state)
        return self._decoded(content, state, times)

    # ---- what the motion latent has learned -----------------------------------------

    @no_gradient
    def motion_grid(self, frames, size=9, extent=2.0, mask=None):
        """The paper's figure 3: one content, and z over a grid of its plane.

        z_1 grows to the right and z_2 downward, each from mu(f) - extent sigma(f) to
        mu(f) + extent sigma(f); further dimensions stay at mu(f).

        Args:
            frames: sets whose content is shown.
            size: frames along each side.
            extent: half the side, in standard deviations of p(z | f).
        Returns: `(batch, size, size, height, width, channels)`, without the batch axis
            for one set.
        """
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"size must be a whole number >= 1, received {size!r}.")
        array, single = self._frames(frames)
        content = self.encode_content(array, mask=mask)
        steps = np.linspace(-extent, extent, size)
        grid = np.zeros((size * size, self.motion_dim), "float32")
        grid[:, 0] = np.tile(steps, size)
        if self.motion_dim > 1:
            grid[:, 1] = np.repeat(steps, size)
        grid = np.broadcast_to(grid, (len(content), *grid.shape))
        latents = self.unstandardise(content, grid)
        made = super()._decoded(content, latents, np.arange(size * size))
        made = made.reshape(len(content), size, size, *self.frame_shape)
        return made[0] if single else made

    def motion_curve(self, frames, dimension=None, mask=None):
        """The paper's figure 4b: one motion coordinate along a clip.

        Args:
            frames: clips, or one, in their order.
            dimension: number of the coordinate of z; None: along the direction in
                which the clip's own z vary most, from their mean.
        Returns: `(batch, time)`, without the batch axis for one clip. The sign of a
            direction means nothing.
        """
        array, single = self._frames(frames)
        latents = self.features(array, mask=mask)["motion"]
        if dimension is None:
            weight = as_mask(mask, array)[..., None]
            mean = (weight * latents).sum(axis=1, keepdims=True)
            centred = latents - mean / weight.sum(axis=1, keepdims=True)
            _, _, axes = np.linalg.svd(weight * centred, full_matrices=False)
            curve = np.einsum("btz,bz->bt", centred, axes[:, 0])
        else:
            if dimension not in range(self.motion_dim):
                raise ValueError(
                    f"dimension must be one of 0 to {self.motion_dim - 1}, received "
                    f"{dimension!r}."
                )
            curve = latents[..., dimension]
        return curve[0] if single else curve

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
            step = max(1, 4 * FRAMES_AT_ONCE // dataset.num_frames)
            batches = dataset.batches(step, shuffle=False)
        content, state = [], []
        for index in range(len(batches)):
            frames = np.asarray(batches[index]["frames"])
            mask = batches[index].get("mask")
            mask = np.ones(frames.shape[:2]) if mask is None else mask
            # As many of each clip's frames as examples have, repeated if there are
            # fewer.
            places = [
                np.flatnonzero(one)[
                    np.linspace(0, one.sum() - 1, self.num_frames, dtype=int)
                ]
                for one in np.asarray(mask) > 0
            ]
            rows = np.arange(len(frames))[:, None]
            encoding = self.encode(frames[rows, places])
            content.append(encoding.content)
            state.append(encoding.state)
        self.fitted_content.fit(np.concatenate(content), np.concatenate(state), seed)
        return self


def evenly_spaced(mask, count: int) -> np.ndarray:
    """Numbers of `count` observed frames of each clip, `(batch, count)`.

    Some come twice in a clip of fewer. `mask`: `(batch, time)`, 0 where one is missing.
    """
    mask = np.asarray(mask) > 0
    ranks = np.linspace(0, mask.sum(axis=1) - 1, count, axis=1).round().astype(int)
    found = [np.flatnonzero(one)[rank] for one, rank in zip(mask, ranks, strict=True)]
    return np.stack(found)
