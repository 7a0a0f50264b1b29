"""Angles of long rotations, reduced to half a turn without losing their phase.

`speed * time` in plain float32 errs by 1e-4 rad at t = 1,000 and by .015 rad at
t = 100,000, because the product is rounded before it is reduced. Here the product
is cut into pieces of at most 24 significant bits each, so that every piece is
exact; whole turns are dropped piece by piece, and only the small rest is rounded.
No step depends on rounding being done in a certain order, so fused multiply-adds
and compilers that reorder sums do no harm.
"""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

TWO_PI = 2.0 * math.pi

# 1 / (2 pi) in three pieces: 12 bits, 11 bits, and what is left.
_TURN = 1.0 / TWO_PI
_TURN_1 = round(_TURN * 2**14) / 2**14
_TURN_2 = round((_TURN - _TURN_1) * 2**25) / 2**25
_TURN_3 = _TURN - _TURN_1 - _TURN_2


def reduced_angle(speed, time):
    """`speed * time` modulo 2 pi, in [-pi, pi].

    Args:
        speed: radians a frame, any shape that broadcasts with `time`; |speed| <= 4
            for the full accuracy (angular speeds of sampled motion stay below pi).
        time: frames, real, any sign. Numbers and NumPy arrays are cut into their
            pieces before anything is compiled, and whole ones need fewer of them.

    Returns:
        Tensor of the broadcast shape and of the floating dtype of `speed`. For
        float32 the error is below 1e-6 rad up to |time| = 100,000 (recomputed by
        `tests/ops/test_angles.py` against exact arithmetic), apart from exact half
        turns, which may come as -pi or pi. Differentiable in `speed` and `time`.
    """
    speed = ops.convert_to_tensor(speed)
    dtype = keras.backend.standardize_dtype(speed.dtype)
    if dtype != "float32":
        time = ops.convert_to_tensor(time, dtype=dtype)
        turns = speed * time * _TURN
        return speed * time - TWO_PI * ops.stop_gradient(ops.round(turns))

    # speed = a_1 + a_21 + a_22 with 12, 11 bits and a rest.
    a_1 = _round_to(speed, 2.0**-10)
    a_2 = speed - a_1
    a_21 = _round_to(a_2, 2.0**-21)
    a_22 = a_2 - a_21
    # frequency = speed / (2 pi) = c_1 + c_2 + c_3; `exact` is a multiple of 2^-35
    # below 2^-11, so neither its products nor its sums are rounded.
    c_1 = _round_to(speed * _TURN, 2.0**-13)
    exact = ((a_1 * _TURN_1 - c_1) + a_1 * _TURN_2) + a_21 * _TURN_1
    c_2 = _round_to(exact, 2.0**-25)
    # The rest is subtracted with its sign turned: a sum could be reordered so that
    # it is added to a large term, and lost there.
    minus_rest = a_22 * -_TURN_1 + a_2 * -_TURN_2 + speed * -_TURN_3
    c_3 = (exact - c_2) - minus_rest
    return TWO_PI * _reduced_turns(c_1, c_2, c_3, time)


def reduced_phase(frequency, time):
    """`frequency * time` modulo 1, as an angle in [-pi, pi].

    As `reduced_angle`, but with the frequency in turns a frame, where a rational
    such as 1/8 is exact: `2 pi / 8` rounded to float32 is not, and would drift by
    2e-3 rad in 100,000 frames. |frequency| <= 1/2 for the full accuracy.
    """
    frequency = ops.convert_to_tensor(frequency)
    dtype = keras.backend.standardize_dtype(frequency.dtype)
    if dtype != "float32":
        time = ops.convert_to_tensor(time, dtype=dtype)
        turns = frequency * time
        return TWO_PI * (turns - ops.stop_gradient(ops.round(turns)))
    c_1 = _round_to(frequency, 2.0**-13)
    rest = frequency - c_1
    c_2 = _round_to(rest, 2.0**-25)
    return TWO_PI * _reduced_turns(c_1, c_2, rest - c_2, time)


def _reduced_turns(c_1, c_2, c_3, time):
    """(c_1 + c_2 + c_3) * time modulo 1, in [-1/2, 1/2].

    c_1 is a multiple of 2^-13 and c_2 one of 2^-25, of 12 bits each; |c_3| <= 2^-26.
    The pieces of frequency and time that come out of a rounding have no gradient;
    c_3 and time_3 carry it: d/d frequency = time, d/d time = frequency.
    """
    known = concrete_times(time)
    if known is not None and _is_short(known):
        time = ops.convert_to_tensor(known, dtype="float32")
        return _fraction(_fraction(c_1 * time) + (c_2 + c_3) * time)
    if known is not None:
        known_1 = np.round(known / 32.0) * 32.0
        known_2 = np.round((known - known_1) * 2.0**7) / 2.0**7
        pieces = known, known_1, known_2, known - known_1 - known_2
        time, time_1, time_2, time_3 = (
            ops.convert_to_tensor(piece, dtype="float32") for piece in pieces
        )
    else:
        time = ops.convert_to_tensor(time, dtype="float32")
        time_1 = _round_to(time, 32.0)  # 12 bits below 131,072
        time_2 = _round_to(time - time_1, 2.0**-7)  # 12 bits, |time_2| <= 16
        time_3 = (time - time_1) - time_2
    turns = (
        _fraction(c_1 * time_1)
        + _fraction(c_1 * time_2)
        + _fraction(c_2 * time_1)
        + (c_1 * time_3 + c_2 * (time_2 + time_3) + c_3 * time)
    )
    return _fraction(turns)


def _is_short(known: np.ndarray) -> bool:
    """Whole times below 4,096: 12 bits, so that c_1 * time is exact as it is."""
    return bool(np.all(known == np.round(known)) and np.all(np.abs(known) <= 4096))


def _round_to(x, unit):
    """The nearest multiple of `unit`, a power of two, so that no bit is lost."""
    return ops.stop_gradient(ops.round(x * (1.0 / unit)) * unit)


def _fraction(x):
    """x minus the nearest whole number."""
    return x - ops.stop_gradient(ops.round(x))


def rotate(position, momentum, angle):
    """R(a): (q cos a + p sin a, p cos a - q sin a), each plane by its own angle."""
    cos, sin = ops.cos(angle), ops.sin(angle)
    return position * cos + momentum * sin, momentum * cos - position * sin


def concrete_times(times) -> np.ndarray | None:
    """Times as float64 if they are known now, or None if they are a tensor.

    Numbers, lists of numbers, ranges and NumPy arrays are known; backend tensors are
    taken as traced and never converted, so that compiled functions work.
    """
    if isinstance(times, (int, float, range, np.ndarray, np.generic)):
        return np.asarray(times, dtype="float64")
    if isinstance(times, (list, tuple)):
        numbers = (int, float, np.generic, np.ndarray, list, tuple)
        if all(isinstance(entry, numbers) for entry in times):
            return np.asarray(times, dtype="float64")
    return None
