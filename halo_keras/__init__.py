"""halo-keras: models that split an image sequence into content and motion.

    import halo_keras

    model = halo_keras.from_pretrained("halo-sprites")
    clips = model.example_clips()
    model.swap_motion(content_from=clips["frames"][0], motion_from=clips["frames"][1])

Everything public is listed in `__all__`; other modules may change.
"""

import sys
from pathlib import Path

__version__ = "0.1.0"

__all__ = [
    "DSVAE",
    "HALO",
    "HGN",
    "Encoding",
    "PixelHNN",
    "SequenceModel",
    "SequenceRNN",
    "UnorderedVAE",
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

if Path(sys.argv[0]).stem == "halo-keras":
    # The command reads its arguments before anything needs Keras, whose import takes
    # seconds: `halo-keras --help` and a mistyped option are answered at once.
    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from halo_keras import _public

        return getattr(_public, name)

else:
    # Everybody else gets all of it, and with it every class registered with Keras, so
    # that keras.saving.load_model reads presets after a plain `import halo_keras`.
    from halo_keras._public import (
        DSVAE,
        HALO,
        HGN,
        Encoding,
        PixelHNN,
        SequenceModel,
        SequenceRNN,
        UnorderedVAE,
        data,
        dynamics,
        evaluation,
        from_pretrained,
        hub,
        layers,
        list_presets,
        models,
        save_preset,
        verify,
    )
