"""DSVAE, LSTM-f and LSTM-c from the numbers of a recipe."""

from __future__ import annotations

from halo_keras.schema import ConfigError
from halo_keras.training.build_networks import (
    build_networks,
    check_sizes,
    network_sizes,
)

GIVEN = ("frame_shape", "num_frames", "encoder", "decoder", "value_range", "seed")


def build_dsvae(recipe, dataset):
    """A `Recipe.build_model`: a `DSVAE` of the dataset's frames.

    `recipe.model` holds what `build_networks` reads, and any argument of `DSVAE` that
    is a number or a name. Labels are not used.

    Raises:
        ConfigError: a name that none of these knows, or one that is missing; or clips
            at other times than 0, 1, 2, ...
    """
    from halo_keras.models import DSVAE

    return _build(DSVAE, recipe, dataset)


def build_sequence_rnn(recipe, dataset):
    """As `build_dsvae`, a `SequenceRNN`: `recurrence` is "lstm-f" or "lstm-c"."""
    from halo_keras.models import SequenceRNN

    return _build(SequenceRNN, recipe, dataset)


def _build(family, recipe, dataset):
    sizes = dict(recipe.model)
    if getattr(dataset, "times", None) is not None:
        raise ConfigError(
            f"{family.__name__} steps from frame to frame, and the clips of "
            f"{dataset.name} have times of their own. Choose a HALO recipe."
        )
    needed, optional = network_sizes(dataset)
    ours = [key for key in family.config_fields if key not in GIVEN]
    check_sizes(sizes, needed, (*needed, *optional, *ours), family.__name__)
    return family(
        **build_networks(sizes, dataset),
        num_frames=dataset.num_frames,
        seed=recipe.seed,
        **{key: sizes[key] for key in ours if key in sizes},
    )
