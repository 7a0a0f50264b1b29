"""At which frame the state is inferred in training."""

import numpy as np
import pytest
from keras import ops
from models.small_halo import moving_dots, small_halo

from halo_keras.schema import ConfigError

pytestmark = pytest.mark.backend


def references(model, mask, draws=40):
    """Index of the reference frame, `(draws, clips)`."""
    mask = ops.convert_to_tensor(mask, "float32")
    drawn = [model._observation(mask, mask.shape[1], True)[1] for _ in range(draws)]
    at = np.stack([ops.convert_to_numpy(each) for each in drawn])
    np.testing.assert_array_equal(at.sum(axis=-1), 1)
    return at.argmax(axis=-1)


MASK = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 1, 1, 0, 0], [1, 0, 1, 0, 1, 0]])


def test_the_last_observed_frame_or_any_of_them():
    last = small_halo(training_reference="last", one_frame_rate=0.0)
    found = references(last, MASK)
    np.testing.assert_array_equal(found, np.tile([5, 3, 4], (40, 1)))
    found = references(small_halo(one_frame_rate=0.0), MASK)
    for clip, mask in enumerate(MASK):
        assert set(found[:, clip]) == set(np.flatnonzero(mask))


@pytest.mark.parametrize("reference", [None, "random", "last"])
def test_clips_whose_state_is_told_by_one_frame_begin_there(reference):
    model = small_halo(training_reference=reference, one_frame_rate=1.0)
    found = references(model, MASK, draws=3)
    np.testing.assert_array_equal(found, np.tile([0, 1, 0], (3, 1)))


def test_training_and_use_infer_the_same_state():
    """Its KL in a training step is that of the posterior which the verbs report."""
    model = small_halo(training_reference="last", one_frame_rate=0.0)
    frames = moving_dots(3)["frames"]
    action = np.array([0, 1, 2], "int32")
    terms = model({"frames": frames, "action": action}, training=True)
    q = model.posterior(frames, action).state
    mean, log_var = (ops.convert_to_numpy(x).astype(float) for x in (q.mean, q.log_var))
    # A normal form turns N(0, I) into itself: it is the prior at the last frame too.
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
    got = ops.convert_to_numpy(terms["motion_kl"])
    np.testing.assert_allclose(got, kl, rtol=1e-4)


def test_another_word_is_refused():
    with pytest.raises(ConfigError, match="training_reference.*last"):
        small_halo(training_reference="first")
