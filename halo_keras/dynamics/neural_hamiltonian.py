"""A learned Hamiltonian H = V(q) + K(p), rolled out step by step."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from halo_keras.dynamics.normal_form import start_speeds
from halo_keras.dynamics.stepping import (
    STEPPING_FIELDS,
    SteppingDynamics,
    check_weights,
)
from halo_keras.ops.integrators import INTEGRATORS
from halo_keras.ops.scalar_networks import (
    ACTIVATIONS,
    dense_energy,
    dense_gradient,
    grid_energy,
    grid_gradient,
)
from halo_keras.schema import ConfigError, Float, Int, ListOf, Text


@keras.saving.register_keras_serializable("halo_keras")
class NeuralHamiltonian(SteppingDynamics):
    """dq/dt = dK/dp, dp/dt = -dV/dq - g p, V and K networks, by a splitting method.

    Hamiltonian Generative Networks (Toth et al. 2019), with the separable networks of
    their authors' later code. Separable, because explicit leapfrog is symplectic for
    no other H. V and K are networks from a vector to one number, see
    `ops/scalar_networks.py`, where their gradients are written out; the position moves
    with dK/dp, never with p itself.

    Friction: with `damping` the momentum falls by exp(-g h) a step, half of it before
    and half after the moves (a Strang splitting, so that orders above 2 become 2),
    g > 0 a learned rate for each momentum. It is exact for the linear friction of the
    physics suite, whose K is quadratic.

    Args:
        position_dim: size d of the position; the state has size 2 d.
        num_operators: number K of operators, each with networks of its own.
        hidden: widths of the layers of V, and of K.
        activation: "softplus", "silu" or "tanh"; smooth, as training takes second
            derivatives.
        frequencies: None: V and K are networks alone, as in the paper. Or speeds in
            (0, pi), radians a frame, repeated in turn to d of them: V also holds
            w_j q_j^2 / 2 and K w_j p_j^2 / 2, with 2 d learned factors that start
            there. The motion starts as a bank of oscillations instead of near rest.
        integrator: "leapfrog", "leapfrog-position", "euler" (symplectic), "yoshida" or
            "runge-kutta", see `ops/integrators.py`.
        damping: rate g at the start, a frame; None for none.
        grid: None; or `(height, width)`: the position is a grid of d / (height width)
            channels, flattened, and V and K are 3 x 3 convolutions summed over it (the
            paper's spatial form). One operator only.
        steps_per_frame, num_frames: see `SteppingDynamics`.
        dtype: "float32", "float64" or None.

    Call arguments and result: see `LatentDynamics`. `energy` is V + K.

    Attributes:
        order: of the integrator, 2 at the most with damping.
    """

    config_fields = {
        **STEPPING_FIELDS,
        "hidden": ListOf(Int(1, 4096), 1, 8),
        "activation": Text(tuple(ACTIVATIONS)),
        "frequencies": ListOf(Float(0.0, math.pi), 1, 512, optional=True),
        "integrator": Text(tuple(INTEGRATORS)),
        "damping": Float(1e-6, 10.0, optional=True),
        "grid": ListOf(Int(1, 64), 2, 2, optional=True),
    }

    def __init__(
        self,
        position_dim,
        num_operators=1,
        *,
        hidden=(128, 128),
        activation="softplus",
        frequencies=None,
        integrator="leapfrog",
        damping=None,
        grid=None,
        steps_per_frame=1,
        num_frames=64,
        dtype=None,
        name=None,
    ):
        arguments = {k: v for k, v in locals().items() if k in self.config_fields}
        super().__init__(arguments, name=name)
        self.integrator = INTEGRATORS[integrator]
        self.activation = ACTIVATIONS[activation]
        self.hidden = [int(width) for width in hidden]
        self.damping, self.grid = damping, grid
        self.channels = position_dim
        if damping is not None and self.integrator.first != "momentum":
            raise ConfigError(
                "NeuralHamiltonian: damping goes with integrators that move the "
                'momentum first ("leapfrog", "yoshida"), received '
                f"{integrator!r}."
            )
        if grid is not None:
            cells = grid[0] * grid[1]
            if position_dim % cells or num_operators != 1:
                raise ConfigError(
                    f"NeuralHamiltonian: a grid of {tuple(grid)} needs one operator "
                    f"and a position_dim that is a multiple of {cells}, received "
                    f"num_operators={num_operators}, position_dim={position_dim}."
                )
            self.channels = position_dim // cells
        self._start = np.zeros(self.channels)
        if frequencies is not None:
            self._start = start_speeds(frequencies, self.channels, 0.0)
        area = 1 if grid is None else 9
        sizes = [self.channels, *self.hidden]
        products = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))
        check_weights(2 * num_operators * area * products, "NeuralHamiltonian")

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Of a state before it is flattened; position, then momentum, first."""
        if self.grid is None:
            return (self.state_dim,)
        return (2, *self.grid, self.channels)

    @property
    def order(self) -> int:
        return self.integrator.order if self.damping is None else min(self._order, 2)

    @property
    def _order(self) -> int:
        return self.integrator.order

    @property
    def is_symplectic(self) -> bool:
        return self.integrator.is_symplectic and self.damping is None

    @property
    def is_reversible(self) -> bool:
        return self.integrator.is_reversible

    @property
    def has_energy(self) -> bool:
        """Whether H is kept, up to the O(h^order) of a step."""
        return self.damping is None

    def _create_weights(self):
        self.potential = self._network("potential")
        self.kinetic = self._network("kinetic")
        if self.damping is not None:
            self.raw_damping = self.add_weight(
                name="raw_damping",
                shape=(self.num_operators, self.position_dim),
                # softplus(raw) = damping
                initializer=keras.initializers.Constant(
                    math.log(math.expm1(self.damping))
                ),
                autocast=False,
            )

    def _network(self, name):
        """[k, W_1, b_1, ..., c] of one network, see `ops/scalar_networks.py`."""
        kernel = () if self.grid is None else (3, 3)
        fan = int(np.prod(kernel)) if kernel else 1

        def weight(part, *shape, initializer="zeros"):
            return self.add_weight(
                name=f"{name}_{part}",
                shape=(self.num_operators, *shape),
                initializer=initializer,
                autocast=False,
            )

        def start(shape, dtype=None):
            return ops.convert_to_tensor(np.broadcast_to(self._start, shape), dtype)

        def normal(inputs, scale=1.0):
            return keras.initializers.RandomNormal(stddev=scale * inputs**-0.5)

        weights = [weight("stiffness", self.channels, initializer=start)]
        before = self.channels
        for index, width in enumerate(self.hidden):
            weights += [
                weight(
                    f"kernel_{index}",
                    *kernel,
                    before,
                    width,
                    initializer=normal(fan * before),
                ),
                weight(f"bias_{index}", width),
            ]
            before = width
        # Small, so that the motion is gentle at first.
        weights.append(weight("readout", before, initializer=normal(before, 0.1)))
        return weights

    def energy(self, state):
        state = self._checked_state(state, (self.num_operators,))
        position, momentum = ops.split(ops.swapaxes(state, 0, 1), 2, axis=-1)
        weights = [ops.convert_to_tensor(w) for w in (*self.potential, *self.kinetic)]
        half = len(weights) // 2
        function = dense_energy if self.grid is None else grid_energy
        energy = function(weights[:half], self._laid_out(position), self.activation)
        energy = energy + function(
            weights[half:], self._laid_out(momentum), self.activation
        )
        return ops.swapaxes(energy, 0, 1)

    def force(self, position):
        """-dV/dq of every operator: `(batch, num_operators, position_dim)`."""
        return -self._slope(position, self.potential)

    def velocity(self, momentum):
        """dK/dp of every operator: `(batch, num_operators, position_dim)`."""
        return self._slope(momentum, self.kinetic)

    def _slope(self, x, network):
        self.build(None)
        rows = ops.swapaxes(ops.convert_to_tensor(x, self.compute_dtype), 0, 1)
        weights = [ops.convert_to_tensor(weight) for weight in network]
        return ops.swapaxes(self._gradient(weights, rows), 0, 1)

    def _tensors(self):
        self.build(None)
        weights = [*self.potential, *self.kinetic]
        if self.damping is not None:
            weights.append(self.raw_damping)
        return [ops.convert_to_tensor(weight) for weight in weights]

    def _flow(self, weights, rows, step, num_steps):
        damp = None
        if self.damping is not None:
            *weights, raw = weights
            damp = ops.exp(-0.5 * step * ops.softplus(raw)[:, None])
        half = len(weights) // 2
        position, momentum = ops.split(rows, 2, axis=-1)
        path = self.integrator.path(
            lambda q: -self._gradient(weights[:half], q),
            lambda p: self._gradient(weights[half:], p),
            position,
            momentum,
            step,
            num_steps,
            damp,
        )
        return ops.concatenate(path, axis=-1)

    def _gradient(self, weights, x):
        if self.grid is None:
            return dense_gradient(weights, x, self.activation)
        slope = grid_gradient(weights, self._laid_out(x), self.activation)
        return ops.reshape(slope, ops.shape(x))

    def _laid_out(self, x):
        """Rows `(G, N, d)` as grids, where there is one."""
        if self.grid is None:
            return x
        return ops.reshape(x, (1, -1, *self.grid, self.channels))

    def _carried_kl(self, posterior, prior, action, time, sample):
        if self.damping is not None:
            raise ValueError(
                "NeuralHamiltonian with damping does not keep volumes, so a prior that "
                "it carries has no density here. Use prior_at='reference'."
            )
        return super()._carried_kl(posterior, prior, action, time, sample)
