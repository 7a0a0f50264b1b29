"""The contract of everything that moves a latent state in time."""

from __future__ import annotations

import keras
from keras import ops

from halo_keras.ops.angles import concrete_times
from halo_keras.ops.gaussian import DiagonalGaussian
from halo_keras.schema import Int, Text, check_config

COMMON_FIELDS = {
    "position_dim": Int(1, 512),
    "num_operators": Int(1, 512),
    "dtype": Text(choices=("float32", "float64"), optional=True),
}


class LatentDynamics(keras.layers.Layer):
    """Moves a latent state from time 0 to any asked times.

    A state is position then momentum, (q, p), of size `state_dim = 2 * position_dim`
    (or the position alone where `has_momentum` is False). There are `num_operators`
    independent operators, one an action. Times are real, in frames, of any sign and
    spacing, given as numbers or tensors, `(num_times,)` or `(batch, num_times)`.

    Claims, recomputed by `tests/dynamics/test_claims.py` for every class:
    `is_symplectic` (the flow's Jacobian F obeys F' J F = J), `is_bounded` (no
    state grows without limit), `is_reversible` (the flow over -t undoes that over t),
    `is_isometric` (distances between states are kept), `preserves_standard_normal`
    (states drawn from N(0, I) are N(0, I) at all times, so that KL(q || N(0, I)) is
    exact at any time), `has_energy`, `has_momentum`.

    Computes in float32 or float64, also under mixed precision.

    A subclass declares `config_fields` and gives `_create_weights`, `_move_all` and
    `_move_active`. Arguments of every subclass:
        position_dim: size d of the position.
        num_operators: number K of operators.
        dtype: "float32", "float64", or None for Keras's floatx (at least float32).
    """

    part_kind = "dynamics"
    config_fields: dict = COMMON_FIELDS

    is_symplectic = False
    is_bounded = False
    is_reversible = False
    is_isometric = False
    preserves_standard_normal = False
    has_energy = False
    has_momentum = True

    def __init__(self, arguments: dict, *, name=None):
        """`arguments` are the subclass's own constructor arguments, by name."""
        check_config(self.config_fields, arguments, type(self).__name__)
        dtype = arguments["dtype"]
        if dtype is None:
            dtype = "float64" if keras.config.floatx() == "float64" else "float32"
        if dtype == "float64":
            _require_float64(type(self).__name__)
        super().__init__(name=name, dtype=dtype, autocast=False)
        self._arguments = {
            key: list(value) if isinstance(value, (list, tuple)) else value
            for key, value in arguments.items()
        }
        self.position_dim = arguments["position_dim"]
        self.num_operators = arguments["num_operators"]

    @property
    def goes_back(self) -> bool:
        """Whether times before 0 can be asked for at all."""
        return self.is_reversible

    @property
    def state_dim(self) -> int:
        return self.position_dim * (2 if self.has_momentum else 1)

    def get_config(self) -> dict:
        return {**self._arguments, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def build(self, input_shape=None):
        """Creates the weights, once; their shapes depend on the arguments alone."""
        if not self.built:
            self._create_weights()
            self.built = True

    def call(self, state, times):
        return self.trajectory(state, times)

    # ---- the verbs -------------------------------------------------------------

    def trajectory(self, state, times):
        """States of all operators.

        Args:
            state: `(batch, num_operators, state_dim)`, at time 0.
            times: `(num_times,)` or `(batch, num_times)`.

        Returns:
            `(batch, num_times, num_operators, state_dim)`.

        Raises:
            ValueError: a wrong shape, or times that the dynamics cannot reach.
        """
        state = self._checked_state(state, (self.num_operators,))
        return self._move_all(state, *self._checked_times(times))

    def active_trajectory(self, state, action, times):
        """States of one operator a clip; the others are not computed.

        Args:
            state: `(batch, state_dim)`, at time 0.
            action: `(batch,)`, whole numbers in [0, num_operators).
            times: `(num_times,)` or `(batch, num_times)`.

        Returns:
            `(batch, num_times, state_dim)`.
        """
        state = self._checked_state(state, ())
        action = ops.cast(action, "int32")
        return self._move_active(state, action, *self._checked_times(times))

    def active_position(self, state, action, times):
        """`active_trajectory`, positions only: `(batch, num_times, position_dim)`."""
        return self.position(self.active_trajectory(state, action, times))

    def position(self, state):
        """The part of a state that the decoder may see: `(..., position_dim)`."""
        return state[..., : self.position_dim]

    def energy(self, state):
        """H of each operator's state, kept by the motion.

        Args:
            state: `(batch, num_operators, state_dim)`.

        Returns:
            `(batch, num_operators)`.

        Raises:
            ValueError: the dynamics has no energy (`has_energy` is False).
        """
        raise ValueError(
            f"{type(self).__name__} has no energy. Dynamics with `has_energy`: "
            "symplectic, orthogonal, normal form, action-angle."
        )

    def prior_kl(self, posterior, prior, action, time, sample=None):
        """KL(q(s_i) || p_i), p_i being the prior at time 0 carried to time i.

        Args:
            posterior: DiagonalGaussian over `(batch, state_dim)` at time i.
            prior: DiagonalGaussian at time 0, or None for N(0, I).
            action: `(batch,)` operator of each clip.
            time: `(batch,)` the i of each clip, or one number.
            sample: a draw of the posterior, `(batch, state_dim)`. Needed only where
                the carried prior is no Gaussian; the KL is then its estimate
                ln q(s_i) - ln p(flow(-i, s_i)).

        Returns:
            `(batch,)`, in nats.
        """
        if prior is None and self.preserves_standard_normal:
            return posterior.kl_standard()
        if prior is None:
            zeros = ops.zeros_like(posterior.mean)
            prior = DiagonalGaussian(zeros, zeros)
        action = ops.cast(action, "int32")
        time = ops.cast(time, self.compute_dtype)
        time = ops.broadcast_to(time, ops.shape(posterior.mean)[:1])
        return self._carried_kl(posterior, prior, action, time, sample)

    # ---- what a subclass gives -------------------------------------------------

    def _create_weights(self):
        raise NotImplementedError

    def _move_all(self, state, times, known):
        """`times` as a tensor; `known` is the same as float64 NumPy, or None."""
        raise NotImplementedError

    def _move_active(self, state, action, times, known):
        raise NotImplementedError

    def _carried_kl(self, posterior, prior, action, time, sample):
        if sample is None:
            raise ValueError(
                f"{type(self).__name__} carries a Gaussian prior to something that is "
                "no Gaussian, so its KL is estimated: give prior_kl(..., sample=...)."
            )
        back = self.active_trajectory(sample, action, -time[:, None])[:, 0]
        return posterior.log_prob(sample) - prior.log_prob(back)

    @staticmethod
    def _own(value, action):
        """Each clip's own operator's part of a weight: `(batch, ...)`.

        Multiplied by 1 first, because the gradient of a variable that is gathered
        directly is sparse on TensorFlow, and optimisers treat that differently.
        """
        return ops.take(1.0 * value, action, axis=0)

    # ---- checks ----------------------------------------------------------------

    def _checked_state(self, state, middle: tuple):
        self.build(None)
        state = ops.convert_to_tensor(state, dtype=self.compute_dtype)
        expected = (*middle, self.state_dim)
        if len(state.shape) != 1 + len(expected) or tuple(state.shape[1:]) != expected:
            names = ", ".join(str(size) for size in ("batch", *expected))
            raise ValueError(
                f"{type(self).__name__} expected a state of shape ({names}), received "
                f"{tuple(state.shape)}."
            )
        return state

    def _checked_times(self, times):
        known = concrete_times(times)
        tensor = ops.convert_to_tensor(
            times if known is None else known, dtype=self.compute_dtype
        )
        if len(tensor.shape) not in (1, 2):
            raise ValueError(
                "times must have shape (num_times,) or (batch, num_times), received "
                f"{tuple(tensor.shape)}. One time is [t]."
            )
        return tensor, known


def _require_float64(where: str) -> None:
    if keras.backend.backend() != "jax":
        return
    import jax

    if not jax.config.jax_enable_x64:
        raise ValueError(
            f"{where} was asked for dtype='float64', which JAX would turn into "
            "float32. Set the environment variable JAX_ENABLE_X64=1."
        )
