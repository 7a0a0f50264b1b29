"""Probes find what is there, and nothing where nothing is."""

from types import SimpleNamespace

import numpy as np
import pytest
from evaluation_oracle import toy_clips

from halo_keras.evaluation.probes import leakage, posterior_samples, probe
from halo_keras.ops.gaussian import DiagonalGaussian

pytestmark = pytest.mark.backend


def test_a_probe_learns_a_product_of_signs_and_nothing_from_noise(rng):
    features = rng.standard_normal((1500, 3))
    labels = (features[:, 0] * features[:, 1] > 0).astype(int)
    found = probe(features[:1000], labels[:1000], features[1000:], labels[1000:])
    assert found > 0.9
    noise = rng.integers(0, 2, 1500)
    found = probe(
        features[:1000], noise[:1000], features[1000:], noise[1000:], epochs=3
    )
    assert abs(found - 0.5) < 0.1


def test_a_probe_repeats_with_its_seed_and_survives_constant_features(rng):
    features = np.concatenate([rng.standard_normal((80, 2)), np.ones((80, 1))], axis=1)
    labels = (features[:, 0] > 0).astype(int)
    data = features[:60], labels[:60], features[60:], labels[60:]
    assert probe(*data, seed=2, epochs=3) == probe(*data, seed=2, epochs=3)


def test_wrong_shapes_and_nan_are_refused(rng):
    good, labels = rng.standard_normal((10, 2)), np.zeros(10, int)
    with pytest.raises(ValueError, match=r"\(num_clips, num_features\)"):
        probe(good[:, 0], labels, good, labels)
    with pytest.raises(ValueError, match="test features"):
        probe(good, labels, good * np.nan, labels)


class Leaky:
    """Its content holds the action, its motion holds the hat."""

    num_actions = 3

    def __init__(self, dataset):
        self.action_names = dataset.action_names
        self.labels = dataset.labels
        self.start = 0

    def posterior(self, frames, action):
        rows = slice(self.start, self.start + len(frames))
        self.start = (self.start + len(frames)) % len(self.labels["action"])
        content = np.eye(3, dtype="float32")[self.labels["action"][rows]]
        state = np.stack([self.labels["hat"][rows], 0 * action], 1).astype("float32")
        return SimpleNamespace(
            content=DiagonalGaussian(content, np.full_like(content, -6)),
            state=DiagonalGaussian(state, np.full_like(state, -6)),
        )


def test_samples_are_draws_and_other_operators_are_zero():
    clips = toy_clips()
    content, motion = posterior_samples(Leaky(clips), clips, seed=1, batch_size=5)
    again, _ = posterior_samples(Leaky(clips), clips, seed=1, batch_size=5)
    assert np.array_equal(content, again)
    assert content.shape == (18, 3) and motion.shape == (18, 6)
    noise = content - np.eye(3)[clips.labels["action"]]
    assert 0.02 < noise.std() < 0.1  # stddev exp(-3) = .05
    assert not np.allclose(noise[:5], noise[5:10])
    states = motion.reshape(18, 3, 2)
    idle = np.arange(3) != clips.labels["action"][:, None]
    assert np.all(states[idle] == 0) and np.all(states[~idle] != 0)


def test_leakage_finds_both_leaks():
    clips = toy_clips()
    many = clips.subset(np.tile(np.arange(18), 12))
    found = leakage(Leaky(many), many, many)
    assert found["leakage_action_from_content"] > 0.95
    assert found["leakage_hat_from_motion"] > 0.95
