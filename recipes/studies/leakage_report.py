"""The leakage study's tables, from its rows."""

from __future__ import annotations

from pathlib import Path

from studies.leakage_columns import ATTRIBUTES, SETTINGS
from studies.rows import groups
from studies.tables import (
    cell,
    markdown,
    numbers,
    seeds_of,
    spread,
    table,
    write_between_marks,
)

TITLE = "## The leakage study\n\nWhat is compared, and how: `recipes/study_leakage.py`."
RIGHT = {
    "recon. MSE": ("reconstruction_mse", 5),
    "SSIM": ("reconstruction_ssim", 3),
    "swap action": ("swap_action", 3),
    "attributes": ("swap_attributes", 3),
    "swap MSE": ("swap_mse", 5),
    "drawn motion, before fit": ("drawn_action_before_fit", 3),
    "drawn motion": ("drawn_action", 3),
    "its attributes": ("drawn_attributes", 3),
    "drawn content: action": ("drawn_content_action", 3),
    "IS": ("drawn_content_inception_score", 2),
    "frames 993-1,000 MSE": ("window993_mse", 5),
    "action ": ("window993_action", 3),
}
LEAKS = {
    "content, nats": ("content_nats", 1),
    "motion, nats": ("motion_nats", 1),
    "action from content": ("action_from_content", 3),
    **{f"{name} from motion": (f"{name}_from_motion", 3) for name in ATTRIBUTES},
}


def write_table(rows: list[dict], path: Path) -> str:
    """Writes both tables between the marks of the markdown file; returns them."""
    found = {name: own for (name,), own in groups(rows, "setting")}
    found = {name: found[name] for name in SETTINGS if name in found}
    chance = [f"action {cell(rows[:1], 'action_chance', 3)}"]
    chance += [f"{name} {cell(rows[:1], f'{name}_chance', 3)}" for name in ATTRIBUTES]
    tables = "\n\n".join(
        [
            seeds_of(found),
            "Are clips right?",
            table(found, "setting", RIGHT),
            f"What does each half tell of the other? Chance: {', '.join(chance)}.",
            table(found, "setting", LEAKS),
            "What each setting changes of the preset:",
            changes(found),
        ]
    )
    write_between_marks(tables, path, TITLE)
    return tables


def changes(found: dict[str, list[dict]]) -> str:
    body = []
    for name, own in found.items():
        given = ", ".join(f"{key} {value}" for key, value in SETTINGS[name].items())
        seconds = spread(numbers(own, "cpu_seconds"), 0)
        body.append([name, given or "nothing", seconds])
    return markdown(["setting", "change", "processor seconds"], body)
