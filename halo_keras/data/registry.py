"""Datasets by name. A dataset registers its loader; nothing else knows it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.clip_description import DESCRIPTION
from halo_keras.schema import nearest


@dataclass(frozen=True)
class _Entry:
    loader: Callable[..., ClipDataset]
    splits: tuple[str, ...]
    options: tuple[str, ...]


HUB_FORM = "hf://owner/name[@revision]"
# Options that say how to read, not what.
_NOT_OF_THE_CONTENT = ("verbose", "verify")

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


def licence(name: str, options: Mapping[str, Any]) -> str | None:
    """The licence of a dataset's clips, known before any clip is read.

    It is the loader's option `license` or, without one, the constant LICENSE of its
    module, which the loader gives its clips; None if there is neither.
    """
    loader = _entry(name).loader
    parameter = inspect.signature(loader).parameters.get("license")
    if parameter is not None:
        return options.get("license", parameter.default)
    return getattr(inspect.getmodule(loader), "LICENSE", None)


def summary(name: str) -> str | None:
    """What a dataset is, in a line: the first of its module; None if there is none."""
    entry = _ENTRIES.get(name)
    text = None if entry is None else inspect.getmodule(entry.loader).__doc__
    return text.splitlines()[0] if text else None


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
            kept in the cache folder); a folder with the raw files; or clips as
            parquet, which any dataset can be read from: `"hf://owner/name[@revision]"`
            on the Hugging Face Hub, or a folder with `clips.json`.
        **options: the dataset's own; see its loader. Of clips as parquet they must be
            those that they were made with; what is not given is as it is there.

    Returns: a `ClipDataset`.
    Raises: ValueError on an unknown name, split or option, with the nearest known
        one, on a damaged file, and on a source that the dataset cannot have.
        FileNotFoundError on a missing file. HubError if the Hub cannot be asked.
    """
    if is_repository(source):
        from halo_keras.hub.dataset_repository import load_split

        return load_split(name, split, source, {**options})
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
            f"dataset {name!r} is computed, not read: leave source=None, or pass "
            f"clips as parquet ({HUB_FORM}, or a folder with {DESCRIPTION}), "
            f"received {str(source)!r}."
        )
    arguments = (split, source) if takes_source else (split,)
    dataset = entry.loader(*arguments, **options)
    defaults = inspect.signature(entry.loader).parameters
    made = {key: options.get(key, defaults[key].default) for key in entry.options}
    return replace(dataset, options=content_options(made))


def is_repository(source) -> bool:
    """Whether `source` is read as parquet: `hf://...`, or a folder with clips.json."""
    if source is None:
        return False
    return str(source).startswith("hf://") or (Path(source) / DESCRIPTION).is_file()


def content_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide on the clips, as JSON has them."""
    kept = {k: v for k, v in options.items() if k not in _NOT_OF_THE_CONTENT}
    return json.loads(json.dumps(kept, default=_plain))


def _plain(value):
    """NumPy's numbers and arrays as Python's; everything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _entry(name: str) -> _Entry:
    if name not in _ENTRIES:
        raise ValueError(
            f"no dataset is named {name!r}{nearest(name, _ENTRIES)}. "
            f"Known: {', '.join(names())}."
        )
    return _ENTRIES[name]
