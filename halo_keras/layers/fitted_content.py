"""A density of contents, fitted after training, and the latents of a few examples."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from halo_keras.layers.state_prior import fit_mixture


class FittedContent(keras.layers.Layer):
    """N(m, S) over contents, never trained: mean and covariance of the training clips'.

    The posteriors of all clips together are not N(0, I), so that a content drawn from
    N(0, I) may be one that the decoder was never trained on (Ghosh et al. 2020). Before
    `fit` it is N(0, I), the model's own prior. Also keeps the latents of a few clips,
    from which `model.example_clips()` decodes its examples.

    Args:
        content_dim: size of the content.
        state_shape: of a clip's motion latent.
        num_examples: latents kept.
    """

    def __init__(self, content_dim, state_shape, num_examples=12, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.content_dim, self.state_shape = content_dim, tuple(state_shape)
        self.num_examples = num_examples

    def build(self, input_shape=None):
        size, count = self.content_dim, self.num_examples

        def weight(name, shape, initializer="zeros"):
            return self.add_weight(
                name=name, shape=shape, initializer=initializer, trainable=False
            )

        self.is_fitted = weight("is_fitted", (1,))
        self.mean = weight("mean", (size,))
        self.scale_tril = weight("scale_tril", (size, size), "identity")
        self.example_content = weight("example_content", (count, size))
        self.example_state = weight("example_state", (count, *self.state_shape))
        self.built = True

    @property
    def fitted(self) -> bool:
        return bool(ops.convert_to_numpy(self.is_fitted)[0] > 0)

    def fit(self, content, state, seed=0) -> None:
        """Fits the density and keeps examples.

        Args:
            content: `(clips, content_dim)` posterior means of the training clips.
            state: `(clips, *state_shape)` posterior means.
            seed: of the choice of examples.
        """
        _, mean, scale = fit_mixture(content, 1, seed)
        rng = np.random.default_rng(seed)
        chosen = np.resize(rng.permutation(len(content)), self.num_examples)
        for variable, value in (
            (self.is_fitted, np.ones(1)),
            (self.mean, mean[0]),
            (self.scale_tril, scale[0]),
            (self.example_content, content[chosen]),
            (self.example_state, state[chosen]),
        ):
            variable.assign(np.asarray(value, "float32"))

    def sample(self, count, generator) -> np.ndarray:
        """`(count, content_dim)` contents, drawn with `generator`."""
        noise = keras.random.normal((count, self.content_dim), seed=generator)
        scale = ops.convert_to_numpy(self.scale_tril)
        return ops.convert_to_numpy(noise) @ scale.T + ops.convert_to_numpy(self.mean)
