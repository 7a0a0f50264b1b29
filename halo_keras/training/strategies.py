"""Where a training runs: one device, several on one machine.

The only file that knows `tf.distribute` and `keras.distribution`.
"""

from __future__ import annotations

import contextlib
import functools

import keras

from halo_keras.schema import ConfigError, nearest

NAMES = ("auto", "none", "mirrored")


@contextlib.contextmanager
def scope(name: str = "auto"):
    """Context in which a model is built and trained; yields the number of replicas.

    - `"none"`: one device, whatever is there.
    - `"mirrored"`: TensorFlow's `MirroredStrategy` over all GPUs, or over the
      logical CPUs where there is no GPU. Synchronous data parallelism: each replica
      takes an equal part of every batch.
    - `"auto"`: `"mirrored"` on TensorFlow with several GPUs,
      `keras.distribution.DataParallel` on JAX with several devices, else one device.

    Yields:
        int, by which the batch size must be divisible.

    Raises:
        ConfigError: an unknown name, or `"mirrored"` on another backend.
    """
    if name not in NAMES:
        raise ConfigError(
            f"strategy must be one of {list(NAMES)}, received {name!r}"
            f"{nearest(name, NAMES) or '.'}"
        )
    backend = keras.backend.backend()
    if name == "mirrored" and backend != "tensorflow":
        raise ConfigError(
            "strategy 'mirrored' is TensorFlow's tf.distribute.MirroredStrategy, but "
            f"the backend is {backend!r}. Use strategy='auto', or set "
            "KERAS_BACKEND=tensorflow."
        )
    if name != "none" and backend == "tensorflow":
        with _mirrored(every_device=name == "mirrored") as replicas:
            yield replicas
    elif name != "none" and backend == "jax":
        with _data_parallel() as replicas:
            yield replicas
    else:
        yield 1


def check_batch_size(batch_size: int, replicas: int) -> None:
    """Raises `ConfigError` unless every replica gets the same number of clips."""
    if batch_size % replicas:
        raise ConfigError(
            f"batch_size {batch_size} is not divisible by the {replicas} replicas. "
            f"Use {batch_size // replicas * replicas or replicas}, or strategy='none'."
        )


def sum_over_replicas(tensors: list) -> tuple[list, int]:
    """Each tensor summed over the replicas of a running step, and their number.

    A tensor that is None stays None. Outside `tf.distribute` nothing is changed and
    the number is 1.
    """
    if keras.backend.backend() != "tensorflow":
        return tensors, 1
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensors, 1
    there = [tensor for tensor in tensors if tensor is not None]
    summed = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, there))
    tensors = [None if tensor is None else next(summed) for tensor in tensors]
    return tensors, context.num_replicas_in_sync


def device_names() -> list[str]:
    """What the backend computes on, for instance `["NVIDIA H200"]` or `["cpu"]`."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return [entry.get("device_name", "gpu") for entry in details] or ["cpu"]
    if backend == "jax":
        import jax

        return [device.device_kind for device in jax.local_devices()]
    import torch

    gpus = range(torch.cuda.device_count())
    return [torch.cuda.get_device_name(gpu) for gpu in gpus] or ["cpu"]


@contextlib.contextmanager
def _mirrored(every_device: bool):
    import tensorflow as tf

    devices = [device.name for device in tf.config.list_logical_devices("GPU")]
    if not devices and every_device:
        devices = [device.name for device in tf.config.list_logical_devices("CPU")]
    if len(devices) < 2 and not every_device:
        yield 1
        return
    strategy = _mirrored_strategy(tuple(devices))
    with strategy.scope():
        yield strategy.num_replicas_in_sync


@functools.cache
def _mirrored_strategy(devices: tuple[str, ...]):
    # One object a process: each new one numbers its collective operations from the
    # start again, and they then meet those of the one before (found with two models
    # of different size: "Shape mismatch in the collective instance").
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


@contextlib.contextmanager
def _data_parallel():
    import jax

    if jax.local_device_count() < 2:
        yield 1
        return
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    try:
        yield jax.local_device_count()
    finally:
        keras.distribution.set_distribution(before)
