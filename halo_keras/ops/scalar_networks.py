"""Networks from a vector to one number, and their gradients, written out.

A Hamiltonian network is used through its gradient, and training takes the gradient of
that. Written as plain operations (a backward pass by hand), dE/dx needs no automatic
differentiation inside a layer, which every backend does in another way, and the
training differentiates it like anything else.

    E(x) = sum_j k_j x_j^2 / 2 + c . f(a_L)
    a_1 = W_1 x + b_1,  a_l = W_l f(a_{l-1}) + b_l

    dE/dx = k x + W_1' g_1,  g_L = c f'(a_L),  g_l = f'(a_l) W_{l+1}' g_{l+1}
"""

from __future__ import annotations

from keras import ops


def softplus(x):
    """ln(1 + e^x) and its derivative."""
    return ops.softplus(x), ops.sigmoid(x)


def silu(x):
    """x sigmoid(x) and its derivative."""
    gate = ops.sigmoid(x)
    return x * gate, gate * (1.0 + x * (1.0 - gate))


def tanh(x):
    """tanh(x) and its derivative."""
    value = ops.tanh(x)
    return value, 1.0 - value**2


ACTIVATIONS = {"softplus": softplus, "silu": silu, "tanh": tanh}


def dense_energy(weights, x, activation):
    """E of rows in groups, each group with its own weights.

    Args:
        weights: [k `(G, d)`, W_1 `(G, d, h)`, b_1 `(G, h)`, ..., c `(G, h)`].
        x: `(G, N, d)`.
        activation: f of `ACTIVATIONS`.
    Returns: `(G, N)`.
    """
    stiffness, *layers, readout = weights
    hidden = x
    for kernel, bias in _pairs(layers):
        hidden, _ = activation(hidden @ kernel + bias[:, None])
    quadratic = 0.5 * ops.sum(stiffness[:, None] * x**2, axis=-1)
    return quadratic + ops.sum(readout[:, None] * hidden, axis=-1)


def dense_gradient(weights, x, activation):
    """dE/dx of the same: `(G, N, d)`."""
    stiffness, *layers, readout = weights
    hidden, slopes = x, []
    for kernel, bias in _pairs(layers):
        hidden, slope = activation(hidden @ kernel + bias[:, None])
        slopes.append(slope)
    back = readout[:, None]
    for kernel, slope in zip(layers[-2::-2], slopes[::-1], strict=True):
        back = (back * slope) @ ops.swapaxes(kernel, -1, -2)
    return stiffness[:, None] * x + back


def grid_energy(weights, x, activation):
    """E of grids: 3 x 3 convolutions, `c . f(a_L)` summed over the grid.

    Args:
        weights: [k `(1, m)`, W_1 `(1, 3, 3, m, h)`, b_1 `(1, h)`, ..., c `(1, h)`], k
            and c equal in every cell.
        x: `(1, N, height, width, m)`.
        activation: f of `ACTIVATIONS`.
    Returns: `(1, N)`.
    """
    stiffness, *layers, readout = (weight[0] for weight in weights)
    hidden = x[0]
    for kernel, bias in _pairs(layers):
        hidden, _ = activation(_convolved(hidden, kernel) + bias)
    energy = 0.5 * ops.sum(stiffness * x[0] ** 2, axis=(1, 2, 3))
    return (energy + ops.sum(readout * hidden, axis=(1, 2, 3)))[None]


def grid_gradient(weights, x, activation):
    """dE/dx of the same: `(1, N, height, width, m)`.

    The transpose of a convolution of stride 1 is one with the kernel turned around.
    """
    stiffness, *layers, readout = (weight[0] for weight in weights)
    hidden, slopes = x[0], []
    for kernel, bias in _pairs(layers):
        hidden, slope = activation(_convolved(hidden, kernel) + bias)
        slopes.append(slope)
    back = readout
    for kernel, slope in zip(layers[-2::-2], slopes[::-1], strict=True):
        turned = ops.swapaxes(ops.flip(kernel, axis=(0, 1)), -1, -2)
        back = _convolved(back * slope, turned)
    return (stiffness * x[0] + back)[None]


def _convolved(x, kernel):
    return ops.conv(x, kernel, padding="same", data_format="channels_last")


def _pairs(layers):
    """[W_1, b_1, W_2, b_2, ...] as [(W_1, b_1), ...]."""
    return list(zip(layers[::2], layers[1::2], strict=True))
