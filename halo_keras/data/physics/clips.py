"""Trajectories of a system as clips: drawn, simulated, shaken and rendered."""

from __future__ import annotations

import numpy as np

from halo_keras.data.balls import uniform_draws
from halo_keras.data.clip_dataset import ClipDataset
from halo_keras.data.physics.options import RENDERINGS, Options, checked
from halo_keras.data.physics.report_rendering import COLOURS, draw_report
from halo_keras.data.physics.simulation import MAX_ERROR, simulate
from halo_keras.data.physics.suite_rendering import draw_suite, drawn_hues, hues
from halo_keras.data.physics.system import System
from halo_keras.schema import nearest

ATTRIBUTION = (
    "computed by halo-keras after dm_hamiltonian_dynamics_suite (DeepMind) and the "
    "re-evaluation report of Hamiltonian Generative Networks (zenodo 4835278)"
)
ACTION_NAMES = ["motion"]
HUE_NAMES = ["red", "yellow", "green", "cyan", "blue", "magenta"]
_ATTEMPTS = 50
_SYSTEMS: dict[str, System] = {}


def system_of(name: str) -> System:
    """The system of that name; ValueError, with the nearest name, if there is none."""
    if name not in _SYSTEMS:
        raise ValueError(
            f"there is no physical system {name!r}{nearest(name, _SYSTEMS)}. "
            f"Known: {', '.join(sorted(_SYSTEMS))}."
        )
    return _SYSTEMS[name]


def loader_of(system: System):
    """The loader of a system's clips, for `register`, as if its module defined it."""

    def load_clips(
        split: str,
        *,
        num_clips: int | None = None,
        num_frames: int | None = None,
        step: float | None = None,
        rendering: str = "suite",
        noise: float | None = None,
        friction: float = 0.0,
        colours: str = "fixed",
        masses="fixed",
        disc_scale: float | None = None,
        seed: int = 0,
    ) -> ClipDataset:
        """A physical system: `(num_clips, num_frames, 32, 32, 3)` uint8.

        Labels: `action` (one), for the pendulum `motion`, with drawn colours `colour`,
        the first body's hue. States, float64: `state` `(num_clips, num_frames, 2 d)`,
        positions then momenta, without noise; `energy` `(num_clips, num_frames)`;
        the constants (`mass`, ...); and what `frames_at` and `noise_floor` draw from:
        `radius`, `colour`, `half_size`, `step`, `friction`, `noise`, `rendering`.

        Args:
            split: `"train"` (10,000 clips by default) or `"test"` (256).
            num_clips: clip i is the same whatever this number.
            num_frames: frames a clip; by default 30 in training and 222 = 30 + 192 in
                the test. A longer clip begins like a shorter one, unless bodies leave
                the suite's picture in it or collide: then it is drawn again.
            step: time between two frames; by default .05, of the report .125.
            rendering: `"suite"` or `"report"`, see the two files of these names; each
                with its own starts.
            noise: standard deviation of what is added to each coordinate of each state
                before it is drawn; by default 0, of the report its own for the system.
            friction: c in dp/dt = -dH/dq - c dH/dp.
            colours: `"fixed"`, or `"drawn"` for each clip from six hues.
            masses: `"fixed"`; `"drawn"`: masses, gravity and lengths of each clip from
                the suite's ranges; or one mass, or one a body.
            disc_scale: discs are so much larger than the suite's; by default so much
                that the test clips' mean image errs by five times what the report's
                noise does, 1 for the suite's own size.
            seed: of everything random. The splits are disjoint streams of one seed.

        Raises: ValueError on an option out of range, or a step in which the energy
            cannot be kept.
        """
        given = checked(
            system,
            split,
            num_clips=num_clips,
            num_frames=num_frames,
            step=step,
            rendering=rendering,
            noise=noise,
            friction=friction,
            colours=colours,
            masses=masses,
            disc_scale=disc_scale,
        )
        return _clips(system, split, given, seed)

    # What the registry says of a dataset, it reads in its loader's module.
    load_clips.__module__ = type(system).__module__
    load_clips.__name__ = load_clips.__qualname__ = f"load_{system.name}"
    _SYSTEMS[system.name] = system
    return load_clips


