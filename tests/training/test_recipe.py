"""A recipe is typed, frozen and closed; a typo in an override is answered."""

import dataclasses
import json

import pytest
from training.toy_training import toy_recipe

from halo_keras.schema import ConfigError
from halo_keras.training.recipe import parse_settings


def test_override_converts_text_to_the_type_of_each_setting():
    changes = parse_settings(
        ["epochs=7", "learning_rate=1e-4", "max_loops=5", "model.noise=0", "seed = 3"]
    )
    recipe = toy_recipe().override(**changes)
    assert (recipe.epochs, recipe.learning_rate, recipe.max_loops) == (7, 1e-4, 5)
    assert recipe.model["noise"] == 0.0 and isinstance(recipe.model["noise"], float)
    assert recipe.seed == 3
    assert recipe.override(max_loops="none").max_loops is None


def test_override_leaves_the_original_and_the_rest_alone():
    before = toy_recipe()
    plain = before.to_dict()
    after = before.override(**{"model.noise": 0.5, "epochs": 9})
    assert before.to_dict() == plain
    plain["model"]["noise"], plain["epochs"] = 0.5, 9
    assert after.to_dict() == plain
    assert after.build_model is before.build_model


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epoch", "3", "no setting 'epoch'; did you mean 'epochs'"),
        ("model.nois", "3", "did you mean 'model.noise'"),
        ("build_model", "os.system", "no setting 'build_model'"),
        ("epochs", "1.5", "epochs must be of type int, received '1.5'"),
        ("epochs", "0", r"epochs must lie in \[1, 100000\], received 0"),
        ("learning_rate", "nan", "learning_rate must be finite"),
        ("learning_rate", "fast", "must be of type float, received 'fast'"),
        ("epochs", True, "must be of type int, received True"),
        ("preset", 3, "preset must be of type str, received 3"),
        ("model.noise", "none", "must be of type float"),
    ],
)
def test_bad_overrides_name_the_setting(key, value, message):
    with pytest.raises(ConfigError, match=message):
        toy_recipe().override(**{key: value})


def test_settings_of_neither_group_may_name_the_training():
    changes = parse_settings(["training.steps_per_epoch=5", "training.epochs=2"])
    assert changes == {"steps_per_epoch": "5", "epochs": "2"}
    recipe = toy_recipe().override(**changes)
    assert (recipe.steps_per_epoch, recipe.epochs) == (5, 2)
    assert toy_recipe().steps_per_epoch is None
    for wrong in ("training.model.noise=1", "training.step_per_epoch=5"):
        with pytest.raises(ConfigError, match="did you mean"):
            toy_recipe().override(**parse_settings([wrong]))


def test_setting_without_equals_is_an_error():
    with pytest.raises(ConfigError, match="--set takes key=value, received 'epochs'"):
        parse_settings(["epochs"])


def test_recipe_cannot_be_changed_in_place():
    recipe = toy_recipe()
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 3
    with pytest.raises(TypeError):
        recipe.model["noise"] = 3


def test_recipe_is_json_without_its_functions():
    plain = toy_recipe().to_dict()
    assert json.loads(json.dumps(plain)) == plain
    fields = {field.name for field in dataclasses.fields(toy_recipe())}
    assert set(plain) == fields - {"build_model", "evaluate"}


def test_groups_take_plain_json_values_only():
    with pytest.raises(ConfigError, match="model must hold plain JSON values"):
        dataclasses.replace(toy_recipe(), model={"layer": object()})
    with pytest.raises(ConfigError, match="data must be a dict, received list"):
        dataclasses.replace(toy_recipe(), data=[1])
