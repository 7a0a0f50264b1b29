"""Every system moves as its Hamiltonian says, by a second solver and by differences."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from halo_keras import data
from halo_keras.data.physics import frames_at, states_at, system_of
from halo_keras.data.physics.simulation import simulate

NAMES = ("mass_spring", "pendulum", "double_pendulum", "two_body", "three_body")
# Trajectories part exponentially where motion is chaotic: shorter ones there.
FRAMES = {"double_pendulum": 100, "three_body": 80}


def some(name, rng, count=5):
    """States and constants of a system, all different and of size 1, about."""
    system = system_of(name)
    q, p = rng.normal(size=(2, count, system.num_positions))
    constants = {
        key: rng.uniform(0.5, 2, (count, constant.size))
        for key, constant in system.constants.items()
    }
    return system, q, p, constants


@pytest.mark.parametrize("name", NAMES)
def test_the_field_is_the_hamiltonians_gradient(name, rng):
    """By central differences, with another mass and length for each body."""
    system, q, p, constants = some(name, rng)
    step = 1e-5
    by_q, by_p = np.empty_like(q), np.empty_like(p)
    for k in range(system.num_positions):
        shift = np.zeros(system.num_positions)
        shift[k] = step
        for found, side in ((by_q, (1, 0)), (by_p, (0, 1))):
            ends = [
                system.energy(q + s * side[0], p + s * side[1], constants)
                for s in (shift, -shift)
            ]
            found[:, k] = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(system.velocity(q, p, constants), by_p, atol=2e-7)
    force = system.force(q, p, constants)
    np.testing.assert_allclose(force, -by_q, atol=1e-6 * max(1, np.abs(by_q).max()))


def written_out(name, q, p, c):
    """H as the papers write it, of one state."""
    m = c["mass"]
    if name == "mass_spring":
        return c["stiffness"][0] * q[0] ** 2 / 2 + p[0] ** 2 / (2 * m[0])
    if name == "pendulum":
        g, length = c["gravity"][0], c["length"][0]
        kinetic = p[0] ** 2 / (2 * m[0] * length**2)
        return kinetic + m[0] * g * length * (1 - np.cos(q[0]))
    if name == "double_pendulum":
        # p' M(q)^-1 p / 2, M from the speeds of both bobs; heights from the lowest.
        (a, b), g = c["length"], c["gravity"][0]
        cross = m[1] * a * b * np.cos(q[0] - q[1])
        inertia = np.array([[(m[0] + m[1]) * a * a, cross], [cross, m[1] * b * b]])
        first = a * (1 - np.cos(q[0]))
        second = first + b * (1 - np.cos(q[1]))
        fall = g * (m[0] * first + m[1] * second)
        return p @ np.linalg.solve(inertia, p) / 2 + fall
    q, p = q.reshape(-1, 2), p.reshape(-1, 2)
    total = sum((p[i] @ p[i]) / (2 * m[i]) for i in range(len(m)))
    for i in range(len(m)):
        for j in range(i):
            distance = np.linalg.norm(q[i] - q[j])
            total -= c["gravity"][0] * m[i] * m[j] / distance
    return total


@pytest.mark.parametrize("name", NAMES)
def test_energies_are_the_papers(name, rng):
    system, q, p, constants = some(name, rng)
    found = system.energy(q, p, constants)
    for k in range(len(q)):
        own = {key: value[k] for key, value in constants.items()}
        assert found[k] == pytest.approx(written_out(name, q[k], p[k], own))


@pytest.mark.parametrize("friction", [0.0, 0.05])
@pytest.mark.parametrize("name", NAMES)
def test_trajectories_are_those_of_an_adaptive_solver(name, friction):
    """Hamilton's equations from `written_out` alone, by differences of it."""
    num_frames = FRAMES.get(name, 222)
    clips = data.load(
        name, "test", num_clips=2, num_frames=num_frames, friction=friction, seed=3
    )
    system, size = system_of(name), system_of(name).num_positions

    def slope(_, state):
        ends = state + 1e-5 * np.vstack([np.eye(2 * size), -np.eye(2 * size)])
        values = [written_out(name, s[:size], s[size:], own) for s in ends]
        gradient = (np.array(values[: 2 * size]) - values[2 * size :]) / 2e-5
        by_q, by_p = gradient[:size], gradient[size:]
        return np.concatenate([by_p, -by_q - friction * by_p])

    own = {key: clips.states[key][1] for key in system.constants}
    times = clips.states["step"][1] * np.arange(num_frames)
    solved = solve_ivp(
        slope,
        (0, times[-1]),
        clips.states["state"][1, 0],
        "DOP853",
        times,
        rtol=1e-9,
        atol=1e-9,
    )
    np.testing.assert_allclose(clips.states["state"][1], solved.y.T, atol=2e-4)


@pytest.mark.parametrize("name", NAMES)
def test_energy_is_kept_to_a_ten_thousandth(name):
    clips = data.load(name, "test", num_clips=8)
    energy = clips.states["energy"]
    assert energy.shape == (8, 222)
    assert (np.abs(energy / energy[:, :1] - 1) < 1e-4).all()
    system, half = system_of(name), system_of(name).num_positions
    state = clips.states["state"][:, 100]
    constants = {key: clips.states[key] for key in system.constants}
    again = system.energy(state[:, :half], state[:, half:], constants)
    np.testing.assert_allclose(energy[:, 100], again)


