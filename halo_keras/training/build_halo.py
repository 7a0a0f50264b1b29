"""HALO from the numbers of a recipe: networks, dynamics and loss by name."""

from __future__ import annotations

from halo_keras.schema import ConfigError, Text, nearest

ENCODER = ("encoder_channels", "features")
DECODER = ("decoder_channels", "base_channels", "hidden")
DYNAMICS = ("dynamics", "position_dim")
OPTIONAL = ("harmonics", "period_in_clips", "outside_slope")
KINDS = ("normal-form", "action-angle", "symplectic", "orthogonal")


def build_halo(recipe, dataset, dynamics=None):
    """A `Recipe.build_model`: HALO with one operator for each action of the dataset.

    `recipe.model` holds

    - `encoder_channels`, `features` of the `FrameEncoder`;
    - `decoder_channels`, `base_channels`, `hidden` and, if wanted, `outside_slope` of
      the `FrameDecoder`;
    - `dynamics`, one of "normal-form", "action-angle", "symplectic", "orthogonal";
      `position_dim`, d; and, for a normal form that knows its period, `harmonics` and
      the period at the start in lengths of a clip, `period_in_clips` (1). With a
      period of two clips, harmonics 1, 2, ... make any motion that begins and ends
      within a clip, as in a sine series;
    - any argument of `HALO` that is a number or a name.

    Args:
        dynamics: operators made elsewhere, in place of those that the recipe names.

    Raises:
        ConfigError: a name that none of these knows, or one that is missing.
    """
    from halo_keras.layers import FrameDecoder, FrameEncoder
    from halo_keras.models import HALO

    sizes, shape = dict(recipe.model), dataset.frame_shape
    given = ("frame_shape", "action_names", "num_frames", "seed")
    parts = ("encoder", "decoder", "dynamics")
    ours = [key for key in HALO.config_fields if key not in (*given, *parts)]
    needed = (*ENCODER, *DECODER, *(DYNAMICS if dynamics is None else ()))
    known = (*needed, *OPTIONAL, *ours)
    for key in sizes:
        if key not in known:
            raise ConfigError(
                f"model.{key}: HALO has no such size{nearest(key, known)}. Known: "
                f"{', '.join(sorted(known))}."
            )
    if missing := [key for key in needed if key not in sizes]:
        raise ConfigError(f"model: HALO needs {', '.join(missing)} too.")
    return HALO(
        frame_shape=shape,
        dynamics=dynamics or build_dynamics(sizes, dataset),
        encoder=FrameEncoder(shape, *(sizes[key] for key in ENCODER), name="encoder"),
        decoder=FrameDecoder(
            shape,
            *(sizes[key] for key in DECODER),
            outside_slope=sizes.get("outside_slope"),
            name="decoder",
        ),
        action_names=dataset.action_names,
        num_frames=dataset.num_frames,
        seed=recipe.seed,
        **{key: sizes[key] for key in ours if key in sizes},
    )


def build_dynamics(sizes, dataset):
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
    return dynamics.NormalFormDynamics(size, count, name="dynamics", **options)
