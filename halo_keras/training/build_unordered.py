"""UnorderedVAE from the numbers of a recipe."""

from __future__ import annotations

from halo_keras.schema import ConfigError
from halo_keras.training.build_networks import DECODER, check_sizes

GIVEN = ("frame_shape", "encoder", "decoder", "value_range", "seed")
MAPS = ("map_channels",)
OPTIONAL = ("outside_slope", "num_frames")


def build_unordered(recipe, dataset):
    """A `Recipe.build_model`: an `UnorderedVAE` of the dataset's frames.

    `recipe.model` holds `map_channels` of the `FrameMapEncoder`; `decoder_channels`,
    `base_channels`, `hidden` and, if wanted, `outside_slope` of the `FrameDecoder`; and
    any argument of `UnorderedVAE` that is a number or a name. Labels are not used.

    Raises:
        ConfigError: a name that none of these knows, or one that is missing; a recipe
            without `frame_set`.
    """
    from halo_keras.layers import FrameDecoder, FrameMapEncoder
    from halo_keras.models import UnorderedVAE

    if recipe.frame_set is None:
        raise ConfigError(
            "UnorderedVAE is trained on sets of frames: give the recipe frame_set=N."
        )
    sizes, shape = dict(recipe.model), dataset.frame_shape
    ours = [key for key in UnorderedVAE.config_fields if key not in GIVEN]
    needed = (*MAPS, *DECODER)
    check_sizes(sizes, needed, (*needed, *OPTIONAL, *ours), "UnorderedVAE")
    given = {key: sizes[key] for key in ours if key in sizes}
    given.setdefault("num_frames", min(dataset.num_frames, 20))
    return UnorderedVAE(
        frame_shape=shape,
        encoder=FrameMapEncoder(shape, sizes["map_channels"], name="encoder"),
        decoder=FrameDecoder(
            shape,
            *(sizes[key] for key in DECODER),
            outside_slope=sizes.get("outside_slope"),
            name="decoder",
        ),
        seed=recipe.seed,
        **given,
    )
