"""TIMIT's phones and the `.PHN` files that say when each of them is spoken."""

from __future__ import annotations

from pathlib import Path

from halo_keras.data.wav_files import RecordingError

# The 61 symbols of TIMIT's transcriptions; `pcl` and the like are the closures before
# the bursts `p`, ..., `h#` is silence at the ends of a recording, `pau` within it.
PHONES = tuple(
    "aa ae ah ao aw ax ax-h axr ay b bcl ch d dcl dh dx eh el em en eng epi er ey f g "
    "gcl h# hh hv ih ix iy jh k kcl l m n ng nx ow oy p pau pcl q r s sh t tcl th uh "
    "uw ux v w y z zh".split()
)
_NUMBER = {phone: index for index, phone in enumerate(PHONES)}


def read_phones(path: Path) -> tuple[tuple[int, int, int], ...]:
    """A `.PHN` file: lines of first sample, sample behind the last, symbol.

    Returns: (first sample, sample behind the last, index into `PHONES`) each.
    Raises: RecordingError of the kind "label", naming the file and the line.
    """
    spans, end = [], 0
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, ValueError) as error:
        raise RecordingError("label", f"{path}: unreadable ({error}).") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        known = len(words) == 3 and words[2] in _NUMBER
        times = known and words[0].isdecimal() and words[1].isdecimal()
        if not times or not end <= int(words[0]) < int(words[1]):
            raise RecordingError(
                "label",
                f"{path}: line {number} is {line[:40]!r}, expected a first sample (not "
                f"before {end}), a later one and one of TIMIT's 61 phones.",
            )
        end = int(words[1])
        spans.append((int(words[0]), end, _NUMBER[words[2]]))
    if not spans:
        raise RecordingError("label", f"{path}: holds no phone.")
    return tuple(spans)


def write_phones(path: Path, spans) -> None:
    """The inverse of `read_phones`."""
    lines = [f"{start} {stop} {PHONES[phone]}\n" for start, stop, phone in spans]
    path.write_text("".join(lines), "ascii")
