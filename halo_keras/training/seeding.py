"""Same seed, machine and backend: the same weights, bit for bit."""

from __future__ import annotations

import keras


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy and the backend, and asks for deterministic kernels.

    With it the same seed, machine and backend give the same weights, bit for bit.
    On JAX with a GPU set also `XLA_FLAGS=--xla_gpu_deterministic_ops=true` before
    the start.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)
