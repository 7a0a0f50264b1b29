"""The prose of a model card: what a preset is for, what it is not for, whose data it
has seen, and how it was made."""

import shlex
from typing import Any

# What the people in a dataset, or those who made it, agreed to.
_CONSENT = {
    "balls": "The clips are computed; they show nobody and nothing of anybody's.",
    "balls_speed": "The clips are computed; they show nobody and nothing of anybody's.",
    "sprites": "The clips are drawn characters. Their artists gave the sheets under "
    "the licences above, which ask that they are named and that what is made from "
    "them is shared alike; treat clips made by this model likewise.",
    "toon_faces": "The faces are drawn by a program; they are nobody's.",
    "mug": "The clips show people who agreed to research by those who hold the "
    "database's licence, and to nothing else. A model can give its training clips "
    "back: do not pass this one on to others without such a licence.",
    "actions": "The clips show people who were filmed for research; nothing else is "
    "known of what they agreed to. A model can give its training clips back.",
}
_UNKNOWN_CONSENT = (
    "What the people in the training clips, or those who made them, agreed to is not "
    "recorded here: ask whoever published this model. A model can give its training "
    "clips back."
)
_SCRIPTS = {
    "balls": "train_balls.py",
    "balls_speed": "train_balls.py",
    "sprites": "train_sprites.py",
    "mug": "train_mug.py",
    "toon_faces": "train_mug.py",
    "actions": "train_actions.py",
    "folder": "train_folder.py",
}
# Datasets that a recipe computes itself.
_COMPUTED = ("balls", "balls_speed", "toon_faces")


def intended_use(metadata: dict[str, Any]) -> list[str]:
    """Markdown lines: what the model is for, and what it must not be used for."""
    data = metadata["dataset"]
    if metadata["family"] == "judge":
        use = (
            f"Scoring models that make clips of `{data}`: it tells which motion and "
            "which looks a made clip shows. Its own errors on real clips bound what "
            "such a score can say."
        )
        misuse = (
            f"It knows nothing but clips like those of `{data}` and answers on any "
            "other picture too. It must not be used to identify or assess people."
        )
    else:
        use = (
            "Research and teaching on splitting clips into content and motion, and a "
            f"baseline for it; making clips like those of `{data}`, which are to be "
            "called synthetic where they are shown."
        )
        misuse = (
            "Do not give motion to pictures of people who have not agreed to it, and "
            "do not present what it makes as a recording. On clips unlike those of "
            f"`{data}` its output means nothing. It must not be used to identify or "
            "assess people."
        )
    return ["## Intended use", "", use, "", "## Misuse", "", misuse, ""]


def consent(metadata: dict[str, Any]) -> str:
    """What is known of the agreement of those whom the training clips show."""
    return _CONSENT.get(metadata["dataset"], _UNKNOWN_CONSENT)


def reproduction(metadata: dict[str, Any], run: dict[str, Any]) -> list[str]:
    """Markdown lines with the command that trained the model, as far as recorded.

    Args:
        metadata: the content of `metadata.json`.
        run: the group `"run"` of `metrics.json`: its `command` if the training wrote
            one down, and the `commit` of the code.
    """
    recipe = metadata["recipe"]
    command = run.get("command")
    if command is None and "preset" in recipe:
        command = _command(metadata)
    if command is None:
        return []
    commit = str(run.get("commit") or "")
    sha = commit.removesuffix("+changes")
    lines = ["## Reproduce", "", "```shell"]
    lines += [f"git checkout {sha}"] if sha else []
    lines += [str(command), "```", ""]
    if "FOLDER" in str(command).split():
        lines += ["FOLDER is the one with the dataset's raw files.", ""]
    if "command" not in run:
        lines += [
            "The settings of the run are those under Recipe; where the code has other "
            "ones, `--set key=value` gives them.",
            "",
        ]
    if commit.endswith("+changes"):
        lines += ["The code had changes that were not committed at that time.", ""]
    return lines


def _command(metadata: dict[str, Any]) -> str | None:
    data, recipe = metadata["dataset"], metadata["recipe"]
    script = _SCRIPTS.get(data)
    if metadata["family"] == "judge":
        script = "train_judge.py"
    if script is None:
        return None
    words = ["python", f"recipes/{script}", "--preset", str(recipe["preset"])]
    if data not in _COMPUTED:
        words += ["--data-dir", "FOLDER"]
    return shlex.join(words)
