"""A suite: the named protocols of a dataset, and how some or all of them are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from halo_keras.evaluation import protocols
from halo_keras.evaluation.second_judge import Remembering, of_second_judge
from halo_keras.schema import nearest

SAMPLING_SEEDS = 5


@dataclass(frozen=True)
class Setting:
    """All that a protocol may ask for.

    Args:
        model: a `SequenceModel`, with its prior fitted.
        test: the `ClipDataset` that is scored.
        train: the training split, or a function that loads it, called only if a
            protocol needs it (the leakage probes learn from it).
        judge, second_judge: clip judges of the dataset, or None.
        frame_judge: a judge of single frames, or None.
        seed: of pairs, draws and probes.
        num_sampling_seeds: passes with drawn motion or content.
        windows: of the rollout, see `protocols.rollout`.
        verbose: 1 for progress bars.
    """

    model: Any
    test: Any
    train: Any = None
    judge: Any = None
    second_judge: Any = None
    frame_judge: Any = None
    seed: int = 0
    num_sampling_seeds: int = SAMPLING_SEEDS
    windows: tuple[tuple[int, int], ...] = (*protocols.WINDOWS, (-7, 0))
    verbose: int = 1
    _known: dict = field(default_factory=dict, repr=False)

    def training_clips(self):
        """The training split, loaded at the first call."""
        make = self.train if callable(self.train) else lambda: self.train
        return self.once("train", make)

    def inferred_actions(self) -> np.ndarray:
        """What the model takes each test clip's action to be; worked out once."""
        return self.once(
            "inferred actions",
            lambda: protocols.inferred_actions(
                self.model, self.test, verbose=self.verbose
            ),
        )

    def once(self, key, make: Callable):
        """`make()` at the first call with this key, and the same result ever after."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]


@dataclass(frozen=True)
class Protocol:
    """A measurement that has a name.

    Args:
        run: `run(setting) -> dict` of floats.
        needs: names of the `Setting`'s judges and splits that it cannot do without.
        told: True if the model must know actions. False if this is for models whose
            single operator does all motion: others are measured only on request.
        sampled: True if it draws: it is then run `num_sampling_seeds` times. The mean
            is reported under the key and the standard deviation (n - 1) under
            `<key>_stddev`.
        timed: True if it asks for frames before, between or after those that are given:
            a model without an order has none.
        unordered: True if it asks what only such a model has.
        families: of the models for which it is defined; empty for all.
        costly: True if it takes longer than all others together: it is then measured
            only on request.
        second: True if what the judge says is to be had from the second judge too,
            of the same clips, under `second_judge_<key>`.
    """

    run: Callable[[Setting], dict[str, float]]
    needs: tuple[str, ...] = ()
    told: bool | None = None
    sampled: bool = False
    second: bool = False
    timed: bool = False
    unordered: bool = False
    families: tuple[str, ...] = ()
    costly: bool = False

    def lacks(self, setting: Setting) -> str | None:
        """Why it cannot be run there, or None."""
        if self.told and setting.model.num_actions == 1:
            return "the model knows no actions, it was made without labels"
        family = getattr(setting.model, "family", None)
        if self.families and family not in self.families:
            return f"it is defined for models of {' and '.join(self.families)} only"
        orderless = family == "unordered"
        if self.timed and orderless:
            return "the model knows no time, it was made from frames without an order"
        if self.unordered and not orderless:
            return "the model reads clips in their order"
        missing = [name for name in self.needs if getattr(setting, name) is None]
        if missing:
            return "there is no " + " and no ".join(missing).replace("_", " ")
        return None

    def is_usual(self, setting: Setting) -> bool:
        """Whether it belongs to a whole evaluation."""
        redundant = self.told is False and setting.model.num_actions > 1
        unasked = self.costly or redundant
        return self.lacks(setting) is None and not unasked

    def measure(self, setting: Setting) -> dict[str, float]:
        """The numbers, over all sampling seeds and with the second judge's."""
        passes = [
            self._one_pass(replace(setting, seed=setting.seed + index))
            for index in range(setting.num_sampling_seeds if self.sampled else 1)
        ]
        return mean_and_stddev(passes) if self.sampled else passes[0]

    def _one_pass(self, setting: Setting) -> dict[str, float]:
        if not self.second or setting.second_judge is None:
            return self.run(setting)
        model = Remembering(setting.model)
        found = self.run(replace(setting, model=model))
        model.rewind()
        again = self.run(replace(setting, model=model, judge=setting.second_judge))
        return found | of_second_judge(again)


