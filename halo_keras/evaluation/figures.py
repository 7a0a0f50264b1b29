"""The papers' figures, for any preset: files that `halo-keras figures` writes.

HALO (Khan & Storkey 2022): reconstructions, swaps, 16 frames from one image, one image
with every action, energy along a rollout, phase portraits. Beyond it: a long rollout
beside the truth. DSVAE (Li & Mandt 2018): figures 3 to 5 and 7, see `dsvae_figures`.
Of speech, see `speech_figures`; of physical systems, `physics_figures`.
`recipes/README.md` maps figures of the papers to commands.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from keras import ops

from halo_keras.evaluation import (
    dsvae_figures,
    physics,
    unordered,
    unordered_figures,
)
from halo_keras.evaluation.class_plot import class_plot
from halo_keras.evaluation.energy_levels import energy_levels
from halo_keras.evaluation.mode_shares import has_modes, modes_of
from halo_keras.evaluation.physics_figures import draw_physics
from halo_keras.evaluation.shown_clips import Shown, one_of_each
from halo_keras.evaluation.spectrum_figure import spectrum_figure
from halo_keras.evaluation.speech_figures import draw_speech
from halo_keras.evaluation.strip_figure import strip_figure
from halo_keras.visualize import phase_plot, swap_grid

NUM_CLIPS = 4
LONGEST = 16  # frames of a set without an order in a strip
ROLLOUT = 1000


def draw_figures(preset, output, data_dir=None, seed: int = 0) -> list[Path]:
    """Writes all figures that a preset can have, into a folder.

    Args:
        preset: name or folder of a model.
        output: the folder; made if absent. Figures of the same name are replaced.
        data_dir: folder with the raw files; None for the dataset's own source.
        seed: which test clips are shown, and of all draws.

    Returns: the paths, in the order of `FIGURES`.

    Raises:
        ValueError: the preset is a judge, or its dataset has no protocols here.
        FileNotFoundError: a raw file is missing.
    """
    from halo_keras import data
    from halo_keras.evaluation.preset_evaluation import suite_of
    from halo_keras.hub.presets import from_pretrained, read_metadata

    metadata = read_metadata(preset)
    suite = suite_of(preset, metadata)
    options = suite.test_options(metadata["recipe"].get("data", {}))
    test = data.load(metadata["dataset"], "test", source=data_dir, **options)
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    if test.kind == "spectrogram":
        return draw_speech(from_pretrained(preset), test, output, seed)
    if test.name in physics.DATASETS:
        return draw_physics(from_pretrained(preset), test, output, seed)
    chosen = test.subset(one_of_each(test, seed))
    if chosen.num_frames > LONGEST and chosen.name == "sprite_poses":
        # As many poses as fit into a strip, from all over the sheet.
        spaced = np.linspace(0, chosen.num_frames - 1, LONGEST).round().astype(int)
        chosen = replace(chosen, frames=chosen.frames[:, spaced], options=None)
    shown = Shown(
        from_pretrained(preset),
        chosen,
        suite.judges_here().get("frame_judge"),
        seed,
        suite.reference,
    )
    return draw(shown, output)


def draw(shown: Shown, output: str | os.PathLike) -> list[Path]:
    """The figures of `FIGURES` that `shown` has all for, as files of a folder."""
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in FIGURES.items():
        if figure(shown, output / name) is not False:
            paths.append(output / name)
    return paths


def reconstruction(shown: Shown, path: Path):
    rows, labels = [], []
    for index in shown.some(NUM_CLIPS):
        clip = shown.clips.frames[index]
        made = shown.model.reconstruct(
            clip, action=shown.told[index], reference=shown.reference
        )
        rows += [_bytes(clip), _bytes(made)]
        labels += [shown.names[index], "reconstructed"]
    strip_figure(rows, labels, range(shown.clips.num_frames), path)


def swaps(shown: Shown, path: Path):
    """Content down the side, motion along the top; a moving table."""
    contents, motions = shown.some(NUM_CLIPS), shown.some(5)
    frames = shown.clips.frames
    table = [
        shown.model.swap_motion(
            frames[[i]], frames[motions], action=shown.told[motions]
        )
        for i in contents
    ]
    scale = max(1, 64 // frames.shape[2])
    swap_grid(frames[contents], frames[motions], np.stack(table), path, scale=scale)


def swap_table(shown: Shown, path: Path):
    """The same on paper: one row a content, all taking one clip's motion."""
    chosen = shown.some(NUM_CLIPS)
    frames, motion = shown.clips.frames, chosen[-1]
    rows, labels = [_bytes(frames[motion])], [f"motion: {shown.names[motion]}"]
    for index in chosen[:-1]:
        made = shown.model.swap_motion(
            frames[index], frames[motion], action=shown.told[motion]
        )
        rows += [_bytes(frames[index]), _bytes(made)]
        labels += [f"content: {shown.names[index]}", "swapped"]
    strip_figure(rows, labels, range(shown.clips.num_frames), path)


def generation(shown: Shown, path: Path):
    """16 frames from the first one alone, below the clip as a loop."""
    if unordered.is_unordered(shown.model):
        return False  # it knows no time
    times = np.arange(16)
    rows, labels = [], []
    for index in shown.some(NUM_CLIPS):
        clip = shown.clips.frames[index]
        made = shown.model.forecast(clip[:1], times, action=shown.told[index])
        rows += [_bytes(clip[times % len(clip)]), _bytes(made)]
        labels += [shown.names[index], "from frame 0"]
    strip_figure(rows, labels, times, path)


