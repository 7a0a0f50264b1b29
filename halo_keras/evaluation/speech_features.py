"""One vector an utterance: what speaker verification compares."""

from __future__ import annotations

import numpy as np
from keras import ops

from halo_keras.data.action_groups import operators_for
from halo_keras.data.spectrogram import SAMPLE_RATE, WINDOW
from halo_keras.evaluation.equal_error_rate import (
    speaker_verification,
    standard_error,
)
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.voices import utterances_of

NUM_MELS, NUM_COEFFICIENTS = 40, 20


def segment_features(
    model, dataset, batch_size: int = 256, verbose: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means of content and of motion, segment by segment.

    A model with `features(frames)` is asked for them. Of a HALO model the motion at
    time t is the active operator's state there, rolled out from the inferred one.

    Returns: content `(num_segments, content_dim)` and motion
        `(num_segments, time, motion_dim)`.
    """
    told = operators_for(model, dataset)
    contents, motions = [], []
    for rows in chunks(len(dataset), batch_size, "features", verbose):
        frames = dataset.frames[rows]
        if hasattr(model, "features"):
            found = model.features(frames)
            content, motion = found["content"], found["motion"]
        else:
            encoding = model.encode(frames, told[rows])
            times = np.arange(frames.shape[1])
            rolled = model.dynamics.trajectory(encoding.state, times)
            content = encoding.content
            rolled = ops.convert_to_numpy(rolled)
            motion = rolled[np.arange(len(frames)), :, told[rows]]
        contents.append(content)
        motions.append(motion)
    return np.concatenate(contents), np.concatenate(motions)


def mean_mfcc(frames: np.ndarray) -> np.ndarray:
    """Mean mel-frequency cepstrum of each segment, without what says how loud it is.

    The plainest description of a voice, in place of the paper's i-vectors: log power
    in 40 mel bands, their cosine transform, coefficients 1 to 19, averaged over time.

    Args:
        frames: `(num_segments, time, 200)` log magnitudes, see `data.spectrogram`.

    Returns: `(num_segments, 19)`.

    Raises:
        ImportError: without the extra `speech`.
    """
    try:
        import librosa
    except ImportError as error:
        raise ImportError(
            "cepstra are made with librosa: pip install 'halo-keras[speech]'"
        ) from error
    bands = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=NUM_MELS)
    power = np.exp(2.0 * np.asarray(frames, "float64"))
    # The recordings' spectra leave out the last bin, at 8 kHz.
    mel = power @ bands[:, : power.shape[-1]].T.astype("float64")
    logs = np.log(np.maximum(mel, 1e-10)).swapaxes(-1, -2)  # (segments, mels, time)
    cepstrum = librosa.feature.mfcc(S=logs, n_mfcc=NUM_COEFFICIENTS)
    return cepstrum[..., 1:, :].mean(axis=-1)


def verification(model, dataset, batch_size=256, verbose: int = 0) -> dict[str, float]:
    """Equal error rates of what content, motion and mean cepstra tell of the speaker.

    Li & Mandt 2018, section 4.2: the feature of an utterance is the mean over its
    segments of the posterior mean of f, or the mean over time and segments of that of
    z_t. Cosine similarity, all unordered pairs of utterances, no centring. Content
    should tell the speaker (a low rate), motion should not (a high one, .5 at most).

    Returns: `eer_static`, `eer_dynamic`, `eer_gap` (their difference), `eer_mfcc`; of
        three speakers or more each rate's `_standard_error` (of the jackknife over
        speakers); `eer_num_speakers`, `eer_num_pairs`.
    """
    utterances = utterances_of(dataset)
    content, motion = segment_features(model, dataset, batch_size, verbose)
    count, people = len(utterances), len(np.unique(utterances.speaker))
    found = {}
    for name, values in (
        ("static", content),
        ("dynamic", motion.mean(axis=1)),
        ("mfcc", mean_mfcc(dataset.frames)),
    ):
        compared = utterances.means(values), utterances.speaker
        found[f"eer_{name}"] = speaker_verification(*compared)
        if people > 2:
            found[f"eer_{name}_standard_error"] = standard_error(*compared)
    return {
        **found,
        "eer_gap": found["eer_dynamic"] - found["eer_static"],
        "eer_num_speakers": people,
        "eer_num_pairs": count * (count - 1) // 2,
    }
