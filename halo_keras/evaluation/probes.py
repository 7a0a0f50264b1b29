"""Leakage probes: what a latent variable tells that it should not know.

A classifier is trained on posterior *samples* of training identities and scored on
those of test identities. Samples, not means: a mean may carry in its last digits what
the noise of the posterior hides from the decoder.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation.progress import chunks


def probe(
    features_train: np.ndarray,
    labels_train: np.ndarray,
    features_test: np.ndarray,
    labels_test: np.ndarray,
    seed: int = 0,
    epochs: int = 30,
) -> float:
    """Accuracy on test features of a small network trained on training features.

    Two hidden layers of 128, AdamW, on features scaled to zero mean and unit variance
    of the training set.

    Args:
        features_train, features_test: `(num_clips, num_features)` floats.
        labels_train, labels_test: `(num_clips,)` whole numbers from 0.
        seed: of weights and order.
        epochs: passes over the training features.

    Returns: accuracy in [0, 1].
    """
    _check_pairs(features_train, labels_train, "train")
    _check_pairs(features_test, labels_test, "test")
    labels_train, labels_test = np.asarray(labels_train), np.asarray(labels_test)
    mean, stddev = features_train.mean(axis=0), features_train.std(axis=0)
    # A feature that never changes tells nothing; it stays 0 and divides by no 0.
    stddev = np.where(stddev > 1e-6, stddev, 1.0)
    train = ((features_train - mean) / stddev).astype("float32")
    test = ((features_test - mean) / stddev).astype("float32")
    num_classes = int(max(labels_train.max(), labels_test.max())) + 1
    network = keras.Sequential(
        [
            layers.Input((train.shape[1],)),
            *(
                layers.Dense(
                    128,
                    activation="relu",
                    kernel_initializer=keras.initializers.GlorotUniform(seed + depth),
                )
                for depth in range(2)
            ),
            layers.Dense(
                num_classes,
                kernel_initializer=keras.initializers.GlorotUniform(seed + 2),
            ),
        ]
    )
    network.compile(
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.config.backend() == "jax",
    )
    rng = np.random.default_rng(seed)
    batch_size = min(256, len(train))
    for _ in range(epochs):
        order = rng.permutation(len(train))
        for start in range(0, len(train) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            network.train_on_batch(train[chosen], labels_train[chosen])
    logits = ops.convert_to_numpy(network(test))
    return float(np.mean(logits.argmax(axis=1) == labels_test))


def posterior_samples(
    model, dataset, seed: int = 0, batch_size: int = 256, verbose: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """One draw of content and motion from the posterior of each clip.

    The true actions are given. The motion is the state of all operators, zero but for
    the active one's: what the decoder can see of it. A model with a latent in every
    frame has them all side by side.

    Returns: content `(num_clips, content_dim)` and motion
        `(num_clips, num_operators * state_dim)`.
    """
    draw = keras.random.SeedGenerator(seed)
    content, motion = [], []
    action = operators_for(model, dataset)
    for rows in chunks(len(dataset), batch_size, "posterior samples", verbose):
        posterior = model.posterior(dataset.frames[rows], action[rows])
        content.append(ops.convert_to_numpy(posterior.content.sample(draw)))
        active = ops.convert_to_numpy(posterior.state.sample(draw))
        active = active.reshape(len(active), -1)
        full = np.zeros((len(active), model.num_actions, active.shape[-1]), "float32")
        full[np.arange(len(active)), action[rows]] = active
        motion.append(full.reshape(len(full), -1))
    return np.concatenate(content), np.concatenate(motion)


def leakage(
    model,
    train,
    test,
    seed: int = 0,
    attributes: tuple[str, ...] | None = None,
    batch_size: int = 256,
    verbose: int = 0,
) -> dict[str, float]:
    """Both leakage probes: the action from the content, attributes from the motion.

    Args:
        model: a `SequenceModel` with `posterior(frames, action)`.
        train, test: `ClipDataset`s; their identities should be disjoint.
        seed: of the posterior draws and of the probes.
        attributes: labels to look for in the motion; None for every label other than
            the action whose classes all occur in `train`.

    Returns: `leakage_action_from_content` and `leakage_<attribute>_from_motion`, and
        beside each the `_chance` of always naming the commonest class of the test set.
    """
    if attributes is None:
        attributes = tuple(
            name
            for name, classes in train.label_names.items()
            if name != "action"
            and len(np.unique(train.labels[name])) == len(classes) > 1
        )
    found = {}
    (content, motion), (content_test, motion_test) = (
        posterior_samples(model, split, seed + index, batch_size, verbose)
        for index, split in enumerate((train, test))
    )
    questions = [("action", "content", content, content_test)]
    questions += [(name, "motion", motion, motion_test) for name in attributes]
    for label, source, features, features_test in questions:
        if label == "action" and train.num_actions == 1:
            continue  # the data has one kind of motion: there is nothing to tell
        truth = np.asarray(test.labels[label])
        key = f"leakage_{label}_from_{source}"
        found[key] = probe(features, train.labels[label], features_test, truth, seed)
        found[f"{key}_chance"] = float(np.bincount(truth).max() / len(truth))
    return found


def _check_pairs(features, labels, which: str) -> None:
    if np.ndim(features) != 2 or np.shape(labels) != (len(features),):
        raise ValueError(
            f"A probe needs {which} features (num_clips, num_features) and labels "
            f"(num_clips,), received {np.shape(features)} and {np.shape(labels)}."
        )
    if not np.all(np.isfinite(features)):
        raise ValueError(f"The {which} features of a probe hold NaN or infinity.")