def image_to_sequence(shown: Shown, path: Path):
    """One picture, and every action that the model knows."""
    if unordered.is_unordered(shown.model):
        return False  # it knows no time
    image = shown.clips.frames[shown.some(3)[1], 0]
    times = np.arange(shown.clips.num_frames)
    rows = [np.broadcast_to(_bytes(image), (len(times), *image.shape))]
    labels = ["the picture"]
    for name in shown.model.action_names:
        rows.append(_bytes(shown.model.generate(image, name, times=times)))
        labels.append(name)
    strip_figure(rows, labels, times, path)


def energy(shown: Shown, path: Path):
    """Each operator's energy along a long rollout: flat lines, if all is well."""
    if not _has(shown, "energy"):
        return False
    times = np.linspace(0, ROLLOUT, 201).round()
    operators, firsts = np.unique(shown.told, return_index=True)
    energies = shown.model.energy(
        shown.clips.frames[firsts], action=operators, times=times
    )
    energy_levels(energies, times, _operator_names(shown, operators), path)


def phase(shown: Shown, path: Path):
    """Trajectories of one clip's length in the planes that move most."""
    if not _has(shown, "momentum"):
        return False
    operators, firsts = np.unique(shown.told, return_index=True)
    operators, firsts = operators[:4], firsts[:4]
    encoding = shown.model.encode(shown.clips.frames[firsts], operators)
    # A Hamiltonian flow is known between the frames too; others may only step.
    step = 0.25 if shown.model.dynamics.has_energy else 1.0
    times = np.arange(0, shown.clips.num_frames + step, step)
    rolled = shown.model.dynamics.trajectory(encoding.state, times)
    rolled = ops.convert_to_numpy(rolled)
    active = rolled[np.arange(len(operators)), :, operators]
    phase_plot(active, path, labels=_operator_names(shown, operators))


def long_rollout(shown: Shown, path: Path):
    """The clip, and below it windows far beyond it that a loop would fill alike."""
    if unordered.is_unordered(shown.model):
        return False  # it knows no time
    index = shown.some(3)[1]
    clip = shown.clips.frames[index]
    rows, labels = [_bytes(clip)], [f"clip: {shown.names[index]}"]
    for first in (0, 8, 56, 248, 992):
        first = first // 8 * len(clip)  # always a whole number of clips
        times = first + np.arange(len(clip))
        made = shown.model.forecast(clip, times, action=shown.told[index])
        rows.append(_bytes(made))
        labels.append(f"frames {first + 1}-{first + len(clip)}")
    strip_figure(rows, labels, range(len(clip)), path)


def frame_classes(shown: Shown, path: Path):
    """DSVAE's figure 4: which class a judge names each frame of drawn clips."""
    if shown.frame_judge is None:
        return False
    class_plot(shown.model, shown.frame_judge, shown.clips, path, seed=shown.seed)


def dsvae_panels(shown: Shown, path: Path):
    """DSVAE's figure 3: data, reconstructions, draws and swaps."""
    chosen = shown.clips.subset(shown.some(3))
    dsvae_figures.panel_figure(shown.model, chosen, path, shown.seed)


def turning(shown: Shown, path: Path):
    """DSVAE's figure 5: drawn clips that turn, if some do."""
    names = shown.clips.action_names
    if shown.frame_judge is None or not all("/" in name for name in names):
        return False
    found = dsvae_figures.turning_figure(
        shown.model, shown.frame_judge, path, names, shown.seed
    )
    return found > 0


def predictions(shown: Shown, path: Path):
    """DSVAE's figure 7: clips as pictures, the end of each predicted."""
    if shown.clips.name != "bouncing_balls":
        return False
    chosen = shown.clips.subset(shown.some(4))
    dsvae_figures.prediction_figure(shown.model, chosen, path, seed=shown.seed)


def spectrum(shown: Shown, path: Path):
    """The speeds of a rotation, which are multiples of one."""
    if shown.clips.name != "rotating_mnist" or not has_modes(shown.model):
        return False
    modes = modes_of(shown.model, shown.clips)
    spectrum_figure(modes, shown.clips.num_frames, path)


def motion_grid(shown: Shown, path: Path):
    """Helminger et al.'s figure 3: the map of motion, for some contents."""
    if not unordered.is_unordered(shown.model):
        return False
    unordered_figures.grid_figure(shown.model, shown.clips.subset(shown.some(3)), path)


def motion_curve(shown: Shown, path: Path):
    """Helminger et al.'s figure 4b: the motion coordinate along some clips."""
    clips = shown.clips.subset(shown.some(3))
    if not unordered.is_unordered(shown.model) or clips.name == "sprite_poses":
        return False
    truth = (clips.states or {}).get("intensity")
    unordered_figures.curve_figure(shown.model, clips, path, truth)


FIGURES: dict[str, Callable[[Shown, Path], None | bool]] = {
    "reconstruction.png": reconstruction,
    "swaps.gif": swaps,
    "swap.png": swap_table,
    "generation_16.png": generation,
    "image_to_sequence.png": image_to_sequence,
    "energy.png": energy,
    "phase.png": phase,
    "long_rollout.png": long_rollout,
    "frame_classes.png": frame_classes,
    "dsvae_panels.png": dsvae_panels,
    "turning.png": turning,
    "predictions.png": predictions,
    "spectrum.png": spectrum,
    "motion_grid.png": motion_grid,
    "motion_curve.png": motion_curve,
}


def _has(shown: Shown, what: str) -> bool:
    """Whether the model's motion is a dynamics with energy, or with momentum."""
    dynamics = getattr(shown.model, "dynamics", None)
    return getattr(dynamics, f"has_{what}", False)


def _operator_names(shown: Shown, operators) -> list[str]:
    return [shown.model.action_names[operator] for operator in operators]


def _bytes(frames) -> np.ndarray:
    frames = np.asarray(frames)
    if frames.dtype == np.uint8:
        return frames
    return np.round(np.clip(frames, 0, 1) * 255).astype("uint8")
