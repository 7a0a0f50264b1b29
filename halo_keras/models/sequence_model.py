"""What every family of sequence models has in common: training and verbs.

A family gives its posteriors, its dynamics or prior and its loss terms. This file
gives `fit` on three backends and the verbs that users call.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.models.frame_values import as_unit, from_unit
from halo_keras.models.inputs import as_frames, as_tempo, as_times
from halo_keras.models.replica import BatchMean, ReplicaSeedGenerator


class SequenceModel(keras.Model):
    """A generative model of clips with a content and a motion variable.

    Training: `fit` takes batches `{"frames", "action", ...}` and minimises the negative
    evidence lower bound through this class's own `train_step`, one private step a
    backend over one `compute_loss`. A family implements

    - `call(inputs, training)` -> dict of tensors;
    - `loss_terms(outputs)` -> dict of `(batch,)` tensors, summed over pixels, latents
      and time, in nats. Each is tracked by a metric of its own name;
    - `term_weights`, a dict given to this constructor: each term's weight in the loss,
      and `bound_terms`, the names of those that make up the bound itself.

    Use: `encode, decode, reconstruct, swap_motion, generate, forecast, sample`. Frames
    are float32 in [0, 1], `(batch, time, height, width, channels)`; uint8 in [0, 255]
    and a single clip without its batch axis are accepted. Time 0 is the first given
    frame in every verb; times are real numbers in frames of that clip.

    Spectrograms are clips whose frames are spectra: `frame_shape=(bins,)`, and frames
    are floats in `value_range`, `(batch, time, bins)`, in every verb and in `fit`. What
    is computed on, `pixel_stddev` included, is scaled to [0, 1] all the same.

    Args:
        frame_shape: `(height, width, channels)` or `(bins,)`.
        kl_warmup_steps: training steps over which the weights of the terms whose name
            ends in `_kl` rise from 0 to their value; 0 for none.
        free_bits: nats a clip of each `_kl` term that are free (Kingma et al. 2016).
        ramps: `{term: (first weight, steps)}`: in training the weight of such a term
            moves linearly from its first value to the one in `term_weights`.
        seed: of the training noise.
        value_range: (lowest, highest) value of spectra; None for pictures.

    Attributes:
        kind: `"video"` or `"spectrogram"`, as in `ClipDataset`.
        forward_only: True for a model that steps from frame to frame: its verbs raise
            for times between frames and before the first.
        has_content: False for a model whose clips are a state alone, so that there is
            nothing to swap.
    """

    family = "sequence-model"
    forward_only = False
    has_content = True
    bound_terms = ("reconstruction_loss", "content_kl", "motion_kl")

    def __init__(
        self,
        frame_shape,
        term_weights,
        kl_warmup_steps=0,
        free_bits=0.0,
        ramps=None,
        seed=0,
        name=None,
        value_range=None,
    ):
        # float32 here whatever the global policy: times and bounds need it. The frame
        # networks follow the policy.
        super().__init__(name=name, dtype="float32")
        self.frame_shape = tuple(frame_shape)
        self.value_range = None if value_range is None else tuple(value_range)
        self.kind = "video" if value_range is None else "spectrogram"
        self.term_weights = dict(term_weights)
        self.kl_warmup_steps = kl_warmup_steps
        self.free_bits = free_bits
        self.ramps = dict(ramps or {})
        self.seed = seed
        self.seed_generator = ReplicaSeedGenerator(seed)
        self.batch_mean = BatchMean(name="batch_mean")
        self.trackers = {
            name: keras.metrics.Mean(name=name) for name in (*term_weights, "elbo")
        }
        self.step = self.add_weight(
            name="step",
            shape=(),
            dtype="int32",
            trainable=False,
            initializer="zeros",
            aggregation="only_first_replica",
        )

    # ---- training -------------------------------------------------------------

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """The weighted negative evidence lower bound, averaged over the batch.

        In training the latents are drawn, so the metric `elbo` estimates the bound; in
        `evaluate` they are the posterior's means, and `elbo` is a little above it.
        """
        terms = self.loss_terms(y_pred)
        weights = self._weights_now() if training else self.term_weights
        if training:
            self.step.assign_add(1)
        total, elbo = 0.0, 0.0
        for name, weight in weights.items():
            term = terms[name]
            self.trackers[name].update_state(term)
            if name in self.bound_terms:
                elbo = elbo - term
            if name.endswith("_kl") and self.free_bits:
                term = ops.maximum(term, self.free_bits)
            total = total + weight * term
        self.trackers["elbo"].update_state(elbo)
        return self.batch_mean(total, total, sample_weight)

    def _weights_now(self):
        """The terms' weights at the current training step."""
        step, weights = ops.cast(self.step, "float32"), dict(self.term_weights)
        for name, (first, steps) in self.ramps.items():
            share = ops.minimum(1.0, step / max(steps, 1))
            weights[name] = first + share * (weights[name] - first)
        if self.kl_warmup_steps:
            warmup = ops.minimum(1.0, step / self.kl_warmup_steps)
            weights.update(
                {n: w * warmup for n, w in weights.items() if n.endswith("_kl")}
            )
        return weights

    # Backends differ in how gradients are taken, and in nothing else: each private
    # step calls the one compute_loss above.
    def train_step(self, *args):
        return getattr(self, f"_{keras.backend.backend()}_train_step")(*args)

    def _tensorflow_train_step(self, data):
        import tensorflow as tf

        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, weight, training=True)
            self._track_loss(loss, x, tf.distribute.get_strategy().num_replicas_in_sync)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_weights
        gradients = tape.gradient(scaled, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return self.get_metrics_result()

    def _torch_train_step(self, data):
        import torch

        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, weight, training=True)
        self._track_loss(loss, x)
        self.optimizer.scale_loss(loss).backward()
        variables = list(self.trainable_weights)
        gradients = [variable.value.grad for variable in variables]
        with torch.no_grad():
            self.optimizer.apply(gradients, variables)
        return self.get_metrics_result()

    def _jax_train_step(self, state, data):
        import jax

        trainable, fixed, optimizer_variables, metrics_variables = state
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        (loss, updates), gradients = jax.value_and_grad(
            self.compute_loss_and_updates, has_aux=True
        )(
            trainable,
            fixed,
            metrics_variables,
            x,
            y,
            weight,
            training=True,
            optimizer_variables=optimizer_variables,
        )
        unscaled, _, fixed, metrics_variables = updates
        trainable, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, gradients, trainable
        )
        with keras.StatelessScope(
            state_mapping=list(
                zip(self.metrics_variables, metrics_variables, strict=True)
            )
        ) as scope:
            self._track_loss(unscaled, x)
            logs = self.get_metrics_result()
        metrics_variables = [
            updated if (updated := scope.get_current_value(v)) is not None else v.value
            for v in self.metrics_variables
        ]
        return logs, (trainable, fixed, optimizer_variables, metrics_variables)

    def _track_loss(self, loss, x, num_replicas=1):
        """The metric `loss` shows the whole batch's mean, not a replica's share."""
        tracker = next(m for m in self.metrics if m.name == "loss")
        size = ops.shape(x["frames"])[0]
        tracker.update_state(loss * num_replicas, sample_weight=size)

    # ---- verbs ------------------------------------------------------------------

    def _frames(self, frames, what="frames"):
        return as_frames(frames, self.frame_shape, what, self.value_range)

    def as_unit(self, frames):
        """Frames as `fit` gets them, as float32 tensors in [0, 1]."""
        return as_unit(frames, self.value_range)

    def from_unit(self, values):
        """Decoded values as frames, a NumPy array in the frames' own range."""
        return from_unit(values, self.value_range)

    def _observed_times(self, times, frames):
        """Times of given frames: 0, 1, 2, ... unless the caller says otherwise."""
        if times is None:
            return np.arange(frames.shape[1], dtype="float64")
        times = as_times(times, len(frames))
        if times.shape[-1] != frames.shape[1]:
            raise ValueError(
                f"times must give one time for each of the {frames.shape[1]} frames, "
                f"received {times.shape[-1]}."
            )
        return times

    def reconstruct(self, frames, action=None, times=None, reference=None):
        """Encodes a clip and decodes it at its own times.

        Args:
            frames: `(batch, time, height, width, channels)`, or one clip.
            action: name or id, for all clips or one for each; None infers it.
            times: `(time,)` or `(batch, time)` real times of the frames.
            reference: index of the frame at which the state is inferred, from it and
                the frames before it; None for the last. 0 is the HALO paper's protocol.
        Returns: frames, like the input.
        """
        array, single = self._frames(frames)
        times = self._observed_times(times, array)
        encoding = self.encode(array, action, times, reference=reference)
        result = self.decode(encoding.content, encoding.state, times)
        return result[0] if single else result

    def forecast(self, frames, times, action=None):
        """The clip at any real times: before, between and after its frames.

        Args:
            frames: the observed clip; its first frame is time 0.
            times: real times asked for, `(num_times,)` or `(batch, num_times)`.
            action: name or id; None infers it.
        Returns: `(batch, num_times, height, width, channels)`.
        """
        array, single = self._frames(frames)
        encoding = self.encode(array, action)
        result = self.decode(encoding.content, encoding.state, times)
        return result[0] if single else result

    def swap_motion(
        self,
        content_from,
        motion_from,
        action=None,
        times=None,
        tempo=1.0,
        *,
        content_mask=None,
        motion_mask=None,
        motion_times=None,
    ):
        """`content_from`'s content does what `motion_from` does, at any tempo.

        The frame at time t shows the motion as it is at time `tempo * t`: 2 is twice
        as fast, 0.5 half as fast, -1 backward. Time 0, the first given frame, stays
        where it is, so a negative tempo shows what came before it; the given frames
        themselves in reverse are `times=[T - 1, ..., 1, 0]`.

        Args:
            content_from: clips (or one picture as a clip of one frame).
            motion_from: as many clips, or one for all (or many for one content). Their
                length may be another than that of `content_from`.
            action: the motion clip's action; None infers it from `motion_from`.
            times: real times asked for; None for the motion clip's own frames.
            tempo: finite real number.
            content_mask, motion_mask: `(batch, time)`, 0 where a frame is padding, for
                clips of different length in one batch; None for all observed.
            motion_times: real times of the frames of `motion_from`; None for 0, 1, ...
        Returns: `(batch, num_times, height, width, channels)`.
        """
        tempo = as_tempo(tempo)
        content, single_content = self._frames(content_from, "content_from")
        motion, single_motion = self._frames(motion_from, "motion_from")
        motion_times = self._observed_times(motion_times, motion)
        times = as_times(motion_times if times is None else times)
        times = times[0] if times.ndim == 2 and len(times) == 1 else times
        state = self.encode(motion, action, motion_times, mask=motion_mask).state
        latent = self.encode_content(content, mask=content_mask)
        count = max(len(latent), len(state))
        if {len(latent), len(state)} - {1, count}:
            raise ValueError(
                f"content_from holds {len(latent)} clips and motion_from {len(state)}; "
                f"give equally many, or one of either."
            )
        latent = np.broadcast_to(latent, (count, *latent.shape[1:]))
        state = np.broadcast_to(state, (count, *state.shape[1:]))
        result = self.decode(latent, state, tempo * times)
        return result[0] if single_content and single_motion else result

    # ---- presets ----------------------------------------------------------------

    def save_preset(self, folder, *, name, dataset=None, metrics=None, **metadata):
        """Writes the model as a preset folder; see `halo_keras.save_preset`.

        Args:
            folder: the target.
            name: `<family>[-<variant>]-<dataset>`.
            dataset: a `ClipDataset`, for the data's name, licence and attribution.
            metrics: measured numbers; None for none.
            metadata: further entries of metadata.json, such as `version`.
        Returns: the facts of the saved preset.
        """
        from halo_keras.hub.saving import save_preset

        if dataset is not None:
            metadata = {
                "dataset": dataset.name,
                "license": dataset.license,
                "attribution": dataset.attribution,
                **metadata,
            }
        return save_preset(
            self, folder, name=name, metadata=metadata, metrics=metrics or {}
        )

    def push_to_hub(
        self,
        repo_id,
        *,
        name,
        dataset=None,
        metrics=None,
        private=None,
        revision=None,
        create_pr=False,
        token=None,
        **metadata,
    ):
        """Saves the model as a preset and uploads it; see `halo_keras.hub.publish`.

        Args:
            repo_id: `"owner/name"` on the Hugging Face Hub.
            name, dataset, metrics, metadata: see `save_preset`.
            private, revision, create_pr, token: see `halo_keras.hub.publish`.
        Returns: what was uploaded, with the `url` of the commit.
        Raises: PresetError before anything is uploaded, HubError if the Hub refuses.
        """
        import tempfile

        from halo_keras.hub.publishing import publish

        with tempfile.TemporaryDirectory() as scratch:
            folder = f"{scratch}/{name}"
            self.save_preset(
                folder, name=name, dataset=dataset, metrics=metrics, **metadata
            )
            return publish(
                folder,
                repo_id,
                private=private,
                revision=revision,
                create_pr=create_pr,
                token=token,
            )

    @classmethod
    def from_preset(cls, handle, **options):
        """`halo_keras.from_pretrained(handle)`, checked to be of this class.

        Raises: TypeError if the preset is of another class.
        """
        from halo_keras.hub.presets import from_pretrained

        model = from_pretrained(handle, **options)
        if not isinstance(model, cls):
            raise TypeError(
                f"preset {str(handle)!r} is a {type(model).__name__}, not a "
                f"{cls.__name__}. Use halo_keras.from_pretrained, which loads any."
            )
        return model
