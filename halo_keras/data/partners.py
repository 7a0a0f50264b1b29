"""Other clips with the same content, found without any label.

Content that is read from another clip of the same identity cannot tell what this clip
does: the two have the identity in common, and their motions differ. Where identities
are not labelled, drawn figures give them away by their colours. How much of a colour
is seen depends on the view too; what colours of one garment have in common does not.
So colours are counted, and clips are compared in the few directions in which counts
vary together (latent semantic analysis, Deerwester et al. 1990, with colours for words
and clips for documents).
"""

from __future__ import annotations

import numpy as np

from halo_keras.schema import ConfigError

BITS = 5  # of each channel; coarser than 8, so that compressed video has colours too
RANKS = tuple(range(4, 41, 2))
ROWS = 512


def colour_counts(frames: np.ndarray) -> np.ndarray:
    """How many pixels of each clip have each colour, `(clips, colours)`, float32.

    Args:
        frames: `(clips, time, height, width, channels)` uint8.
    """
    channels = frames.shape[-1]
    codes = np.zeros(frames.shape[:-1], "int32")
    for channel in range(channels):
        codes = (codes << BITS) | (frames[..., channel] >> (8 - BITS))
    size = 1 << (BITS * channels)
    counts = np.zeros((len(frames), size), "float32")
    for row, code in enumerate(codes.reshape(len(frames), -1)):
        counts[row] = np.bincount(code, minlength=size)
    return counts[:, counts.any(axis=0)]


def nearest_rows(points: np.ndarray, count: int) -> np.ndarray:
    """The `count` rows of largest cosine with each row, itself left out; best first."""
    length = np.linalg.norm(points, axis=1, keepdims=True)
    unit = points / np.maximum(length, 1e-9)
    chosen = np.empty((len(points), count), "int64")
    for low in range(0, len(points), ROWS):
        cosine = unit[low : low + ROWS] @ unit.T
        places = np.arange(len(cosine))
        cosine[places, low + places] = -2.0
        best = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(cosine, best, 1), axis=1, kind="stable")
        chosen[low : low + ROWS] = np.take_along_axis(best, order, 1)
    return chosen


def reciprocity(nearest: np.ndarray) -> float:
    """Share of neighbours that name the clip in return: 1 for groups of equals.

    Args:
        nearest: row numbers, `(clips, neighbours)`.
    """
    own = np.arange(len(nearest))[:, None, None]
    return float((nearest[nearest] == own).any(axis=2).mean())


def partners_in_recording(utterance: np.ndarray, num_partners: int) -> np.ndarray:
    """Each clip's following clips of the same recording, cyclically.

    A recording has one speaker, or one place and person, and nobody needs to know whom:
    content that is read from another of its clips cannot tell what is said, or done, in
    this one. A recording with fewer other clips gives them, and itself, several times.

    Args:
        utterance: the recording of each clip, `(clips,)`.
        num_partners: how many.

    Returns: row numbers, `(clips, num_partners)`.
    """
    utterance = np.asarray(utterance)
    found = np.empty((len(utterance), num_partners), "int64")
    for one in np.unique(utterance):
        rows = np.flatnonzero(utterance == one)
        for k in range(num_partners):
            found[rows, k] = np.roll(rows, -1 - k)
    return found


def partners_across_recordings(
    recording: np.ndarray, identity: np.ndarray, num_partners: int
) -> np.ndarray:
    """Clips of the same recording, and as many of other ones of the same identity.

    Where a recording shows one action, content from it alone tells the action, and a
    model need not read it off the motion. In the first half (rounded up) are the clips
    that follow in the recording; the second is spread over the other recordings, and
    where there are none, over the same one.

    Args:
        recording: of each clip, `(clips,)`.
        identity: who is seen, and from which side, `(clips,)`: one a recording.
        num_partners: how many.

    Returns: row numbers, `(clips, num_partners)`.
    """
    recording, identity = np.asarray(recording), np.asarray(identity)
    found = partners_in_recording(recording, num_partners)
    half = num_partners // 2
    for one in np.unique(recording):
        rows = np.flatnonzero(recording == one)
        same = identity == identity[rows[0]]
        others = np.flatnonzero(same & (recording != one))
        for k in range(half if len(others) else 0):
            # The next clip has the next one, so that together they see all others.
            places = np.arange(len(rows)) + k * len(others) // half
            found[rows, num_partners - half + k] = others[places % len(others)]
    return found


def partners_by_colour(frames: np.ndarray, num_partners: int) -> np.ndarray:
    """Each clip's most alike clips: row numbers, `(clips, num_partners)`, best first.

    Alike by the cosine of U_r S_r, the first r principal directions of the matrix
    sqrt(counts) = U S V' of clips and colours. Of the ranks r in `RANKS` the one is
    taken whose neighbours most often name each other (`reciprocity`; the smallest
    among equals), so that no label chooses it.

    Raises:
        ConfigError: fewer than `num_partners` other clips, or no colours to go by.
    """
    count = len(frames)
    if not 1 <= num_partners < count:
        raise ConfigError(
            f"num_partners must lie between 1 and the {count - 1} other clips, "
            f"received {num_partners}."
        )
    root = np.sqrt(colour_counts(frames))
    if np.array_equal(root, np.broadcast_to(root[0], root.shape)):
        raise ConfigError(
            "these clips have no colours that tell them apart: all show the same. "
            "Partners by colour need clips of figures in different colours."
        )
    # V from the small matrix of colours, in float64: its values are squared.
    wide = root.astype("float64")
    directions = np.linalg.eigh(wide.T @ wide)[1][:, ::-1]
    points = (wide @ directions).astype("float32")
    best, found = -1.0, None
    for rank in (r for r in RANKS if r <= max(points.shape[1], RANKS[0])):
        nearest = nearest_rows(points[:, :rank], num_partners)
        share = reciprocity(nearest)
        if share > best:
            best, found = share, nearest
    return found
