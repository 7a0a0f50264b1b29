"""halo-keras: models that split an image sequence into content and motion.

    import halo_keras

    model = halo_keras.from_pretrained("halo-sprites")
    clips = model.example_clips()
    model.swap_motion(content_from=clips["frames"][0], motion_from=clips["frames"][1])

Everything public is listed in `__all__`; other modules may change.
"""

from halo_keras._backend import require_backend

require_backend()

from halo_keras import data, dynamics, evaluation, hub, layers, models  # noqa: E402
from halo_keras.hub import (  # noqa: E402
    from_pretrained,
    list_presets,
    save_preset,
    verify,
)
from halo_keras.models import HALO, Encoding, SequenceModel  # noqa: E402

__version__ = "0.1.0"

__all__ = [
    "HALO",
    "Encoding",
    "SequenceModel",
    "__version__",
    "data",
    "dynamics",
    "evaluation",
    "from_pretrained",
    "hub",
    "layers",
    "list_presets",
    "models",
    "save_preset",
    "verify",
]
