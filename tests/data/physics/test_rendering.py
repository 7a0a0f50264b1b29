"""Both renderers against slower, dumber ones; discs large enough for the noise."""

import numpy as np
import pytest

from halo_keras import data
from halo_keras.data.physics import noise_floor, system_of
from halo_keras.data.physics.report_rendering import COLOURS, disc, draw_report
from halo_keras.data.physics.suite_rendering import BACKGROUND, draw_suite, hues

NAMES = ("mass_spring", "pendulum", "double_pendulum", "two_body", "three_body")


def test_a_soft_disc_is_the_mean_of_hard_ones(rng):
    """sigmoid(80 (r - d)) = P(R > d) for radii R of a logistic law: supersampling."""
    share = (np.arange(4000) + 0.5) / 4000
    radii = 0.21 + np.log(share / (1 - share)) / 80
    place = np.array([0.3, -0.55])  # of a canvas of half size 1.5
    x, y = 0.5 + place[0] / 3, 0.5 - place[1] / 3
    wanted = np.empty((32, 32))
    for row in range(32):
        for column in range(32):
            distance = np.hypot(column / 31 - x, row / 31 - y)
            wanted[row, column] = (radii > distance).mean()
    made = draw_suite(
        place[None, None, None],
        np.array([[0.63]]),
        np.array([[[1.0, 1.0, 1.0]]]),
        np.array([1.5]),
    )[0, 0]
    for channel, dark in enumerate(BACKGROUND):
        cover = (made[..., channel] / 255 - dark) / (1 - dark)
        np.testing.assert_allclose(cover, wanted, atol=0.5 / 255 / (1 - dark) + 1e-3)
    # E R^2 of the logistic law: the area of all of it together.
    area = np.pi * (0.21**2 + np.pi**2 / (3 * 80**2)) * 31**2
    cover = (made[..., 0] / 255 - BACKGROUND[0]) / (1 - BACKGROUND[0])
    assert cover.sum() == pytest.approx(area, rel=0.01)


def test_the_first_body_lies_on_top(rng):
    centres = rng.uniform(-1, 1, (2, 3, 3, 2))
    radius, half_size = rng.uniform(0.3, 0.6, (2, 3)), np.array([1.5, 2.0])
    colour = rng.random((2, 3, 3))
    made = draw_suite(centres, radius, colour, half_size)
    for clip, frame in ((0, 1), (1, 2)):
        for row in range(0, 32, 3):
            for column in range(0, 32, 3):
                pixel = np.array(BACKGROUND)
                for body in (2, 1, 0):
                    x, y = centres[clip, frame, body] / (2 * half_size[clip])
                    distance = np.hypot(column / 31 - 0.5 - x, row / 31 - 0.5 + y)
                    edge = radius[clip, body] / (2 * half_size[clip])
                    cover = 1 / (1 + np.exp(80 * (distance - edge)))
                    pixel = cover * colour[clip, body] + (1 - cover) * pixel
                found = made[clip, frame, row, column]
                np.testing.assert_allclose(found, 255 * pixel, atol=0.51)
    np.testing.assert_allclose(hues(2), [[1, 0, 0], [0, 1, 1]])


def dumb_report(places, radius, background=(81, 88, 93)):
    """Dots pixel by pixel, blurred pixel by pixel, on a picture with a wide margin."""
    size, margin = 64, 16
    sharp = np.zeros((size, size, 3))
    for body, ((x, y), r) in enumerate(zip(places, radius, strict=True)):
        mask = disc(r)
        for row in range(size):
            for column in range(size):
                dy, dx = row - margin - y + r, column - margin - x + r
                if 0 <= dy <= 2 * r and 0 <= dx <= 2 * r and mask[dy, dx]:
                    sharp[row, column] = COLOURS[body]
    for _ in range(2):
        soft = np.zeros_like(sharp)
        for row in range(1, size):
            for column in range(1, size):
                block = sharp[row - 1 : row + 1, column - 1 : column + 1]
                soft[row, column] = block.mean(axis=(0, 1))
        sharp = soft
    inner = sharp[margin : margin + 32, margin : margin + 32]
    return np.minimum(inner + background, 255)


def test_the_reports_dots_one_by_one(rng):
    """Also where dots hide each other, and at the border."""
    half_size = np.array([3.0])
    pixels = np.array(
        [
            [[10, 10], [12, 11], [11, 12]],  # all three upon each other
            [[20, 7], [3, 25], [30, 1]],
            [[0, 31], [31, 31], [34, 15]],  # partly outside
            [[8, 8], [8, 8], [8, 8]],
        ]
    )
    world = (pixels + 0.5) * 6 / 32 - 3
    world[..., 1] *= -1
    radii = np.array([3, 2, 1])
    made = draw_report(world[None], radii[None] * 6 / 32, half_size)[0]
    for frame, places in zip(made, pixels, strict=True):
        np.testing.assert_allclose(frame, dumb_report(places, radii), atol=0.51)


