"""The judge of speech: who speaks in a spectrogram segment, and what is said."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from halo_keras.evaluation.judge_verbs import JudgeVerbs
from halo_keras.schema import ConfigError, Float, Int, ListOf, Text, check_config


@keras.saving.register_keras_serializable("halo_keras")
class SpeechJudge(JudgeVerbs, keras.Model):
    """Classifier of spectrogram segments, with heads of two kinds.

    A dense layer reads each spectrum, residual convolutions mix neighbouring ones, and
    a head speaks either once a segment or at every frame:

        h_t = mix(silu(norm(W x_t))),
        logits_k  = head_k([mean_t h_t, max_t h_t])   of a segment (speaker, digit)
        logits_kt = head_k(h_t)                       of a frame (phone)

    A spectrum's mean is taken off first, so that loudness does not matter. Segments of
    an utterance are judged one by one; `evaluation/voices.py` puts their verdicts
    together. `tests/evaluation/test_speech_judges.py` recomputes these claims.

    Args:
        frame_shape: `(bins,)`.
        value_range: (lowest, highest) value of the spectra.
        head_names: one name a head, labels or frame labels of the dataset.
        head_sizes: the number of classes of each head, in the same order.
        frame_heads: names of the heads that speak at every frame.
        features: width of all layers.
        depth: number of residual convolutions over time, of 3 frames each.

    Call arguments:
        frames: `(batch, time, bins)` floats in `value_range`; any length.

    Returns: a dict from head name to logits, `(batch, head_size)` or, of a head in
        `frame_heads`, `(batch, time, head_size)`.

    Raises:
        ConfigError: a size out of bounds, or names that do not pair up.
        ValueError: frames of another shape.
    """

    part_kind = "judge"
    family = "judge"
    kind = "spectrogram"
    num_frames = None
    config_fields = {
        "frame_shape": ListOf(Int(4, 4096), 1, 1),
        "value_range": ListOf(Float(-1e6, 1e6), 2, 2),
        "head_names": ListOf(Text(), 1, 16),
        "head_sizes": ListOf(Int(2, 10_000), 1, 16),
        "frame_heads": ListOf(Text(), 0, 16),
        "features": Int(1, 4096),
        "depth": Int(0, 8),
    }

    def __init__(
        self,
        frame_shape: Sequence[int],
        value_range: Sequence[float],
        head_names: Sequence[str],
        head_sizes: Sequence[int],
        frame_heads: Sequence[str] = (),
        features: int = 128,
        depth: int = 2,
        name: str | None = None,
    ):
        config = {
            "frame_shape": list(frame_shape),
            "value_range": [float(value) for value in value_range],
            "head_names": list(head_names),
            "head_sizes": list(head_sizes),
            "frame_heads": list(frame_heads),
            "features": features,
            "depth": depth,
        }
        check_config(self.config_fields, config, "SpeechJudge")
        _check_heads(config)
        super().__init__(name=name)
        for key, value in config.items():
            setattr(self, key, tuple(value) if isinstance(value, list) else value)
        self.read = layers.Dense(features, name="read")
        self.norm = layers.LayerNormalization(name="norm")
        self.mixers = [
            layers.Conv1D(
                features, 3, padding="same", activation="silu", name=f"mix_{index}"
            )
            for index in range(depth)
        ]
        self.hidden = [
            layers.Dense(features, activation="relu", name=f"hidden_{head}")
            for head in head_names
        ]
        self.logits = [
            layers.Dense(size, dtype="float32", name=f"logits_{head}")
            for head, size in zip(head_names, head_sizes, strict=True)
        ]

    def get_config(self) -> dict:
        config = {key: getattr(self, key) for key in self.config_fields}
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in config.items()}
        return {"name": self.name, **plain}

    def build(self, input_shape=None) -> None:
        """Creates all weights. The frame shape is known, so `build(None)` works."""
        self.read.build((None, None, *self.frame_shape))
        self.norm.build((None, None, self.features))
        for mixer in self.mixers:
            mixer.build((None, None, self.features))
        for name, hidden, logits in self._heads():
            once = name not in self.frame_heads
            hidden.build((None, self.features * (2 if once else 1)))
            logits.build((None, self.features))
        self.built = True

    def call(self, frames, training=None):
        vectors = self.vectors_of(frames)
        summary = _pooled(vectors)
        return {
            name: logits(hidden(vectors if name in self.frame_heads else summary))
            for name, hidden, logits in self._heads()
        }

    def vectors_of(self, frames):
        """h_t, `(batch, time, features)`."""
        frames = ops.convert_to_tensor(frames)
        shape = tuple(frames.shape)
        if len(shape) != 3 or shape[2:] != self.frame_shape:
            raise ValueError(
                f"SpeechJudge expects segments (batch, time, {self.frame_shape[0]}) of "
                f"floats, received shape {shape}."
            )
        low, high = self.value_range
        unit = (ops.cast(frames, self.compute_dtype) - low) / (high - low)
        # Deviations from a spectrum's mean: how loud it is tells neither who nor what.
        unit = unit - ops.mean(unit, axis=-1, keepdims=True)
        x = ops.silu(self.norm(self.read(unit)))
        for mixer in self.mixers:
            x = x + mixer(x)
        return x

    def summary_of(self, frames, training=None):
        """What the heads of segments see, `(batch, 2 features)`."""
        return _pooled(self.vectors_of(frames))

    def embed(self, frames, head: str, batch_size: int = 256):
        """See `JudgeVerbs.embed`; for heads of segments only."""
        if head not in self.head_names or head in self.frame_heads:
            known = [name for name in self.head_names if name not in self.frame_heads]
            raise ValueError(
                f"embed needs a head of whole segments, received {head!r}. "
                f"Known: {', '.join(known) or 'none'}."
            )
        return super().embed(frames, head, batch_size)

    def _heads(self):
        return zip(self.head_names, self.hidden, self.logits, strict=True)


def _pooled(vectors):
    return ops.concatenate(
        [ops.mean(vectors, axis=1), ops.max(vectors, axis=1)], axis=-1
    )


def _check_heads(config: dict) -> None:
    names, sizes = config["head_names"], config["head_sizes"]
    if len(names) != len(sizes) or len(set(names)) < len(names):
        raise ConfigError(
            "SpeechJudge needs one size for each of its distinct head names, received "
            f"head_names={names}, head_sizes={sizes}."
        )
    if not set(config["frame_heads"]) <= set(names):
        raise ConfigError(
            f"SpeechJudge.frame_heads must be among head_names {names}, received "
            f"{config['frame_heads']}."
        )
    if not config["value_range"][0] < config["value_range"][1]:
        raise ConfigError(
            "SpeechJudge.value_range must be (lowest, highest), received "
            f"{config['value_range']}."
        )
