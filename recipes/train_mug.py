"""HALO on faces that act an expression: content is a person, motion is the expression.

Paper: Khan & Storkey, "Hamiltonian Latent Operators for content and motion
    disentanglement in image sequences", NeurIPS 2022, on MUG (Aifanti, Papachristou &
    Delopoulos 2010). It reports, after motion swaps, action .929 and identity .998.
Command: python recipes/train_mug.py --data-dir MUG
    on a licensed copy of MUG; numbers of its two published protocols are not
    comparable (--set data.protocol=c-dsvae takes the other one).
    python recipes/train_mug.py
    has no MUG and says so: it trains on `toon_faces`, drawn people, a procedural
    stand-in. Its numbers are no numbers of MUG.
    --epochs 1 --set training.steps_per_epoch=5 for a first look, in a minute: as few
    clips are drawn and scored as that needs.
Presets: halo-toon-faces (one operator an expression, normal form);
    halo-symplectic-toon-faces, halo-orthogonal-toon-faces (the paper's operators);
    halo-toon-faces-unconditional (one operator for all motion, no labels). With MUG
    they are called halo-mug, halo-symplectic-mug, ...
Hours, hardware and scores: zoo/<preset>/metrics.json, written by this file at the end
    of the training: "run" holds seed, wall time, steps, commit and hardware, "data"
    what it was trained on.
Judge: judge-toon-faces (recipes/train_judge.py), if it is there; `--set judge=FOLDER`
    takes another one. Test people are in no training clip, so that a person is known by
    the nearest embedding (`halo_keras.evaluation.nearest_identity`).

What an expression needs that a walk does not: it begins and ends, at a time of its own.
The period is two clips long, so that sines of its harmonics make any course that ends
where it began. The last frame is neutral again and tells nothing: position and momentum
are inferred from all 16 frames before it, in training too (at a frame in the middle,
what comes after it cannot be known). The first frame is neutral too: content is
read from that alone, and must leave the expression to the motion. It is a map, 8 x 8
cells of 12 numbers: a vector of 128 took 2,700 steps of 32 clips to the bound that the
map had after 220, and on people it had not seen its error was .0080 after 6,000 steps,
the map's .0027 after 4,950 of 16. (Windows of MUG begin anywhere: there the content of
models with labels is a vector and sees the whole clip.) Training clips are filmed at
half, single and double speed, each frame given at its time.
"""

import math
from dataclasses import replace

from halo_keras.training import Recipe, command
from halo_keras.training.build_halo import build_halo
from halo_keras.training.recipe import parse_settings

STAND_IN = "MUG is not here (--data-dir): this is toon_faces, a procedural stand-in."


def evaluate(model, recipe, load, judge):
    """Every protocol on the test people; see `halo_keras.evaluation.faces`."""
    from halo_keras.evaluation import faces
    from halo_keras.evaluation.people import evaluate_people

    suite = faces.MUG if recipe.dataset == "mug" else faces.SUITE
    test, names = load("test"), None
    if recipe.steps_per_epoch is not None:  # a trial
        names = ("reconstruction", "generation", "tempo", "exact_swap")
        names = [name for name in names if name in suite.protocols]
    found = evaluate_people(
        suite, model, lambda: load("train"), test, judge, names, seed=recipe.seed
    )
    of = {"dataset": recipe.dataset}
    if recipe.dataset != "mug":
        of["stand_in"] = "toon_faces is a procedural stand-in for MUG, not MUG"
    return {"test": found, "data": of}


def adapt(recipe, options):
    """The recipe for MUG if there is a copy, else for the stand-in, and says which.

    A short trial draws and scores only as many clips as its steps can see.
    """
    clips = options.clips and options.clips.description.name
    if options.data_dir is not None or clips == "mug":
        if clips is None:
            print(f"Training on MUG in {options.data_dir}.")
            recipe = replace(recipe, data={"protocol": "halo", "clips_per_take": None})
        model = dict(recipe.model)
        if not recipe.operators:
            del model["content_map"]
            model |= {"content_from": "clip", "content_dim": 128}
        if "harmonics" in model:
            # Of 8 frames, harmonic 8 of two clips would turn by pi a frame: its
            # momentum could not be seen.
            model["harmonics"] = [k for k in model["harmonics"] if k < 8]
        return replace(
            recipe,
            model=model,
            preset=recipe.preset.replace("toon-faces", "mug"),
            dataset="mug",
            description=recipe.description.replace(ON_TOONS, "MUG"),
        )
    print(STAND_IN)
    if clips is not None:
        return recipe
    settings = parse_settings(options.set)
    steps = settings.get("steps_per_epoch", "none")
    if not steps.isdecimal():
        return recipe
    clips = int(steps) * int(settings.get("batch_size", recipe.batch_size))
    takes = recipe.data["clips_per_cell"]["train"]
    people = min(math.ceil(clips / (6 * takes)), recipe.data["num_subjects"]["train"])
    trial = {
        "num_subjects": {"train": people, "test": 2},
        "clips_per_cell": {"train": takes, "test": 1},
    }
    return replace(recipe, data={**recipe.data, **trial})


