"""One sum for the content of a split, however its files are written."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from halo_keras.data.clip_dataset import ClipDataset

_CLIPS_AT_ONCE = 256


def content_sum(dataset: ClipDataset) -> str:
    """sha256 over frames, labels and their names, times, mask and states.

    Equal content gives equal sums, whatever the compression, the shards, the integer
    type of the labels or the order of the bytes in memory; name, split, licence and
    attribution are not part of it. In order: a JSON line that names and measures the
    arrays, then each array in C order, little-endian (labels as int64, times as
    float64, mask as one byte a frame).
    """
    arrays = {"frames": (dataset.frames, dataset.frames.dtype)}
    for name in sorted(dataset.labels):
        arrays[f"labels.{name}"] = (dataset.labels[name], np.dtype("int64"))
    if dataset.times is not None:
        arrays["times"] = (dataset.times, np.dtype("float64"))
    if dataset.mask is not None:
        arrays["mask"] = (dataset.mask, np.dtype("uint8"))
    for name, value in sorted((dataset.states or {}).items()):
        arrays[f"states.{name}"] = (value, value.dtype)
    head = {
        "format": 1,
        "kind": dataset.kind,
        "value_range": [float(bound) for bound in dataset.value_range],
        "label_names": {
            name: list(dataset.label_names[name])
            for name in sorted(dataset.label_names)
            if dataset.label_names[name]
        },
        "arrays": [
            [name, dtype.name, list(value.shape)]
            for name, (value, dtype) in arrays.items()
        ],
    }
    digest = hashlib.sha256(json.dumps(head, ensure_ascii=True).encode() + b"\n")
    for value, dtype in arrays.values():
        for low in range(0, len(value), _CLIPS_AT_ONCE):
            part = value[low : low + _CLIPS_AT_ONCE]
            digest.update(part.astype(dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
