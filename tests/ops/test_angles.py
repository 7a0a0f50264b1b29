"""Reduced angles against exact arithmetic."""

from fractions import Fraction

import keras
import mpmath
import numpy as np
import pytest
from backend_gradients import gradients
from keras import ops

from halo_keras.ops.angles import concrete_times, reduced_angle, reduced_phase

pytestmark = pytest.mark.backend


def exact_angle(speed, time):
    with mpmath.workdps(40):
        angle = mpmath.mpf(float(speed)) * mpmath.mpf(float(time))
        return float(angle - 2 * mpmath.pi * mpmath.nint(angle / (2 * mpmath.pi)))


def error(found, exact):
    difference = ops.convert_to_numpy(found).astype("float64") - exact
    turn = 2 * np.pi
    return np.abs(difference - turn * np.round(difference / turn)).max()


def speeds(rng, size):
    """All magnitudes below pi."""
    even = rng.uniform(0, np.pi, size // 2)
    small = 10.0 ** rng.uniform(-4, 0, size - size // 2)
    return np.concatenate([even, small]).astype("float32")


@pytest.mark.parametrize("far", [10, 1_000, 100_000])
@pytest.mark.parametrize("kind", ["whole", "real"])
def test_reduced_angle_is_exact_to_a_microradian(far, kind, rng):
    speed = speeds(rng, 1_000)
    time = rng.uniform(-far, far, speed.size).astype("float32")
    if kind == "whole":
        time = np.round(time)
    exact = np.array([exact_angle(*pair) for pair in zip(speed, time, strict=True)])
    # Times known now and times of a tensor take different ways.
    for times in (time, ops.convert_to_tensor(time)):
        found = reduced_angle(ops.convert_to_tensor(speed), times)
        assert np.abs(ops.convert_to_numpy(found)).max() < np.pi + 1e-6
        assert error(found, exact) < 1e-6
    # What it is for: plain float32 is a thousand times worse out there.
    if far == 100_000:
        plain = ops.convert_to_tensor(speed) * ops.convert_to_tensor(time)
        assert error(plain, exact) > 5e-3


def test_compilers_do_not_undo_the_splitting(rng):
    speed = speeds(rng, 500)
    time = np.round(rng.uniform(0, 100_000, speed.size)).astype("float32")
    exact = np.array([exact_angle(*pair) for pair in zip(speed, time, strict=True)])
    backend = keras.backend.backend()
    compiled = []
    if backend == "tensorflow":
        import tensorflow as tf

        compiled = [tf.function(reduced_angle), tf.function(reduced_angle)]
        compiled[1] = tf.function(reduced_angle, jit_compile=True)
    if backend == "jax":
        import jax

        compiled = [jax.jit(reduced_angle)]
    for function in [reduced_angle, *compiled]:
        found = function(ops.convert_to_tensor(speed), ops.convert_to_tensor(time))
        assert error(found, exact) < 1e-6


def test_phase_of_a_rational_frequency_is_exact_forever():
    """One turn in 8 frames: the same 8 angles at frame 100,000 as at frame 0."""
    time = np.arange(100_000, 100_016, dtype="float32")
    exact = [2 * np.pi * float(Fraction(int(t), 8) % 1) for t in time]
    found = reduced_phase(ops.convert_to_tensor(np.float32(1 / 8)), time)
    assert error(found, np.array(exact)) < 1e-6


def test_phase_of_any_frequency(rng):
    frequency = rng.uniform(0, 0.5, 500).astype("float32")
    time = rng.uniform(-1e5, 1e5, 500).astype("float32")
    exact = np.array(
        [
            2 * np.pi * float(Fraction(float(f)) * Fraction(float(t)) % 1)
            for f, t in zip(frequency, time, strict=True)
        ]
    )
    assert error(reduced_phase(ops.convert_to_tensor(frequency), time), exact) < 1e-6


def test_float64_is_reduced_in_float64(rng):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX computes in float32 unless it is told otherwise at the start")
    speed, time = rng.uniform(0, 3, 200), rng.uniform(0, 1e5, 200)
    exact = np.array([exact_angle(*pair) for pair in zip(speed, time, strict=True)])
    assert error(reduced_angle(ops.convert_to_tensor(speed), time), exact) < 1e-9


def test_gradients_are_those_of_the_product(rng):
    """d cos(w t) / dw = -t sin(w t), d / dt = -w sin(w t)."""
    speed = rng.uniform(0.1, 3, 50).astype("float32")
    time = rng.uniform(-1000, 1000, 50).astype("float32")
    by_speed, by_time = gradients(
        lambda w, t: ops.sum(ops.cos(reduced_angle(w, t))), speed, time
    )
    angle = np.array([exact_angle(*pair) for pair in zip(speed, time, strict=True)])
    np.testing.assert_allclose(by_speed, -time * np.sin(angle), atol=2e-3)
    np.testing.assert_allclose(by_time, -speed * np.sin(angle), atol=1e-5)


def test_times_are_known_only_if_they_are_numbers():
    for known in (3, 2.5, [0, 1], range(4), np.arange(3), [[0, 1], [1, 2]]):
        assert concrete_times(known).dtype == "float64"
    assert concrete_times(ops.convert_to_tensor([0.0, 1.0])) is None
    assert concrete_times([ops.convert_to_tensor(0.0)]) is None
