"""Which classes a preset may be made of.

A `config.json` names classes by their registered name, for instance
`"halo_keras>HALO"`. The name is a key into a table of classes that this process has
already imported and that declare `config_fields`; it is never imported, never
resolved as a module or a path, and never one of Keras's own classes.
"""

import inspect

PACKAGE = "halo_keras"

_accepted: dict[str, type] = {}


def register(cls: type) -> type:
    """Lets presets contain `cls`, a class defined outside of halo_keras.

    For packages that extend the zoo, and for tests. A preset file cannot call this:
    the decision lies with code that runs already. Usable as a decorator, above
    `keras.saving.register_keras_serializable`:

    ```python
    @halo_keras.hub.register
    @keras.saving.register_keras_serializable("my_package")
    class MyDynamics(halo_keras.dynamics.LatentDynamics):
        config_fields = {"position_dim": Int(1, 64)}
    ```

    Raises:
        TypeError: if `cls` declares no `config_fields`, or Keras does not know it.
    """
    import keras

    name = keras.saving.get_registered_name(cls)
    if not _has_closed_fields(cls) or ">" not in name:
        raise TypeError(
            f"register expects a class with a dict `config_fields` that is registered "
            f"by keras.saving.register_keras_serializable, received {cls!r}."
        )
    _accepted[name] = cls
    return cls


def lookup(registered_name: str) -> type | None:
    """The class of that registered name, or None if presets may not contain it."""
    import keras

    if registered_name in _accepted:
        return _accepted[registered_name]
    if not registered_name.startswith(f"{PACKAGE}>"):
        return None
    cls = keras.saving.get_registered_object(registered_name)
    return cls if _is_ours(cls) else None


def known_names() -> list[str]:
    """The registered names that a preset may contain."""
    import keras

    ours = [
        name
        for name, cls in keras.saving.get_custom_objects().items()
        if name.startswith(f"{PACKAGE}>") and _is_ours(cls)
    ]
    return sorted({*ours, *_accepted})


def _is_ours(cls) -> bool:
    return (
        inspect.isclass(cls)
        and cls.__module__.split(".")[0] == PACKAGE
        and _has_closed_fields(cls)
    )


def _has_closed_fields(cls) -> bool:
    return inspect.isclass(cls) and isinstance(
        getattr(cls, "config_fields", None), dict
    )
