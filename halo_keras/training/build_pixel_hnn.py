"""PixelHNN from the numbers of a recipe."""

from __future__ import annotations

from halo_keras.training.build_networks import check_sizes

GIVEN = ("frame_shape", "num_frames", "dynamics", "seed")
NEEDED = ("position_dim", "hidden", "dynamics_hidden")


def build_pixel_hnn(recipe, dataset):
    """A `Recipe.build_model`: a `PixelHNN` of the dataset's frames.

    `recipe.model` holds `position_dim`, `hidden`, `dynamics_hidden` (widths of the
    Hamiltonian's layers), and any argument of `PixelHNN` that is a number.

    Raises:
        ConfigError: a name that it does not know, or one that is missing.
    """
    from halo_keras.dynamics import HamiltonianNetwork
    from halo_keras.models import PixelHNN

    sizes = dict(recipe.model)
    ours = [key for key in PixelHNN.config_fields if key not in GIVEN]
    check_sizes(sizes, NEEDED, (*NEEDED, *ours), "PixelHNN")
    dynamics = HamiltonianNetwork(
        sizes["position_dim"],
        hidden=sizes["dynamics_hidden"],
        num_frames=dataset.num_frames,
        name="dynamics",
    )
    return PixelHNN(
        dataset.frame_shape,
        dynamics=dynamics,
        num_frames=dataset.num_frames,
        seed=recipe.seed,
        **{key: sizes[key] for key in ours if key in sizes},
    )
