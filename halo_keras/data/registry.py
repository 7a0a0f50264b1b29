"""Datasets by name. A dataset registers its loader; nothing else knows it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.schema import nearest


@dataclass(frozen=True)
class _Entry:
    loader: Callable[..., ClipDataset]
    splits: tuple[str, ...]
    options: tuple[str, ...]


_ENTRIES: dict[str, _Entry] = {}


def register(name: str, splits: tuple[str, ...] = ("train", "test")):
    """Decorator: makes `loader(split, source, *, <options>)` the dataset `name`.

    The loader's keyword-only arguments are the options that `load` accepts. A
    procedural dataset has no `source` argument: `loader(split, *, <options>)`.
    """

    def decorate(loader):
        if name in _ENTRIES:
            raise ValueError(f"a dataset named {name!r} is registered already.")
        parameters = inspect.signature(loader).parameters.values()
        options = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        _ENTRIES[name] = _Entry(loader, tuple(splits), options)
        return loader

    return decorate


def names() -> list[str]:
    """The names that `load` knows."""
    return sorted(_ENTRIES)


def splits(name: str) -> tuple[str, ...]:
    """The splits of the dataset `name`."""
    return _entry(name).splits


def load(
    name: str,
    split: str = "train",
    source: str | PathLike | None = None,
    **options,
) -> ClipDataset:
    """Loads one split of a dataset.

    Args:
        name: one of `names()`.
        split: one of the dataset's splits, `"train"` or `"test"` everywhere so far.
        source: None for the dataset's own source (procedural, or a pinned download
            kept in the cache folder), or a folder with the raw files.
        **options: the dataset's own; see its loader.

    Returns: a `ClipDataset`.
    Raises: ValueError on an unknown name, split or option, with the nearest known
        one, on a damaged file, and on a source that the dataset cannot have.
        FileNotFoundError on a missing file.
    """
    entry = _entry(name)
    if split not in entry.splits:
        raise ValueError(
            f"dataset {name!r} has no split {split!r}{nearest(split, entry.splits)}. "
            f"Known: {', '.join(entry.splits)}."
        )
    for option in options:
        if option not in entry.options:
            raise ValueError(
                f"dataset {name!r} has no option {option!r}"
                f"{nearest(option, entry.options)}. Known: {', '.join(entry.options)}."
            )
    takes_source = "source" in inspect.signature(entry.loader).parameters
    if source is not None and not takes_source:
        raise ValueError(
            f"dataset {name!r} is computed, not read: leave source=None, "
            f"received {str(source)!r}."
        )
    if str(source).startswith("hf://"):
        raise ValueError(
            f"reading {name!r} from the Hugging Face Hub ({source}) is not available "
            "yet. Pass a folder, or source=None."
        )
    if takes_source:
        return entry.loader(split, source, **options)
    return entry.loader(split, **options)


def _entry(name: str) -> _Entry:
    if name not in _ENTRIES:
        raise ValueError(
            f"no dataset is named {name!r}{nearest(name, _ENTRIES)}. "
            f"Known: {', '.join(names())}."
        )
    return _ENTRIES[name]
