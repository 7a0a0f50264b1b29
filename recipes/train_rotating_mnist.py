"""HALO on rotating MNIST: content is a digit, motion is a full turn in 16 frames.

Paper: Khan & Storkey, "Hamiltonian Latent Operators for content and motion
    disentanglement in image sequences", NeurIPS 2022, which shows figures of it and no
    numbers. On the non-uniform task (digit 3; an angle that no training clip shows)
    GPPVAE (Casale et al. 2018) reports a mean squared error of .0288, ODE2VAE (Yildiz
    et al. 2019) .0194, both with MNIST's training digits.
Command: python recipes/train_rotating_mnist.py --preset halo-rotating-mnist
    with other seeds: --set seed=1 --output runs/halo-rotating-mnist-1
    --data-dir FOLDER with MNIST's IDX or parquet files; without it Keras downloads
    them. Where only the 10,000 test images are, every fifth of them is a test digit and
    the others are training digits, and the attribution says so.
Presets: halo-rotating-mnist (a content variable, all digits, the start at any of the 16
    angles); halo-motion-only-rotating-mnist (HALO's form: digit 3, one operator, q and
    p of 64, no content variable); halo-non-uniform-rotating-mnist (digit 3, 5 of 16
    angles missing, one of them always); halo-irregular-rotating-mnist (9 frames of two
    turns, at random and given at their true times, which the paper names as a limit).
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware; "test"
    the learned spectrum, ten turns, quarter frames and the held-out angle.

The speeds start uniform in (0, pi), from the seed, and every multiple of 2 pi / 16 is a
frequency of a rotation. A training clip is a whole turn, so the nearest of them is in
reach from any start, but only if nothing else is asked for: errors at later turns have
ripples in which a speed stays that starts a little beside it. (In a small trial with
ten turns from the beginning every speed ended .054 from its multiple: the second ripple
of 11 turns.) So targets are those of one turn at first, and of more turns later.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_halo import build_halo


def evaluate(model, recipe, load, judge):
    """Spectrum, turns, quarter frames, held-out angle; see `evaluation.rotating`."""
    from halo_keras.evaluation.rotating import evaluate_rotating

    return {"test": evaluate_rotating(model, load("test"), seed=recipe.seed)}


SIZES = {
    "dynamics": "normal-form",
    "position_dim": 32,
    "speeds": "random",
    "content_dim": 32,
    "content_from": "clip",
    "features": 128,
    "motion_features": 128,
    "content_hidden": 64,
    "hidden": 192,
    "encoder_channels": [48, 96],
    "decoder_channels": [96, 48],
    "base_channels": 48,
    "outside_slope": 0.1,
    "pixel_stddev": 0.1,
    "framewise_weight": 1.0,
    "consistency_weight": 1.0,
    "one_frame_rate": 0.25,
    "decoded_frames": 4,
    "kl_warmup_steps": 500,
}
COMMON = {
    "dataset": "rotating_mnist",
    "build_model": build_halo,
    "evaluate": evaluate,
    "batch_size": 64,
    "learning_rate": 2e-3,
    "ema_momentum": 0.999,
    "strip_every": 10,
}
# A turn is a loop without a seam: clips begin anywhere, and go on for ten turns.
LOOP = {
    **COMMON,
    "max_loops": 12,
    "loop_ramp": 0.6,
    "rolled_actions": ("rotate",),
}

RECIPES = {
    "halo-rotating-mnist": Recipe(
        preset="halo-rotating-mnist",
        description="HALO on rotating MNIST, all digits, one operator in normal form "
        "whose speeds start anywhere in (0, pi).",
        model=SIZES,
        epochs=60,
        **LOOP,
    ),
    "halo-motion-only-rotating-mnist": Recipe(
        preset="halo-motion-only-rotating-mnist",
        description="HALO on rotating MNIST in the paper's form: digit 3, one operator "
        "with q and p of 64, and no content variable.",
        model={
            **SIZES,
            "position_dim": 64,
            "content_dim": 1,
            "content_from": "nothing",
        },
        data={"digits": [3]},
        epochs=250,
        **LOOP,
    ),
    "halo-non-uniform-rotating-mnist": Recipe(
        preset="halo-non-uniform-rotating-mnist",
        description="HALO on the non-uniform task of rotating MNIST: digit 3, one of "
        "16 angles in no training clip and 4 more missing from each.",
        model={**SIZES, "one_frame_rate": 0.1},
        data={"digits": [3], "task": "non-uniform"},
        epochs=500,
        **{**COMMON, "batch_size": 32},
    ),
    "halo-irregular-rotating-mnist": Recipe(
        preset="halo-irregular-rotating-mnist",
        description="HALO on rotating MNIST at irregular times: 9 frames, drawn from "
        "the 32 of two turns and given at their true times.",
        model={**SIZES, "one_frame_rate": 0.1},
        data={"task": "irregular", "num_frames": 9, "max_turns": 2},
        epochs=60,
        **COMMON,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
