"""The card of a dataset: the README.md beside its parquet files.

Made from `clips.json` and, for a dataset of this package, its summary; with the YAML
front matter that the Hub and `datasets` read: which files are which split.
"""

from __future__ import annotations

import json
import re

from halo_keras.card_parts import (
    cell,
    labels,
    license_lines,
    table,
    with_credits_beside,
)
from halo_keras.data.clip_description import Description, Split

OWNER_NAME = "OWNER/NAME"  # where the card does not know its repository
_MANY_NAMES = 24
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
# Options that are told elsewhere in a card.
_TOLD = ("license", "attribution")


def dataset_card(description: Description, repo_id: str | None = None) -> str:
    """The text of README.md.

    Args:
        repo_id: `"owner/name"` of the repository, for the commands to load it; None:
            a placeholder.
    """
    where = repo_id or OWNER_NAME
    about = description
    what = "Clips" if about.kind == "video" else "Spectrograms"
    first = next(iter(about.splits))
    return "\n".join(
        [
            *_front_matter(about),
            "",
            f"# {about.name}",
            "",
            *_summary(about.name),
            f"{what} with labels of what stays the same in a clip and of what "
            "moves, written by halo-keras.",
            "",
            *_splits(about),
            "## Load",
            "",
            "```python",
            "import halo_keras",
            "",
            f'clips = halo_keras.data.load("{about.name}", "{first}", '
            f'source="hf://{where}")',
            "```",
            "",
            "or, without halo-keras,",
            "",
            "```python",
            "import datasets",
            "",
            f'rows = datasets.load_dataset("{where}", split="{first}")',
            "```",
            "",
            "Name a revision (`hf://...@COMMIT`, `revision=COMMIT`) where numbers are "
            "to be compared: a branch moves.",
            "",
            *_columns(about),
            *_labels(about),
            *_made(about),
            "## Licence",
            "",
            f"{about.license}.",
            "",
            f"Source: {with_credits_beside(about.attribution).rstrip('.')}.",
            "",
        ]
    )


def _front_matter(about: Description) -> list[str]:
    # JSON strings are YAML strings: quoting them so leaves nothing to interpretation.
    quoted = json.dumps
    total = sum(split.num_clips for split in about.splits.values())
    size = next((name for bound, name in _SIZES if total < bound), "n>10M")
    lines = ["---", *license_lines(about.license), f"pretty_name: {quoted(about.name)}"]
    if about.kind == "video":
        lines += ["task_categories:", "- image-to-video", "- video-classification"]
    lines += [f"size_categories:\n- {quoted(size)}", "tags:"]
    lines += [f"- {quoted(tag)}" for tag in ("halo-keras", about.kind)]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for name, split in about.splits.items():
        # Every file by name: what an older upload left behind does not count.
        lines += [f"  - split: {quoted(name)}", "    path:"]
        lines += [f"    - {quoted(file)}" for file in split.files]
    return [*lines, "---"]


def _summary(name: str) -> list[str]:
    from halo_keras.data.registry import summary

    text = summary(name)
    return [] if text is None else [text, ""]


def _splits(about: Description) -> list[str]:
    lines = [
        "| split | clips | one clip | sha256 of the content |",
        "|---|---|---|---|",
    ]
    for name, split in about.splits.items():
        shape = " x ".join(map(str, split.clip_shape))
        lines.append(
            f"| {cell(name)} | {split.num_clips:,} | {shape} | {split.sha256} |"
        )
    return [*lines, ""]


def _columns(about: Description) -> list[str]:
    frames = "a list of PNG pictures, without loss"
    if about.kind != "video":
        low, high = about.value_range
        frames = f"nested lists of {about.dtype}, from {low:g} to {high:g}"
    rows = {"clip": "place in the split; rows lie in a fixed random order"}
    rows["frames"] = frames
    for label, names in about.labels.items():
        rows[label] = f"one of {len(names):,} classes" if names else "a whole number"
    rows["times"] = "time of each frame, in frames, 0 at the first"
    if not about.times:
        rows["times"] += "; here 0, 1, 2, ..."
    rows["mask"] = "whether a frame counts" + ("" if about.mask else "; here all do")
    if about.states:
        rows["states"] = "exact states of the scene: " + ", ".join(about.states)
    return table("Columns", ("column", "what"), rows)


def _labels(about: Description) -> list[str]:
    short = {
        label: names
        for label, names in about.labels.items()
        if names and len(names) <= _MANY_NAMES
    }
    return labels("Labels", short)


def _made(about: Description) -> list[str]:
    known = {
        name: split for name, split in about.splits.items() if split.options is not None
    }
    if not known:
        return []
    commands = [build_command(about.name, name, split) for name, split in known.items()]
    return ["## Made with", "", "```shell", *commands, "```", ""]


def build_command(name: str, split_name: str, split: Split) -> str:
    """The command that makes a split of these clips again, into the folder `clips`."""
    words = [f"halo-keras data build {name} --split {split_name} -o clips"]
    for key, value in (split.options or {}).items():
        if value is not None and key not in _TOLD:
            plain = value if isinstance(value, str) else json.dumps(value)
            words.append(
                f"--set {key}={plain}" if _bare(plain) else _quoted(key, plain)
            )
    return " ".join(words)


def _bare(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_./,:+-]+", text) is not None


def _quoted(key: str, text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return f"--set '{key}={escaped}'"
