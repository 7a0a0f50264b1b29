"""Moving MNIST: where a digit is, is motion; which digit it is, is content.

Paper: Helminger, Djelouah, Gross & Weber, "Disentangled dynamic representations from
    unordered data", 2018: figure 3; f 64, z 2, sets of 3 frames, batches of 120, Adam
    1e-4, 60,000 steps. It reports no numbers.
Command: python recipes/train_moving_mnist.py --preset unordered-moving-mnist
    --data-dir FOLDER with MNIST's IDX or parquet files; without it Keras downloads
    them. Where only the 10,000 test images are, every fifth of them is a test digit and
    the others are training digits, and the attribution says so.
Presets: unordered-moving-mnist (one digit, z 2); unordered-two-moving-mnist (two
    digits, z 4); halo-moving-mnist (HALO in normal form on the same clips: bounces as a
    sum of oscillations, in their order).
Judge: judge-mnist (python recipes/train_judge.py --preset judge-mnist), if it is there;
    `--set judge=runs/judge-mnist` takes one of your own.
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware; "test" the
    R^2 of positions from z, and digits from f and from z.

Sizes are ours, not the paper's, which are for much longer trainings: see
`halo_keras/layers/frame_map_encoder.py`. Content is read from three frames other than
those that are decoded, so that it cannot tell where their digits are.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_halo import build_halo
from halo_keras.training.build_unordered import build_unordered


def evaluate(model, recipe, load, judge):
    """Positions, digits, swaps; see `halo_keras.evaluation.moving`."""
    from halo_keras.evaluation.moving import SUITE, evaluate_moving

    judge = SUITE.judges_here().get("judge") if judge is None else judge
    found = evaluate_moving(
        model, load("test"), lambda: load("train"), judge, recipe.seed
    )
    return {"test": found}


UNORDERED = {
    "content_dim": 64,
    "motion_dim": 2,
    "motion_octaves": 2,
    "map_channels": [24, 48, 64, 96],
    "pair_pooling": "mean",
    "pair_channels": 96,
    "content_hidden": 256,
    "motion_hidden": 256,
    "hidden": 256,
    "decoder_channels": [64, 48, 24],
    "base_channels": 24,
    "likelihood": "bernoulli",
    "pixel_stddev": 0.1,
    "transfer": "direct",
    "content_kl_weight": 1.0,
    "motion_kl_weight": 1.0,
    "kl_warmup_steps": 0,
}
SETS = {
    "dataset": "moving_mnist",
    "build_model": build_unordered,
    "evaluate": evaluate,
    "frame_set": 3,
    "content_set": "other",
    "sets_per_clip": 6,
    "batch_size": 120,
    "learning_rate": 1e-3,
    "ema_momentum": 0.999,
    "precision": "mixed_bfloat16",
    "strip_every": 20,
}
# As halo-bouncing-balls: a motion within a clip is a sum of overtones of two clips.
HALO = {
    "dynamics": "normal-form",
    "position_dim": 16,
    "harmonics": [1, 2, 3, 4, 5, 6, 7, 8],
    "period_in_clips": 2,
    "content_dim": 32,
    "features": 128,
    "motion_features": 128,
    "momentum_dilation": 2,
    "position_from": "history",
    "content_hidden": 64,
    "hidden": 192,
    "encoder_channels": [40, 80, 112],
    "decoder_channels": [96, 64, 32],
    "base_channels": 32,
    "outside_slope": 0.1,
    "num_components": 16,
    "pixel_stddev": 0.1,
    "framewise_weight": 1.0,
    "consistency_weight": 1.0,
    "one_frame_rate": 0.0,
    "decoded_frames": 4,
    "kl_warmup_steps": 500,
}

RECIPES = {
    "unordered-moving-mnist": Recipe(
        preset="unordered-moving-mnist",
        description="UnorderedVAE on moving MNIST, one digit: sets of 3 frames, z 2.",
        model=UNORDERED,
        data={"num_digits": 1, "num_clips": None, "motion": "deterministic"},
        epochs=40,
        **SETS,
    ),
    "unordered-two-moving-mnist": Recipe(
        preset="unordered-two-moving-mnist",
        description="UnorderedVAE on moving MNIST, two digits: sets of 3 frames, z 4.",
        model={**UNORDERED, "motion_dim": 4},
        data={"num_digits": 2, "num_clips": None, "motion": "deterministic"},
        epochs=50,
        **SETS,
    ),
    "halo-moving-mnist": Recipe(
        preset="halo-moving-mnist",
        dataset="moving_mnist",
        description="HALO on moving MNIST, one digit, one operator in normal form: "
        "bounces as a sum of oscillations.",
        build_model=build_halo,
        evaluate=evaluate,
        model=HALO,
        data={"num_digits": 1, "num_clips": None, "motion": "deterministic"},
        epochs=40,
        batch_size=32,
        learning_rate=1.5e-3,
        ema_momentum=0.999,
        precision="mixed_bfloat16",
        strip_every=10,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
