"""Pictures of physical systems: roll-outs both ways, energies, phase portraits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from keras import ops

from halo_keras.data.action_groups import operators_for
from halo_keras.data.clip_writer import COMMENT, replacing
from halo_keras.evaluation.energy_agreement import has_energy, learned_energy
from halo_keras.evaluation.energy_levels import energy_levels
from halo_keras.evaluation.physics_rollouts import shown_frames
from halo_keras.evaluation.strip_figure import strip_figure
from halo_keras.visualize import phase_plot

NUM_CLIPS = 3
NUM_SHOWN = 16  # frames of a strip
DRAWN_FRAMES = 60
ENERGY_CLIPS = 256
ROLLOUT = 1000


def draw_physics(model, dataset, output, seed: int = 0) -> list[Path]:
    """Writes the figures that a model of a physical system can have.

    Args:
        model: a `SequenceModel`.
        dataset: test clips, longer than those of training.
        output: a folder, which is there.
        seed: which clips are shown, and of draws.

    Returns: the paths, of `rollout_forward.png` and `rollout_backward.png`: true clips
        and what the model makes of their first or last frames; `samples.png`: clips
        drawn from the prior, 60 frames; `energy.png`: along 1,000 frames;
        `energy_true.png`: learned against true energy; `phase.png`. What a model
        cannot do, it has no figure of.
    """
    output, rng = Path(output), np.random.default_rng(seed)
    rows = rng.choice(len(dataset), min(NUM_CLIPS, len(dataset)), replace=False)
    clips = _by_motion(dataset.subset(np.sort(rows)))
    paths = [output / "rollout_forward.png"]
    _rollout(model, clips, paths[0], backward=False)
    if not getattr(model, "forward_only", False):
        paths.append(output / "rollout_backward.png")
        _rollout(model, clips, paths[-1], backward=True)
    paths.append(output / "samples.png")
    _samples(model, paths[-1], seed)
    if has_energy(model):
        paths += [output / "energy.png", output / "energy_true.png"]
        times = np.linspace(0, ROLLOUT, 101).round()
        energy_levels(
            learned_energy(model, clips, times), times, _names(clips), paths[-2]
        )
        _energies(model, dataset.subset(slice(0, ENERGY_CLIPS)), paths[-1])
    if getattr(getattr(model, "dynamics", None), "has_momentum", False):
        paths.append(output / "phase.png")
        _phase(model, clips, paths[-1])
    return paths


def _rollout(model, clips, path, backward):
    shown, length = shown_frames(model), clips.num_frames
    frames = np.linspace(0, length - 1, NUM_SHOWN).round().astype(int)
    given = clips.frames[:, -shown:] if backward else clips.frames[:, :shown]
    times = frames - (length - shown if backward else 0)
    made = model.forecast(given, times, action=operators_for(model, clips))
    made = np.rint(255 * np.clip(np.nan_to_num(made), 0, 1)).astype(np.uint8)
    end = "last" if backward else "first"
    rows, labels = [], []
    for name, truth, one in zip(_names(clips), clips.frames, made, strict=True):
        rows += [truth[frames], one]
        labels += [name, f"from the {end} {shown}"]
    strip_figure(rows, labels, frames, path, across="frame")


def _samples(model, path, seed):
    times = np.linspace(0, DRAWN_FRAMES - 1, NUM_SHOWN).round()
    made = np.asarray(model.sample(NUM_CLIPS, times=times, seed=seed))
    made = np.rint(255 * np.clip(np.nan_to_num(made), 0, 1)).astype(np.uint8)
    strip_figure(list(made), ["drawn"] * len(made), times, path)


def _energies(model, dataset, path):
    """Learned against true energy of each trajectory, kinds of motion told apart."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    true = dataset.states["energy"][:, 0]
    learned = learned_energy(model, dataset, [0.0])[:, 0]
    kinds = np.array(_names(dataset))
    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in np.unique(kinds):
        members = kinds == name
        axes.plot(true[members], learned[members], ".", label=name)
    axes.set_xlabel("true energy")
    axes.set_ylabel("learned energy")
    axes.legend(fontsize="small")
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Comment": COMMENT})


def _phase(model, clips, path):
    told = operators_for(model, clips)
    given = clips.frames[:, : shown_frames(model)]
    state = np.asarray(model.encode(given, action=told).state, "float32")
    times = np.arange(clips.num_frames, dtype="float32")
    rolled = ops.convert_to_numpy(model.dynamics.trajectory(state, times))
    active = rolled[np.arange(len(clips)), :, told]
    phase_plot(active, path, labels=_names(clips))


def _by_motion(clips):
    """The clips, alike ones beside each other."""
    if "motion" not in clips.labels:
        return clips
    return clips.subset(np.argsort(clips.labels["motion"], kind="stable"))


def _names(clips) -> list[str]:
    """What each clip shows."""
    label = "motion" if "motion" in clips.labels else "action"
    names = clips.label_names[label]
    return [names[index] for index in clips.labels[label]]
