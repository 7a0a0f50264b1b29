"""Sprites: every number of a model, by named protocols, for `metrics.json`."""

from __future__ import annotations

import numpy as np

from halo_keras.data.action_groups import operators_for
from halo_keras.evaluation import from_one_image, protocols
from halo_keras.evaluation.likelihood import likelihood
from halo_keras.evaluation.rate import rate
from halo_keras.evaluation.suite import SAMPLING_SEEDS, Protocol, Setting, Suite
from halo_keras.evaluation.turning import turning

LOOPING = "walk/"  # only a walk's last frame leads to its first


def _loops(setting: Setting) -> dict:
    """How clips of looping actions are begun at each of their frames."""
    names = setting.test.action_names
    looping = [index for index, name in enumerate(names) if name.startswith(LOOPING)]
    phases = tuple(range(setting.test.num_frames))
    return {"phases": phases, "looping_actions": tuple(looping)}


def _swap(s: Setting) -> dict[str, float]:
    """Swaps with the motion clip's action given; then walks begun at each phase."""
    return _given_swaps(s) | _swaps(s, "swap_phase", "given", **_loops(s))


def _swap_inferred(s: Setting) -> dict[str, float]:
    """The same, but the model infers the motion clip's action."""
    known = s.inferred_actions()
    if np.array_equal(known, operators_for(s.model, s.test)):
        # It would be told what it was told before: the same swaps, made only once.
        same = _given_swaps(s)
        found = {key.replace("swap", "swap_inferred"): same[key] for key in same}
    else:
        found = _swaps(s, "swap_inferred", known)
    return found | _swaps(s, "swap_phase_inferred", None, **_loops(s))


def _given_swaps(s: Setting) -> dict[str, float]:
    return s.once(("swap", id(s.judge)), lambda: _swaps(s, "swap", "given"))


def _swaps(s: Setting, prefix: str, action, **options) -> dict[str, float]:
    return protocols.swap(
        s.model,
        s.test,
        s.judge,
        s.seed,
        action,
        prefix=prefix,
        verbose=s.verbose,
        **options,
    )


def _action_inference(s: Setting) -> dict[str, float]:
    hits = s.inferred_actions() == operators_for(s.model, s.test)
    return {"infer_action_accuracy": float(np.mean(hits))}


JUDGE = {"needs": ("judge",), "second": True}

# A new protocol is one line here. Its keys start with its name.
PROTOCOLS = {
    "judge_real": Protocol(
        lambda s: protocols.judged_real_clips(s.test, s.judge, verbose=s.verbose),
        **JUDGE,
    ),
    "reconstruction": Protocol(
        lambda s: protocols.reconstruction(s.model, s.test, 0, verbose=s.verbose)
    ),
    "generation": Protocol(
        lambda s: from_one_image.generation(s.model, s.test, verbose=s.verbose)
    ),
    "rollout": Protocol(
        lambda s: protocols.rollout(
            s.model, s.test, s.windows, s.judge, verbose=s.verbose
        )
    ),
    "action_inference": Protocol(_action_inference, told=True),
    "swap": Protocol(_swap, **JUDGE),
    "swap_inferred": Protocol(_swap_inferred, ("judge",), told=True),
    "image_to_sequence": Protocol(
        lambda s: from_one_image.image_to_sequence(
            s.model, s.test, s.judge, s.seed, verbose=s.verbose
        ),
        **JUDGE,
        told=True,
    ),
    "prior_motion": Protocol(
        lambda s: protocols.prior_motion(
            s.model, s.test, s.judge, s.seed, verbose=s.verbose
        ),
        **JUDGE,
        told=True,
        sampled=True,
    ),
    "prior_content": Protocol(
        lambda s: protocols.prior_content(
            s.model, s.test, s.judge, s.seed, verbose=s.verbose
        ),
        **JUDGE,
        sampled=True,
    ),
    "sampled_motion": Protocol(
        lambda s: protocols.sampled_motion(
            s.model, s.test, s.judge, s.seed, verbose=s.verbose
        ),
        **JUDGE,
        told=False,
        sampled=True,
    ),
    "disagreement": Protocol(
        lambda s: protocols.disagreement(
            s.model, s.test, s.frame_judge, s.seed, verbose=s.verbose
        ),
        ("frame_judge",),
    ),
    "turning": Protocol(
        lambda s: turning(
            s.model, s.test, s.frame_judge, seed=s.seed, verbose=s.verbose
        ),
        ("frame_judge",),
    ),
    "leakage": Protocol(
        lambda s: protocols.leakage(
            s.model, s.training_clips(), s.test, s.seed, verbose=s.verbose
        ),
        ("train",),
    ),
    "rate": Protocol(
        lambda s: rate(s.model, s.test, reference=0, seed=s.seed, verbose=s.verbose),
        families=("halo",),
    ),
    "likelihood": Protocol(
        lambda s: likelihood(s.model, s.test, seed=s.seed, verbose=s.verbose),
        families=("halo",),
        costly=True,  # 1,000 decoded clips for each of 64
    ),
    "baselines": Protocol(
        lambda s: from_one_image.static_baselines(s.test, verbose=s.verbose)
    ),
}

SUITE = Suite(
    ("sprites",),
    PROTOCOLS,
    judges={
        "judge": "judge-sprites",
        "second_judge": "judge-sprites-recurrent",
        "frame_judge": "judge-sprites-frames",
    },
)


def evaluate_clips(
    model,
    train,
    test,
    judge=None,
    seed: int = 0,
    num_sampling_seeds: int = SAMPLING_SEEDS,
    names=None,
    **options,
) -> dict[str, float]:
    """Protocols by name on all test clips.

    Args:
        model: a `SequenceModel`, with its prior fitted.
        train, test: `ClipDataset`s with an identity label `"character"`; `train` may
            be a function that loads it.
        judge: a clip judge with the heads to report; None leaves out what it judges.
        seed, num_sampling_seeds: see `Setting`.
        names: of `PROTOCOLS`; None for all that the model and the judges allow.
        options: others of `Setting`.

    Returns: a flat dict of floats, all of them finite.
    """
    setting = Setting(
        model=model,
        test=test,
        train=train,
        judge=judge,
        seed=seed,
        num_sampling_seeds=num_sampling_seeds,
        **options,
    )
    return SUITE.run(setting, names)
