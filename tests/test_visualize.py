"""Pictures of clips and motion, checked pixel by pixel and against known orbits."""

import numpy as np
import pytest
from PIL import Image

from halo_keras.data.clip_files import read_clip
from halo_keras.dynamics import NormalFormDynamics
from halo_keras.visualize import (
    beside,
    energy_plot,
    film_strip,
    phase_plot,
    save_gif,
    swap_grid,
)


def clips(rng, *shape):
    return rng.integers(0, 255, (*shape, 8, 8, 3)).astype(np.uint8)


def comment(path):
    with Image.open(path) as image:
        return image.info["comment" if path.suffix == ".gif" else "Comment"]


def test_film_strip_places_every_frame(rng):
    frames = clips(rng, 2, 5)
    strip = film_strip(frames, scale=3, gap=2)
    assert strip.shape == (2 * 24 + 2, 5 * 24 + 4 * 2, 3)
    covered = np.zeros(strip.shape[:2], bool)
    for row in range(2):
        for t in range(5):
            y, x = row * 26, t * 26
            cell = strip[y : y + 24, x : x + 24]
            for i in range(24):
                for j in range(24):
                    assert (cell[i, j] == frames[row, t, i // 3, j // 3]).all()
            covered[y : y + 24, x : x + 24] = True
    assert (strip[~covered] == 255).all()


def test_film_strip_is_a_clip_file(tmp_path, rng):
    frames = clips(rng, 7)
    film_strip(frames / 255.0, tmp_path / "a.png")
    np.testing.assert_array_equal(read_clip(tmp_path / "a.png"), frames)
    assert comment(tmp_path / "a.png") == "synthetic: halo-keras"


def test_film_strip_of_grey_frames(tmp_path, rng):
    frames = clips(rng, 4)[..., :1]
    assert film_strip(frames, tmp_path / "a.png").shape == (8, 32, 1)
    np.testing.assert_array_equal(read_clip(tmp_path / "a.png"), frames)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((8, 8, 3), np.uint8), "frames: expected frames"),
        (np.full((2, 8, 8, 3), np.nan), "received values from nan"),
        (np.full((2, 8, 8, 3), 7.0), "divide pixels"),
    ],
)
def test_film_strip_refuses(tmp_path, frames, message):
    with pytest.raises(ValueError, match=message):
        film_strip(frames, tmp_path / "a.png")
    with pytest.raises(ValueError, match="must end in .png"):
        film_strip(np.zeros((2, 8, 8, 3), np.uint8), tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


def test_beside_repeats_the_shorter(rng):
    short, long = clips(rng, 2), clips(rng, 5)
    both = beside(short, long, gap=1)
    assert both.shape == (5, 8, 17, 3)
    for t in range(5):
        np.testing.assert_array_equal(both[t, :, :8], short[t % 2])
        np.testing.assert_array_equal(both[t, :, 8], np.full((8, 3), 255))
        np.testing.assert_array_equal(both[t, :, 9:], long[t])


def test_swap_grid_puts_each_swap_in_its_row_and_column(tmp_path, rng):
    contents, motions, results = clips(rng, 3, 1), clips(rng, 2, 4), clips(rng, 3, 2, 4)
    path = tmp_path / "grid.gif"
    grid = swap_grid(contents, motions, results, path, gap=1, scale=2)
    assert grid.shape == (4, 4 * 8 + 3, 3 * 8 + 2, 3)

    def cell(t, row, column):
        y, x = 9 * row, 9 * column
        return grid[t, y : y + 8, x : x + 8]

    for t in range(4):
        assert (cell(t, 0, 0) == 255).all()
        for j in range(2):
            np.testing.assert_array_equal(cell(t, 0, j + 1), motions[j, t])
            for i in range(3):
                np.testing.assert_array_equal(cell(t, i + 1, 0), contents[i, 0])
                np.testing.assert_array_equal(cell(t, i + 1, j + 1), results[i, j, t])
    assert read_clip(path).shape == (4, 70, 52, 3)
    assert comment(path) == b"synthetic: halo-keras"


def test_swap_grid_refuses_what_does_not_belong_together(tmp_path, rng):
    contents, motions, results = clips(rng, 3, 4), clips(rng, 2, 4), clips(rng, 2, 3, 4)
    with pytest.raises(ValueError, match=r"expected 3 x 2 results.*\(2, 3, 4, 8, 8"):
        swap_grid(contents, motions, results, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="expected 3 x 2 results"):
        swap_grid(contents, motions, np.zeros((3, 2, 4, 9, 9, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def rotation(times, speed=0.7, start=(1.0, 0.5)):
    """q and p of one plane turning at `speed`: the normal form of MODELS section 1."""
    q, p = start
    c, s = np.cos(speed * times), np.sin(speed * times)
    return np.stack([q * c + p * s, p * c - q * s], axis=-1)


def test_energy_plot_draws_the_ratio_to_time_zero(tmp_path):
    times = np.array([3.0, -1.0, 0.0, 0.5, 8.0])
    states = rotation(times)
    kept = (states**2).sum(-1) / 2
    drifting = kept * np.exp(0.1 * times)
    figure = energy_plot(
        [kept, drifting], times, tmp_path / "e.png", labels=["kept", "drifts"]
    )
    first, second = figure.axes[0].get_lines()
    np.testing.assert_allclose(first.get_xdata(), np.sort(times))
    np.testing.assert_allclose(first.get_ydata(), 1, atol=1e-12)
    np.testing.assert_allclose(second.get_ydata(), np.exp(0.1 * np.sort(times)))
    assert comment(tmp_path / "e.png") == "synthetic: halo-keras"
    low, high = figure.axes[0].get_ylim()
    assert low < np.exp(-0.1) and high > np.exp(0.8)


def test_energy_plot_of_rounding_errors_is_a_straight_line(rng):
    energies = 3 + 1e-6 * rng.normal(size=64)
    axes = energy_plot(energies).axes[0]
    low, high = axes.get_ylim()
    assert high - low >= 0.02
    assert np.ptp(axes.get_lines()[0].get_ydata()) < 1e-3 * (high - low)


def test_energy_plot_of_zero_energy_draws_the_difference():
    axes = energy_plot([[0.0, 0.5, 1.0], [2.0, 2.0, 2.0]]).axes[0]
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), [0, 0.5, 1])
    np.testing.assert_allclose(axes.get_lines()[1].get_ydata(), 0)
    assert "E(t) - E(0)" in axes.get_ylabel()


@pytest.mark.backend
def test_plots_take_what_a_model_returns():
    """On PyTorch that is a tensor that knows its gradient, which NumPy refuses."""
    dynamics = NormalFormDynamics(2, 1, num_frames=8)
    states = dynamics.trajectory(np.ones((1, 1, 4), "float32"), np.arange(8.0))
    figure = phase_plot(states[:, :, 0])
    q, _ = figure.axes[0].get_lines()[0].get_data()
    assert len(q) == 8 and np.ptp(q) > 0
    energies = dynamics.energy(states[0])[:, 0]
    line = energy_plot(energies).axes[0].get_lines()[0]
    values = line.get_ydata()  # of one clip the energy itself, which is constant
    np.testing.assert_allclose(values, values[0], rtol=1e-4)


def test_phase_plot_draws_the_widest_planes(tmp_path):
    times = np.linspace(0, 9, 40)
    planes = [rotation(times, start=(radius, 0)) for radius in (0.1, 2.0, 0.5)]
    states = np.concatenate([np.stack(planes, -1)[:, 0], np.stack(planes, -1)[:, 1]], 1)
    figure = phase_plot(states, tmp_path / "p.png", max_planes=2)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "position q[1]",
        "position q[2]",
    ]
    q, p = figure.axes[0].get_lines()[0].get_data()
    np.testing.assert_allclose(q**2 + p**2, 4)
    np.testing.assert_allclose(q, 2 * np.cos(0.7 * times))
    assert comment(tmp_path / "p.png") == "synthetic: halo-keras"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: energy_plot([np.nan, 1]), "finite energies"),
        (lambda: energy_plot([1.0, 1], times=[0, 1, 2]), "expected 2 times"),
        (lambda: energy_plot([1.0, 1], labels=["a", "b"]), "expected 1 labels"),
        (lambda: phase_plot(np.zeros((4, 3))), r"\(batch, num_times, 2 \* position"),
        (lambda: phase_plot(np.full((4, 2), np.inf)), "finite states"),
    ],
)
def test_plots_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_failed_figure_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "e.png").write_bytes(b"what was there before")

    def fail(self, part, **options):
        part.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="No space left"):
        energy_plot([1.0, 1.0], path=tmp_path / "e.png")
    assert [path.name for path in tmp_path.iterdir()] == ["e.png"]
    assert (tmp_path / "e.png").read_bytes() == b"what was there before"


def test_no_global_state_of_pyplot():
    """pyplot would keep every figure alive and open windows where there is a screen."""
    import matplotlib.pyplot

    energy_plot(np.ones(4))
    figure = phase_plot(np.ones((4, 2)))
    assert matplotlib.pyplot.get_fignums() == []
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba())[..., :3].min() < 255


def test_save_gif_is_public(tmp_path, rng):
    save_gif(tmp_path / "a.gif", clips(rng, 2), comment="made by hand")
    assert comment(tmp_path / "a.gif") == b"made by hand"
