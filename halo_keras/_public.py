"""The public names, imported by hand; `halo_keras` hands them on.

Importing this file imports Keras and registers every class that a preset may hold.
"""

from halo_keras._backend import require_backend

require_backend()

from halo_keras import data, dynamics, evaluation, hub, layers, models  # noqa: E402, F401
from halo_keras.hub import (  # noqa: E402, F401
    from_pretrained,
    list_presets,
    save_preset,
    verify,
)
from halo_keras.models import (  # noqa: E402, F401
    DSVAE,
    HALO,
    HGN,
    Encoding,
    PixelHNN,
    SequenceModel,
    SequenceRNN,
    UnorderedVAE,
)
