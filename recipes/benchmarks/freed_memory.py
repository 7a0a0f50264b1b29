"""How long a training step takes where freed memory is kept, and where it is not.

Rival: the C library as it is. Each large array is mapped anew, pays a page fault for
    each of its pages, and is unmapped when it is freed.
Ours: `halo_keras.freed_memory`, which recipes and commands call first.
Equal for both: the model of the preset halo-sprites, its weights and the batches. Each
    way trains in processes of its own, in turns; the median over all of them is shown.
Command: KERAS_BACKEND=tensorflow python recipes/benchmarks/freed_memory.py
    On an otherwise idle machine without a GPU, or the ratio means nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WAYS = ("given back", "kept")


def parse(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--preset", default="halo-sprites", help="whose model is trained")
    add("--batch", type=int, default=16, help="clips a step")
    add("--steps", type=int, default=20, help="timed steps of each process")
    add("--turns", type=int, default=3, help="processes of each way")
    add("--threads", type=int, help="threads of a product (default: all)")
    add("--way", choices=WAYS, help=argparse.SUPPRESS)  # of a process of its own
    return parser.parse_args(arguments)


def measure(options) -> dict:
    """Trains in this process; seconds and page faults of each timed step."""
    import resource

    from halo_keras.freed_memory import keep_freed_memory

    kept = options.way == "kept"
    if kept and not keep_freed_memory():
        sys.exit("error: this C library, or its environment, keeps its own settings.")
    import keras
    import numpy as np

    from halo_keras import from_pretrained

    model = from_pretrained(options.preset)
    model.compile(keras.optimizers.Adam(1e-4))
    rng = np.random.default_rng(0)
    shape = (options.batch, model.num_frames, *model.frame_shape)
    batch = {
        "frames": rng.integers(0, 256, shape, dtype=np.uint8),
        "action": np.arange(options.batch, dtype="int32") % model.num_actions,
    }
    seconds, faults = [], []
    for index in range(3 + options.steps):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        begun = time.perf_counter()
        model.train_on_batch(batch)
        if index >= 3:  # the first ones compile
            seconds.append(time.perf_counter() - begun)
            after = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            faults.append(after - before)
    return {"seconds": seconds, "faults": faults, "backend": keras.backend.backend()}


def main(arguments=None):
    options = parse(arguments)
    if options.way:
        print(json.dumps(measure(options)))
        return None
    if options.threads:
        for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ[name] = str(options.threads)
    found = {way: [] for way in WAYS}
    given = sys.argv[1:] if arguments is None else list(arguments)
    for _ in range(options.turns):
        for way in WAYS:
            command = [sys.executable, __file__, *given, "--way", way]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
            found[way].append(json.loads(done.stdout.splitlines()[-1]))
    print(
        f"{found['kept'][0]['backend']}, {os.cpu_count()} cores; {options.preset}, "
        f"{options.batch} clips a step, {options.turns} x {options.steps} steps"
    )
    print(f"{'freed memory':14} {'ms a step':>10} {'page faults':>12} {'ratio':>6}")
    rival, rows = None, []
    for way, runs in found.items():
        took = statistics.median(s for run in runs for s in run["seconds"])
        faults = statistics.median(f for run in runs for f in run["faults"])
        rival = rival or took
        rows.append({"way": way, "seconds": took, "faults": faults})
        print(f"{way:14} {1e3 * took:10.1f} {faults:12.0f} {rival / took:6.1f}")
    return rows


if __name__ == "__main__":
    main()
