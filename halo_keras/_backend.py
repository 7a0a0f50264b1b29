"""One clear line when Keras has no backend to run on.

Keras itself needs TensorFlow, JAX or PyTorch and depends on none of them, so
that a plain `pip install halo-keras` leaves the choice to its user. Without this
check, the first `import keras` ends in a long traceback about a missing module.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def require_backend() -> str:
    """The name of the backend that Keras is going to use. Imports nothing.

    Follows Keras: the variable `KERAS_BACKEND`, else the file
    `$KERAS_HOME/keras.json`, else TensorFlow.

    Raises:
        ImportError: one line, which names the three extras if no backend is
            installed, or the variable to set if another one is.
    """
    chosen = _chosen_backend()
    if "keras" in sys.modules or chosen not in BACKENDS or _installed(chosen):
        return chosen
    others = [name for name in BACKENDS if _installed(name)]
    if others:
        raise ImportError(
            f"Keras is set to the backend {chosen!r}, which is not installed, while "
            f"{' and '.join(others)} is: set the environment variable "
            f"KERAS_BACKEND={others[0]}, or pip install 'halo-keras[{chosen}]'."
        )
    extras = ", ".join(f"pip install 'halo-keras[{name}]'" for name in BACKENDS)
    raise ImportError(f"halo-keras needs a backend of Keras; choose one of: {extras}.")


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _chosen_backend() -> str:
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    home = os.environ.get("KERAS_HOME")
    folder = Path(home) if home else Path(os.path.expanduser("~")) / ".keras"
    try:
        settings = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
        return settings.get("backend", "tensorflow")
    except (OSError, ValueError, AttributeError):
        return "tensorflow"
