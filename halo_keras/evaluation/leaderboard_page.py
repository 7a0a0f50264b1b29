"""The text of `zoo/README.md`: our numbers and published ones, in tables."""

from __future__ import annotations

import re

from halo_keras.evaluation.leaderboard_tables import TABLES, Table
from halo_keras.evaluation.published import Published, published_on
from halo_keras.evaluation.result_table import number
from halo_keras.evaluation.second_judge import PREFIX

MISSING = "—"
BLOCKS = {True: "Told action labels in training", False: "Unsupervised"}
BASELINES = {
    "mean": "the clip's mean, in every frame",
    "still": "the first frame, held",
    "late": "the right clip, a frame late",
    "black": "black",
}
HEAD = """\
# The zoo, measured

Made by `halo-keras leaderboard` from the presets' own `metrics.json`, from
`halo_keras/evaluation/published.csv` and from `zoo/studies/`; do not edit. The same
numbers in full precision, one a line: [results.csv](results.csv). A preset is measured
anew by `halo-keras evaluate PRESET`, on all test clips, none dropped.

- A dash is a number that was not measured, or that could not be obtained; it is never
  filled in.
- **Told action labels** and **unsupervised** models do not compete: they stand in
  blocks of their own.
- **Trained on** tells models that saw the clip as a loop from those that saw its frames
  only: what follows after the last frame is data for the one and a guess for the other.
- **Training seed** and **sampling seeds** differ: the one is the training's, the others
  are passes of one trained model with other noise; ± is their standard deviation.
- A judge's numbers depend on the judge: its accuracies on **real** and on **still**
  clips (the first frame held) bound them from above and from below, and a second judge
  of another architecture is shown where there is one.
- \\* marks published numbers that are recalled and were not checked against their
  source. [n] is the source, see the end.
"""

# Beside a number of a window of a rollout: the share of clips that were lost there.
LOST = "†"
LOST_NOTE = (
    f"{LOST}: in so many of the clips frames are not finite there, as an operator "
    "without bounds makes them. They count as black frames and as a wrong action."
)
WINDOW = re.compile(r"rollout_(minus_)?\d+_\d+")


def leaderboard_page(results, studies: dict[str, str]) -> str:
    """The page.

    Args:
        results: all `leaderboard.Result`s.
        studies: file name -> text, included as they are, but that pictures beside
            them are looked for in `studies/`.
    """
    sources: dict[str, int] = {}
    parts = [HEAD]
    for dataset in dict.fromkeys(result.dataset for result in results):
        ours = [result for result in results if result.dataset == dataset]
        parts.append(f"## {dataset.replace('_', ' ').capitalize()}\n")
        for table in TABLES.get(dataset, ()):
            parts += _table(table, dataset, ours, sources)
        parts += _judges(ours) + _baselines(ours)
    parts += ["<!-- studies: from zoo/studies/*.md -->\n"]
    pictures = re.compile(r"!\[([^\]]*)\]\(([\w.-]+)\)")
    for text in studies.values():
        parts.append(pictures.sub(r"![\1](studies/\2)", text.strip()) + "\n")
    parts += ["<!-- end of studies -->\n"]
    if sources:
        parts.append("## Sources\n")
        parts.append("".join(f"{n}. {source}\n" for source, n in sources.items()))
    return "\n".join(parts)


def _table(table: Table, dataset: str, ours, sources) -> list[str]:
    """Both blocks of one table; nothing if no model has any of its numbers."""
    blocks = {
        told: _model_rows(table, [r for r in ours if r.conditional == _yes(told)])
        for told in BLOCKS
    }
    if not any(blocks.values()):
        return []
    lines = [f"### {table.title}\n", table.note + "\n"]
    if any(LOST in cell for rows in blocks.values() for row in rows for cell in row):
        lines.append(LOST_NOTE + "\n")
    for told, rows in blocks.items():
        others = [
            row
            for row in published_on(dataset)
            if row.conditional == told and row.metric in table.columns
        ]
        rows = rows + _published_rows(table, others, sources)
        if rows:
            head = ("model", "trained on", "training seed", "sampling seeds")
            lines.append(f"**{BLOCKS[told]}**\n")
            lines.append(_markdown((*head, *table.columns.values()), rows))
    return lines + (_ceilings(table, ours) if table.judged else [])


