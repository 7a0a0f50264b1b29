"""LSTMs and Gaussians in plain NumPy, from a model's own weights."""

import numpy as np
from keras import ops


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(layer, x, hidden, cell):
    """One step of an LSTM from the layer's own weights; gates in Keras's order."""
    kernel, recurrent, bias = (numpy(w) for w in layer.weights)
    gates = x @ kernel + hidden @ recurrent + bias
    enter, forget, candidate, leave = np.split(gates, 4, axis=-1)
    cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
    return sigmoid(leave) * np.tanh(cell), cell


def prior_of(model, latents):
    """Mean and variance of p(z_t | z_{<t}) along given latents, step by step."""
    prior = model.motion_prior
    hidden = cell = np.zeros((len(latents), prior.hidden))
    before, means, variances = np.zeros_like(latents[:, 0]), [], []
    for time in range(latents.shape[1]):
        hidden, cell = lstm_step(prior.lstm, before, hidden, cell)
        (mean_w, mean_b), (var_w, var_b) = (
            [numpy(w) for w in dense.weights]
            for dense in (prior.head.mean, prior.head.log_var)
        )
        means.append(hidden @ mean_w + mean_b)
        variances.append(np.exp(hidden @ var_w + var_b))
        before = latents[:, time]
    return np.stack(means, 1), np.stack(variances, 1)


def kl(mean_q, var_q, mean_p, var_p):
    ratio, distance = var_q / var_p, (mean_q - mean_p) ** 2 / var_p
    return 0.5 * np.sum(ratio + distance - 1 - np.log(ratio), axis=-1)
