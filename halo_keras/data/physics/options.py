"""What a physics set may be asked for, checked in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from halo_keras.data.balls import check_count
from halo_keras.schema import nearest

RENDERINGS = ("suite", "report")
CHOICES = ("fixed", "drawn")
STEP = {"suite": 0.05, "report": 0.125}  # time between frames
NUM_CLIPS = {"train": 10_000, "test": 256}
NUM_FRAMES = {"train": 30, "test": 222}  # test: those of training, and 192 beyond
MAX_STEP = 10.0


@dataclass(frozen=True)
class Options:
    """The checked options of `load_clips`; see there."""

    num_clips: int
    num_frames: int
    step: float
    rendering: str
    noise: float
    friction: float
    colours: str
    masses: str | tuple[float, ...]
    disc_scale: float


def checked(system, split: str, **given) -> Options:
    """`Options` with the defaults of this system and split.

    Raises: ValueError that names the option, what it must be and what it is.
    """
    rendering = _choice("rendering", given["rendering"], RENDERINGS)
    num_clips, num_frames = given["num_clips"], given["num_frames"]
    num_clips = NUM_CLIPS[split] if num_clips is None else num_clips
    num_frames = NUM_FRAMES[split] if num_frames is None else num_frames
    noise, disc_scale = given["noise"], given["disc_scale"]
    if noise is None:
        noise = system.report_noise if rendering == "report" else 0.0
    if rendering == "report" and disc_scale is not None:
        raise ValueError("disc_scale is of rendering='suite'; leave it out here.")
    colours = _choice("colours", given["colours"], CHOICES)
    if rendering == "report" and colours != "fixed":
        raise ValueError(
            "rendering='report' has colours of its own: expected colours='fixed', "
            f"received {colours!r}. rendering='suite' draws colours."
        )
    disc_scale = system.disc_scale if disc_scale is None else disc_scale
    step = STEP[rendering] if given["step"] is None else given["step"]
    return Options(
        num_clips=check_count(num_clips, split, "num_clips"),
        num_frames=check_count(num_frames, split, "num_frames"),
        step=_number("step", step, 1e-6, MAX_STEP),
        rendering=rendering,
        noise=_number("noise", noise, 0.0, 10.0),
        friction=_number("friction", given["friction"], 0.0, 10.0),
        colours=colours,
        masses=_masses(given["masses"], system.num_bodies),
        disc_scale=_number("disc_scale", disc_scale, 0.1, 20.0),
    )


def _choice(name, value, known):
    if value not in known:
        raise ValueError(
            f"{name} must be one of {list(known)}, received {value!r}"
            f"{nearest(value, known)}."
        )
    return value


def _number(name, value, low, high):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number, received {value!r}.")
    if not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], received {value!r}.")
    return float(value)


def _masses(masses, num_bodies):
    """A word, or one mass > 0 for each body."""
    if isinstance(masses, str):
        return _choice("masses", masses, CHOICES)
    listed = list(masses) if isinstance(masses, (list, tuple)) else [masses]
    if len(listed) not in (1, num_bodies):
        raise ValueError(
            f"masses must be one of {list(CHOICES)}, one number or {num_bodies}, one a "
            f"body; received {masses!r}."
        )
    for mass in listed:
        if isinstance(mass, bool) or not isinstance(mass, (int, float)):
            raise ValueError(f"a mass must be a number, received {mass!r}.")
        if not (math.isfinite(mass) and mass > 0):
            raise ValueError(f"a mass must be finite and > 0, received {mass!r}.")
    return tuple(float(mass) for mass in listed * (num_bodies // len(listed)))
