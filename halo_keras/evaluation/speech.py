"""Speech: who speaks and what is said, in content, in motion, and in another voice."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.content_probe import content_from_motion
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.speech_features import verification
from halo_keras.evaluation.spoken_content import content_labels
from halo_keras.evaluation.suite import Protocol, Setting, Suite
from halo_keras.evaluation.voice_conversion import voice_conversion
from halo_keras.evaluation.voices import (
    SPEAKER,
    VoiceGallery,
    scored_and_known,
    utterances_of,
)

DECIBELS = 20 / np.log(10)  # a nat of log-magnitude


def reconstruction(
    model, dataset, batch_size: int = 256, verbose: int = 0
) -> dict[str, float]:
    """Distance of spectra from their reconstructions.

    Returns: `reconstruction_mse` of values scaled to [0, 1], and
        `reconstruction_decibels`, the root mean squared error of the log-magnitude.
    """
    low, high = dataset.value_range
    told, total = operators_for(model, dataset), 0.0
    for rows in chunks(len(dataset), batch_size, "reconstruction", verbose):
        frames = dataset.frames[rows]
        made = model.reconstruct(frames, action=told[rows])
        total += float(np.sum(np.square(made.astype("float64") - frames)))
    error = total / dataset.frames.size
    return {
        "reconstruction_mse": error / (high - low) ** 2,
        "reconstruction_decibels": float(DECIBELS * np.sqrt(error)),
    }


def judged_real_speech(judge, dataset) -> dict[str, float]:
    """The judge on real test speech: what any model can reach.

    Returns: `judge_real_speaker_accuracy`, of utterances, by the nearest voice among
        those of the speakers' other utterances (`VoiceGallery`), and
        `judge_real_<head>_accuracy` of the other heads, of labelled segments or frames.
    """
    everyone = utterances_of(dataset)
    scored, known = scored_and_known(everyone)
    gallery = VoiceGallery(judge, dataset, everyone.subset(known))
    utterances = everyone.subset(scored)
    named = gallery.names([dataset.frames[rows] for rows in utterances.rows])
    found = {"judge_real_speaker_accuracy": float(np.mean(named == utterances.speaker))}
    heard = judge.predict_labels(dataset.frames)
    for head in judge.head_names:
        if head != SPEAKER:
            truth = content_labels(dataset, head)
            right = (heard[head] == truth)[truth >= 0]
            found[f"judge_real_{head}_accuracy"] = float(np.mean(right))
    return found


def evaluate_speech(
    model, train, test, judge=None, seed: int = 0, names=None, verbose: int = 1
) -> dict[str, float]:
    """Protocols by name on all test segments.

    Args:
        model: a `SequenceModel` of spectrograms.
        train: the training split, or a function that loads it.
        test: segments with labels `speaker` and `utterance`.
        judge: a `SpeechJudge`; None leaves out what it judges.
        seed: of pairs and probes.
        names: of `PROTOCOLS`; None for all that the judge allows.
        verbose: 1 for progress bars.

    Returns: a flat dict of finite floats.
    """
    setting = Setting(
        model=model, test=test, train=train, judge=judge, seed=seed, verbose=verbose
    )
    return SUITE.run(setting, names)


def _content(s: Setting) -> dict[str, float]:
    return content_from_motion(
        s.model, s.training_clips(), s.test, s.judge, s.seed, verbose=s.verbose
    )


# A new protocol is one line here.
PROTOCOLS = {
    "judge_real": Protocol(lambda s: judged_real_speech(s.judge, s.test), ("judge",)),
    "reconstruction": Protocol(
        lambda s: reconstruction(s.model, s.test, verbose=s.verbose)
    ),
    "speaker_verification": Protocol(
        lambda s: verification(s.model, s.test, verbose=s.verbose)
    ),
    "content_from_motion": Protocol(_content, ("judge", "train")),
    "voice_conversion": Protocol(
        lambda s: voice_conversion(s.model, s.test, s.judge, s.seed, verbose=s.verbose),
        ("judge",),
    ),
}
SUITE = Suite(("formant_voices",), PROTOCOLS, judges={"judge": "judge-formant-voices"})
DIGITS = Suite(("spoken_digits",), PROTOCOLS, judges={"judge": "judge-spoken-digits"})
TIMIT = Suite(("timit",), PROTOCOLS)
