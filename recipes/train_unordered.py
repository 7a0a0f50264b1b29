"""UnorderedVAE on Sprites in all poses and on faces: motion without any order.

Paper: Helminger, Djelouah, Gross & Weber, "Disentangled dynamic representations from
    unordered data", 2018: figures 3 and 4; Sprites with all 178 poses of a sheet, f
    256, z 2, sets of 3 frames, batches of 120, Adam 1e-4, 43,000 steps; faces of
    Aff-Wild. It reports no numbers.
Command: python recipes/train_unordered.py --preset unordered-sprites --data-dir SHEETS
    (the folder with the 25 sheets; without it they are downloaded)
    python recipes/train_unordered.py --preset unordered-toon-faces
Presets: unordered-sprites (1,000 characters), and with fewer training characters
    unordered-25-sprites, unordered-100-sprites, unordered-400-sprites, as many steps
    each; unordered-gaussian-sprites (a Gaussian likelihood in place of Bernoulli's);
    unordered-concat-sprites (the paper's pairs of 3 frames, whose order matters);
    unordered-toon-faces (drawn faces, whose intensity is known, in place of Aff-Wild).
Judge: judge-sprites-poses (python recipes/train_judge.py --preset judge-sprites-poses),
    if it is there; `--set judge=runs/judge-sprites-poses` takes one of your own.
Hours, hardware and scores: runs/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware.

Sizes are ours. Content is read from three frames other than those that are decoded: the
paper reads it from the same, and names this as future work. Moving MNIST is in
train_moving_mnist.py.

Art: CC-BY-SA 3.0 / GPL 3.0, LPC artists; see zoo/CREDITS.md.
"""

from halo_keras.training import Recipe, command
from halo_keras.training.build_unordered import build_unordered


def evaluate_sprites(model, recipe, load, judge):
    """Swaps and shared motion on all test characters; see `evaluation.poses`."""
    from halo_keras.evaluation.poses import SUITE, evaluate_poses

    judge = SUITE.judges_here().get("judge") if judge is None else judge
    found = evaluate_poses(model, load("test"), judge=judge, seed=recipe.seed)
    return {"test": found}


def evaluate_faces(model, recipe, load, judge):
    """The motion curve against the intensity; see `halo_keras.evaluation.faces`."""
    from halo_keras.evaluation import faces
    from halo_keras.evaluation.people import evaluate_people

    names = ("reconstruction", "sharpness", "exact_swap", "curve", "permutation")
    found = evaluate_people(
        faces.SUITE, model, lambda: load("train"), load("test"), judge, names
    )
    return {"test": found}


SIZES = {
    "content_dim": 256,
    "motion_dim": 2,
    "motion_octaves": 3,
    "map_channels": [32, 64, 96, 128],
    "pair_pooling": "mean",
    "pair_channels": 128,
    "content_hidden": 256,
    "motion_hidden": 256,
    "content_frames": 12,
    "hidden": 256,
    "decoder_channels": [128, 96, 48],
    "base_channels": 48,
    "likelihood": "bernoulli",
    "pixel_stddev": 0.1,
    "transfer": "direct",
    "content_kl_weight": 1.0,
    "motion_kl_weight": 1.0,
    "kl_warmup_steps": 0,
}
COMMON = {
    "build_model": build_unordered,
    "frame_set": 3,
    "content_set": "other",
    "batch_size": 120,
    "learning_rate": 1e-3,
    "ema_momentum": 0.999,
    "precision": "mixed_bfloat16",
}
SPRITES = {
    **COMMON,
    "dataset": "sprite_poses",
    "evaluate": evaluate_sprites,
    "epochs": 48,
    "strip_every": 0,
}
ABOUT = "UnorderedVAE on Sprites' characters in all 178 poses"
SETS_AN_EPOCH = 60_000


def with_characters(count: int) -> Recipe:
    """As many steps on fewer characters."""
    return Recipe(
        preset=f"unordered-{count}-sprites",
        description=f"{ABOUT}: {count} training characters.",
        model=SIZES,
        data={"num_characters": {"train": count}},
        sets_per_clip=SETS_AN_EPOCH // count,
        **SPRITES,
    )


RECIPES = {
    "unordered-sprites": Recipe(
        preset="unordered-sprites",
        description=f"{ABOUT}: sets of 3, z 2.",
        model=SIZES,
        data={"num_characters": None},
        sets_per_clip=SETS_AN_EPOCH // 1000,
        **SPRITES,
    ),
    **{
        f"unordered-{count}-sprites": with_characters(count) for count in (25, 100, 400)
    },
    "unordered-gaussian-sprites": Recipe(
        preset="unordered-gaussian-sprites",
        description=f"{ABOUT}, with a Gaussian likelihood.",
        model={**SIZES, "likelihood": "gaussian"},
        data={"num_characters": None},
        sets_per_clip=SETS_AN_EPOCH // 1000,
        **SPRITES,
    ),
    "unordered-concat-sprites": Recipe(
        preset="unordered-concat-sprites",
        description=f"{ABOUT}, with the paper's content network, whose 3 frames have "
        "an order.",
        model={**SIZES, "pair_pooling": "concat", "content_frames": 3},
        data={"num_characters": None},
        sets_per_clip=SETS_AN_EPOCH // 1000,
        **SPRITES,
    ),
    "unordered-toon-faces": Recipe(
        preset="unordered-toon-faces",
        description="UnorderedVAE on toon_faces (a procedural stand-in for MUG and "
        "Aff-Wild): sets of 3 frames, z 2.",
        dataset="toon_faces",
        evaluate=evaluate_faces,
        model={
            **SIZES,
            "content_dim": 128,
            "decoder_channels": [96, 64, 32],
            "base_channels": 32,
        },
        data={
            "num_subjects": {"train": 200, "test": 12},
            "clips_per_cell": {"train": 3, "test": 4},
        },
        epochs=30,
        sets_per_clip=16,
        strip_every=10,
        **COMMON,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__)
