"""Priors of the motion state at time 0: in training, and fitted afterwards."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from halo_keras import schema
from halo_keras.ops.gaussian import DiagonalGaussian, FullGaussian, GaussianMixture

KINDS = ("standard", "learned", "mixture")


class StatePrior(keras.layers.Layer):
    """p(s_0 | u) while training, one distribution an operator.

    - `"standard"`: N(0, I), HALO (Khan & Storkey 2022), Eq. 2.
    - `"learned"`: N(mu_u, Lambda_u), diagonal, with one variance for q_j and p_j, so
      that a rotation of that plane leaves the covariance as it is.
    - `"mixture"`: `num_components` of those, which an unconditional model (one
      operator for several motions) needs: one Gaussian cannot hold separate orbits.

    Args:
        kind: one of the three.
        num_operators: number K of operators.
        state_dim: size of the state.
        has_momentum: whether the state is (q, p), which ties their variances.
        num_components: Gaussians in a mixture.
    """

    def __init__(
        self,
        kind,
        num_operators,
        state_dim,
        has_momentum=True,
        num_components=8,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        schema.Text(KINDS).check(kind, "prior")
        self.kind = kind
        self.num_operators, self.state_dim = num_operators, state_dim
        self.copies = 2 if has_momentum else 1
        self.num_components = num_components if kind == "mixture" else 1

    def build(self, input_shape=None):
        if self.kind != "standard":
            shape = (self.num_operators, self.num_components)
            self.mean = self.add_weight(
                name="mean",
                shape=(*shape, self.state_dim),
                initializer=keras.initializers.RandomNormal(
                    stddev=1.0 if self.kind == "mixture" else 0.01, seed=17
                ),
                dtype="float32",
            )
            self.log_var = self.add_weight(
                name="log_var",
                shape=(*shape, self.state_dim // self.copies),
                initializer="zeros",
                dtype="float32",
            )
            self.logits = self.add_weight(
                name="logits", shape=shape, initializer="zeros", dtype="float32"
            )
        self.built = True

    def distribution(self, action):
        """The prior of each clip's active state; `action` is `(batch,)` int."""
        if self.kind == "standard":
            zeros = ops.zeros((ops.shape(action)[0], self.state_dim))
            return DiagonalGaussian(zeros, zeros)
        mean = ops.take(self.mean, action, axis=0)  # (B, M, S)
        log_var = ops.take(self.log_var, action, axis=0)
        log_var = ops.concatenate([log_var] * self.copies, axis=-1)
        if self.kind == "learned":
            return DiagonalGaussian(mean[:, 0], log_var[:, 0])
        scale = ops.exp(0.5 * log_var)[..., None] * ops.eye(self.state_dim)
        return GaussianMixture(ops.take(self.logits, action, axis=0), mean, scale)


class FittedPrior(keras.layers.Layer):
    """Ex-post density of states and contents, fitted after training, never trained.

    The aggregated posterior of a VAE is not its prior, so prior samples land where
    the decoder was never trained. A full-covariance Gaussian (or mixture) fitted to
    the training clips' latents closes that gap (Ghosh et al. 2020, "From variational
    to deterministic autoencoders", section 4). It is stored with the weights.

    It also keeps the latents of a few training clips, from which
    `model.example_clips()` decodes its examples.

    Args:
        num_operators, state_dim, content_dim: sizes K, S and C. With C = 0, of models
            without a content, there is no density of contents.
        num_components: Gaussians for each operator's state.
        num_examples: latents kept as examples.
    """

    def __init__(
        self,
        num_operators,
        state_dim,
        content_dim,
        num_components=1,
        num_examples=12,
        **kwargs,
    ):
        super().__init__(dtype="float32", **kwargs)
        self.num_operators, self.state_dim = num_operators, state_dim
        self.content_dim = content_dim
        self.num_components, self.num_examples = num_components, num_examples

    def build(self, input_shape=None):
        k, m, s = self.num_operators, self.num_components, self.state_dim
        c, n = self.content_dim, self.num_examples

        def weight(name, shape, identity=False, dtype="float32"):
            start = np.broadcast_to(np.eye(shape[-1]), shape) if identity else 0.0

            def initializer(shape, dtype=None):
                return ops.cast(np.broadcast_to(start, shape), dtype)

            return self.add_weight(
                name=name,
                shape=shape,
                initializer=initializer,
                trainable=False,
                dtype=dtype,
            )

        self.is_fitted = weight("is_fitted", (1,))
        self.logits = weight("logits", (k, m))
        self.mean = weight("mean", (k, m, s))
        self.scale_tril = weight("scale_tril", (k, m, s, s), identity=True)
        if c:
            self.content_mean = weight("content_mean", (c,))
            self.content_scale_tril = weight(
                "content_scale_tril", (c, c), identity=True
            )
            self.example_content = weight("example_content", (n, c))
        else:
            self.example_content = np.zeros((n, 0), "float32")
        self.example_state = weight("example_state", (n, s))
        self.example_action = weight("example_action", (n,), dtype="int32")
        self.built = True

    @property
    def fitted(self) -> bool:
        return bool(ops.convert_to_numpy(self.is_fitted)[0] > 0)

    def fit(self, content, state, action, seed=0):
        """Fits the densities; all arguments are NumPy arrays of the training latents.

        Args:
            content: `(clips, content_dim)` posterior means.
            state: `(clips, state_dim)` posterior means, active operator, time 0.
            action: `(clips,)` int. An operator without clips keeps N(0, I).
        """
        k, m, s = self.num_operators, self.num_components, self.state_dim
        logits, mean = np.zeros((k, m)), np.zeros((k, m, s))
        scale = np.broadcast_to(np.eye(s), (k, m, s, s)).copy()
        for index in range(k):
            rows = state[action == index]
            if len(rows) > 1:
                logits[index], mean[index], scale[index] = fit_mixture(rows, m, seed)
        rng = np.random.default_rng(seed)
        chosen = _spread_over(action, self.num_examples, rng)
        values = [
            (self.is_fitted, np.ones(1)),
            (self.logits, logits),
            (self.mean, mean),
            (self.scale_tril, scale),
            (self.example_state, state[chosen]),
            (self.example_action, action[chosen]),
        ]
        if self.content_dim:
            _, content_mean, content_scale = fit_mixture(content, 1, seed)
            values += [
                (self.content_mean, content_mean[0]),
                (self.content_scale_tril, content_scale[0]),
                (self.example_content, content[chosen]),
            ]
        for variable, value in values:
            variable.assign(np.asarray(value).astype(variable.dtype))

    def state_distribution(self, action):
        """The fitted p(s_0 | u) of each clip; `action` is `(batch,)` int."""
        mean = ops.take(self.mean, action, axis=0)
        scale = ops.take(self.scale_tril, action, axis=0)
        if self.num_components == 1:
            return FullGaussian(mean[:, 0], scale[:, 0])
        return GaussianMixture(ops.take(self.logits, action, axis=0), mean, scale)

    def content_distribution(self):
        """The fitted p(z)."""
        return FullGaussian(
            ops.convert_to_tensor(self.content_mean),
            ops.convert_to_tensor(self.content_scale_tril),
        )


