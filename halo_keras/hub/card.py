"""The model card of a preset, made from its metadata and its metrics.

Nothing in a card is typed by hand: the same two files give the same text.
"""

import json
from typing import Any

from halo_keras.card_parts import labels, license_lines, table, with_credits_beside
from halo_keras.hub.card_numbers import is_metric, measured
from halo_keras.hub.card_texts import (
    consent,
    first_steps,
    intended_use,
    reproduction,
    what_it_is,
)
from halo_keras.hub.handles import PREFIX, is_handle, parse

# Groups of metrics.json that tell how a run went, not how good the model is.
RUN_GROUPS = ("run",)
# A preset folder may hold a picture under this name; its card then shows it.
PICTURE = "swap.gif"


def model_card(metadata: dict, metrics: dict, repo_id: str | None = None) -> str:
    """The README.md of a preset, with the YAML front matter that the Hub reads.

    Args:
        metadata: the content of `metadata.json`.
        metrics: the content of `metrics.json`. Numbers in the group `"run"` (seed,
            wall time, ...) are told as the run's circumstances, all others as
            measured results.
        repo_id: `"owner/name"` of the repository on the Hub that the card is for;
            None for the card in a preset folder.
    """
    results, run = {}, {}
    for group, value in metrics.items():
        target = run if group in RUN_GROUPS else results
        prefix = "" if group in RUN_GROUPS else group
        target.update(_leaves(value, prefix))
    numbers = {k: v for k, v in results.items() if is_metric(k, v)}
    return "\n".join(
        [
            *_front_matter(metadata, numbers, _source(run)),
            "",
            f"# {metadata['name']}",
            "",
            metadata["description"],
            "",
            *what_it_is(metadata),
            *_picture(metadata),
            *_use(metadata, repo_id),
            *intended_use(metadata),
            *_data(metadata, _source(run), repo_id),
            *measured(results),
            *reproduction(metadata, metrics.get("run", {})),
            *table("The run", ("what", "value"), run),
            *table("Recipe", ("setting", "value"), _leaves(metadata["recipe"])),
            *table("Made with", ("package", "version"), metadata["versions"]),
            *labels("Labels", metadata["labels"]),
        ]
    )


def _picture(metadata: dict) -> list[str]:
    if PICTURE not in metadata["sha256"]:
        return []
    text = "Content of the first column, motion of the first row; all of it synthetic."
    return [f"![{text}]({PICTURE})", "", text, ""]


def _data(metadata: dict, source: str | None, repo_id: str | None) -> list[str]:
    attribution = metadata["attribution"]
    if repo_id is not None:
        attribution = with_credits_beside(attribution)
    return [
        "## Data, licence and consent",
        "",
        f"Trained on: {metadata['dataset']}"
        + (f", from {source}" if source else "")
        + f". Licence: {metadata['license']}.",
        "",
        *([f"{attribution.rstrip('.')}.", ""] if attribution else []),
        consent(metadata),
        "",
    ]


def _source(run: dict[str, Any]) -> str | None:
    """The repository on the Hub that the training clips came from, if they did."""
    source = run.get("dataset_source")
    return source if is_handle(source) else None


def _front_matter(
    metadata: dict, numbers: dict[str, float], source: str | None
) -> list[str]:
    # JSON strings are YAML strings: quoting them so leaves nothing to interpretation.
    quoted = json.dumps
    tags = ["keras", "halo-keras", metadata["family"], metadata["dataset"]]
    lines = [
        "---",
        "library_name: keras",
        *license_lines(metadata["license"]),
        f"pipeline_tag: {quoted(metadata['pipeline_tag'])}",
        "tags:",
        *[f"- {quoted(tag)}" for tag in dict.fromkeys(tags)],
    ]
    dataset = {"name": metadata["dataset"], "type": metadata["dataset"]}
    if source is not None:
        handle = parse(source)
        lines += ["datasets:", f"- {quoted(handle.repo_id)}"]
        dataset["type"] = handle.repo_id
        if handle.revision is not None:
            dataset["revision"] = handle.revision
    if numbers:
        lines += [
            "model-index:",
            f"- name: {quoted(metadata['name'])}",
            "  results:",
            "  - task:",
            f"      type: {quoted(metadata['pipeline_tag'])}",
            "    dataset:",
            *[f"      {key}: {quoted(value)}" for key, value in dataset.items()],
            "    metrics:",
        ]
        for name, value in numbers.items():
            lines += [f"    - type: {quoted(name)}", f"      value: {quoted(value)}"]
    return [*lines, "---"]


def _use(metadata: dict, repo_id: str | None) -> list[str]:
    handle = metadata["name"] if repo_id is None else f"{PREFIX}{repo_id}"
    lines = [
        f"Version {metadata['version']}, family `{metadata['family']}`, "
        f"{metadata['parameter_count']:,} parameters. A preset of halo-keras, for "
        "Keras 3 on TensorFlow, JAX or PyTorch:",
        "",
        "```python",
        "import halo_keras",
        "",
        f'model = halo_keras.from_pretrained("{handle}")',
        *first_steps(metadata),
        "```",
        "",
    ]
    if repo_id is None:
        return lines
    return [
        *lines,
        "Plain Keras reads it too, after this import and where TensorFlow is there:",
        "",
        "```python",
        "import halo_keras",
        "import keras",
        "",
        f'model = keras.saving.load_model("{handle}")',
        "```",
        "",
        "The first way accepts only configurations and weight files of this package's "
        "form and checks every sha256; the second makes Keras's own checks only.",
        "",
    ]


def _leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    leaves = {}
    for key, entry in value.items():
        leaves.update(_leaves(entry, f"{prefix}.{key}" if prefix else str(key)))
    return leaves
