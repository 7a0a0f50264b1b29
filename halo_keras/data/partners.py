"""Other clips with the same content, found without any label.

Content that is read from another clip of the same identity cannot tell what this clip
does: the two have the identity in common, and their motions differ. Where identities
are not labelled, drawn figures give them away by their palette: two clips of one figure
share their colours, whatever it does and whichever way it looks.
"""

from __future__ import annotations

import numpy as np

from halo_keras.schema import ConfigError

# Colours that nearly every clip has (background, outlines) tell nothing.
COMMON = 0.9
BITS = 5  # of each channel; coarser than 8, so that compressed video has colours too
ROWS = 512


def colours_of(frames: np.ndarray) -> np.ndarray:
    """Which colours each clip shows, `(clips, colours)` of 0 and 1, float32.

    Args:
        frames: `(clips, time, height, width, channels)` uint8.
    """
    count, channels = len(frames), frames.shape[-1]
    codes = np.zeros(frames.shape[:-1], "int32")
    for channel in range(channels):
        codes = (codes << BITS) | (frames[..., channel] >> (8 - BITS))
    table = np.zeros((count, 1 << (BITS * channels)), bool)
    for row, code in enumerate(codes.reshape(count, -1)):
        table[row, code] = True
    share = table.mean(axis=0)
    return table[:, (share > 0) & (share < COMMON)].astype("float32")


def partners_by_colour(frames: np.ndarray, num_partners: int) -> np.ndarray:
    """Each clip's most alike clips: row numbers, `(clips, num_partners)`.

    Alike by the weighted Jaccard index of the colours C_i, C_j that two clips show,

        J_ij = sum_{c in C_i and C_j} w_c / sum_{c in C_i or C_j} w_c,

    with w_c = ln(clips / clips that show c): a rare colour says more. Ties go to the
    clip that comes first, and no clip is its own partner.

    Raises:
        ConfigError: fewer than `num_partners` other clips, or no colours to go by.
    """
    count = len(frames)
    if not 1 <= num_partners < count:
        raise ConfigError(
            f"num_partners must lie between 1 and the {count - 1} other clips, "
            f"received {num_partners}."
        )
    shown = colours_of(frames)
    if not shown.shape[1]:
        raise ConfigError(
            "these clips have no colours that tell them apart: all show the same. "
            "Partners by colour need clips of figures in different colours."
        )
    weight = np.log(count / shown.sum(axis=0))
    weighted = shown * weight.astype("float32")
    mass = weighted.sum(axis=1)
    chosen = np.empty((count, num_partners), "int64")
    for low in range(0, count, ROWS):
        rows = slice(low, low + ROWS)
        common = weighted[rows] @ shown.T
        either = mass[rows, None] + mass[None] - common
        alike = common / np.maximum(either, 1e-6)
        alike[np.arange(len(alike)), np.arange(low, low + len(alike))] = -1.0
        # Rounded, so that equal sets are equal in whatever order they are summed.
        order = np.argsort(-np.round(alike, 5), axis=1, kind="stable")
        chosen[rows] = order[:, :num_partners]
    return chosen
