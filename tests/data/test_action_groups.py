"""Operators shared by several actions."""

from types import SimpleNamespace

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.action_groups import grouped, operator_of, operators_for
from halo_keras.schema import ConfigError

NAMES = ["walk/front", "walk/left", "slash/front", "slash/left", "jump"]


def test_operator_of_by_name_by_prefix_or_alone():
    assert operator_of(NAMES, NAMES).tolist() == [0, 1, 2, 3, 4]
    assert operator_of(NAMES, ["jump", "slash", "walk"]).tolist() == [2, 2, 1, 1, 0]
    assert operator_of(NAMES, ["motion"]).tolist() == [0] * 5
    # A whole name comes before the part of one.
    assert operator_of(["walk/left"], ["walk", "walk/left"]).tolist() == [1]


def test_an_action_without_operator_is_named():
    with pytest.raises(ConfigError, match="'jump'.*walk, slash"):
        operator_of(NAMES, ["walk", "slash"])


def test_grouped_dataset_shares_frames_and_counts_as_by_hand():
    balls = data.load("balls", "test")
    assert grouped(balls, ()) is balls
    one = grouped(balls, ("motion",))
    assert one.frames is balls.frames
    assert one.action_names == ["motion"]
    assert not one.labels["action"].any()
    assert balls.num_actions == 3  # the original keeps its own

    model = SimpleNamespace(action_names=balls.action_names)
    np.testing.assert_array_equal(operators_for(model, balls), balls.labels["action"])
