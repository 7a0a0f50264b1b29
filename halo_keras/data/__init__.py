"""Datasets of labelled clips: `load(name, split)` gives a `ClipDataset`.

A new dataset is one file that registers a loader, and its name in the import below.
"""

from halo_keras.data import (
    actions,
    balls,
    balls_speed,
    bouncing_balls,
    folder,
    formant_voices,
    moving_mnist,
    mug,
    physics,
    rotating_mnist,
    spoken_digits,
    sprite_poses,
    sprites,
    timit,
    toon_faces,
)
from halo_keras.data.clip_batches import ClipBatches
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.fit_frames import fit_frames, fit_note
from halo_keras.data.mnist_parquet import read_mnist
from halo_keras.data.registry import load, names, register, splits
from halo_keras.data.streaming import ClipStream

__all__ = [
    "ClipBatches",
    "ClipDataset",
    "ClipStream",
    "actions",
    "balls",
    "balls_speed",
    "bouncing_balls",
    "fit_frames",
    "fit_note",
    "folder",
    "formant_voices",
    "load",
    "moving_mnist",
    "mug",
    "names",
    "physics",
    "read_mnist",
    "register",
    "rotating_mnist",
    "splits",
    "spoken_digits",
    "sprite_poses",
    "sprites",
    "timit",
    "toon_faces",
]
