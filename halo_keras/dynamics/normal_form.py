"""Plane rotations: the bounded normal form of quadratic Hamiltonians."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.base import COMMON_FIELDS, LatentDynamics
from halo_keras.ops.angles import reduced_angle, reduced_phase, rotate
from halo_keras.ops.matrix_exponential import block_matrix
from halo_keras.schema import ConfigError, Float, Int, ListOf

# An optimiser such as Adam moves a weight by about its learning rate whatever the
# gradient's size. At frame 1,000 a phase to .1 rad needs the period to 1e-4, so a unit
# of the raw weight is one hundredth of the logarithm of the period.
PERIOD_STEP = 0.01


@keras.saving.register_keras_serializable("halo_keras")
class NormalFormDynamics(LatentDynamics):
    """d planes (q_j, p_j), each turning at its own learned speed w_j.

    H = sum_j w_j (q_j^2 + p_j^2) / 2, so q_j(t) = q_j cos w_j t + p_j sin w_j t and
    p_j(t) = p_j cos w_j t - q_j sin w_j t. Closed form, no matrix exponential and no
    loop, exact at any real time. Up to linear maps of the state that encoder and
    decoder can absorb, this is every HALO operator (Khan & Storkey 2022, Eq. 5) with
    a definite matrix M (Williamson's theorem).

    At whole frames a speed is known only modulo 2 pi and up to sign; at pi the
    momentum is invisible and at 0 a plane could hide content. So w_j is kept between
    a lowest speed and pi: w_j = low + (pi - low) sigmoid(a_j), low = 2 pi / (8 T).

    Args:
        position_dim: number d of planes; the state has size 2 d.
        num_operators: number K of operators, one an action.
        frequencies: speeds at the start, radians a frame, in (low, pi), repeated in
            turn to d of them, the same for every operator. Default: pi (j + 1/2) / d.
        num_frames: T, the length of the clips trained on; sets the lowest speed.
        harmonics: whole numbers k_j, repeated in turn to d of them. With them the
            operator is periodic: w_j = 2 pi k_j / P with one learned P an operator,
            and `frequencies` and `num_frames` are not used.
        period: P at the start, in frames (with `harmonics`).
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {
        **COMMON_FIELDS,
        "frequencies": ListOf(Float(0.0, math.pi), 1, 512, optional=True),
        "num_frames": Int(1, 1_000_000),
        "harmonics": ListOf(Int(1, 4096), 1, 512, optional=True),
        "period": Float(1.0, 1e6, optional=True),
    }
    is_symplectic = True
    is_bounded = True
    is_reversible = True
    is_isometric = True
    preserves_standard_normal = True
    has_energy = True

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        frequencies=None,
        num_frames=8,
        harmonics=None,
        period=None,
        dtype=None,
        name=None,
    ):
        arguments = {
            "position_dim": position_dim,
            "num_operators": num_operators,
            "frequencies": frequencies,
            "num_frames": num_frames,
            "harmonics": harmonics,
            "period": period,
            "dtype": dtype,
        }
        super().__init__(arguments, name=name)
        if (harmonics is None) != (period is None):
            raise ConfigError(
                "NormalFormDynamics takes harmonics and period together, received "
                f"harmonics={harmonics!r}, period={period!r}."
            )
        if harmonics is not None and frequencies is not None:
            raise ConfigError(
                "NormalFormDynamics takes either frequencies or harmonics and period, "
                "received both."
            )
        self.lowest_speed = 2.0 * math.pi / (8.0 * num_frames)
        if harmonics is None:
            self._start = start_speeds(frequencies, position_dim, self.lowest_speed)
        else:
            self._harmonics = np.resize(harmonics, position_dim)

    def _create_weights(self):
        shape = (self.num_operators, self.position_dim)
        if self._arguments["harmonics"] is None:
            share = (self._start - self.lowest_speed) / (math.pi - self.lowest_speed)
            raw = np.log(share) - np.log1p(-share)
        else:
            shape = (self.num_operators, 1)
            raw = np.zeros(1)  # P = period * exp(PERIOD_STEP * raw)
        self.raw_speed = self.add_weight(
            name="raw_speed",
            shape=shape,
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(
                np.broadcast_to(raw, shape), dtype=dtype
            ),
            autocast=False,
        )

    @property
    def speeds(self):
        """w, radians a frame: `(num_operators, position_dim)`."""
        return self._angle(self._rates(), 1.0, reduce=False)

    def generator(self):
        """K = J M with M = diag(w, w): `(num_operators, 2 d, 2 d)`."""
        speed = ops.expand_dims(self.speeds, -1) * ops.eye(
            self.position_dim, dtype=self.compute_dtype
        )
        zero = ops.zeros_like(speed)
        return block_matrix(zero, speed, -speed, zero)

    def flow(self, time):
        """R(w t) as matrices, for one time: `(num_operators, 2 d, 2 d)`."""
        angle = self._angle(self._rates(), ops.cast(time, self.compute_dtype))
        eye = ops.eye(self.position_dim, dtype=self.compute_dtype)
        cos, sin = (ops.expand_dims(f(angle), -1) * eye for f in (ops.cos, ops.sin))
        return block_matrix(cos, sin, -sin, cos)

    def energy(self, state):
        state = self._checked_state(state, (self.num_operators,))
        position, momentum = ops.split(state, 2, axis=-1)
        return 0.5 * ops.sum(self.speeds * (position**2 + momentum**2), axis=-1)

    def active_position(self, state, action, times):
        state = self._checked_state(state, ())
        times, known = self._checked_times(times)
        position, momentum = ops.split(state[:, None], 2, axis=-1)
        cos, sin = self._active_rotation(ops.cast(action, "int32"), times, known)
        return position * cos + momentum * sin

    def _move_all(self, state, times, known):
        times = times if known is None else known
        # (T, 1, 1) or (B, T, 1, 1) against (K, d)
        angle = self._angle(self._rates(), times[..., None, None])
        cos, sin = ops.cos(angle), ops.sin(angle)
        # (q, p) * (cos, cos) + (p, q) * (sin, -sin): the large result is passed over
        # as few times as possible.
        position, momentum = ops.split(state[:, None], 2, axis=-1)
        turned = ops.concatenate([momentum, position], axis=-1)
        return state[:, None] * ops.concatenate([cos, cos], axis=-1) + (
            turned * ops.concatenate([sin, -sin], axis=-1)
        )

    def _move_active(self, state, action, times, known):
        position, momentum = ops.split(state[:, None], 2, axis=-1)
        cos, sin = self._active_rotation(action, times, known)
        moved = position * cos + momentum * sin, momentum * cos - position * sin
        return ops.concatenate(moved, axis=-1)

    def _active_rotation(self, action, times, known):
        """cos and sin for each clip's own operator: `(batch, num_times, d)` each."""
        times = times if known is None else known
        clips = action.shape[0]
        if len(times.shape) == 1 and (clips is None or clips > self.num_operators):
            # Fewer operators than clips: cosines of all of them, then each clip's own.
            angle = self._angle(self._rates()[:, None], times[:, None])  # (K, T, d)
            return self._own(ops.cos(angle), action), self._own(ops.sin(angle), action)
        angle = self._active_angle(action, times)
        return ops.cos(angle), ops.sin(angle)

    def _active_angle(self, action, times):
        """Angles of each clip's own operator: `(batch, num_times, position_dim)`."""
        rates = self._own(self._rates(), action)[:, None]  # (B, 1, d)
        return self._angle(rates, times[..., None])

    def _rates(self):
        """What is reduced with time: speeds `(K, d)`, or 1 / P as `(K, 1)`."""
        self.build(None)
        raw = ops.convert_to_tensor(self.raw_speed)
        if self._arguments["harmonics"] is None:
            low = self.lowest_speed
            return low + (math.pi - low) * ops.sigmoid(raw)
        return ops.exp(-PERIOD_STEP * raw) / self._arguments["period"]

    def _angle(self, rates, times, reduce=True):
        if self._arguments["harmonics"] is None:
            return reduced_angle(rates, times) if reduce else rates * times
        # One phase a period, then its multiples: harmonics never drift apart.
        phase = reduced_phase(rates, times) if reduce else rates * (2 * math.pi * times)
        return phase * ops.convert_to_tensor(self._harmonics, dtype=self.compute_dtype)

    def _carried_kl(self, posterior, prior, action, time, sample):
        # In each plane P = R diag(1/lambda_q, 1/lambda_p) R', so that
        # P_qq = cos^2 / lambda_q + sin^2 / lambda_p, and P_pp with the two exchanged.
        angle = self._active_angle(action, time[:, None])[:, 0]
        cos, sin = ops.cos(angle) ** 2, ops.sin(angle) ** 2
        inverse_q, inverse_p = ops.split(ops.exp(-prior.log_var), 2, axis=-1)
        precision = ops.concatenate(
            [cos * inverse_q + sin * inverse_p, cos * inverse_p + sin * inverse_q],
            axis=-1,
        )
        position, momentum = ops.split(posterior.mean, 2, axis=-1)
        back = ops.concatenate(rotate(position, momentum, -angle), axis=-1)
        terms = (
            precision * ops.exp(posterior.log_var)
            + (back - prior.mean) ** 2 * ops.exp(-prior.log_var)
            - 1.0
            + prior.log_var
            - posterior.log_var
        )
        return 0.5 * ops.sum(terms, axis=-1)


def start_speeds(frequencies, position_dim: int, lowest: float) -> np.ndarray:
    """`position_dim` starting speeds in (lowest, pi), from a list or spread evenly."""
    if frequencies is None:
        even = math.pi * (np.arange(position_dim) + 0.5) / position_dim
        return np.maximum(even, 1.5 * lowest)
    speeds = np.resize(np.asarray(frequencies, dtype="float64"), position_dim)
    if speeds.min() <= lowest or speeds.max() >= math.pi:
        raise ConfigError(
            f"frequencies must lie strictly between {lowest:.4g} (2 pi / (8 "
            f"num_frames)) and pi radians a frame, received {list(frequencies)}. For "
            "slower motion give a larger num_frames."
        )
    return speeds
