"""Gaussians over vectors, as small objects of tensors, on every backend.

TensorFlow Probability is the oracle of the tests and is reached with `.to_tfp()`;
it is not needed for anything here.
"""

from __future__ import annotations

import math

import keras
from keras import ops

LOG_TWO_PI = math.log(2.0 * math.pi)


class DiagonalGaussian:
    """N(mean, diag(exp(log_var))) over the last axis.

    Args:
        mean: `(..., dim)`.
        log_var: logarithm of the *variance*, of a shape that broadcasts with `mean`.
    """

    def __init__(self, mean, log_var):
        self.mean = ops.convert_to_tensor(mean)
        self.log_var = ops.convert_to_tensor(log_var)

    @property
    def stddev(self):
        """exp(log_var / 2)."""
        return ops.exp(0.5 * self.log_var)

    def mode(self):
        """The mean."""
        return self.mean

    def sample(self, seed=None):
        """One reparameterised draw, mean + stddev * N(0, I), shaped like the mean.

        Args:
            seed: an int or a `keras.random.SeedGenerator`. Inside a compiled step on
                JAX it must be a SeedGenerator that belongs to a layer.
        """
        shape = ops.shape(self.mean + self.log_var)
        noise = keras.random.normal(shape, dtype=self.mean.dtype, seed=seed)
        return self.mean + self.stddev * noise

    def log_prob(self, x):
        """ln N(x; mean, var), summed over the last axis, in nats: `(...)`."""
        x = ops.convert_to_tensor(x)
        scaled = (x - self.mean) * ops.exp(-0.5 * self.log_var)
        return -0.5 * ops.sum(scaled**2 + self.log_var + LOG_TWO_PI, axis=-1)

    def entropy(self):
        """1/2 sum_j (1 + ln 2 pi + ln var_j), in nats: `(...)`."""
        log_var = self.log_var + ops.zeros_like(self.mean)
        return 0.5 * ops.sum(1.0 + LOG_TWO_PI + log_var, axis=-1)

    def kl(self, other: DiagonalGaussian):
        """KL(self || other), summed over the last axis, in nats: `(...)`.

        1/2 sum_j [ (v_j + (m_j - mu_j)^2) / lambda_j - 1 + ln lambda_j - ln v_j ]
        """
        ratio = ops.exp(self.log_var - other.log_var)
        distance = (self.mean - other.mean) ** 2 * ops.exp(-other.log_var)
        terms = ratio + distance - 1.0 + other.log_var - self.log_var
        return 0.5 * ops.sum(terms, axis=-1)

    def kl_standard(self):
        """KL(self || N(0, I)), in nats: `(...)`."""
        terms = ops.exp(self.log_var) + self.mean**2 - 1.0 - self.log_var
        return 0.5 * ops.sum(terms, axis=-1)

    def to_tfp(self):
        """The same distribution of TensorFlow Probability (TensorFlow only)."""
        tfd = _tfp_distributions()
        stddev = self.stddev + ops.zeros_like(self.mean)
        return tfd.MultivariateNormalDiag(loc=self.mean, scale_diag=stddev)


class FullGaussian:
    """N(mean, L L') over the last axis, with L lower triangular.

    Args:
        mean: `(..., dim)`.
        scale_tril: L, `(..., dim, dim)`, with a positive diagonal.
    """

    def __init__(self, mean, scale_tril):
        self.mean = ops.convert_to_tensor(mean)
        self.scale_tril = ops.convert_to_tensor(scale_tril)

    def mode(self):
        """The mean."""
        return self.mean

    def sample(self, seed=None):
        """One reparameterised draw, mean + L N(0, I), shaped like the mean."""
        shape = ops.shape(self.mean)
        noise = keras.random.normal(shape, dtype=self.mean.dtype, seed=seed)
        return self.mean + (self.scale_tril @ noise[..., None])[..., 0]

    def log_prob(self, x):
        """ln N(x; mean, L L'), in nats: `(...)`."""
        difference = ops.convert_to_tensor(x) - self.mean
        # The solver wants equal batch axes.
        leading = ops.shape(difference)[:-1]
        size = self.scale_tril.shape[-1]
        factor = ops.broadcast_to(self.scale_tril, (*leading, size, size))
        scaled = ops.solve_triangular(factor, difference[..., None], lower=True)
        distance = ops.sum(scaled[..., 0] ** 2, axis=-1)
        diagonal = ops.diagonal(self.scale_tril, axis1=-2, axis2=-1)
        log_det = 2.0 * ops.sum(ops.log(diagonal), axis=-1)
        return -0.5 * (distance + log_det + size * LOG_TWO_PI)

    def to_tfp(self):
        """The same distribution of TensorFlow Probability (TensorFlow only)."""
        tfd = _tfp_distributions()
        return tfd.MultivariateNormalTriL(loc=self.mean, scale_tril=self.scale_tril)


