"""A learned Hamiltonian of the whole state: Hamiltonian Neural Networks."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.stepping import (
    STEPPING_FIELDS,
    SteppingDynamics,
    check_weights,
)
from halo_keras.ops.integrators import INTEGRATORS
from halo_keras.ops.scalar_networks import ACTIVATIONS, dense_energy, dense_gradient
from halo_keras.schema import Int, ListOf, Text


@keras.saving.register_keras_serializable("halo_keras")
class HamiltonianNetwork(SteppingDynamics):
    """ds/dt = J dH/ds, H(q, p) one network, not separable.

    Greydanus et al. (2019). No explicit splitting method is symplectic for such an H,
    so it is rolled out by the classical Runge-Kutta method, as they do: H is kept up to
    the O(h^4) of that, not for ever. The gradient is written out, see
    `ops/scalar_networks.py`.

    Args:
        position_dim: size d of the position; the state has size 2 d.
        num_operators: number K of operators, each with a network of its own.
        hidden: widths of the layers.
        activation: "tanh" (theirs), "softplus" or "silu".
        steps_per_frame, num_frames: see `SteppingDynamics`.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {
        **STEPPING_FIELDS,
        "hidden": ListOf(Int(1, 4096), 1, 8),
        "activation": Text(tuple(ACTIVATIONS)),
    }
    has_energy = True
    order = INTEGRATORS["runge-kutta"].order

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        hidden=(200, 200),
        activation="tanh",
        steps_per_frame=1,
        num_frames=64,
        dtype=None,
        name=None,
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        super().__init__(arguments, name=name)
        self.activation = ACTIVATIONS[activation]
        self.hidden = [int(width) for width in hidden]
        sizes = [self.state_dim, *self.hidden]
        products = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))
        check_weights(num_operators * products, "HamiltonianNetwork")

    def _create_weights(self):
        def weight(name, *shape, scale=0.0):
            return self.add_weight(
                name=name,
                shape=(self.num_operators, *shape),
                initializer=keras.initializers.RandomNormal(stddev=scale)
                if scale
                else "zeros",
                autocast=False,
            )

        before, self.network = self.state_dim, []
        for index, width in enumerate(self.hidden):
            kernel = weight(f"kernel_{index}", before, width, scale=before**-0.5)
            self.network += [kernel, weight(f"bias_{index}", width)]
            before = width
        self.network.append(weight("readout", before, scale=before**-0.5))

    def energy(self, state):
        state = self._checked_state(state, (self.num_operators,))
        energy = dense_energy(
            self._tensors(), ops.swapaxes(state, 0, 1), self.activation
        )
        return ops.swapaxes(energy, 0, 1)

    def field(self, state):
        """J dH/ds of every operator: `(batch, num_operators, state_dim)`."""
        rows = ops.swapaxes(ops.convert_to_tensor(state, self.compute_dtype), 0, 1)
        return ops.swapaxes(self._field(self._tensors(), rows), 0, 1)

    def _field(self, weights, rows):
        of_position, of_momentum = ops.split(
            dense_gradient(weights, rows, self.activation), 2, axis=-1
        )
        return ops.concatenate([of_momentum, -of_position], axis=-1)

    def _tensors(self):
        """The network's weights behind a quadratic part that is 0."""
        self.build(None)
        none = np.zeros((self.num_operators, self.state_dim))
        none = ops.convert_to_tensor(none, dtype=self.compute_dtype)
        return [none, *(ops.convert_to_tensor(weight) for weight in self.network)]

    def _flow(self, weights, rows, step, num_steps):
        field = lambda state: self._field(weights, state)  # noqa: E731
        return INTEGRATORS["runge-kutta"].state_path(field, rows, step, num_steps)
