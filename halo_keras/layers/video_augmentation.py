"""One random image augmentation a clip: the same for all of its frames."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.layers import keras_cv_frames


@keras.saving.register_keras_serializable("halo_keras")
class VideoAugmentation(keras.layers.Layer):
    """Applies image layers to clips; all frames of a clip are changed alike.

    With g_b ~ p(g) drawn once for clip b,

        y[b, t] = g_b(x[b, t])    for every t.

    Kinds of layer:

    - Keras's own (`keras.layers.RandomFlip`, `RandomRotation`, `RandomColorJitter`,
      `RandAugment`, `Pipeline`, ..., or one of yours that draws from Keras seed
      generators). Frames are visited one by one, and before each the seed generators
      inside of the layer, at any depth, are put back to where the first frame found
      them. So it does not matter where a layer draws, and with T = 1 the result is
      the image layer's own. All backends.
    - keras-cv's (the extra `cv`; TensorFlow only). They draw from several sources that
      cannot be put back, so that the transformation is drawn once, from the first
      frame, and handed to all frames.

    What a layer reads off the picture rather than draws is each frame's own, such as
    the mean grey that `RandomContrast` keeps. A layer that draws one value for all
    images, as `RandomCrop` does, draws one for all clips.

    Works in `fit`'s pipeline (`halo_keras.data.ClipBatches`, setting `augment` of a
    recipe), as a layer of a model and, on TensorFlow, in `tf.data.Dataset.map`.
    `tests/layers/test_video_augmentation.py` follows a marked pixel through every
    frame and compares with the image layers alone.

    Args:
        layers: an image layer, or a list of them, applied in this order.
    Call arguments:
        frames: `(batch, time, height, width, channels)`, in the value range that the
            layers expect ([0, 255] unless told otherwise); `time` must be known.
        training: False gives what the layers give when they are not training: for
            most, the frames as they are.
    Returns: `(batch, time, new height, new width, channels)`, float32.
    Raises:
        TypeError: something else than a layer; a keras-cv layer on another backend,
            or one that is put together from others (give those).
        ValueError: frames of another rank, or of unknown length; a layer that treats
            two equal frames differently, found out at its first call.

    Example:
        >>> flip = VideoAugmentation(keras.layers.RandomFlip("horizontal", seed=1))
        >>> flip(np.zeros((2, 8, 64, 64, 3), "uint8")).shape[1]
        8
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        layers = list(layers) if isinstance(layers, (list, tuple)) else [layers]
        if not layers or not all(isinstance(x, keras.layers.Layer) for x in layers):
            raise TypeError(
                "VideoAugmentation takes an image layer, or a list of them, received "
                f"{layers!r}. Pass for instance keras.layers.RandomFlip('horizontal')."
            )
        for layer in layers:
            keras_cv_frames.check_backend(layer)
        self.layers = layers
        self._checked = False
        self.built = True

    def call(self, frames, training=True):
        if len(frames.shape) != 5 or frames.shape[1] is None:
            raise ValueError(
                "VideoAugmentation expects frames (batch, time, height, width, "
                f"channels) of known length, received shape {tuple(frames.shape)}."
            )
        # Some of Keras's layers (RandomContrast in 3.15) fail on whole numbers.
        frames = ops.cast(frames, self.compute_dtype)
        check = training and not self._checked and _is_concrete(frames)
        for layer in self.layers:
            frames = _apply(layer, frames, training, check)
        self._checked = self._checked or check
        return frames

    def reseed(self, seed: int) -> None:
        """What is drawn from now on is a function of `seed` alone.

        Exceptions are keras-cv's layers with a `factor` (brightness, hue, ...), which
        draw it from TensorFlow's global state: see `tf.random.set_seed`.
        """
        states = [state for layer in self.layers for state in seed_states(layer)]
        sources = [
            layer._random_generator
            for layer in self.layers
            if keras_cv_frames.is_keras_cv(layer)
        ]
        drawn = np.random.default_rng(seed).integers(
            2**31, size=len(states) + len(sources)
        )
        for state, value in zip(states, drawn[: len(states)], strict=True):
            state.assign(np.array([value, 0]).astype(state.dtype))
        for source, value in zip(sources, drawn[len(states) :], strict=True):
            source.reset_from_seed(int(value))

    def get_config(self):
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config):
        layers = [
            keras.saving.deserialize_keras_object(layer) for layer in config["layers"]
        ]
        return cls(**{**config, "layers": layers})


def seed_states(layer) -> list:
    """The states of all seed generators in a layer: variables that are no weights."""
    weights = {id(variable) for variable in layer.weights}
    return [
        variable
        for variable in layer.variables
        if id(variable) not in weights and tuple(variable.shape) == (2,)
    ]


def _apply(layer, frames, training, check):
    """All frames of each clip under one draw, which `check` tests on a copy of one."""
    apply = keras_cv_frames.draw_once if keras_cv_frames.is_keras_cv(layer) else _replay
    if not check:
        return apply(layer, frames, training)
    result = apply(layer, ops.concatenate([frames, frames[:, :1]], axis=1), training)
    first, again = (ops.convert_to_numpy(result[:, time]) for time in (0, -1))
    if not np.array_equal(first, again):
        raise ValueError(
            f"{type(layer).__name__} changes two equal frames of a clip differently: "
            "it draws from a source that VideoAugmentation cannot see. Draw from a "
            "keras.random.SeedGenerator that is an attribute of the layer; of a "
            "composed layer of keras-cv, give its parts."
        )
    return result[:, :-1]


def _replay(layer, frames, training):
    states = seed_states(layer)
    before = [ops.copy(ops.convert_to_tensor(state)) for state in states]
    results = []
    for time in range(frames.shape[1]):
        for state, value in zip(states, before, strict=True):
            state.assign(value)
        results.append(layer(frames[:, time], training=training))
    return ops.stack(results, axis=1)


def _is_concrete(frames) -> bool:
    """Has values, and is not a placeholder of a function that is being traced."""
    try:
        ops.convert_to_numpy(frames[:1, :1, :1, :1, :1])
    except Exception:  # each backend has an error of its own for this
        return False
    return True
