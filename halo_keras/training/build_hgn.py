"""HGN and its rivals from the numbers of a recipe: one model, dynamics by name."""

from __future__ import annotations

from halo_keras.schema import ConfigError, Text
from halo_keras.training.build_networks import (
    build_networks,
    check_sizes,
    network_sizes,
)

# Name of the dynamics -> the class, and which of its arguments a recipe may give, as
# `dynamics_<argument>`.
DYNAMICS = {
    "neural-hamiltonian": (
        "NeuralHamiltonian",
        (
            "hidden",
            "activation",
            "frequencies",
            "integrator",
            "damping",
            "grid",
            "steps_per_frame",
        ),
    ),
    "action-angle": ("ActionAngleDynamics", ("frequencies", "hidden_dim")),
    "normal-form": ("NormalFormDynamics", ("frequencies",)),
    "neural-ode": ("NeuralODE", ("hidden", "activation", "steps_per_frame")),
    "recurrent": ("RecurrentDynamics", ()),
}
GIVEN = ("frame_shape", "num_frames", "encoder", "decoder", "dynamics", "seed")
GRID_SIZES = ("encoder_channels", "decoder_channels")


def build_hgn(recipe, dataset):
    """A `Recipe.build_model`: an `HGN` of the dataset's frames.

    `recipe.model` holds

    - `dynamics`, one of `DYNAMICS`; `position_dim`, d; and arguments of its class with
      `dynamics_` before their names, for instance `dynamics_hidden=[128, 128]`;
    - the sizes of the frame networks, see `build_networks`; with `dynamics_grid` (the
      spatial form) `encoder_channels` and `decoder_channels`, a number each;
    - any argument of `HGN` that is a number or a name.

    Raises:
        ConfigError: a name that none of these knows, or one that is missing.
    """
    from halo_keras.models import HGN

    sizes = dict(recipe.model)
    Text(tuple(DYNAMICS)).check(sizes.get("dynamics"), "model.dynamics")
    options = tuple(f"dynamics_{name}" for name in DYNAMICS[sizes["dynamics"]][1])
    on_grid = sizes.get("dynamics_grid") is not None
    needed, optional = (GRID_SIZES, ()) if on_grid else network_sizes(dataset)
    needed = ("dynamics", "position_dim", *needed)
    ours = [key for key in HGN.config_fields if key not in GIVEN]
    check_sizes(sizes, needed, (*needed, *optional, *options, *ours), "HGN")
    if getattr(dataset, "times", None) is not None:
        raise ConfigError(
            f"HGN reads consecutive frames, and the clips of {dataset.name} have times "
            "of their own. Choose a HALO recipe."
        )
    parts = _grid_networks(sizes, dataset) if on_grid else None
    return HGN(
        dynamics=build_dynamics(sizes, dataset.num_frames),
        **(parts or build_networks(sizes, dataset)),
        num_frames=dataset.num_frames,
        seed=recipe.seed,
        **{key: sizes[key] for key in ours if key in sizes},
    )


def build_dynamics(sizes, num_frames: int):
    """`sizes["dynamics"]` with one operator; see `build_hgn`."""
    from halo_keras import dynamics

    name, arguments = DYNAMICS[sizes["dynamics"]]
    options = {
        key: sizes[f"dynamics_{key}"]
        for key in arguments
        if sizes.get(f"dynamics_{key}") is not None
    }
    kind = getattr(dynamics, name)
    if "num_frames" in kind.config_fields:
        options["num_frames"] = num_frames
    return kind(sizes["position_dim"], 1, name="dynamics", **options)


def _grid_networks(sizes, dataset):
    from halo_keras.layers import GridDecoder, GridEncoder

    shape, grid = dataset.frame_shape, tuple(sizes["dynamics_grid"])
    inputs = sizes["position_dim"] // (grid[0] * grid[1])
    encoder, decoder = (sizes[key] for key in GRID_SIZES)
    return {
        "frame_shape": shape,
        "encoder": GridEncoder(shape, grid, encoder, name="encoder"),
        "decoder": GridDecoder(shape, grid, inputs, decoder, name="decoder"),
    }
