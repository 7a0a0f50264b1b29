"""The prose of a model card: what a preset is, what it is for and not for, whose data
it has seen, and how it was made."""

import shlex
from typing import Any

from halo_keras.hub.handles import PREFIX, is_handle, parse

_SPLITS = (
    "It splits a clip into **content**, what stays, and **motion**, what moves, and "
    "puts those of different clips together."
)
_FAMILIES = {
    "halo": f"{_SPLITS} HALO (Khan & Storkey 2022): motion is a Hamiltonian flow, "
    "which runs forward and backward, to any real time.",
    "dsvae": f"{_SPLITS} DSVAE (Li & Mandt 2018): motion is a latent variable for "
    "each frame.",
    "unordered": f"{_SPLITS} UnorderedVAE (Helminger et al. 2018): it is made from "
    "frames without an order, and motion is where a frame lies on a small map.",
    "hgn": "A clip is one state, read from a few frames, that a learned flow moves: a "
    "Hamiltonian Generative Network (Toth et al. 2019), or one of its rivals on the "
    "same contract.",
    "pixel-hnn": "PixelHNN (Greydanus et al. 2019), a baseline: an autoencoder of "
    "pairs of frames whose code obeys a learned Hamiltonian.",
    "sequence-rnn": "A recurrent network that predicts the next frame: a baseline.",
    "judge": "A classifier that scores clips made by generative models.",
}
_PHYSICS = (
    *("mass_spring", "pendulum", "double_pendulum"),
    *("two_body", "three_body"),
)
_SPEECH = ("timit", "spoken_digits", "formant_voices")

# What the people in a dataset, or those who made it, agreed to.
_CONSENT = {
    "balls": "The clips are computed; they show nobody and nothing of anybody's.",
    "balls_speed": "The clips are computed; they show nobody and nothing of anybody's.",
    "bouncing_balls": "The clips are computed; they show nobody and nothing of "
    "anybody's.",
    **dict.fromkeys(
        _PHYSICS, "The clips are computed; they show nobody and nothing of anybody's."
    ),
    "formant_voices": "The voices are computed; they are nobody's.",
    "spoken_digits": "The recordings are of people who gave them away under the "
    "licence above. A model can give its training clips, and their voices, back.",
    "timit": "The recordings are of people who read sentences for research, passed on "
    "to holders of the corpus's licence and to nobody else. A model can give its "
    "training clips back: do not pass this one on to others without such a licence.",
    "sprites": "The clips are drawn characters. Their artists gave the sheets under "
    "the licences above, which ask that they are named and that what is made from "
    "them is shared alike; treat clips made by this model likewise.",
    "rotating_mnist": "The digits were written by employees of the Census Bureau and "
    "by students for NIST's special databases; the motion is computed.",
    "moving_mnist": "The digits were written by employees of the Census Bureau and by "
    "students for NIST's special databases; the motion is computed.",
    "sprite_poses": "The clips are drawn characters. Their artists gave the sheets "
    "under the licences above, which ask that they are named and that what is made "
    "from them is shared alike; treat clips made by this model likewise.",
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
    "bouncing_balls": "train_bouncing_balls.py",
    "rotating_mnist": "train_rotating_mnist.py",
    "moving_mnist": "train_moving_mnist.py",
    "sprite_poses": "train_unordered.py",
    **dict.fromkeys(_SPEECH, "train_speech.py"),
    **dict.fromkeys(_PHYSICS, "train_physics.py"),
}
# Datasets that a recipe computes itself.
_COMPUTED = (
    *("balls", "balls_speed", "toon_faces", "bouncing_balls", "formant_voices"),
    *_PHYSICS,
)


def what_it_is(metadata: dict[str, Any]) -> list[str]:
    """Markdown lines for somebody who has never heard of the family."""
    text = _FAMILIES.get(metadata["family"])
    return [] if text is None else [text, ""]


def first_steps(metadata: dict[str, Any]) -> list[str]:
    """Lines of Python that do something with `model`."""
    if metadata["family"] in ("hgn", "pixel-hnn"):
        return [
            "clips = model.example_clips()  # made by the model, so no data is needed",
            'model.forecast(clips["frames"], times=range(200))  # what comes next',
        ]
    if metadata["family"] not in ("halo", "dsvae", "unordered"):
        return []
    return [
        "clips = model.example_clips()  # made by the model, so that no data is needed",
        'a, b = clips["frames"][0], clips["frames"][-1]',
        "model.swap_motion(content_from=a, motion_from=b)  # a does what b does",
    ]


def intended_use(metadata: dict[str, Any]) -> list[str]:
    """Markdown lines: what the model is for, and what it must not be used for."""
    data = metadata["dataset"]
    about_people = "pictures" if data not in _SPEECH else "voices"
    if metadata["family"] == "judge":
        use = (
            f"Scoring models that make clips of `{data}`: it tells which motion and "
            "which looks a made clip shows. Its own errors on real clips bound what "
            "such a score can say."
        )
        misuse = (
            f"It knows nothing but clips like those of `{data}` and answers on any "
            "others too. It must not be used to identify or assess people."
        )
    else:
        use = (
            "Research and teaching on splitting clips into content and motion, and a "
            f"baseline for it; making clips like those of `{data}`, which are to be "
            "called synthetic where they are shown."
        )
        misuse = (
            f"Do not use {about_people} of people who have not agreed to it, and do "
            "not present what it makes as a recording. On clips unlike those of "
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
    lines = ["## Reproduce", "", "In a checkout of halo-keras:", "", "```shell"]
    lines += [f"git checkout {sha}"] if sha else []
    lines += [_pinned(str(command), run.get("dataset_source")), "```", ""]
    start = recipe.get("init")
    if start is not None:
        lines += [f"The training starts from the weights of {_origin(str(start))}.", ""]
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
    if metadata["family"] == "unordered" and data == "toon_faces":
        script = "train_unordered.py"
    if metadata["family"] == "judge":
        script = "train_judge.py"
    if script is None:
        return None
    words = ["python", f"recipes/{script}", "--preset", str(recipe["preset"])]
    if data not in _COMPUTED:
        words += ["--data-dir", "FOLDER"]
    return shlex.join(words)


def _pinned(command: str, source: Any) -> str:
    """The command with the commit of the clips that were read, for a branch moves."""
    if not is_handle(source):
        return command
    repository = f"{PREFIX}{parse(source).repo_id}"
    words = shlex.split(command)
    return shlex.join(
        source if word.partition("@")[0] == repository else word for word in words
    )


def _origin(start: str) -> str:
    """Whose weights a recipe's `init` names."""
    folder, _, name = start.rpartition("/")
    if folder != "runs":
        return f"`{start}`"
    return f"`{start}`, which the same script makes before, with `--preset {name}`"
