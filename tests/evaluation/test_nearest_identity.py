"""People whom a judge never saw, named by hand: nearest mean of unit vectors."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops

from halo_keras.data import ClipDataset
from halo_keras.evaluation import ClipJudge
from halo_keras.evaluation.nearest_identity import NearestIdentity, scored_and_gallery

pytestmark = pytest.mark.backend


def clips(rng, takes=4, people=(3, 5, 8), actions=2):
    take, person, action = (
        x.ravel() for x in np.indices((takes, len(people), actions))
    )
    return ClipDataset(
        name="toy",
        split="test",
        frames=rng.integers(0, 256, (len(take), 2, 8, 8, 3)).astype("uint8"),
        labels={"action": action, "subject": np.asarray(people)[person]},
        label_names={
            "action": ["smile", "frown"],
            "subject": [f"s{i}" for i in range(10)],
        },
        license="CC0-1.0",
        attribution="nobody",
    )


@pytest.fixture(scope="module")
def judge():
    judge = ClipJudge((8, 8, 3), 2, ["action", "subject"], [2, 10], [4, 4], features=6)
    judge.build(None)
    return judge


def test_the_embedding_is_what_the_logits_are_made_of(judge, rng):
    frames = clips(rng).frames
    embedded = judge.embed(frames, "subject", batch_size=5)
    assert embedded.shape == (24, 6) and embedded.min() >= 0
    layer = judge.logits[1]
    logits = embedded @ ops.convert_to_numpy(layer.kernel) + ops.convert_to_numpy(
        layer.bias
    )
    exponentials = np.exp(logits)
    np.testing.assert_allclose(
        exponentials / exponentials.sum(axis=1, keepdims=True),
        judge.predict_probabilities(frames)["subject"],
        atol=1e-5,
    )


def test_the_nearest_person_by_angle(judge, rng):
    gallery, shown = clips(rng), clips(rng, takes=2)
    found = NearestIdentity(judge, gallery, "subject").predict_probabilities(
        shown.frames
    )
    own = judge.predict_probabilities(shown.frames)
    np.testing.assert_array_equal(found["action"], own["action"])
    assert found["subject"].shape == (12, 10)
    known = judge.embed(gallery.frames, "subject").astype("float64")
    for clip, vector in enumerate(judge.embed(shown.frames, "subject")):
        best, named = -2, None
        for person in (3, 5, 8):
            mean = np.zeros(6)
            for row in np.flatnonzero(gallery.labels["subject"] == person):
                mean += known[row] / max(np.linalg.norm(known[row]), 1e-12)
            norm = np.linalg.norm(mean) * np.linalg.norm(vector)
            cosine = mean @ vector / max(norm, 1e-12)
            if cosine > best + 1e-7:
                best, named = cosine, person
        assert found["subject"][clip].argmax() == named
        assert found["subject"][clip].sum() == 1
    with pytest.raises(ValueError, match="no head 'person'"):
        NearestIdentity(judge, gallery, "person")


def test_the_gallery_is_of_everybody_and_of_none_that_is_scored(rng):
    dataset = clips(rng, takes=4)
    scored, gallery = scored_and_gallery(dataset, "subject")
    assert sorted([*scored, *gallery]) == list(range(24))
    # The last of four takes of every person and action.
    assert gallery.tolist() == list(range(18, 24))
    # Five takes: two are kept apart; and all clips of a take are on one side.
    many = clips(rng, takes=10)
    take = np.arange(60) // 12 * 12 + np.arange(60) % 6  # two clips each
    many = replace(many, labels={**many.labels, "take": take})
    scored, gallery = scored_and_gallery(many, "subject")
    assert not set(take[scored]) & set(take[gallery])
    assert len(gallery) == 2 * 2 * 6
    lonely = dataset.subset([0, 1, 2, 6, 8])
    with pytest.raises(ValueError, match="subject 3 has no two clips of one action"):
        scored_and_gallery(lonely.subset([1, 2, 4]), "subject")
