"""Verbs build no autograd graph, on the one backend that would."""

from __future__ import annotations

import functools

import keras


def no_gradient(function):
    """Runs `function` under `torch.no_grad()` on torch; unchanged elsewhere."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if keras.backend.backend() != "torch":
            return function(*args, **kwargs)
        import torch

        with torch.no_grad():
            return function(*args, **kwargs)

    return wrapper
