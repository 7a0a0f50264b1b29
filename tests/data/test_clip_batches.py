"""Batches: deterministic, resumable, and what `fit` really gets on each backend."""

import keras
import numpy as np
import pytest

from halo_keras.data import ClipDataset

pytestmark = pytest.mark.backend


def toy(count=10, **extra):
    """Clips whose pixels are the clip's number, so a batch shows whom it holds."""
    number = np.arange(count, dtype=np.uint8)
    return ClipDataset(
        name="toy",
        split="train",
        frames=np.broadcast_to(number[:, None, None, None, None], (count, 2, 4, 4, 1)),
        labels={"action": number % 3},
        label_names={"action": ["a", "b", "c"]},
        license="CC0-1.0",
        attribution="nobody",
        **extra,
    )


def members(batches):
    return [batch["frames"][:, 0, 0, 0, 0].tolist() for batch in batches]


def test_a_batch_holds_matching_rows():
    times = np.arange(10.0)[:, None] * [0, 1] + [0.0, 1.0]
    mask = np.arange(10)[:, None] * [1, 1] < [99, 5]
    batch = toy(times=times, mask=mask).batches(4, seed=3)[1]
    assert set(batch) == {"frames", "action", "times", "mask"}
    numbers = batch["frames"][:, 0, 0, 0, 0]
    assert batch["frames"].dtype == np.uint8
    assert batch["action"].dtype == np.int32
    assert np.array_equal(batch["action"], numbers % 3)
    assert np.array_equal(batch["times"][:, 1], numbers + 1.0)
    assert np.array_equal(batch["mask"][:, 1], numbers < 5)
    assert set(toy().batches(4)[0]) == {"frames", "action"}


def test_shuffled_epochs_are_permutations_without_the_rest():
    batches = toy().batches(3, seed=1)
    assert len(batches) == 3
    first = members(batches)
    batches.on_epoch_end()
    second = members(batches)
    for epoch in (first, second):
        assert [len(batch) for batch in epoch] == [3, 3, 3]
        assert len(set(sum(epoch, []))) == 9
    assert first != second
    assert first != members(toy().batches(3, seed=2))


def test_unshuffled_batches_keep_order_and_rest():
    batches = toy().batches(4, shuffle=False)
    assert members(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    batches.on_epoch_end()
    assert members(batches) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_starting_at_an_epoch_equals_having_gone_there():
    def noise(batch, rng):
        return {**batch, "noise": rng.random(3)}

    walked = toy().batches(3, seed=5, transform=noise)
    seen = []
    for _ in range(4):
        seen.append([(*members([b]), b["noise"].tolist()) for b in walked])
        walked.on_epoch_end()
    resumed = toy().batches(3, seed=5, epoch=2, transform=noise)
    again = []
    for _ in range(2):
        again.append([(*members([b]), b["noise"].tolist()) for b in resumed])
        resumed.on_epoch_end()
    assert again == seen[2:]
    noises = [tuple(noise) for epoch in seen for _, noise in epoch]
    assert len(set(noises)) == len(noises)


class Recorder(keras.Model):
    """Notes, as a metric, which clips a training step was given."""

    def __init__(self):
        super().__init__()
        self.weight = self.add_weight(name="weight", shape=())
        self.code = keras.metrics.Sum(name="code")

    def call(self, x):
        # Positional code of the batch's members: order and membership both count.
        number = keras.ops.cast(x["frames"][:, 0, 0, 0, 0], "float32")
        place = keras.ops.arange(1, 4, dtype="float32")
        return number * place * self.weight

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        number = keras.ops.cast(x["frames"][:, 0, 0, 0, 0], "float32")
        place = keras.ops.arange(1, 4, dtype="float32")
        self.code.update_state(keras.ops.sum(number * place))
        return keras.ops.sum(y_pred) * 0.0


class Codes(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.total, self.steps = 0.0, []

    def on_train_batch_end(self, batch, logs=None):
        total = float(logs["code"])
        self.steps.append(round(total - self.total))
        self.total = total

    def on_epoch_end(self, epoch, logs=None):
        self.epochs = [*getattr(self, "epochs", []), self.steps]


def fit_codes(model, batches, epochs, first=0):
    codes = Codes()
    model.fit(
        batches,
        initial_epoch=first,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[codes],
    )
    return codes.epochs


def test_fit_sees_exactly_these_batches_and_resumes():
    place = np.arange(1, 4)
    expected = []
    reference = toy().batches(3, seed=7, epoch=1)  # fit begins at epoch + 1
    for _ in range(4):
        expected.append([int(np.dot(m, place)) for m in members(reference)])
        reference.on_epoch_end()
    assert expected[0] != expected[1] != expected[2]

    model = Recorder()
    model.compile(optimizer="sgd")
    assert fit_codes(model, toy().batches(3, seed=7), 4) == expected
    # Resumed by a model that is built already, and by one that is not.
    again = toy().batches(3, seed=7, epoch=2)
    assert fit_codes(model, again, 4, first=2) == expected[2:]
    model = Recorder()
    model.compile(optimizer="sgd")
    again = toy().batches(3, seed=7, epoch=2)
    assert fit_codes(model, again, 4, first=2) == expected[2:]


def test_evaluation_is_the_same_every_time():
    def brightness(batch, rng):
        frames = batch["frames"] + rng.integers(0, 100, dtype=np.uint8)
        return {**batch, "frames": frames}

    model = Recorder()
    model.compile(optimizer="sgd")
    batches = toy(9).batches(3, shuffle=False, transform=brightness)
    place = np.arange(1, 4)
    expected = sum(int(np.dot(m, place)) for m in members(batches))
    for _ in range(2):
        assert model.evaluate(batches, verbose=0, return_dict=True)["code"] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number >= 1"),
        ({"batch_size": 2.0}, "batch_size must be a whole number"),
        ({"batch_size": 11}, "larger than the dataset"),
        ({"batch_size": 2, "seed": -1}, "seed must be a whole number >= 0"),
        ({"batch_size": 2, "epoch": None}, "epoch must be a whole number"),
    ],
)
def test_wrong_numbers_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        toy().batches(**arguments)


def test_reading_past_the_end():
    with pytest.raises(IndexError):
        toy().batches(3)[3]


def test_fewer_batches_are_the_first_of_every_epoch():
    whole, few = toy().batches(2, seed=4), toy().batches(2, seed=4, max_batches=2)
    assert len(whole) == 5 and len(few) == 2
    for _ in range(2):
        assert members(few) == members(whole)[:2]
        whole.on_epoch_end(), few.on_epoch_end()
    assert len(toy().batches(2, max_batches=9)) == 5
    with pytest.raises(ValueError, match="max_batches must be a whole number >= 1"):
        toy().batches(2, max_batches=0)