def test_the_spring_is_the_analytic_one():
    clips = data.load("mass_spring", "test", num_clips=4)
    q, p = np.moveaxis(clips.states["state"], -1, 0)
    angle = 2 * 0.05 * np.arange(222)  # omega = sqrt(k / m) = 2, and m omega = 1
    np.testing.assert_allclose(
        q, q[:, :1] * np.cos(angle) + p[:, :1] * np.sin(angle), atol=1e-9
    )


def test_friction_takes_energy_as_it_should():
    clips = data.load("mass_spring", "test", num_clips=4, friction=0.3)
    energy = clips.states["energy"]
    assert (np.diff(energy) <= 0).all() and (energy[:, -1] < 0.01 * energy[:, 0]).all()
    decay = 0.3 / (2 * 0.5)  # of the amplitude: c / (2 m), as dq/dt = p / m
    w = np.sqrt(4 - decay**2)
    q, p = clips.states["state"][:, 0].T
    time = 0.05 * np.arange(222)
    speed = p / 0.5
    exact = np.exp(-decay * time) * (
        q[:, None] * np.cos(w * time)
        + ((speed + decay * q) / w)[:, None] * np.sin(w * time)
    )
    np.testing.assert_allclose(clips.states["state"][..., 0], exact, atol=1e-8)


def test_two_bodies_circle():
    clips = data.load("two_body", "test", num_clips=6)
    place = clips.states["state"][..., :2]
    radius = np.linalg.norm(place, axis=-1)
    np.testing.assert_allclose(radius, np.repeat(radius[:, :1], 222, axis=1))
    angle = np.unwrap(np.arctan2(place[..., 1], place[..., 0]))
    speed = np.diff(angle) / 0.05
    wanted = np.repeat(-1 / (2 * radius[:, :1] ** 1.5), 221, axis=1)
    np.testing.assert_allclose(speed, wanted, rtol=1e-6)


def test_the_pendulums_motion_is_told_by_what_it_does():
    clips = data.load("pendulum", "test", num_clips=60)
    rotates = clips.labels["motion"] == 1
    assert 0.15 < rotates.mean() < 0.5
    angle = clips.states["state"][..., 0]
    # Within 11 units of time all but those at the very separatrix have turned over.
    highest = 2 * 0.5 * 3 * 1
    clear = np.abs(clips.states["energy"][:, 0] / highest - 1) > 0.02
    assert clear.sum() > 50
    over = np.abs(angle).max(axis=1) > np.pi
    np.testing.assert_array_equal(over[clear], rotates[clear])


def test_the_truth_is_known_at_any_time():
    clips = data.load("double_pendulum", "test", num_clips=3, num_frames=20)
    at = states_at(clips, [4, 0, 4, 12])
    np.testing.assert_allclose(
        at, clips.states["state"][:, [4, 0, 4, 12]], rtol=1e-6, atol=1e-7
    )
    finer = data.load("double_pendulum", "test", num_clips=3, num_frames=20, step=0.025)
    half = states_at(clips, np.arange(20) / 2)
    np.testing.assert_allclose(half, finer.states["state"], atol=1e-6)
    # Backward, and from there forward again.
    system = system_of("double_pendulum")
    past = states_at(clips, [-30.0])[:, 0]
    constants = {key: clips.states[key] for key in system.constants}
    q, p, error = simulate(
        system, past[:, :2], past[:, 2:], constants, np.array([0, 1.5])
    )
    again = np.concatenate([q, p], axis=-1)[:, 1]
    np.testing.assert_allclose(again, clips.states["state"][:, 0], atol=1e-5)
    assert (error < 1e-4).all()
    few = clips.subset([2])
    made = frames_at(few, np.arange(20)).astype(int)
    assert np.abs(made - clips.frames[[2]]).max() <= 1


def test_errors_that_name_what_is_wrong():
    with pytest.raises(ValueError, match="no physical system 'pendulm'; did you mean"):
        system_of("pendulm")
    with pytest.raises(ValueError, match="no dataset is named 'two_bodies'.*two_body"):
        data.load("two_bodies")
    few = {"num_clips": 2, "num_frames": 3}
    for options, message in (
        ({"masses": -1.0}, "a mass must be finite and > 0, received -1.0"),
        ({"masses": [1.0, float("inf")]}, "a mass must be finite and > 0"),
        ({"masses": [1.0, 2.0, 3.0]}, "one number or 2, one a body"),
        ({"masses": "drwan"}, "did you mean 'drawn'"),
        ({"step": 0.0}, "step must lie in"),
        ({"step": float("nan")}, "step must lie in"),
        ({"step": 9.0}, "energy of .* take a smaller step"),
        ({"friction": -0.1}, "friction must lie in"),
        ({"noise": "high"}, "noise must be a number"),
        ({"rendering": "siute"}, "did you mean 'suite'"),
        ({"colours": "red"}, "colours must be one of"),
        ({"rendering": "report", "colours": "drawn"}, "colours of its own"),
        ({"rendering": "report", "disc_scale": 2.0}, "disc_scale is of rendering"),
        ({"disc_scale": 0.0}, "disc_scale must lie in"),
        ({"num_frames": 0}, "num_frames must be a whole number >= 1"),
    ):
        with pytest.raises(ValueError, match=message):
            data.load("double_pendulum", "test", **{**few, **options})
    clips = data.load("double_pendulum", "test", **few)
    with pytest.raises(ValueError, match="the energy cannot be kept"):
        states_at(clips, [2000.0])
    with pytest.raises(ValueError, match="finite"):
        states_at(clips, [np.nan])
