"""A learned vector field without any structure: the neural ODE baseline."""

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
from halo_keras.ops.scalar_networks import ACTIVATIONS
from halo_keras.schema import Int, ListOf, Text


@keras.saving.register_keras_serializable("halo_keras")
class NeuralODE(SteppingDynamics):
    """ds/dt = A s + C f(... f(W_1 s + b_1) ...), by the classical Runge-Kutta method.

    Chen et al. (2018), the class "ODE" of the physics-inspired models that HGN was
    compared with (Botev et al. 2021). No energy, no symplectic structure; it goes
    backward by steps of -h, which undo the steps forward up to O(h^5) only.

    Args:
        position_dim: size d of what the decoder sees; the state has size 2 d.
        num_operators: number K of operators, each with a field of its own.
        hidden: widths of the layers.
        activation: "softplus", "silu" or "tanh".
        steps_per_frame, num_frames: see `SteppingDynamics`.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`.
    """

    config_fields = {
        **STEPPING_FIELDS,
        "hidden": ListOf(Int(1, 4096), 1, 8),
        "activation": Text(tuple(ACTIVATIONS)),
    }
    order = INTEGRATORS["runge-kutta"].order

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        hidden=(128, 128),
        activation="silu",
        steps_per_frame=1,
        num_frames=64,
        dtype=None,
        name=None,
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        super().__init__(arguments, name=name)
        self.activation = ACTIVATIONS[activation]
        self.hidden = [int(width) for width in hidden]
        sizes = [self.state_dim, *self.hidden, self.state_dim]
        products = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))
        check_weights(num_operators * products, "NeuralODE")

    def _create_weights(self):
        operators, size = self.num_operators, self.state_dim

        def weight(name, *shape, initializer="zeros"):
            return self.add_weight(
                name=name,
                shape=(operators, *shape),
                initializer=initializer,
                autocast=False,
            )

        def normal(inputs, scale=1.0):
            return keras.initializers.RandomNormal(stddev=scale * inputs**-0.5)

        def turning(shape, dtype=None):
            """Slow rotations of the planes (q_j, p_j), as the other dynamics start."""
            speeds = np.pi * (np.arange(size // 2) + 0.5) / (4 * size)
            corner = np.diag(speeds)
            none = np.zeros_like(corner)
            start = np.block([[none, -corner], [corner, none]])
            return ops.convert_to_tensor(np.broadcast_to(start, shape), dtype)

        self.linear = weight("linear", size, size, initializer=turning)
        self.layers_weights, before = [], size
        for index, width in enumerate(self.hidden):
            kernel = weight(
                f"kernel_{index}", before, width, initializer=normal(before)
            )
            self.layers_weights += [kernel, weight(f"bias_{index}", width)]
            before = width
        self.readout = weight(
            "readout", before, size, initializer=normal(before, scale=0.02)
        )

    def _tensors(self):
        self.build(None)
        weights = [self.linear, *self.layers_weights, self.readout]
        return [ops.convert_to_tensor(weight) for weight in weights]

    def _flow(self, weights, rows, step, num_steps):
        linear, *layers, readout = weights

        def field(state):
            hidden = state
            for kernel, bias in zip(layers[::2], layers[1::2], strict=True):
                hidden, _ = self.activation(hidden @ kernel + bias[:, None])
            return state @ linear + hidden @ readout

        return INTEGRATORS["runge-kutta"].state_path(field, rows, step, num_steps)
