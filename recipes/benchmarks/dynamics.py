"""How long motion takes: the paper's way against closed forms and doubling.

Rival: "the paper's way" (Khan & Storkey 2022, their code): one matrix exponential of
    every operator, then a Python loop, one product a frame. Written here as well as it
    goes: one batched product a frame for all operators and clips (on JAX a scan). It
    computes all operators and full states, whatever is asked of it. Where PyTorch is
    installed, the same in plain PyTorch with `torch.matrix_exp` stands in a column of
    its own, run eagerly as the paper ran it.
Contestants, which give the same numbers (checked before anything is timed):
    normal form           all operators, full states: a phase and a rotation a frame
    normal form, active   one operator a clip, positions only: what training needs
    doubling              symplectic operators, S_{m..2m-1} = F^m S_{0..m-1}
Both sides are compiled (TensorFlow: tf.function; JAX: jit; PyTorch has no column for
    it: its compiler unrolls the loop for minutes) and, as an extra, run eagerly.
    "gradient" is a forward pass and the gradient in the states and all weights.
Command: KERAS_BACKEND=tensorflow python recipes/benchmarks/dynamics.py
    Half an hour on 2 cores, most of it compilation of the rival's long loops; on an
    otherwise idle machine, or the ratios mean nothing. --times 8 64 takes 3 minutes.
Aims at T = 64 / 1,024, batch 32, d = 16, K = 9: normal form 3 x / 6 x, active 20 x /
    50 x, doubling 1.5 x / 5 x.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

AIMS = {
    "normal form": {64: 3.0, 1024: 6.0},
    "normal form, active": {64: 20.0, 1024: 50.0},
    "doubling": {64: 1.5, 1024: 5.0},
}


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, nargs="+", default=[8, 64, 1024])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--position-dim", type=int, default=16, help="d")
    parser.add_argument("--operators", type=int, default=9, help="K")
    parser.add_argument(
        "--contestants", nargs="+", choices=list(AIMS), default=list(AIMS)
    )
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument(
        "--xla", action="store_true", help="TensorFlow: compile both sides with XLA"
    )
    parser.add_argument("--no-eager", action="store_true", help="skip the eager column")
    parser.add_argument("--no-torch", action="store_true", help="skip PyTorch's column")
    parser.add_argument(
        "--threads", type=int, help="threads of a product (default: all)"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="to measure each entry for, at least"
    )
    parser.add_argument("--output", type=Path, help="write the numbers as JSON")
    return parser.parse_args(arguments)


MODES = ("forward", "gradient")


def paper_way(dynamics, state, num_times):
    """One exponential, a loop of products: (batch, num_times, K, n)."""
    import keras
    from keras import ops

    from halo_keras.ops.matrix_exponential import expm

    flow = ops.swapaxes(expm(dynamics.generator()), -1, -2)
    rows = ops.swapaxes(state, 0, 1)  # (K, B, n)
    if keras.backend.backend() == "jax":
        # jit unrolls a Python loop, and compiles 1,024 products for minutes.
        _, moved = ops.scan(
            lambda x, _: (x @ flow, x @ flow), rows, length=num_times - 1
        )
        states = ops.concatenate([rows[None], moved])
    else:
        states = [rows]
        for _ in range(num_times - 1):
            states.append(states[-1] @ flow)
        states = ops.stack(states)
    return ops.transpose(states, (2, 0, 1, 3))


def contestants(options):
    """name -> (dynamics, ours(state, T), what of the paper's states it must equal)."""
    import keras
    import numpy as np
    from keras import ops

    from halo_keras.dynamics import NormalFormDynamics, SymplecticDynamics

    keras.utils.set_random_seed(0)
    size, operators = options.position_dim, options.operators
    action = np.arange(options.batch, dtype="int32") % operators
    rotation = NormalFormDynamics(size, operators)
    # Definite, so that 1,024 frames do not overflow; the work does not depend on it.
    matrix = SymplecticDynamics(size, operators, init="identity")
    rotation.build(None)
    matrix.build(None)
    mask = ops.one_hot(action, operators, dtype="float32")[:, None, :, None]

    def active(states):
        return ops.sum(mask * states[..., :size], axis=2)

    def chosen(state):
        return ops.sum(mask[:, 0] * state, axis=1)

    table = {
        "normal form": (rotation, lambda s, t: rotation.trajectory(s, range(t)), None),
        "normal form, active": (
            rotation,
            lambda s, t: rotation.active_position(chosen(s), action, range(t)),
            active,
        ),
        "doubling": (matrix, lambda s, t: matrix.trajectory(s, range(t)), None),
    }
    return {name: table[name] for name in options.contestants}


def runner(function, dynamics, mode, compiled, xla):
    """A call without arguments that runs `function(state)` and waits for it."""
    import keras
    from keras import ops

    weights = dynamics.trainable_variables

    def forward(state, *values):
        # Weights come in from outside, or a compiler would take them for constants.
        mapping = list(zip(weights, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return function(state)

    def loss(*values):
        return ops.sum(ops.square(forward(*values)))

    backend = keras.backend.backend()
    point = [runner.state, *(ops.convert_to_numpy(weight.value) for weight in weights)]
    tensors = [ops.convert_to_tensor(x) for x in point]
    if backend == "tensorflow":
        import tensorflow as tf

        def gradient(*values):
            with tf.GradientTape() as tape:
                tape.watch(values)
                result = loss(*values)
            return tape.gradient(result, values)

        call = gradient if mode == "gradient" else forward
        call = tf.function(call, jit_compile=xla) if compiled else call
        return lambda: call(*tensors)
    if backend == "jax":
        import jax

        every = tuple(range(len(tensors)))
        call = jax.grad(loss, every) if mode == "gradient" else forward
        call = jax.jit(call) if compiled else call
        return lambda: jax.block_until_ready(call(*tensors))
    import torch

    leaves = [tensor.detach().requires_grad_() for tensor in tensors]
    if mode == "gradient":
        return lambda: torch.autograd.grad(loss(*leaves), leaves)
    return torch.no_grad()(lambda: forward(*leaves))


def torch_runner(dynamics, mode, num_times):
    """The paper's way in plain PyTorch, from the same generators."""
    import numpy as np
    import torch
    from keras import ops

    generator = torch.tensor(np.array(ops.convert_to_numpy(dynamics.generator())))
    state = torch.tensor(runner.state).transpose(0, 1).contiguous()
    leaves = [generator.requires_grad_(), state.requires_grad_()]

    def forward():
        flow = torch.matrix_exp(leaves[0]).transpose(-1, -2)
        states = [leaves[1]]
        for _ in range(num_times - 1):
            states.append(states[-1] @ flow)
        return torch.stack(states)

    if mode == "gradient":
        return lambda: torch.autograd.grad(forward().square().sum(), leaves)
    return torch.no_grad()(forward)


def milliseconds(call, seconds):
    """Median time of a call, after two to warm up."""
    call(), call()
    found, start = [], time.perf_counter()
    while len(found) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        call()
        found.append(1e3 * (time.perf_counter() - before))
    return statistics.median(found)


def difference(dynamics, ours, pick, num_times):
    """Largest difference to the paper's states, relative to the largest of them."""
    import numpy as np
    from keras import ops

    state = ops.convert_to_tensor(runner.state)
    expected = paper_way(dynamics, state, num_times)
    expected = ops.convert_to_numpy(expected if pick is None else pick(expected))
    found = ops.convert_to_numpy(ours(state, num_times))
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def measure(name, dynamics, ours, pick, num_times, mode, options):
    """One row of the table, as a dict."""
    import keras

    error = difference(dynamics, ours, pick, num_times)
    if error > 2e-3:
        sys.exit(f"{name} at T = {num_times} differs from the paper's way by {error}.")

    def rival(state):
        return paper_way(dynamics, state, num_times)

    def own(state):
        return ours(state, num_times)

    row = {"contestant": name, "times": num_times, "mode": mode, "difference": error}
    kinds = {"eager": False} if not options.no_eager else {}
    if keras.backend.backend() != "torch":
        kinds = {"compiled": True, **kinds}
    for kind, compiled in kinds.items():
        for who, function in (("paper", rival), ("ours", own)):
            call = runner(function, dynamics, mode, compiled, options.xla)
            row[f"{who}_{kind}_ms"] = milliseconds(call, options.seconds)
        row[f"ratio_{kind}"] = row[f"paper_{kind}_ms"] / row[f"ours_{kind}_ms"]
    if not options.no_torch:
        call = torch_runner(dynamics, mode, num_times)
        row["paper_torch_ms"] = milliseconds(call, options.seconds)
    row["aim"] = AIMS[name].get(num_times)
    return row


COLUMNS = {
    "contestant": "{:<20}",
    "times": "{:>6}",
    "mode": "{:>9}",
    "paper_compiled_ms": "{:>10.2f}",
    "ours_compiled_ms": "{:>10.2f}",
    "ratio_compiled": "{:>8.1f}",
    "aim": "{:>5.1f}",
    "ratio_eager": "{:>8.1f}",
    "paper_torch_ms": "{:>10.2f}",
    "difference": "{:>10.1e}",
}
HEADS = "contestant|T|mode|paper ms|ours ms|ratio|aim|eager|torch ms|difference"


def line(values):
    cells = []
    for form, value in zip(COLUMNS.values(), values, strict=True):
        text = isinstance(value, str) or value is None
        wide = form.split(".")[0].rstrip("}fe") + "}" if text else form
        cells.append(wide.format("-" if value is None else value))
    return " ".join(cells)


def main(arguments=None):
    options = parse(arguments)
    if options.threads:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ[name] = str(options.threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import importlib.util
    import platform

    import keras
    import numpy as np

    options.no_torch = options.no_torch or importlib.util.find_spec("torch") is None
    shape = (options.batch, options.operators, 2 * options.position_dim)
    runner.state = np.random.default_rng(0).normal(size=shape).astype("float32")
    backend = keras.backend.backend()
    print(
        f"{backend}, Keras {keras.__version__}, {os.cpu_count()} cores, "
        f"{platform.machine()}; batch {options.batch}, d {options.position_dim}, "
        f"K {options.operators}; ratio = the paper's way / ours, both compiled; "
        "eager = that ratio uncompiled; torch = the paper's way in eager PyTorch"
    )
    print(line(HEADS.split("|")))
    rows = []
    for name, parts in contestants(options).items():
        for num_times in options.times:
            for mode in options.modes:
                rows.append(measure(name, *parts, num_times, mode, options))
                print(line(rows[-1].get(key) for key in COLUMNS), flush=True)
    if options.output:
        record = {
            "backend": backend,
            "keras": keras.__version__,
            "cores": os.cpu_count(),
            "xla": options.xla,
            "batch": options.batch,
            "position_dim": options.position_dim,
            "operators": options.operators,
            "rows": rows,
        }
        options.output.write_text(json.dumps(record, indent=2), encoding="utf-8")
    return rows


if __name__ == "__main__":
    main()