def _spread_over(action, count, rng):
    """`count` row numbers, taken in turn from every action that has rows."""
    queues = [list(rng.permutation(np.flatnonzero(action == a))) for a in set(action)]
    chosen = []
    while len(chosen) < count:
        for queue in queues:
            chosen.append(queue[len(chosen) // len(queues) % len(queue)])
    return np.asarray(chosen[:count])


def fit_mixture(rows, num_components, seed, num_steps=100, jitter=1e-5):
    """Maximum-likelihood Gaussian mixture by expectation maximisation.

    One component is the closed form: sample mean and covariance.

    Args:
        rows: `(n, d)` array.
        num_components: number m of Gaussians.
        jitter: added to each variance, so that a constant direction stays invertible.
    Returns: log weights `(m,)`, means `(m, d)`, Cholesky factors `(m, d, d)`.
    """
    rows = np.asarray(rows, "float64")
    n, d = rows.shape
    m = min(num_components, n)
    rng = np.random.default_rng(seed)
    centres = [rows[rng.integers(n)]]
    for _ in range(m - 1):  # spread the starting means out, as k-means++ does
        distance = np.min([((rows - c) ** 2).sum(1) for c in centres], axis=0)
        if not distance.any():  # fewer distinct rows than components
            m = len(centres)
            break
        centres.append(rows[rng.choice(n, p=distance / distance.sum())])
    distance = ((rows[:, None] - np.stack(centres)) ** 2).sum(-1)
    weight = np.eye(m)[distance.argmin(1)]  # (n, m) responsibilities
    for _ in range(num_steps if m > 1 else 1):
        mass = weight.sum(0) + 1e-9
        mean = weight.T @ rows / mass[:, None]
        centred = rows[:, None] - mean
        cov = np.einsum("nm,nmi,nmj->mij", weight, centred, centred)
        cov = cov / mass[:, None, None] + jitter * np.eye(d)
        scale = np.linalg.cholesky(cov)
        white = np.linalg.solve(scale, centred.transpose(1, 2, 0))  # (m, d, n)
        log_det = np.log(np.diagonal(scale, axis1=1, axis2=2)).sum(1)
        log_prob = -0.5 * (white**2).sum(1) - log_det[:, None]
        log_prob += np.log(mass / n)[:, None] - 0.5 * d * math.log(2 * math.pi)
        peak = log_prob.max(0)
        weight = np.exp(log_prob - peak).T
        weight /= weight.sum(1, keepdims=True)
    logits = np.full(num_components, -30.0)  # unused components get no weight
    logits[:m] = np.log(mass / n)
    means = np.zeros((num_components, d))
    means[:m] = mean
    scales = np.broadcast_to(np.eye(d), (num_components, d, d)).copy()
    scales[:m] = scale
    return logits, means, scales
