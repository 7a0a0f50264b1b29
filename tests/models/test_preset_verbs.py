"""Models save themselves as presets and come back as their class."""

import numpy as np
import pytest
from models.small_halo import moving_dots, small_halo

from halo_keras import data
from halo_keras.evaluation import ClipJudge
from halo_keras.models import HALO

pytestmark = pytest.mark.backend


def test_a_model_saves_itself_with_the_datasets_licence(tmp_path):
    model, clips = small_halo(), moving_dots(6)
    dataset = data.load("balls", "test", num_clips=4)
    info = model.save_preset(tmp_path / "mine", name="halo-balls", dataset=dataset)
    assert info.license == dataset.license and info.data == "balls"
    loaded = HALO.from_preset(tmp_path / "mine")
    np.testing.assert_array_equal(
        loaded.reconstruct(clips["frames"], clips["action"]),
        model.reconstruct(clips["frames"], clips["action"]),
    )


def test_a_preset_of_another_class_is_refused(tmp_path):
    dataset = data.load("balls", "test", num_clips=4)
    judge = ClipJudge((32, 32, 3), 16, ["action"], [3], channels=(4,), features=4)
    judge.build(None)
    from halo_keras import save_preset

    save_preset(
        judge,
        tmp_path / "judge",
        name="judge-balls",
        metadata={"dataset": "balls", "license": dataset.license},
        metrics={},
    )
    with pytest.raises(TypeError, match="is a ClipJudge, not a HALO"):
        HALO.from_preset(tmp_path / "judge")
