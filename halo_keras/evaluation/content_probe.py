"""Is what is said in the motion? Read from the latents, beside a judge of the spectra.

A dynamic equal error rate near .5 says that the motion does not know the speaker. Noise
knows no speaker either: the rate counts only if the motion tells what is said.
"""

from __future__ import annotations

import numpy as np

from halo_keras.evaluation.probes import probe
from halo_keras.evaluation.speech_features import segment_features
from halo_keras.evaluation.spoken_content import content_head, content_labels

CONTEXT = 2  # frames on either side: a phone is known by those beside it
MOST = 20_000  # examples of either split


def with_context(motion: np.ndarray, context: int = CONTEXT) -> np.ndarray:
    """Each frame's latent with those of its neighbours, edges repeated.

    Args:
        motion: `(num_segments, time, size)`.

    Returns: `(num_segments, time, (2 context + 1) size)`.
    """
    time = motion.shape[1]
    near = np.arange(time)[:, None] + np.arange(-context, context + 1)
    return motion[:, np.clip(near, 0, time - 1)].reshape(*motion.shape[:2], -1)


def examples(
    motion: np.ndarray, said: np.ndarray, most: int = MOST
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a probe learns from: one example a labelled frame, or one a segment.

    Args:
        motion: `(num_segments, time, size)`.
        said: `(num_segments, time)` labels of frames or `(num_segments,)` of segments,
            -1 where there is none.
        most: at most so many, evenly spaced.

    Returns: features `(num, size)`, labels `(num,)`, and where in `said.ravel()` they
        are.
    """
    if said.ndim == 2:
        if motion.shape[1] != said.shape[1]:  # one latent for all frames of a clip
            motion = np.repeat(motion[:, :1], said.shape[1], axis=1)
        motion = with_context(motion)
    features = motion.reshape(said.size, -1)
    there = np.flatnonzero(said.ravel() >= 0)
    if len(there) > most:
        there = there[np.linspace(0, len(there) - 1, most).round().astype(int)]
    return features[there], said.ravel()[there].astype(int), there


def content_from_motion(
    model, train, test, judge, seed: int = 0, most: int = MOST, verbose: int = 0
) -> dict[str, float]:
    """Accuracy of a small network that reads what is said from the motion's means.

    It learns from training speakers and is scored on test ones. The means are those
    that speaker verification compares.

    Args:
        model, judge: see `voice_conversion`; the judge's head says what to read.
        train, test: `ClipDataset`s with its labels.
        seed: of the probe.
        most: examples of either split at most.

    Returns: `content_from_motion`, and on the same frames (or segments)
        `content_judge`, the judge's accuracy, `content_chance`, that of the commonest
        class, and `content_ratio`, the first in the second.
    """
    head = content_head(judge)
    said_train, said = content_labels(train, head), content_labels(test, head)
    step = max(1, int(np.prod(said_train.shape)) // (2 * most))
    some = np.arange(0, len(train), step)  # features of the others are not needed
    learned = examples(
        segment_features(model, train.subset(some), verbose=verbose)[1],
        said_train[some],
        most,
    )
    _, motion = segment_features(model, test, verbose=verbose)
    features, truth, where = examples(motion, said, most)
    accuracy = probe(learned[0], learned[1], features, truth, seed)
    heard = judge.predict_labels(test.frames)[head].ravel()[where]
    judged = float(np.mean(heard == truth))
    found = {
        "content_from_motion": accuracy,
        "content_judge": judged,
        "content_chance": float(np.bincount(truth).max() / len(truth)),
    }
    return found | ({"content_ratio": accuracy / judged} if judged else {})
