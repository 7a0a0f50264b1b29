"""Fine-tuning: a new model that starts from the weights of a trained one.

The new model may know other actions, and another number K of them. What does not
depend on actions is copied: encoder, content network, decoder. What belongs to an
operator (its flow, its equilibrium, the rows of weights that read its position or its
name) is copied from the preset's operator of that name, or, where there is none, from
the preset's operators in turn: a motion that the decoder can show is a better start
than noise. Parts of the motion that have another size are new. Models without
operators (DSVAE, LSTM-f, LSTM-c) are copied part by part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from keras import ops

from halo_keras.schema import ConfigError

REQUIRED = ("encoder", "content_network", "decoder")
OPTIONAL = (
    *("position_features", "position_head", "momentum_network", "momentum_head"),
    *("position_shift", "dynamics", "equilibrium", "state_prior"),
    *("motion_network", "motion_prior", "start", "lstm"),
)


class Start(NamedTuple):
    """What `start_from` did.

    frozen: layers that are not to be trained.
    copied, new: names of parts whose weights come from the preset, and of the others.
    """

    frozen: list
    copied: list[str]
    new: list[str]


def start_from(model, source, freeze: str | None = None) -> Start:
    """Copies weights of `source` into `model`, and freezes a part of it.

    Args:
        model: a built model that is to be trained.
        source: a trained one.
        freeze: `"encoder"`, `"decoder"` or None. Of a decoder the layer that reads the
            operators' positions stays trainable, as the operators are new.

    Raises:
        ConfigError: another kind of model, or encoder, content network or decoder of
            another size; the message names the first weight that does not fit.
    """
    if type(model) is not type(source):
        raise ConfigError(
            f"init is a {type(source).__name__} and the recipe builds a "
            f"{type(model).__name__}: choose a preset of that kind."
        )
    for size in ("frame_shape", "content_dim"):
        theirs, ours = getattr(source, size), getattr(model, size)
        if theirs != ours:
            raise ConfigError(
                f"init has {size} {theirs} and the recipe {ours}: give the recipe that "
                "of the preset (--set), or choose another preset."
            )
    origin = _origin(model.action_names, source.action_names)
    here, there = _operator_rows(model), _operator_rows(source)
    copied, new = [], []
    for name in (*REQUIRED, *OPTIONAL):
        ours, theirs = (_weights(one, name) for one in (model, source))
        if not ours:
            continue
        try:
            values = _values(ours, theirs, here, there, origin)
        except ConfigError as error:
            if name in REQUIRED:
                raise ConfigError(
                    f"init does not fit the recipe: {name}, {error}. Give the recipe "
                    "the sizes of the preset (--set model...), or another preset."
                ) from error
            new.append(name)
            continue
        for weight, value in zip(ours, values, strict=True):
            weight.assign(value)
        copied.append(name)
    return Start(_freeze(model, freeze, here), copied, new)


def _weights(model, part: str) -> list:
    if part == "equilibrium":  # a weight of the model's own
        return [model.equilibrium] if hasattr(model, part) else []
    return list(getattr(getattr(model, part, None), "weights", ()))


def _operator_rows(model) -> dict[int, tuple[int, int]]:
    """Weights whose rows are of operators: id to (rows before them, rows of each)."""
    if not hasattr(model, "equilibrium"):  # a model without operators
        return {}
    size = model.dynamics.position_dim
    latent = model.content_dim + model.num_actions * size
    readers = [
        weight
        for weight in model.decoder.weights
        if len(weight.shape) == 2 and weight.shape[0] == latent
    ]
    found = {id(weight): (model.content_dim, size) for weight in readers[:1]}
    found[id(model.position_features.kernel)] = (model.encoder.features, 1)
    if model.dynamics.has_momentum:
        for layer in (model.momentum_head.mean, model.momentum_head.log_var):
            found[id(layer.kernel)] = (model.motion_features, 1)
    for weight in _weights(model, "position_shift"):
        found[id(weight)] = (model.motion_features, 1)
    for part in ("dynamics", "equilibrium", "state_prior"):
        found.update({id(weight): (0, 1) for weight in _weights(model, part)})
    return found


def _origin(names, known) -> np.ndarray:
    """The preset's operator that each operator starts as."""
    known = list(known)
    return np.asarray(
        [
            known.index(name) if name in known else index % len(known)
            for index, name in enumerate(names)
        ]
    )


def _values(ours, theirs, here, there, origin) -> list[np.ndarray]:
    """A value for each of our weights.

    Raises:
        ConfigError: there is none for one of them.
    """
    if len(ours) != len(theirs):
        raise ConfigError(f"it has {len(theirs)} weights there and {len(ours)} here")
    values = []
    for weight, other in zip(ours, theirs, strict=True):
        fresh, value = (ops.convert_to_numpy(x) for x in (weight, other))
        if id(weight) in here and id(other) in there:
            value = _by_operator(
                value, fresh, here[id(weight)], there[id(other)], origin
            )
        if value.shape != fresh.shape:
            raise ConfigError(
                f"{weight.path} is {tuple(value.shape)} there and "
                f"{tuple(fresh.shape)} here"
            )
        values.append(value)
    return values


def _by_operator(value, fresh, here, there, origin) -> np.ndarray:
    """Rows of a weight put together for the new model's operators."""
    (shared, block), (their_shared, their_block) = here, there
    if shared != their_shared or value.shape[1:] != fresh.shape[1:]:
        return value
    if block != their_block:  # positions of another size: only the rest is known
        return np.concatenate([value[:shared], fresh[shared:]])
    rows = shared + origin[:, None] * block + np.arange(block)
    return np.concatenate([value[:shared], value[rows.ravel()]])


def _freeze(model, freeze: str | None, rows) -> list:
    if freeze is None:
        return []
    frozen = [
        layer
        for layer in getattr(model, freeze)._flatten_layers(include_self=False)
        if layer.weights and not any(id(weight) in rows for weight in layer.weights)
    ]
    for layer in frozen:
        layer.trainable = False
    return frozen