def test_circles_and_blur_are_opencvs():
    cv2 = pytest.importorskip("cv2")
    for radius in range(9):
        image = np.zeros((41, 41), np.uint8)
        cv2.circle(image, (20, 20), radius, 1, -1)
        wanted = image[20 - radius : 21 + radius, 20 - radius : 21 + radius] > 0
        np.testing.assert_array_equal(disc(radius), wanted)
    image = np.zeros((32, 32, 3), np.float32)
    cv2.circle(image, (17, 9), 4, COLOURS[0], -1)
    image = cv2.blur(cv2.blur(image, (2, 2)), (2, 2)) + (81, 88, 93)
    world = np.array([17.5, 32 - 9.5]) / 8 - 2
    made = draw_report(world[None, None, None], np.array([[0.5]]), np.array([2.0]))
    np.testing.assert_allclose(made[0, 0], np.minimum(image, 255), atol=0.51)


@pytest.mark.parametrize("name", NAMES)
def test_bodies_are_where_the_state_says(name):
    """The brightest place of each hue; y points up."""
    clips = data.load(name, "test", num_clips=2, num_frames=40, disc_scale=0.5)
    system = system_of(name)
    q = clips.states["state"][..., : system.num_positions]
    constants = {key: clips.states[key][:, None] for key in system.constants}
    centres = system.centres(q, constants)
    half = clips.states["half_size"][0]
    assert np.abs(centres).max() < half
    frames = clips.frames[:, -1] / 255 - BACKGROUND
    for clip in range(2):
        colour = clips.states["colour"][clip, 0] - BACKGROUND
        like = np.clip(1 - np.abs(frames[clip] - colour).sum(axis=-1), 0, None) ** 4
        rows, columns = np.indices((32, 32))
        x = (like * columns).sum() / like.sum()
        y = (like * rows).sum() / like.sum()
        wanted = (centres[clip, -1, 0] * [1, -1] / (2 * half) + 0.5) * 31
        np.testing.assert_allclose([x, y], wanted, atol=0.35)


@pytest.mark.parametrize("name", NAMES)
def test_noise_counts_for_a_fifth_of_the_mean_image_at_most(name):
    """With the noise of the report on our renderer; its own dots are smaller."""
    noise = system_of(name).report_noise
    clips = data.load(name, "test", num_clips=64, num_frames=30, noise=noise)
    values = clips.frames / 255
    mean_image = ((values - values.mean(axis=(0, 1))) ** 2).mean()
    floor = noise_floor(clips.subset(slice(0, 24)))
    assert mean_image >= 5 * floor["error"].mean()
    assert 0 < floor["variance"].mean() < 1.1 * floor["error"].mean()


def test_floors_are_those_of_many_draws():
    """Monte Carlo over 60 sets of the same clips, each with noise of its own."""
    options = {"num_clips": 4, "num_frames": 6, "rendering": "report"}
    clips = data.load("mass_spring", "test", **options)
    clean = data.load("mass_spring", "test", noise=0.0, **options)
    np.testing.assert_allclose(clips.states["state"], clean.states["state"])
    again = ((clips.frames / 255 - clean.frames / 255) ** 2).mean(axis=(2, 3, 4))
    np.testing.assert_allclose(noise_floor(clips)["error"], again, atol=1e-8)
    rng, system = np.random.default_rng(0), system_of("mass_spring")
    q = clips.states["state"][..., :1]
    draws = []
    for _ in range(60):
        shaken = system.centres(q + 0.1 * rng.standard_normal(q.shape), {})
        drawn = draw_report(shaken, clips.states["radius"], np.full(4, 2.0))
        draws.append(drawn / 255)
    draws = np.stack(draws)
    floors = [noise_floor(clips, seed) for seed in range(12)]
    variance = np.mean([one["variance"] for one in floors])
    assert variance == pytest.approx(draws.var(axis=0, ddof=1).mean(), rel=0.1)
    error = ((draws - clean.frames / 255) ** 2).mean()
    assert variance < error
    assert noise_floor(clean)["error"].max() == 0


def test_the_reports_floors_are_those_of_the_facts():
    """Measured before by a re-draw of its renderer: floor and mean image, x 1e-4."""
    for name, floor, mean in (
        ("mass_spring", 8.5, 47),
        ("pendulum", 9.4, 83),
        ("two_body", 3.4, 27),
        ("three_body", 8.2, 8.7),
    ):
        clips = data.load(name, "test", num_clips=60, num_frames=30, rendering="report")
        values = clips.frames / 255
        found = ((values - values.mean(axis=(0, 1))) ** 2).mean()
        assert 1e4 * found == pytest.approx(mean, rel=0.12)
        few = clips.subset(slice(0, 30))
        assert 1e4 * noise_floor(few)["error"].mean() == pytest.approx(floor, rel=0.12)
