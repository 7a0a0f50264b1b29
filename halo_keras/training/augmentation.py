"""The augmentation of a training: each clip of a batch changed at random, as a whole.

By default a clip is mirrored left to right (half of them), shifted by up to 6 % of
its size in each direction and zoomed by up to 8 % in or out; the border is drawn out
where the picture does not reach. Small enough that faces and people stay in the
picture. Colours are left alone: brightness is part of what a clip's content is.

Mirroring fits actions without a side. Where the side is the action, as for
`walk/left` and `walk/right`, set `augment=none`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from halo_keras.schema import ConfigError

NAMES = ("none", "keras", "keras_cv")
SHIFT = 0.06
ZOOM = 0.08


class AugmentedBatches:
    """Transform of `ClipBatches`: new `frames` for a batch, of the same shape.

    The `content_frames` of a clip, where there are some, are changed as its frames are:
    what is where in the one is there in the other.

    Deterministic given the generator, which `ClipBatches` draws from (seed, epoch,
    batch): a resumed training sees the clips that it would have seen.

    Args:
        augmentation: a `VideoAugmentation` for frames in [0, 255].
        before: another transform, applied first, or None.
    """

    def __init__(self, augmentation, before: Callable | None = None):
        self.augmentation = augmentation
        self.before = before
        self._run = None

    def __call__(self, batch: dict, rng: np.random.Generator) -> dict:
        from keras import ops

        if self.before is not None:
            batch = self.before(batch, rng)
        self.augmentation.reseed(int(rng.integers(2**31)))
        length, frames = batch["frames"].shape[1], batch["frames"]
        if "content_frames" in batch:
            frames = np.concatenate([frames, batch["content_frames"]], axis=1)
        if self._run is None:
            # The first batch goes through the layers themselves, which check it.
            self._run = compiled(self.augmentation)
            frames = self.augmentation(frames, training=True)
        else:
            frames = self._run(frames)
        frames = np.clip(np.rint(ops.convert_to_numpy(frames)), 0, 255)
        frames = frames.astype(np.uint8)
        batch = {**batch, "frames": frames[:, :length]}
        if "content_frames" in batch:
            batch["content_frames"] = frames[:, length:]
        return batch


def compiled(augmentation) -> Callable:
    """`augmentation(frames, training=True)` as one program where that is faster.

    Layers are called once a frame of all clips, and called by themselves they are many
    small operations with Python's work between them. On PyTorch the augmentation is
    returned to be called as it is.
    """
    import keras

    def plain(frames):
        return augmentation(frames, training=True)

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(plain)
    if keras.backend.backend() != "jax":
        return plain
    import jax

    from halo_keras.layers.video_augmentation import seed_states

    states = [state for layer in augmentation.layers for state in seed_states(layer)]

    @jax.jit
    def program(values, frames):
        with keras.StatelessScope(list(zip(states, values, strict=True))):
            return plain(frames)

    return lambda frames: program([state.value for state in states], frames)


def augmented(augmentation, dataset, before: Callable | None) -> Callable | None:
    """The transform for a dataset's batches: `before`, then the augmentation if any.

    Raises: ConfigError for spectrograms, which mean something else when mirrored.
    """
    if augmentation is None:
        return before
    if dataset.kind != "video":
        raise ConfigError(
            f"augment={'|'.join(NAMES[1:])} changes videos, but {dataset.name!r} holds "
            f"clips of kind {dataset.kind!r}. Set augment=none."
        )
    return AugmentedBatches(augmentation, before)


def make_augmentation(name: str):
    """The default `VideoAugmentation` of one of `NAMES`; None for `"none"`.

    `"keras"` is made of Keras's layers and runs on every backend, `"keras_cv"` of the
    same layers of keras-cv, on TensorFlow.

    Raises: ConfigError if keras-cv is not installed, or cannot be on this backend.
    """
    if name == "none":
        return None
    from halo_keras.layers import VideoAugmentation

    layers = _keras_cv_layers() if name == "keras_cv" else _keras_layers()
    # The seeds only begin the draws; every batch sets them anew.
    return VideoAugmentation(
        [
            layers.RandomFlip("horizontal", seed=1, dtype="float32"),
            layers.RandomTranslation(
                SHIFT, SHIFT, fill_mode="nearest", seed=2, dtype="float32"
            ),
            layers.RandomZoom(ZOOM, fill_mode="nearest", seed=3, dtype="float32"),
        ],
        dtype="float32",
    )


def _keras_layers():
    import keras

    return keras.layers


def _keras_cv_layers():
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ConfigError(
            "augment=keras_cv computes on TensorFlow, but the backend is "
            f"{keras.backend.backend()}. Set augment=keras, or "
            "KERAS_BACKEND=tensorflow."
        )
    try:
        import keras_cv
    except ImportError as error:
        raise ConfigError(
            f"augment=keras_cv needs keras-cv, which cannot be imported ({error}). "
            'Install it with pip install "halo-keras[cv]", or set augment=keras.'
        ) from error
    return keras_cv.layers