def _clips(system: System, split: str, given: Options, seed: int) -> ClipDataset:
    count = given.num_clips
    looks = uniform_draws(split, count, seed)
    constants, q, p = _trajectories(system, split, given, seed)
    energy = system.energy(q, p, _along_time(constants))
    labels, names = {"action": np.zeros(count, np.int64)}, {"action": ACTION_NAMES}
    motions = system.motions(energy[:, 0], constants)
    if motions is not None:
        names["motion"], labels["motion"] = motions
    if given.colours == "drawn":
        chosen, colour = drawn_hues(looks, system.num_bodies)
        labels["colour"], names["colour"] = chosen[:, 0], HUE_NAMES
    elif given.rendering == "report":
        colour = np.tile(np.array(COLOURS[: system.num_bodies]) / 255, (count, 1, 1))
    else:
        colour = np.tile(hues(system.num_bodies), (count, 1, 1))
    states = {
        "state": np.concatenate([q, p], axis=-1),
        "energy": energy,
        **constants,
        **_discs(system, constants, given),
        "colour": colour,
        "step": np.full(count, given.step),
        "friction": np.full(count, given.friction),
        "noise": np.full(count, given.noise),
        "rendering": np.full(count, RENDERINGS.index(given.rendering)),
    }
    if given.noise:
        q = q + given.noise * _normal(uniform_draws(split, count, seed, 2, 0), q.shape)
    return ClipDataset(
        name=system.name,
        split=split,
        frames=draw(system, q, states),
        labels=labels,
        label_names=names,
        states=states,
        license="Apache-2.0",
        attribution=ATTRIBUTION,
    )


def _trajectories(system, split, given, seed):
    """Constants `(N, size)`, q and p `(N, T, d)`; what cannot be used is redrawn."""
    count, num_frames = given.num_clips, given.num_frames
    leaves = system.may_leave and given.rendering == "suite"
    times = given.step * np.arange(num_frames)
    pending = np.arange(count)
    found = None
    for attempt in range(_ATTEMPTS):
        draws = uniform_draws(split, count, seed, 32, 1 + attempt)[pending]
        constants = _constants(system, given, draws[:, 16:])
        q, p = system.start(draws, constants, given)
        q, p, error = simulate(system, q, p, constants, times, given.friction)
        kept = error <= MAX_ERROR
        if not system.may_leave and not kept.all():
            break
        if leaves:
            size = _discs(system, constants, given)["half_size"]
            centres = system.centres(q, _along_time(constants))
            kept &= np.abs(centres).max(axis=(1, 2, 3)) <= size
        parts = {"q": q, "p": p, **constants}
        if found is None:
            found = {name: np.zeros((count, *v.shape[1:])) for name, v in parts.items()}
        for name, value in parts.items():
            found[name][pending[kept]] = value[kept]
        pending = pending[~kept]
        if not len(pending):
            constants = {name: found[name] for name in constants}
            return constants, found["q"], found["p"]
    raise ValueError(
        f"{system.name}: the energy of {np.sum(~kept)} of {len(kept)} trajectories "
        f"changes by more than {MAX_ERROR:g} of itself, or they leave the picture, "
        f"with step={given.step:g}: take a smaller step, or other masses."
    )


def _constants(system, given, draws):
    """Each constant as `(N, size)`, of uniform numbers `(N, 16)`."""
    found, used = {}, 0
    for name, constant in system.constants.items():
        own = draws[:, used : used + constant.size]
        used += constant.size
        value = constant.fixed
        if given.rendering == "report" and constant.report is not None:
            value = constant.report
        if given.masses == "drawn" and constant.drawn is not None:
            low, high = constant.drawn
            found[name] = low + (high - low) * own
        else:
            found[name] = np.full(own.shape, value)
        if name == "mass" and not isinstance(given.masses, str):
            found[name] = np.tile(given.masses, (len(own), 1))
    return found


def _discs(system, constants, given):
    """`radius` `(N, num_bodies)` and `half_size` `(N,)` in world coordinates."""
    count = len(constants["mass"])
    if given.rendering == "report":
        radius = system.report_radius(constants)
        return {
            "radius": radius,
            "half_size": np.full(count, system.report_half_size),
        }
    largest = constants
    if given.masses == "drawn":  # one canvas for the whole set
        largest = {
            name: np.full(constants[name].shape, constant.largest)
            for name, constant in system.constants.items()
        }
    radii = [
        given.disc_scale * np.sqrt(c["mass"] / np.pi) for c in (constants, largest)
    ]
    return {
        "radius": radii[0],
        "half_size": system.reach(largest) + radii[1].max(axis=1),
    }


def _normal(draws, shape):
    """Normal numbers of `shape`; a clip's are its own, in the order of time."""
    made = np.empty(shape)
    for clip, bits in enumerate(draws.view(np.uint64)):
        made[clip] = np.random.default_rng(bits).standard_normal(shape[1:])
    return made


def draw(system, q, states) -> np.ndarray:
    """Frames of positions `(N, T, d)`, without noise: `(N, T, 32, 32, 3)` uint8."""
    constants = {name: states[name] for name in system.constants}
    centres = system.centres(q, _along_time(constants))
    if RENDERINGS[int(states["rendering"][0])] == "report":
        return draw_report(centres, states["radius"], states["half_size"])
    return draw_suite(centres, states["radius"], states["colour"], states["half_size"])


def _along_time(constants):
    return {name: value[:, None] for name, value in constants.items()}
