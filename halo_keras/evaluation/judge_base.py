"""What all judges share: a reader of frames, a head for each label, and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers, ops

from halo_keras.evaluation.judge_verbs import JudgeVerbs
from halo_keras.schema import Int, ListOf, Text, check_config


class Judge(JudgeVerbs, keras.Model):
    """Base of the classifiers that score what a generative model made.

    Convolutions read each frame into a vector, a subclass makes `summarise` of the
    vectors of a clip, and a small network per head names the class:

        v_t = project(conv_n(.. conv_0(x_t))),  s = summarise(v_0 .. v_{T-1}),
        logits_k = W_k relu(U_k s)

    A subclass gives its `config_fields` (those of `shared_fields` among them), calls
    this constructor with its whole configuration, and implements `summarise` and
    `build_summary`. Logits are never scaled.

    Args:
        config: all arguments of the subclass; each becomes an attribute.
        kernels: `(size, stride)` of each convolution; their widths are
            `config["channels"]`.
        make_norm: `make_norm(width, name)`, a normalisation layer after each of them.
        activation: after each normalisation.
        hidden: size of each head's hidden layer.
        name: of the model.

    Call arguments:
        frames: `(batch, num_frames, height, width, channels)`, uint8 in [0, 255] or
            float in [0, 1].

    Returns: a dict from head name to logits `(batch, head_size)`; of a judge of frames
        (`num_frames` is None) `(batch, time, head_size)`.

    Raises:
        ValueError: if a size is out of bounds, names and sizes do not pair up, or
            the frames have another shape.
    """

    part_kind = "judge"
    family = "judge"
    shared_fields = {
        "frame_shape": ListOf(Int(1, 1024), 3, 3),
        "head_names": ListOf(Text(), 1, 16),
        "head_sizes": ListOf(Int(2, 10_000), 1, 16),
        "channels": ListOf(Int(1, 1024), 1, 6),
        "features": Int(1, 4096),
    }
    num_frames = None
    views = 1  # pictures of each frame that the first convolution reads at once

    def __init__(
        self,
        config: dict,
        kernels: Sequence[tuple[int, int]],
        make_norm: Callable[[int, str], keras.layers.Layer],
        activation: Callable,
        hidden: int,
        name: str | None,
    ):
        kind = type(self).__name__
        check_config(self.config_fields, config, kind)
        names, sizes = list(config["head_names"]), list(config["head_sizes"])
        if len(names) != len(sizes) or len(set(names)) < len(names):
            raise ValueError(
                f"{kind} needs one size for each of its distinct head names, "
                f"received head_names={names}, head_sizes={sizes}."
            )
        super().__init__(name=name)
        for key, value in config.items():
            setattr(self, key, tuple(value) if isinstance(value, list) else value)
        self.activation = activation
        # A weight file numbers layers in the order in which they are made here.
        self.convolutions, self.norms = [], []
        for depth, (width, (size, stride)) in enumerate(
            zip(self.channels, kernels, strict=True)
        ):
            convolution = layers.Conv2D(
                width, size, strides=stride, padding="same", name=f"conv_{depth}"
            )
            self.convolutions.append(convolution)
            self.norms.append(make_norm(width, f"norm_{depth}"))
        self.project = layers.Dense(self.features, name="project")
        self.hidden = [
            layers.Dense(hidden, activation="relu", name=f"hidden_{head}")
            for head in names
        ]
        self.logits = [
            layers.Dense(size, dtype="float32", name=f"logits_{head}")
            for head, size in zip(names, sizes, strict=True)
        ]

    def summarise(self, vectors, training=None):
        """What the heads see of a clip, `(batch, [time,] size)`.

        Args:
            vectors: the projected frames, `(batch, time, features)`.
            training: whether normalisations count this batch.
        """
        raise NotImplementedError

    def build_summary(self) -> int:
        """Creates the weights of `summarise`; returns the size of what it gives."""
        raise NotImplementedError

    def views_of(self, frames):
        """What is read of each frame: `(batch, time, height, width, views * channels)`.

        Args:
            frames: `(batch, time, height, width, channels)`, floats in [0, 1].
        """
        return frames

    def get_config(self) -> dict:
        config = {key: getattr(self, key) for key in self.config_fields}
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in config.items()}
        return {"name": self.name, **plain}

    def build(self, input_shape=None) -> None:
        """Creates all weights. The frame shape is known, so `build(None)` works."""
        height, width, channels = self.frame_shape
        shape = (None, height, width, self.views * channels)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
            norm.build(shape)
        self.project.build((None, int(np.prod(shape[1:]))))
        size = self.build_summary()
        for hidden, logits in zip(self.hidden, self.logits, strict=True):
            hidden.build((None, size))
            logits.build((None, hidden.units))
        self.built = True

    def call(self, frames, training=None):
        x = self.summary_of(frames, training)
        return {
            name: logits(hidden(x))
            for name, hidden, logits in zip(
                self.head_names, self.hidden, self.logits, strict=True
            )
        }

    def summary_of(self, frames, training=None):
        """What the heads see of clips, `(batch, [time,] size)`; see `call`."""
        frames = ops.convert_to_tensor(frames)
        self._check_shape(frames)
        if not keras.backend.is_float_dtype(frames.dtype):
            frames = ops.cast(frames, self.compute_dtype) / 255.0
        x = self.views_of(frames)
        x = ops.reshape(x, (-1, *x.shape[2:]))  # (B T, H, W, views C)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = self.activation(norm(convolution(x), training=training))
        x = self.project(ops.reshape(x, (-1, int(np.prod(x.shape[1:])))))
        time = self.num_frames or ops.shape(frames)[1]  # a graph may not know it
        return self.summarise(ops.reshape(x, (-1, time, self.features)), training)

    def _check_shape(self, frames) -> None:
        any_length = self.num_frames is None
        expected = ("time" if any_length else self.num_frames, *self.frame_shape)
        skipped = 2 if any_length else 1
        if len(frames.shape) != 5 or (
            tuple(frames.shape[skipped:]) != expected[skipped - 1 :]
        ):
            raise ValueError(
                f"{type(self).__name__} expects clips of shape (batch, "
                f"{_join(expected)}), received ({_join(frames.shape)}). Cut or resize "
                "the clips first."
            )


def group_norm(width: int, name: str) -> keras.layers.Layer:
    """Group normalisation with the largest of 8, 4, 2, 1 groups that divides."""
    groups = next(groups for groups in (8, 4, 2, 1) if width % groups == 0)
    return layers.GroupNormalization(groups=groups, epsilon=1e-5, name=name)


def _join(shape) -> str:
    return ", ".join("batch" if size is None else str(size) for size in shape)
