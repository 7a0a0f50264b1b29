"""Free Spoken Digits: ten digits, said 50 times by each of six men (Jackson et al.).

https://github.com/Jakobovski/free-spoken-digit-dataset, recordings of about .4 s at
8 kHz, so that the upper half of the bins of a spectrum is empty. Its authors hold out
recordings 0 to 4 of each digit and speaker.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.registry import register
from halo_keras.data.speech_clips import Corpus, Recording, speech_clips
from halo_keras.data.take_report import Skipped
from halo_keras.data.wav_files import RecordingError, read_wave
from halo_keras.schema import ConfigError, nearest

LICENSE = "CC-BY-SA-4.0"
ATTRIBUTION = (
    "Free Spoken Digit Dataset by Zohar Jackson and its contributors "
    "(https://github.com/Jakobovski/free-spoken-digit-dataset)"
)
DIGITS = ["zero", "one", "two", "three", "four"]
DIGITS += ["five", "six", "seven", "eight", "nine"]
HELD_OUT = (0, 1, 2, 3, 4)
# Where a copy has none of these, the next ones.
HELD_OUT_ELSE = (5, 6, 7, 8, 9)
PROTOCOLS = ("closed-set", "unseen-speakers")
TEST_SPEAKERS = ("theo", "yweweler")
RATE = 8000  # samples a second
MAX_FILE_BYTES = 2**24

_NAME = re.compile(r"(\d)_([a-z]+)_(\d+)\.wav", re.IGNORECASE)


@register("spoken_digits")
def load_spoken_digits(
    split: str,
    source=None,
    *,
    protocol: str = "closed-set",
    test_speakers: Sequence[str] = TEST_SPEAKERS,
) -> ClipDataset:
    """Segments of spoken digits, `(num_clips, 20, 200)` float32, see `speech_clips`.

    Labels beside those of `speech_clips`: `speaker` and `digit`.

    Args:
        split: `"train"` or `"test"`.
        source: the zip, or a folder with the recordings (or one that holds them as
            `recordings`), named DIGIT_SPEAKER_NUMBER.wav.
        protocol: `"closed-set"`: the same speakers in both splits, test is recordings
            0 to 4 of each digit and speaker, as published; a copy that has none of
            them gives 5 to 9 instead. `"unseen-speakers"`: test is all recordings of
            `test_speakers`, which are not in train.
        test_speakers: only for `"unseen-speakers"`.

    Raises: ConfigError without a source, for an unknown protocol or speaker, and if
        nothing can be used; FileNotFoundError if the source is missing; ImportError
        without the extra `speech`. A recording that cannot be used is left out and
        named in the report.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(
            f"protocol must be one of {list(PROTOCOLS)}, received {protocol!r}"
            f"{nearest(protocol, PROTOCOLS)}."
        )
    if source is None:
        raise ConfigError(
            "spoken_digits are read from a copy: pass the zip, or the folder of the "
            "recordings, as source (--data-dir for a recipe). They are at "
            "https://github.com/Jakobovski/free-spoken-digit-dataset"
        )
    corpus, found = read_source(Path(source))
    if protocol == "unseen-speakers":
        tested = _check_speakers(test_speakers, corpus.label_names["speaker"])
        held_out = [speaker in tested for _, speaker, _ in found]
    else:
        numbers = {number for *_, number in found}
        test = HELD_OUT if numbers & set(HELD_OUT) else HELD_OUT_ELSE
        held_out = [number in test for *_, number in found]
        if test is HELD_OUT_ELSE:
            corpus.notes.append(
                (corpus.source, "no recording 0 to 4 of any digit; test is 5 to 9")
            )
    corpus.recordings = [
        recording
        for recording, out in zip(corpus.recordings, held_out, strict=True)
        if out == (split == "test")
    ]
    return speech_clips(
        "spoken_digits", split, corpus, license=LICENSE, attribution=ATTRIBUTION
    )


def read_source(source: Path) -> tuple[Corpus, list[tuple[int, str, int]]]:
    """All recordings, and (digit, speaker, number) of each.

    Raises: FileNotFoundError, ConfigError if the source holds no such recording.
    """
    if source.is_dir():
        folder = source / "recordings"
        folder = folder if folder.is_dir() else source
        files = {
            path.name: partial(read_wave, path, rate=RATE)
            for path in folder.glob("*.[wW][aA][vV]")
        }
    elif source.is_file():
        files = _in_zip(source)
    else:
        raise FileNotFoundError(f"the spoken digits {source} do not exist.")
    skipped, kept = [], {}
    for name, read in files.items():
        match = _NAME.fullmatch(name)
        if match:
            kept[int(match[1]), match[2].lower(), int(match[3])] = name, read
        elif name.lower().endswith(".wav"):
            reason = "not named DIGIT_SPEAKER_NUMBER.wav"
            skipped.append(Skipped(name, "label", reason))
    if not kept:
        raise ConfigError(
            f"{source} holds no recording named DIGIT_SPEAKER_NUMBER.wav, such as "
            f"7_jackson_32.wav; it holds {sorted(files)[:5]}."
        )
    order = sorted(kept)
    recordings = [
        Recording(
            PurePosixPath(kept[key][0]).stem,
            {"speaker": key[1], "digit": DIGITS[key[0]]},
            kept[key][1],
        )
        for key in order
    ]
    names = {
        "speaker": sorted({speaker for _, speaker, _ in order}),
        "digit": DIGITS,
        "utterance": [recording.name for recording in recordings],
    }
    return Corpus(str(source), recordings, names, skipped), order


def _in_zip(source: Path) -> dict:
    try:
        archive = zipfile.ZipFile(source)  # closed with the last of its readers
    except (zipfile.BadZipFile, OSError) as error:
        raise ConfigError(f"{source} is no usable zip: {error}.") from error
    # Only the last part of a member's name is used, and nothing is unpacked to disk.
    return {
        PurePosixPath(member.filename).name: partial(_read_member, archive, member)
        for member in archive.infolist()
        if member.filename.lower().endswith(".wav")
        and "__MACOSX" not in member.filename
    }


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo):
    name = f"{archive.filename}: {member.filename}"
    if member.file_size > MAX_FILE_BYTES:
        raise RecordingError("unreadable", f"{name}: {member.file_size} bytes large.")
    try:
        content = archive.read(member)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise RecordingError("unreadable", f"{name}: damaged ({error}).") from error
    if not content:
        raise RecordingError("empty", f"{name}: the file is empty.")
    return read_wave(io.BytesIO(content), name, rate=RATE)


def _check_speakers(wanted: Sequence[str], known: list[str]) -> set[str]:
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    for speaker in wanted:
        if speaker not in known:
            raise ConfigError(
                f"no speaker is named {speaker!r}{nearest(speaker, known)}. "
                f"Known: {', '.join(known)}."
            )
    if not wanted or set(wanted) == set(known):
        raise ConfigError(
            f"test_speakers must leave speakers to train on, received {wanted} of "
            f"{known}."
        )
    return set(wanted)
