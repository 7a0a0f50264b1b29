"""Clips of people: which protocols are run on them, whoever and whatever they show.

The same protocols as elsewhere, with two differences. Clips have a beginning and an
end, they are no loops, so that a state is inferred from all frames. And where test
people are not those of the training, a judge cannot name them: `NearestIdentity` does,
by a quarter of the test clips that is then not scored.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation import from_one_image, protocols
from halo_keras.evaluation.metrics import as_float
from halo_keras.evaluation.nearest_identity import NearestIdentity, scored_and_gallery
from halo_keras.evaluation.progress import chunks
from halo_keras.evaluation.suite import Protocol, Setting, Suite


def people_protocols(identity: str, unseen: bool) -> dict[str, Protocol]:
    """Protocols by name.

    Args:
        identity: the label that says who is seen.
        unseen: whether test people are in no training clip.
    """

    def judged(run: Callable, **options) -> Protocol:
        def on_scored_clips(s: Setting):
            test, judge = s.test, s.judge
            if unseen:
                test, judge = s.once(
                    ("people", id(judge)), lambda: people_judge(s, identity)
                )
            return run(s, test, judge)

        return Protocol(on_scored_clips, needs=("judge",), **options)

    def swap(s: Setting, test, judge, prefix: str, action):
        found = protocols.swap(
            s.model,
            test,
            judge,
            s.seed,
            action,
            identity=identity,
            prefix=prefix,
            verbose=s.verbose,
        )
        # Another take of that person and action is no truth: pose and light differ.
        return {key: each for key, each in found.items() if not key.endswith("_mse")}

    return {
        "judge_real": judged(
            lambda s, test, judge: protocols.judged_real_clips(
                test, judge, verbose=s.verbose
            )
        ),
        "reconstruction": Protocol(
            lambda s: protocols.reconstruction(
                s.model, s.test, reference=None, verbose=s.verbose
            )
        ),
        "sharpness": Protocol(lambda s: sharpness(s.model, s.test, verbose=s.verbose)),
        "generation": Protocol(
            lambda s: from_one_image.generation(
                s.model, s.test, s.test.num_frames, verbose=s.verbose
            ),
            timed=True,
        ),
        "action_inference": Protocol(
            lambda s: protocols.action_inference(s.model, s.test, verbose=s.verbose),
            told=True,
        ),
        "swap": judged(
            lambda s, test, judge: swap(s, test, judge, "swap", "given"),
        ),
        "swap_inferred": judged(
            lambda s, test, judge: swap(s, test, judge, "swap_inferred", None),
            told=True,
        ),
        "prior_motion": judged(
            lambda s, test, judge: protocols.prior_motion(
                s.model, test, judge, s.seed, identity, verbose=s.verbose
            ),
            told=True,
            sampled=True,
        ),
        "prior_content": judged(
            lambda s, test, judge: protocols.prior_content(
                s.model, test, judge, s.seed, verbose=s.verbose
            ),
            sampled=True,
        ),
        "sampled_motion": judged(
            lambda s, test, judge: protocols.sampled_motion(
                s.model, test, judge, s.seed, verbose=s.verbose
            ),
            told=False,
            sampled=True,
        ),
        "leakage": Protocol(
            lambda s: protocols.leakage(
                s.model,
                at_frame_times(s.training_clips()),
                s.test,
                s.seed,
                verbose=s.verbose,
            ),
            ("train",),
        ),
        "baselines": Protocol(
            lambda s: from_one_image.static_baselines(s.test, verbose=s.verbose)
        ),
    }


def people_judge(s: Setting, identity: str):
    """The test clips that are scored, and a judge that knows the others' people."""
    scored, gallery = scored_and_gallery(s.test, identity)
    if identity not in s.judge.head_names:
        return s.test, s.judge
    judge = NearestIdentity(s.judge, s.test.subset(gallery), identity)
    return s.test.subset(scored), judge


def sharpness(
    model, dataset, batch_size: int = 128, verbose: int = 0
) -> dict[str, float]:
    """How sharp reconstructions are, beside the clips: below 1 they are blurred.

    Returns: `sharpness_ratio`, sum |g(made)| / sum |g(real)|, where g are differences
        of neighbouring pixels, down and to the right.
    """
    action = operators_for(model, dataset)
    total = np.zeros(2)
    for rows in chunks(len(dataset), batch_size, "sharpness", verbose):
        frames = dataset.frames[rows]
        made = model.reconstruct(frames, action=action[rows])
        for index, clips in enumerate((made, as_float(frames))):
            for axis in (2, 3):
                change = np.abs(np.diff(clips, axis=axis))
                total[index] += change.sum(dtype="float64")
    return {"sharpness_ratio": float(total[0] / max(total[1], 1e-12))}


def at_frame_times(dataset):
    """The clips whose frame k is at time k and counts; protocols know no others."""
    plain = np.ones(len(dataset), bool)
    if dataset.times is not None:
        plain &= (dataset.times == np.arange(dataset.num_frames)).all(axis=1)
    if dataset.mask is not None:
        plain &= dataset.mask.all(axis=1)
    return dataset if plain.all() else dataset.subset(plain)


def evaluate_people(
    suite: Suite, model, train, test, judge=None, names=None, **options
) -> dict[str, float]:
    """Protocols of a suite by name.

    Args:
        suite: of the dataset, such as `faces.SUITE`.
        model: a `SequenceModel`, with its prior fitted.
        train, test: `ClipDataset`s; `train` may be a function that loads it.
        judge: instead of the suite's own, which is used if it is bundled. Without
            any, what needs one is left out.
        names: of protocols; None for all that the model and the judges allow.
        options: others of `Setting`.

    Returns: a flat dict of floats, all of them finite.
    """
    judges = suite.judges_here()
    if judge is not None:
        judges["judge"] = judge
    test = at_frame_times(test)
    setting = Setting(model=model, test=test, train=train, **judges, **options)
    return suite.run(setting, names)
