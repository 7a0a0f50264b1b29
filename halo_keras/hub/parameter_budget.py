"""A bound on what a configuration may allocate, enforced while its layers are built.

Bounds of single arguments cannot see a product of them, and a few hundred bytes of
JSON may ask for terabytes. Here every weight is counted before it is made.
"""

import contextlib
import math
import threading

from halo_keras.schema import ConfigError


@contextlib.contextmanager
def parameter_budget(limit: int, blank: bool = False):
    """Within this block, this thread's layers stop before `limit` parameters.

    Args:
        limit: the sum that no weight may exceed; checked ahead of its allocation.
        blank: weights start as zeros, whatever their layer asks for: for weights that
            a file overwrites anyway. Some initialisers (orthogonal matrices) take
            seconds for a weight that is within its budget.

    Raises:
        ConfigError: for the first weight beyond the limit.
    """
    import keras

    thread = threading.get_ident()
    asked = 0
    add_weight = keras.layers.Layer.add_weight

    def counted(layer, shape=None, *args, **kwargs):
        nonlocal asked
        if threading.get_ident() != thread:
            return add_weight(layer, shape, *args, **kwargs)
        size = (shape,) if isinstance(shape, int) else tuple(shape or ())
        asked += math.prod(int(side or 0) for side in size)
        if asked > limit:
            raise ConfigError(
                f"the configuration asks for more than {limit} parameters, which "
                "is more than its weight file holds or a preset may have."
            )
        if blank:
            args = ("zeros", *args[1:]) if args else ()
            kwargs = kwargs if args else {**kwargs, "initializer": "zeros"}
        return add_weight(layer, shape, *args, **kwargs)

    with _patch_lock:
        keras.layers.Layer.add_weight = counted
        try:
            yield
        finally:
            keras.layers.Layer.add_weight = add_weight


_patch_lock = threading.RLock()