ON_TOONS = "toon_faces (a procedural stand-in for MUG)"
SIZES = {
    "dynamics": "normal-form",
    "position_dim": 12,
    "harmonics": [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4],
    "period_in_clips": 2,
    "content_dim": 768,
    "content_map": [8, 8, 12],
    "content_from": "first-frame",
    "features": 128,
    "motion_features": 128,
    "momentum_dilation": 4,
    "position_from": "history",
    "content_hidden": 64,
    "hidden": 192,
    "encoder_channels": [40, 80, 112],
    "decoder_channels": [96, 64, 32],
    "base_channels": 12,
    "outside_slope": 0.1,
    "prior_kind": "standard",
    "prior_at": "start",
    "num_components": 4,
    "pixel_stddev": 0.1,
    "content_kl_weight": 1.0,
    "motion_kl_weight": 1.0,
    "motion_kl_start": 0.1,
    "motion_kl_ramp_steps": 3000,
    "training_reference": "last",
    "one_frame_rate": 0.1,
    "kl_warmup_steps": 0,
    "decoded_frames": 3,
}
# Operators without fixed frequencies have no use for harmonics.
FREE = {
    key: value
    for key, value in SIZES.items()
    if key not in ("harmonics", "period_in_clips")
}
COMMON = {
    "dataset": "toon_faces",
    "build_model": build_halo,
    "evaluate": evaluate,
    "data": {
        "num_subjects": {"train": 200, "test": 12},
        "clips_per_cell": {"train": 3, "test": 4},
        "speeds": {"train": [0.5, 1.0, 2.0]},
    },
    "epochs": 22,
    "batch_size": 16,
    "learning_rate": 1.5e-3,
    "ema_momentum": 0.998,
    "precision": "float32",
    "strip_every": 5,
}

RECIPES = {
    "halo-toon-faces": Recipe(
        preset="halo-toon-faces",
        version=2,
        description=f"HALO on {ON_TOONS}, 6 operators in normal form, one an "
        "expression; clips at half, single and double speed.",
        model=SIZES,
        **COMMON,
    ),
    "halo-symplectic-toon-faces": Recipe(
        preset="halo-symplectic-toon-faces",
        description=f"HALO on {ON_TOONS} with the paper's symplectic operators, one an "
        "expression.",
        # A carried N(0, I) blows up along hyperbolic directions: the paper's choice.
        model={**FREE, "dynamics": "symplectic", "prior_at": "reference"},
        **{**COMMON, "epochs": 25},
    ),
    "halo-orthogonal-toon-faces": Recipe(
        preset="halo-orthogonal-toon-faces",
        description=f"HALO on {ON_TOONS} with the paper's skew operators (symplectic "
        "and orthogonal), one an expression.",
        model={**FREE, "dynamics": "orthogonal"},
        **{**COMMON, "epochs": 25},
    ),
    "halo-toon-faces-unconditional": Recipe(
        preset="halo-toon-faces-unconditional",
        description=f"HALO on {ON_TOONS} without labels: one operator in normal form "
        "for all motion, a mixture for its prior.",
        model={
            **SIZES,
            "position_dim": 16,
            "harmonics": [1, 2, 3, 4, 5, 6, 7, 8],
            "hidden": 208,
            "num_components": 24,
            "motion_kl_weight": 6.0,
            "motion_kl_ramp_steps": 4000,
        },
        operators=("motion",),
        **COMMON,
    ),
}

if __name__ == "__main__":
    command.run(RECIPES, __doc__, adapt=adapt)
