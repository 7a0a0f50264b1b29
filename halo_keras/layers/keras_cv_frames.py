"""keras-cv's image layers on clips: a transformation drawn once, given to each frame.

keras-cv 0.9 has two kinds of layer. A vectorized one draws for a batch of images,
`get_random_transformation_batch(batch_size, images)`, and applies, `augment_images`;
the other does both for a single image, `get_random_transformation(image)` and
`augment_image`. Both are given here to frames, without importing keras-cv.
"""

from __future__ import annotations

import keras
from keras import ops


def is_keras_cv(layer) -> bool:
    """Is it one of keras-cv's augmentation layers, or derived from one?"""
    bases = {
        cls.__name__
        for cls in type(layer).__mro__
        if cls.__module__.split(".")[0] == "keras_cv"
    }
    return bool(
        bases & {"BaseImageAugmentationLayer", "VectorizedBaseImageAugmentationLayer"}
    )


def check_backend(layer) -> None:
    """Raises TypeError for a keras-cv layer on another backend than TensorFlow."""
    if is_keras_cv(layer) and keras.backend.backend() != "tensorflow":
        raise TypeError(
            f"{type(layer).__name__} is a keras-cv layer, which computes on "
            f"TensorFlow, but the backend is {keras.backend.backend()}. Take the layer "
            "of this kind from keras.layers, or set KERAS_BACKEND=tensorflow."
        )


def draw_once(layer, frames, training):
    """`(batch, time, ...)` frames, each clip under one transformation of its own.

    Raises: TypeError for a layer that is put together from others.
    """
    if not training:
        return frames
    try:
        if hasattr(layer, "get_random_transformation_batch"):
            return _batchwise(layer, frames)
        return _one_by_one(layer, frames)
    except NotImplementedError as error:
        raise TypeError(
            f"keras-cv's {type(layer).__name__} chooses or mixes inside of itself and "
            "has no transformation to hand on. Give the layers that it is made of."
        ) from error


def _batchwise(layer, frames):
    count, length = ops.shape(frames)[0], frames.shape[1]
    drawn = layer.get_random_transformation_batch(count, images=frames[:, 0])
    # One transformation an image, in the order of the flattened frames.
    drawn = keras.tree.map_structure(lambda x: ops.repeat(x, length, axis=0), drawn)
    flat = ops.reshape(frames, (-1, *frames.shape[2:]))
    flat = layer.augment_images(
        flat, transformations=drawn, bounding_boxes=None, labels=None
    )
    return ops.reshape(flat, (-1, length, *flat.shape[1:]))


def _one_by_one(layer, frames):
    def one_clip(clip):
        drawn = layer.get_random_transformation(image=clip[0])
        changed = [
            layer.augment_image(frame, transformation=drawn)
            for frame in ops.unstack(clip)
        ]
        return ops.stack(changed)

    return ops.map(one_clip, frames)