@dataclass(frozen=True)
class Suite:
    """What is measured on the datasets of one kind.

    Args:
        datasets: their names in `halo_keras.data`.
        protocols: by name, in the order in which they are run.
        judges: preset names of the `Setting`'s judges.
        reference: the frame from which (and from earlier ones) a clip's state is
            inferred for figures, None for its last: one frame of a loop tells its
            phase, the first of an expression is a neutral face.
        test_options: `test_options(options)`: the loader's options for test clips, of
            those for training clips; the same ones by default.
    """

    datasets: tuple[str, ...]
    protocols: dict[str, Protocol]
    judges: dict[str, str] = field(default_factory=dict)
    reference: int | None = 0
    test_options: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def judges_here(self) -> dict[str, Any]:
        """The suite's judges, loaded; one that is not bundled is left out."""
        from halo_keras.hub.index import bundled_names
        from halo_keras.hub.presets import from_pretrained

        here = bundled_names()
        judges = self.judges.items()
        return {role: from_pretrained(name) for role, name in judges if name in here}

    def check_names(self, names: Iterable[str] | None) -> None:
        """Raises a `ValueError` for a name that is no protocol of this suite."""
        for name in names or ():
            if name not in self.protocols:
                raise ValueError(
                    f"there is no protocol {name!r}{nearest(name, self.protocols)}. "
                    f"Known: {', '.join(self.protocols)}."
                )

    def choose(self, names: Iterable[str] | None, setting: Setting) -> list[str]:
        """The protocols to run: those named, or the usual ones that can be run.

        Raises:
            ValueError: a name is unknown, or cannot be run in this setting.
        """
        if names is None:
            known = self.protocols.items()
            return [name for name, protocol in known if protocol.is_usual(setting)]
        self.check_names(names)
        reasons = {name: one.lacks(setting) for name, one in self.protocols.items()}
        for name in names:
            if reasons[name] is not None:
                able = ", ".join(n for n, reason in reasons.items() if reason is None)
                raise ValueError(
                    f"the protocol {name!r} cannot be run: {reasons[name]}. "
                    f"Those that can: {able}."
                )
        return list(dict.fromkeys(names))

    def run(self, setting: Setting, names: Iterable[str] | None = None) -> dict:
        """Runs protocols by name.

        Args:
            names: None for all usual ones that the setting allows.

        Returns: a flat dict of finite floats, with `num_clips` and, if something was
            drawn, `num_sampling_seeds`.

        Raises:
            ValueError: see `choose`; or too few clips.
        """
        chosen = self.choose(names, setting)
        check_enough(setting.test)
        found = {"num_clips": len(setting.test)}
        if any(self.protocols[name].sampled for name in chosen):
            found["num_sampling_seeds"] = setting.num_sampling_seeds
        for name in chosen:
            measured = self.protocols[name].measure(setting)
            for key, value in measured.items():
                if np.isfinite(value):
                    found[key] = value
                else:  # such as the KL from a verdict that excludes a class
                    print(f"{key} is {value} and is left out")
        return found


def check_enough(dataset) -> None:
    """Raises a `ValueError` unless each action of the dataset occurs at least twice.

    Fewer clips cannot be paired for swaps, and H(y) could not reach its ceiling.
    """
    counts = np.bincount(dataset.labels["action"], minlength=dataset.num_actions)
    if counts.min() < 2:
        rare = dataset.action_names[int(counts.argmin())]
        raise ValueError(
            f"too few clips to evaluate: {len(dataset)} of {dataset.name}, with "
            f"{counts.min()} of the action {rare!r}; expected at least 2 of each of "
            f"{dataset.num_actions} actions. Take more clips."
        )


def mean_and_stddev(passes: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each key over passes, and beside it `<key>_stddev` (n - 1 in it)."""
    found = {}
    for key in passes[0]:
        values = [one[key] for one in passes]
        found[key] = float(np.mean(values))
        if len(values) > 1 and np.isfinite(values).all():
            found[f"{key}_stddev"] = float(np.std(values, ddof=1))
    return found
