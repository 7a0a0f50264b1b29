"""What `fit` is given on TensorFlow: the same batches, and nothing that is tuned."""

from functools import partial

import keras
import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.clip_batches import ClipBatches
from halo_keras.data.fit_batches import for_fit


@pytest.fixture
def batches():
    clips = data.load("balls", "train", num_clips=10, num_frames=4)
    return ClipBatches(clips, batch_size=4, seed=3)


@pytest.mark.backend
@pytest.mark.parametrize("shuffle", [True, False])
def test_the_same_batches_epoch_by_epoch(batches, shuffle):
    batches.shuffle = shuffle
    given = for_fit(batches)
    if keras.backend.backend() == "tensorflow":
        assert given.cardinality() == len(batches)
        assert given.options().autotune.enabled is False
        read = given.as_numpy_iterator
    else:
        assert given is batches
        read = partial(map, batches.__getitem__, range(len(batches)))
    seen = []
    for epoch in (5, 6, 5):
        batches.epoch = epoch
        found = list(read())
        assert len(found) == (2 if shuffle else 3)
        for index, batch in enumerate(found):
            expected = batches[index]
            assert set(batch) == set(expected)
            for key, value in expected.items():
                np.testing.assert_array_equal(batch[key], value)
                assert batch[key].dtype == value.dtype
        seen.append(np.concatenate([batch["frames"] for batch in found]))
    assert np.array_equal(seen[0], seen[2])
    assert np.array_equal(seen[0], seen[1]) == (not shuffle)
