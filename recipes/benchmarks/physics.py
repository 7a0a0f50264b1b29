"""How long a training step of HGN takes: the plain way, leapfrog, closed form.

Rival: "the plain way", as public code has it (facts of the authors' code and of the
    re-evaluation report's): leapfrog with three gradients a step (the force at the end
    of a step is computed anew at the beginning of the next), and every frame decoded.
    Compiled like the others, which that of the report is not.
Contestants, on the same networks and batch:
    leapfrog         the force is computed once a step; m of the frames are decoded,
                     drawn anew in each step: the same expected gradient
    closed form      action-angle dynamics, no steps at all; m frames decoded
Before anything is timed, leapfrog's positions are compared with the plain way's.
Command: KERAS_BACKEND=tensorflow python recipes/benchmarks/physics.py
    On an otherwise idle machine, or the ratios mean nothing.
Aims at B = 16, T = 30, m = 6 on 2 cores: closed form .1 s a step, leapfrog .3 s.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

AIMS = {"plain way": None, "leapfrog": 0.3, "closed form": 0.1}
SPEEDS = [0.02, 0.045, 0.1, 0.22]


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--batch", type=int, default=16, help="B, clips a step")
    add("--frames", type=int, default=30, help="T, frames of a clip")
    add("--decoded", type=int, default=6, help="m, frames decoded of each clip")
    add("--position-dim", type=int, default=16, help="d")
    add("--hidden", type=int, nargs="+", default=[128, 128], help="widths of V and K")
    add("--channels", type=int, nargs="+", default=[64, 48, 32], help="of the decoder")
    add("--steps", type=int, default=20, help="timed steps of each")
    add("--threads", type=int, help="threads of a product (default: all)")
    add("--output", type=Path, help="write the numbers as JSON")
    return parser.parse_args(arguments)


def plain_leapfrog():
    """A step that computes every gradient where it is used."""
    from halo_keras.ops.integrators import rolled

    class PlainLeapfrog:
        order, first = 2, "momentum"
        is_symplectic = is_reversible = True

        def path(self, force, velocity, q, p, step, num_steps, damp=None):
            def turn(carry, _):
                q, p = carry
                p = p + (0.5 * step) * force(q)
                q = q + step * velocity(p)
                p = p + (0.5 * step) * force(q)
                return (q, p), (q, p)

            return rolled(turn, (q, p), num_steps)

    return PlainLeapfrog()


def models(options):
    """name -> a compiled HGN; all three share their networks' sizes."""
    import keras

    from halo_keras.dynamics import ActionAngleDynamics, NeuralHamiltonian
    from halo_keras.layers import FrameDecoder, FrameEncoder
    from halo_keras.models import HGN

    shape, made = (32, 32, 3), {}
    for name in AIMS:
        keras.utils.set_random_seed(0)
        if name == "closed form":
            dynamics = ActionAngleDynamics(options.position_dim, frequencies=SPEEDS)
        else:
            dynamics = NeuralHamiltonian(
                options.position_dim,
                hidden=options.hidden,
                frequencies=SPEEDS,
                num_frames=options.frames,
            )
        if name == "plain way":
            dynamics.integrator = plain_leapfrog()
        model = HGN(
            shape,
            dynamics,
            num_frames=options.frames,
            inference_frames=min(5, options.frames - 1),
            encoder=FrameEncoder(shape, (32, 64, 96), 96, name="encoder"),
            decoder=FrameDecoder(shape, options.channels, 32, 128, name="decoder"),
            direction="forward",
            decoded_frames=None if name == "plain way" else options.decoded,
        )
        model.compile(keras.optimizers.Adam(1e-3))
        made[name] = model
    return made


def difference(made, options) -> float:
    """Between the positions of the plain way and of leapfrog, with equal weights."""
    import numpy as np
    from keras import ops

    plain, ours = made["plain way"].dynamics, made["leapfrog"].dynamics
    plain.set_weights(ours.get_weights())
    rng = np.random.default_rng(0)
    state = rng.normal(size=(options.batch, ours.state_dim)).astype("float32")
    ways = np.where(np.arange(options.batch) % 2, 1, -1)
    found = [
        ops.convert_to_numpy(one.positions_ahead(state, ways, options.frames - 1))
        for one in (plain, ours)
    ]
    return float(np.abs(found[0] - found[1]).max())


def seconds_a_step(model, options) -> float:
    """The median of the timed steps; the first ones compile and are not timed."""
    import numpy as np

    rng = np.random.default_rng(0)
    shape = (options.batch, options.frames, 32, 32, 3)
    batch = {"frames": rng.integers(0, 256, shape, dtype=np.uint8)}
    times = []
    for index in range(2 + options.steps):
        begun = time.perf_counter()
        model.train_on_batch(batch)
        if index >= 2:
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main(arguments=None):
    options = parse(arguments)
    if options.threads:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ[name] = str(options.threads)
    import keras

    made = models(options)
    apart = difference(made, options)
    if apart > 1e-3:
        sys.exit(f"error: leapfrog's positions differ from the plain way's by {apart}.")
    print(
        f"{keras.backend.backend()}, Keras {keras.__version__}, {os.cpu_count()} "
        f"cores; batch {options.batch}, {options.frames} frames, {options.decoded} "
        "decoded; "
        f"positions differ by {apart:.1e}"
    )
    print(f"{'contestant':14} {'ms a step':>10} {'ratio':>6} {'aim, ms':>8}")
    rows, plain = [], None
    for name, model in made.items():
        took = seconds_a_step(model, options)
        plain = plain or took
        aim = AIMS[name]
        rows.append({"name": name, "seconds": took, "ratio": plain / took, "aim": aim})
        shown = "-" if aim is None else f"{1e3 * aim:.0f}"
        print(f"{name:14} {1e3 * took:10.1f} {plain / took:6.1f} {shown:>8}")
    if options.output:
        found = {"difference": apart, "rows": rows}
        options.output.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return rows


if __name__ == "__main__":
    main()
