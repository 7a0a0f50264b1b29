"""A dataset in a few lines of text."""

from __future__ import annotations

import numpy as np

MANY_NAMES = 12  # of a label, above which they are only counted


def summary(dataset) -> str:
    """Counts, factors, licence and attribution of a `ClipDataset`."""
    shape = " x ".join(str(size) for size in dataset.frames.shape[1:])
    lines = [
        f"{dataset.name}, split {dataset.split}: {len(dataset):,} clips of {shape} "
        f"({dataset.kind}, {dataset.frames.dtype}, "
        f"{dataset.value_range[0]:g} to {dataset.value_range[1]:g})"
    ]
    for name, value in dataset.labels.items():
        present, counts = np.unique(value, return_counts=True)
        names = dataset.label_names.get(name)
        spread = f"{counts.min():,}"
        if counts.max() > counts.min():
            spread += f" to {counts.max():,}"
        of = f" of {len(names):,}" if names else ""
        line = f"  {name}: {len(present):,}{of} classes, {spread} clips each"
        if names and len(names) <= MANY_NAMES:
            line += f" ({', '.join(names)})"
        lines.append(line)
    if dataset.times is not None:
        lines.append(f"  times: 0 to {dataset.times.max():g} frames")
    if dataset.mask is not None:
        lines.append(f"  mask: {dataset.mask.mean():.1%} of the frames count")
    if dataset.states is not None:
        lines.append(f"  states: {', '.join(dataset.states)}")
    if dataset.origin is not None:
        lines.append(f"  read from: {dataset.origin}")
    lines += [f"  licence: {dataset.license}", f"  attribution: {dataset.attribution}"]
    return "\n".join(lines)
