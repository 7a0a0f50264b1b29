"""HALO from the numbers of a recipe: networks, dynamics and loss by name."""

from __future__ import annotations

import numpy as np

from halo_keras.schema import ConfigError, Text
from halo_keras.training.build_networks import (
    build_networks,
    check_sizes,
    network_sizes,
)

DYNAMICS = ("dynamics", "position_dim")
OPTIONAL = ("harmonics", "period_in_clips", "speeds")
GIVEN = ("frame_shape", "action_names", "num_frames", "seed", "value_range")
_SPEED_STREAM = 31
KINDS = ("normal-form", "action-angle", "symplectic", "orthogonal")


def build_halo(recipe, dataset, dynamics=None):
    """A `Recipe.build_model`: HALO with one operator for each action of the dataset.

    `recipe.model` holds

    - the sizes of the frame networks, see `build_networks`;
    - `dynamics`, one of "normal-form", "action-angle", "symplectic", "orthogonal";
      `position_dim`, d; and, for a normal form that knows its period, `harmonics` and
      the period at the start in lengths of a clip, `period_in_clips` (1). With a
      period of two clips, harmonics 1, 2, ... make any motion that begins and ends
      within a clip, as in a sine series; `speeds`, "even" (spread evenly, the default)
      or "random": where the speeds of a normal form without harmonics start, uniform
      in (0, pi) and by the recipe's seed;
    - any argument of `HALO` that is a number or a name.

    Args:
        dynamics: operators made elsewhere, in place of those that the recipe names.

    Raises:
        ConfigError: a name that none of these knows, or one that is missing.
    """
    from halo_keras.models import HALO

    sizes = dict(recipe.model)
    parts = ("encoder", "decoder", "dynamics")
    ours = [key for key in HALO.config_fields if key not in (*GIVEN, *parts)]
    needed, optional = network_sizes(dataset)
    needed = (*needed, *(DYNAMICS if dynamics is None else ()))
    check_sizes(sizes, needed, (*needed, *optional, *OPTIONAL, *ours), "HALO")
    return HALO(
        dynamics=dynamics or build_dynamics(sizes, dataset, recipe.seed),
        **build_networks(sizes, dataset),
        action_names=dataset.action_names,
        num_frames=dataset.num_frames,
        seed=recipe.seed,
        **{key: sizes[key] for key in ours if key in sizes},
    )


def build_dynamics(sizes, dataset, seed=0):
    """`sizes["dynamics"]`, with one operator an action; see `build_halo`."""
    from halo_keras import dynamics

    kind, size = sizes["dynamics"], sizes["position_dim"]
    Text(KINDS).check(kind, "model.dynamics")
    if kind != "normal-form" and {"harmonics", "period_in_clips"} & set(sizes):
        raise ConfigError(
            f"model.harmonics are those of a normal form; {kind} dynamics have none."
        )
    if "period_in_clips" in sizes and "harmonics" not in sizes:
        raise ConfigError(
            "model.period_in_clips is that of model.harmonics: give both."
        )
    Text(("even", "random")).check(sizes.get("speeds", "even"), "model.speeds")
    if "speeds" in sizes and (kind != "normal-form" or "harmonics" in sizes):
        raise ConfigError(
            "model.speeds are where a normal form without harmonics starts; leave them "
            "out."
        )
    count, length = dataset.num_actions, dataset.num_frames
    if kind == "action-angle":
        return dynamics.ActionAngleDynamics(size, count, name="dynamics")
    if kind == "symplectic":
        return dynamics.SymplecticDynamics(size, count, name="dynamics")
    if kind == "orthogonal":
        return dynamics.OrthogonalDynamics(size, count, name="dynamics")
    options = {"num_frames": length}
    if "harmonics" in sizes:
        period = float(length * sizes.get("period_in_clips", 1))
        options = {"harmonics": sizes["harmonics"], "period": period}
    if sizes.get("speeds") == "random":
        options["frequencies"] = random_speeds(size, length, seed)
    return dynamics.NormalFormDynamics(size, count, name="dynamics", **options)


def random_speeds(count: int, num_frames: int, seed: int) -> list[float]:
    """Uniform in (0, pi), sorted; none is below the lowest speed of the dynamics."""
    lowest = 2.0 * np.pi / (8.0 * num_frames)
    draws = np.sort(np.random.default_rng([_SPEED_STREAM, seed]).random(count))
    return [float(speed) for speed in np.clip(np.pi * draws, 1.001 * lowest, 3.1415)]
