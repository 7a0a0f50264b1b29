"""A HALO whose ln p(x) is known: linear decoder, linear flow, Gaussian everything."""

import numpy as np
from keras import ops
from models.small_halo import SHAPE, LinearDecoder, moving_dots, small_halo

from halo_keras.data import ClipDataset
from halo_keras.models.halo_inference import Posterior
from halo_keras.ops.gaussian import DiagonalGaussian

SIGMA = 0.5
NUM_FRAMES = 6


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def linear_halo(dynamics, **options):
    decoder = LinearDecoder(SHAPE, name="decoder")
    return small_halo(dynamics=dynamics, decoder=decoder, pixel_stddev=SIGMA, **options)


def dots(num_clips=4, num_actions=1, seed=0):
    """Moving dots as a `ClipDataset`."""
    batch = moving_dots(num_clips, NUM_FRAMES, num_actions, seed)
    return ClipDataset(
        name="dots",
        split="test",
        frames=batch["frames"],
        labels={"action": batch["action"]},
        label_names={"action": [str(index) for index in range(num_actions)]},
        license="none",
        attribution="tests",
    )


def linear_map(model):
    """A, b with a clip's mean = A [z, s_0] + b, by decoding unit vectors."""
    content, size = model.content_dim, model.dynamics.state_dim
    units = np.vstack([np.zeros(content + size), np.eye(content + size)])
    z, s = units[:, :content].astype("float32"), units[:, content:].astype("float32")
    action = np.zeros(len(units), "int32")
    position = model.dynamics.active_position(s, action, np.arange(NUM_FRAMES))
    made = numpy(model.decode_active(z, position, action)).reshape(len(units), -1)
    return (made[1:] - made[0]).T, made[0]


def carried(model, time):
    """F with s_time = F s_0, by moving one unit vector at a time."""
    units = np.eye(model.dynamics.state_dim, dtype="float32")
    action = np.zeros(len(units), "int32")
    moved = numpy(model.dynamics.active_trajectory(units, action, [float(time)]))
    rest = numpy(
        model.dynamics.active_trajectory(0 * units[:1], action[:1], [float(time)])
    )
    return (moved[:, 0] - rest[:, 0]).T


def evidence(a, b, x):
    """ln p(x) = ln N(x; b, A A' + sigma^2 I), by the full covariance of all pixels."""
    cov = a @ a.T + SIGMA**2 * np.eye(len(b))
    residual = x - b
    log_det = np.linalg.slogdet(cov)[1]
    quadratic = residual @ np.linalg.solve(cov, residual)
    return -0.5 * (quadratic + log_det + len(b) * np.log(2 * np.pi))


def good_proposal(model, frames, time, widen=1.3):
    """A diagonal q near the exact posterior of [z, s_time], wider than it."""
    a, b = linear_map(model)
    content = model.content_dim
    to_time = np.eye(a.shape[1])
    to_time[content:, content:] = carried(model, time)
    cov = np.linalg.inv(np.eye(a.shape[1]) + a.T @ a / SIGMA**2)
    x = frames.reshape(len(frames), -1) - b
    mean = x @ a @ cov / SIGMA**2 @ to_time.T
    var = widen**2 * np.diag(to_time @ cov @ to_time.T)
    log_var = np.broadcast_to(np.log(var), mean.shape)
    mean, log_var = mean.astype("float32"), log_var.astype("float32")
    return Posterior(
        DiagonalGaussian(mean[:, :content], log_var[:, :content]),
        DiagonalGaussian(mean[:, content:], log_var[:, content:]),
        np.zeros(len(frames), "int32"),
        np.full(len(frames), float(time)),
    )
