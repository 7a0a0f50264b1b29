"""Figures hold what the model says, and those that cannot be drawn are left out."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from halo_keras import data, from_pretrained
from halo_keras.data.clip_files import read_clip
from halo_keras.dynamics import LinearDynamics
from halo_keras.evaluation import FrameJudge, actions, faces, figures, sprites
from halo_keras.evaluation.class_plot import class_plot
from halo_keras.evaluation.energy_levels import energy_levels
from halo_keras.evaluation.strip_figure import GAP, strip_figure


@pytest.fixture(scope="module")
def shown():
    test = data.load("balls", "test", num_clips=30, num_frames=8)
    chosen = test.subset(figures.one_of_each(test, seed=0))
    return figures.Shown(from_pretrained("halo-tiny"), chosen)


def test_one_of_each_action_by_seed():
    test = data.load("balls", "test", num_clips=30, num_frames=2)
    chosen = figures.one_of_each(test, seed=0)
    actions = test.labels["action"][chosen]
    assert actions.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len(set(chosen)) == 9
    assert not np.array_equal(chosen, figures.one_of_each(test, seed=1))
    few = test.subset([0, 1, 2, 3])
    assert sorted(figures.one_of_each(few, seed=0)) == [0, 1, 2, 3]


def test_all_figures_of_a_model(shown, tmp_path):
    paths = figures.draw(shown, tmp_path / "figures")
    names = [path.name for path in paths]
    others = {"frame_classes.png", "turning.png", "predictions.png"}
    others |= {"spectrum.png", "motion_grid.png", "motion_curve.png"}
    assert names == [name for name in figures.FIGURES if name not in others]
    assert sorted(names) == sorted(
        path.name for path in (tmp_path / "figures").iterdir()
    )
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 150, path
    moving = read_clip(tmp_path / "figures" / "swaps.gif")
    # 4 contents and 5 motions with their own row and column, of cells of 64 pixels.
    assert moving.shape[:3] == (8, 5 * 64 + 4 * 4, 6 * 64 + 5 * 4)


def test_figures_that_a_model_cannot_have_are_left_out(tmp_path):
    class Model:
        dynamics = LinearDynamics(2, 1)

    class Framewise:
        """Without a dynamics."""

    assert not Model.dynamics.has_energy
    shown = figures.Shown(Framewise(), None)
    assert figures.energy(shown, tmp_path / "energy.png") is False
    assert figures.phase(shown, tmp_path / "phase.png") is False
    shown = figures.Shown(Model(), None)
    assert figures.energy(shown, tmp_path / "energy.png") is False
    assert figures.frame_classes(shown, tmp_path / "classes.png") is False
    assert list(tmp_path.iterdir()) == []


def test_a_strip_holds_the_rows_pixel_by_pixel(tmp_path, rng):
    rows = rng.integers(0, 256, (2, 3, 8, 8, 3), dtype="uint8")
    strip_figure(rows, ["one", "a longer label"], [0, 0.5, 8], tmp_path / "a.png", 120)
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    scale = 120 // (3 * (8 + GAP))
    size = 8 * scale
    wanted = np.repeat(np.repeat(rows[1, 2], scale, axis=0), scale, axis=1)
    for y in range(picture.shape[0] - size + 1):  # somewhere, and exactly
        for x in range(picture.shape[1] - size + 1):
            if np.array_equal(picture[y, x], wanted[0, 0]) and np.array_equal(
                picture[y : y + size, x : x + size], wanted
            ):
                return
    raise AssertionError("the frame is not in the picture")


def test_energy_levels_write_a_picture(tmp_path):
    times = np.arange(5.0)
    energy_levels([[1, 1, 1, 1, 1], [-2] * 5], times, ["a", "b"], tmp_path / "e.png")
    with Image.open(tmp_path / "e.png") as picture:
        assert picture.info["Comment"] == "synthetic: halo-keras"


def test_class_plot_draws_what_the_judge_says(shown, tmp_path):
    judge = FrameJudge((32, 32, 3), ["action", "colour"], [3, 6], (4,), 4)
    judge.build(None)
    found = class_plot(
        shown.model, judge, shown.clips, tmp_path / "c.png", num_shared=2, num_clips=3
    )
    frames = shown.model.num_frames
    assert found["content_shared_colour"].shape == (2, 3, frames)
    assert (tmp_path / "c.png").is_file()


def test_the_command_writes_them(repository, tmp_path, monkeypatch, capsys):
    from halo_keras.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(figures, "FIGURES", {"swaps.gif": figures.swaps})
    shutil.copytree(repository / "zoo" / "halo-tiny", "halo-tiny")
    assert main(["figures", "halo-tiny"]) == 0
    written = tmp_path / "figures" / "halo-tiny" / "swaps.gif"
    assert written.is_file() and "swaps.gif" in capsys.readouterr().out
    assert main(["figures", "judge-sprites"]) == 2
    assert "judge-sprites is a judge" in capsys.readouterr().err


@pytest.mark.parametrize("reference", [0, None])
def test_clips_are_reconstructed_from_the_suites_frame(
    shown, reference, tmp_path, monkeypatch
):
    drawn = []
    monkeypatch.setattr(figures, "strip_figure", lambda rows, *rest: drawn.append(rows))
    figures.reconstruction(replace(shown, reference=reference), tmp_path / "r.png")
    index = shown.some(figures.NUM_CLIPS)[1]
    clip, told = shown.clips.frames[index], shown.told[index]
    wanted = shown.model.reconstruct(clip, action=told, reference=reference)
    found = drawn[0][3].astype(float) / 255
    np.testing.assert_allclose(found, wanted, atol=1 / 255)


def test_an_expression_is_not_read_off_its_first_frame():
    assert actions.SUITE.reference is None
    assert actions.FOLDER.reference is faces.SUITE.reference is faces.MUG.reference
    assert faces.SUITE.reference is None
    assert sprites.SUITE.reference == 0


def test_figures_of_a_model_without_an_order(tmp_path):
    """Nothing is asked of it that needs time; the map and the course are drawn."""
    test = data.load("balls", "test", num_clips=9, num_frames=5)

    class Map:
        family, motion_dim, num_actions = "unordered", 2, 1
        action_names = ["motion"]

        def motion_grid(self, frames, size, extent):
            seen.append((len(frames), size, extent))
            return np.full((len(frames), size, size, 32, 32, 3), 0.5, "float32")

        def motion_curve(self, frames):
            return np.cumsum(np.ones(frames.shape[:2]), axis=1)

    seen = []
    shown = figures.Shown(Map(), test)
    timed = ("generation_16.png", "image_to_sequence.png", "long_rollout.png")
    for name in timed:
        assert figures.FIGURES[name](shown, tmp_path / name) is False
    for name in ("motion_grid.png", "motion_curve.png"):
        assert figures.FIGURES[name](shown, tmp_path / name) is not False
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 300
    assert seen == [(3, 9, 2.0)]
    assert figures.FIGURES["spectrum.png"](shown, tmp_path / "s.png") is False