class GaussianMixture:
    """sum_m softmax(logits)_m N(mean_m, L_m L_m') over the last axis.

    Args:
        logits: `(..., num_components)`, up to a constant.
        mean: `(..., num_components, dim)`.
        scale_tril: `(..., num_components, dim, dim)`.
    """

    def __init__(self, logits, mean, scale_tril):
        self.logits = ops.convert_to_tensor(logits)
        self.components = FullGaussian(mean, scale_tril)

    def mode(self):
        """The mean of the heaviest component, `(..., dim)`."""
        heaviest = ops.argmax(self.logits, axis=-1)
        weights = ops.one_hot(heaviest, self.logits.shape[-1], dtype=self.logits.dtype)
        return ops.sum(weights[..., None] * self.components.mean, axis=-2)

    def sample(self, seed=None):
        """One draw: a component, then a point of it. No gradient to the logits."""
        component_seed, point_seed = _two_seeds(seed)
        num_components = self.logits.shape[-1]
        flat = ops.reshape(self.logits, (-1, num_components))
        chosen = keras.random.categorical(flat, 1, seed=component_seed)
        chosen = ops.reshape(chosen, ops.shape(self.logits)[:-1])
        weights = ops.one_hot(chosen, num_components, dtype=self.logits.dtype)
        points = self.components.sample(point_seed)
        return ops.sum(weights[..., None] * points, axis=-2)

    def log_prob(self, x):
        """ln of the mixture's density, in nats: `(...)`."""
        x = ops.expand_dims(ops.convert_to_tensor(x), axis=-2)
        log_weights = ops.log_softmax(self.logits, axis=-1)
        return ops.logsumexp(log_weights + self.components.log_prob(x), axis=-1)

    def to_tfp(self):
        """The same distribution of TensorFlow Probability (TensorFlow only)."""
        tfd = _tfp_distributions()
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=self.logits), self.components.to_tfp()
        )


def transported_kl(q: DiagonalGaussian, prior: DiagonalGaussian, flow):
    """KL(q || N(F mu, F Lambda F')): a prior at time 0, carried to q's time by F.

    1/2 [ sum_j P_jj v_j + (m - F mu)' P (m - F mu) - 2d + ln det(F Lambda F')
    - sum_j ln v_j ] with P = F^{-T} Lambda^{-1} F^{-1}.

    Args:
        q: N(m, diag v) at time t, over `(..., 2d)`.
        prior: N(mu, Lambda) at time 0, Lambda diagonal.
        flow: F, `(..., 2d, 2d)`, invertible.

    Returns:
        `(...)`, in nats. Exact for linear flows.
    """
    _, log_det = ops.slogdet(flow)
    return transported_kl_from_inverse(q, prior, ops.inv(flow), log_det)


def transported_kl_from_inverse(q, prior, inverse_flow, log_det=0.0):
    """As `transported_kl`, given F^{-1} and ln |det F| (0 for symplectic flows)."""
    # The quadratic form is the distance at time 0, of F^{-1} m from mu.
    back = (inverse_flow @ q.mean[..., None])[..., 0]
    # P_jj = sum_k (F^{-1})_kj^2 / lambda_k
    precision = ops.sum(inverse_flow**2 * ops.exp(-prior.log_var)[..., None], axis=-2)
    terms = (
        precision * ops.exp(q.log_var)
        + (back - prior.mean) ** 2 * ops.exp(-prior.log_var)
        - 1.0
        + prior.log_var
        - q.log_var
    )
    return 0.5 * ops.sum(terms, axis=-1) + log_det


def _two_seeds(seed):
    """Seeds for two independent draws: a generator advances by itself, an int not."""
    if isinstance(seed, int):
        return seed, seed + 0x9E3779B
    return seed, seed


def _tfp_distributions():
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            "to_tfp() gives TensorFlow Probability's distributions of TensorFlow "
            f"tensors, but the backend is {keras.backend.backend()!r}. Use sample() "
            "and log_prob(), or set KERAS_BACKEND=tensorflow."
        )
    try:
        import tensorflow_probability as tfp
    except ImportError as error:
        raise ImportError(
            "to_tfp() needs TensorFlow Probability, which is not installed: "
            "pip install 'halo-keras[tensorflow]'."
        ) from error
    return tfp.distributions
