"""Batches of a protocol, with a progress bar."""

from __future__ import annotations

from collections.abc import Iterator

import keras


def chunks(
    count: int, batch_size: int, title: str, verbose: int = 0
) -> Iterator[slice]:
    """Slices that cover `range(count)`; every clip is scored, the last batch too.

    Args:
        count: number of clips.
        batch_size: clips a slice; only the last may be smaller.
        title: printed above the bar.
        verbose: 0 for silence, 1 for a progress bar.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, received {batch_size}.")
    if verbose:
        print(title)
    bar = keras.utils.Progbar(
        -(-count // batch_size), verbose=verbose, unit_name="batch"
    )
    for done, start in enumerate(range(0, count, batch_size)):
        yield slice(start, min(start + batch_size, count))
        bar.update(done + 1)
