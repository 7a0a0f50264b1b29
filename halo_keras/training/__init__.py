"""From a `Recipe` to a measured preset folder, under a distribution strategy."""

from halo_keras.training import command
from halo_keras.training.recipe import Recipe, parse_settings

__all__ = ["Recipe", "command", "parse_settings"]