def _model_rows(table: Table, results) -> list[list[str]]:
    rows = []
    for preset in dict.fromkeys(result.preset for result in results):
        own = {r.metric: r for r in results if r.preset == preset}
        first = next(iter(own.values()))
        for prefix in ("", PREFIX) if table.judged else ("",):
            found = {key: own.get(prefix + key) for key in table.columns}
            shown = [result for result in found.values() if result is not None]
            if not shown:
                continue
            seeds = {r.sampling_seeds for r in shown} - {""}
            rows.append(
                [
                    f"`{preset}`" + (", second judge" if prefix else ""),
                    first.trained_on or MISSING,
                    _text(first.train_seed),
                    ", ".join(map(str, sorted(seeds))) or MISSING,
                    *(_cell(result, own) for result in found.values()),
                ]
            )
    return rows


def _cell(result, own) -> str:
    if result is None:
        return MISSING
    text = number(result.value)
    if result.stddev != "":
        text += f" ± {number(result.stddev)}"
    window = WINDOW.match(result.metric)
    lost = own.get(f"{window[0]}_nonfinite") if window else None
    if lost is not None:
        text += f" {LOST} {lost.value:.0%}"
    chance = own.get(f"{result.metric}_chance")
    return text if chance is None else f"{text} ({number(chance.value)})"


def _published_rows(table: Table, rows: list[Published], sources) -> list[list[str]]:
    lines = []
    for method in dict.fromkeys(row.method for row in rows):
        own = {row.metric: row for row in rows if row.method == method}
        used = dict.fromkeys(row.source for row in own.values())
        marks = [sources.setdefault(source, len(sources) + 1) for source in used]
        found = [own.get(key) for key in table.columns]
        cells = [
            MISSING
            if row is None or row.value is None
            else row.text + ("\\*" if row.is_recalled else "")
            for row in found
        ]
        name = f"{method}, published [{', '.join(map(str, marks))}]"
        lines.append([name, *[MISSING] * 3, *cells])
    return lines


def _ceilings(table: Table, ours) -> list[str]:
    """What each judge says of real and of still clips, under the same headings."""
    columns = {key: text for key, text in table.columns.items() if _head_of(key)}
    rows = []
    for preset in dict.fromkeys(r.preset for r in ours if r.family == "judge"):
        own = {r.metric: r for r in ours if r.preset == preset}
        for kind in ("real", "still"):
            found = [
                own.get(f"judge_{kind}_{_head_of(key)}_accuracy") for key in columns
            ]
            if any(found):
                texts = [_cell(result, own) for result in found]
                rows.append([f"{kind} clips, `{preset}`", *texts])
    if not rows:
        return []
    return [_markdown(("what the judge says of", *columns.values()), rows)]


def _head_of(metric: str) -> str | None:
    """The judge's head that an accuracy is of; None for other metrics."""
    name, accuracy, _ = metric.rpartition("_accuracy")
    return name.rsplit("_", 1)[-1] if accuracy else None


def _judges(ours) -> list[str]:
    rows = []
    for preset in dict.fromkeys(r.preset for r in ours if r.family == "judge"):
        own = {r.metric: r for r in ours if r.preset == preset}
        for key, result in own.items():
            if key.startswith("judge_real_"):
                still = own.get(key.replace("_real_", "_still_"))
                head = _head_of(key)
                seed = _text(result.train_seed)
                texts = [_cell(result, own), _cell(still, own)]
                rows.append([f"`{preset}`", seed, head, *texts])
    if not rows:
        return []
    head = ("judge", "training seed", "label", "real clips", "still clips")
    note = "Trained on training characters only; accuracy on all test clips.\n"
    return ["### Judges\n", note, _markdown(head, rows)]


def _baselines(ours) -> list[str]:
    """Static answers, the same for every model of the dataset: the first one's."""
    known = {}
    for result in ours:
        if result.metric.startswith("baseline_"):
            known.setdefault(result.metric, result)
    if not any(result.dataset == "sprites" for result in ours):
        return []
    rows = [
        [text, *(_cell(known.get(f"baseline_{name}_{m}"), {}) for m in ("mse", "ssim"))]
        for name, text in BASELINES.items()
    ]
    note = "What no model is needed for, against the real clips.\n"
    return ["### Static baselines\n", note, _markdown(("answer", "MSE", "SSIM"), rows)]


def _markdown(head, rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(value) -> str:
    return MISSING if value == "" else str(value)


def _yes(told: bool) -> str:
    return "yes" if told else "no"
