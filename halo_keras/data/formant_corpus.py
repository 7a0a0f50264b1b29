"""Synthesised voices as a corpus in TIMIT's layout, which `timit` reads back.

    FOLDER/TRAIN/DR1/FXBB9/SX1.WAV, .PHN, .TXT      FOLDER/TEST/DR1/FYBB9/...

Regions mean nothing here; speakers are spread over them in turn.
"""

from __future__ import annotations

from pathlib import Path

from halo_keras.data.formant_sentences import sentence
from halo_keras.data.formant_speakers import voices
from halo_keras.data.formant_synthesis import say
from halo_keras.data.formant_voices import NUM_SPEAKERS, sentence_names
from halo_keras.data.timit_phones import write_phones
from halo_keras.data.wav_files import write_wave

NUM_REGIONS = 8


def write_corpus(
    folder,
    num_speakers: dict[str, int] | None = None,
    seed: int = 0,
    file_format: str = "NIST",
) -> Path:
    """Writes the voices of `load_formant_voices` as files.

    Args:
        folder: absent or empty.
        num_speakers: of `"train"` and `"test"`; as many as there by default.
        seed: of voices and sentences.
        file_format: `"NIST"` (SPHERE, as TIMIT) or `"WAV"`.

    Returns: the folder.
    Raises: FileExistsError if the folder holds something; ImportError without the
        extra `speech`.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; choose another folder.")
    for split, count in (num_speakers or NUM_SPEAKERS).items():
        for index, voice in enumerate(voices(split, count, seed)):
            region = f"DR{1 + index // 2 % NUM_REGIONS}"
            place = folder / split.upper() / region / voice.name.upper()
            place.mkdir(parents=True)
            for text in sentence_names(split, index):
                said = sentence(text, seed)
                utterance = say(voice, said)
                path = place / f"{text.upper()}.WAV"
                write_wave(path, utterance.samples, file_format)
                write_phones(path.with_suffix(".PHN"), utterance.phones)
                words = " ".join(said.phones)
                line = f"0 {len(utterance.samples)} {words}\n"
                path.with_suffix(".TXT").write_text(line, "ascii")
    return folder
