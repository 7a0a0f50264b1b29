"""Voice conversion: what one speaker says, in the voice of another."""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.fundamental import median_f0
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.spoken_content import (
    content_head,
    content_labels,
    spoken_classes,
)
from halo_keras.evaluation.voices import (
    Utterances,
    VoiceGallery,
    scored_and_known,
    utterances_of,
)

NUM_PITCHES = 48  # pairs whose pitch is measured, which takes half a second each
NEAR = 0.1  # a tenth: a little less than two semitones


def converted(model, spoken: np.ndarray, voice: np.ndarray) -> np.ndarray:
    """`spoken`'s motion with `voice`'s content: Li & Mandt 2018, section 4.2.

    The content is the mean over all segments of the voice, as an utterance has one
    speaker; the motion is that of each segment spoken.

    Args:
        spoken, voice: `(num_segments, time, bins)` of one utterance each.

    Returns: spectra of the shape of `spoken`.
    """
    content = model.encode_content(voice).mean(axis=0, keepdims=True)
    encoding = model.encode(spoken)
    content = np.repeat(content, len(spoken), axis=0)
    return model.decode(content, encoding.state, np.arange(spoken.shape[1]))


def conversion_pairs(
    utterances: Utterances, gender: np.ndarray | None, seed: int
) -> np.ndarray:
    """For each utterance another one whose voice it is to take, of another speaker.

    Args:
        utterances: those that are scored.
        gender: `(num_utterances,)`: the voice is then of another gender, where one is
            there; None: of any other speaker.
        seed: of the choice.

    Returns: `(num_utterances,)` indices.

    Raises:
        ValueError: there is one speaker only.
    """
    rng = np.random.default_rng(seed)
    chosen = []
    for index, speaker in enumerate(utterances.speaker):
        others = utterances.speaker != speaker
        if gender is not None and (others & (gender != gender[index])).any():
            others = others & (gender != gender[index])
        if not others.any():
            raise ValueError("voice conversion needs two speakers, received one.")
        chosen.append(rng.choice(np.flatnonzero(others)))
    return np.array(chosen)


def voice_conversion(
    model,
    dataset,
    judge,
    seed: int = 0,
    num_pitches: int = NUM_PITCHES,
    verbose: int = 0,
) -> dict[str, float]:
    """Every scored utterance in another voice, heard by a judge and a pitch tracker.

    Every other utterance of a speaker's is given the voice of one of another speaker,
    of the other gender where genders are known. The utterances between them are what
    `VoiceGallery` knows the voices by.

    Args:
        model: with `encode, encode_content, decode` of spectrograms.
        dataset: test segments with labels `speaker`, `utterance` and what the judge
            names.
        judge: a `SpeechJudge`.
        seed: of the pairs.
        num_pitches: of how many pairs, evenly spaced, the pitch is measured.

    Returns: `conversion_speaker_accuracy`, share of results named as the voice's
        speaker; `conversion_source_rate`, still as the one who spoke;
        `conversion_content_accuracy`, share of utterances (or frames) whose content the
        judge names rightly, and `conversion_content_kept`, as in the original; of real
        scored utterances `conversion_real_speaker_accuracy`,
        `conversion_real_content_accuracy`. Of the median pitch, in relation to the
        voice's own: `conversion_f0_error`, median of |f / f_voice - 1|, and
        `conversion_f0_near`, share of pairs below .1; both also of higher and of lower
        voices than that of the speaker (`conversion_up_...`, `conversion_down_...`).
    """
    everyone = utterances_of(dataset)
    scored, known = scored_and_known(everyone)
    gallery = VoiceGallery(judge, dataset, everyone.subset(known))
    utterances = everyone.subset(scored)
    firsts = np.array([rows[0] for rows in utterances.rows])
    gender = dataset.labels.get("gender")
    gender = None if gender is None else np.asarray(gender)[firsts]
    voices = conversion_pairs(utterances, gender, seed)
    clips = [dataset.frames[rows] for rows in utterances.rows]
    made = []
    for rows in chunks(len(utterances), 1, "voice conversion", verbose):
        made.append(converted(model, clips[rows.start], clips[voices[rows.start]]))
    named = gallery.names(made)
    found = {
        "conversion_speaker_accuracy": _mean(named == utterances.speaker[voices]),
        "conversion_source_rate": _mean(named == utterances.speaker),
        "conversion_real_speaker_accuracy": _mean(
            gallery.names(clips) == utterances.speaker
        ),
        "conversion_num_utterances": len(utterances),
    }
    found |= _content(judge, dataset, utterances, clips, made)
    spaced = np.linspace(0, len(made) - 1, min(num_pitches, len(made)))
    return found | _pitch(clips, made, voices, spaced.round().astype(int), verbose)


def _content(judge, dataset, utterances, clips, made) -> dict[str, float]:
    head = content_head(judge)
    truth = content_labels(dataset, head)
    hits = {"real_content_accuracy": [], "content_accuracy": [], "content_kept": []}
    for rows, clip, result in zip(utterances.rows, clips, made, strict=True):
        said = truth[rows] if head in judge.frame_heads else truth[rows[:1]]
        there = said >= 0  # silence is nothing to be kept
        before, after = (spoken_classes(judge, head, x) for x in (clip, result))
        for key, same in (
            ("real_content_accuracy", before == said),
            ("content_accuracy", after == said),
            ("content_kept", np.broadcast_to(after == before, said.shape)),
        ):
            hits[key].append(same[there])
    return {
        f"conversion_{key}": _mean(np.concatenate(parts)) for key, parts in hits.items()
    }


def _pitch(clips, made, voices, chosen, verbose: int) -> dict[str, float]:
    known: dict[int, float] = {}

    def of_clip(index):
        if index not in known:
            known[index] = median_f0(clips[index])
        return known[index]

    errors, up = [], []
    for rows in chunks(len(chosen), 1, "pitch", verbose):
        index = int(chosen[rows.start])
        spoke, voice = of_clip(index), of_clip(int(voices[index]))
        # A result without any voiced frame has missed the pitch altogether.
        pitch = np.nan_to_num(median_f0(made[index]))
        if np.isfinite(spoke) and np.isfinite(voice):
            errors.append(abs(pitch / voice - 1))
            up.append(voice > spoke)
    errors, up = np.array(errors), np.array(up, bool)
    found = {}
    groups = (("", np.ones_like(up)), ("up_", up), ("down_", ~up))
    for name, group in groups:
        if group.any():
            found[f"conversion_{name}f0_error"] = float(np.median(errors[group]))
            found[f"conversion_{name}f0_near"] = _mean(errors[group] < NEAR)
    return found


def _mean(hits) -> float:
    return float(np.mean(hits))
